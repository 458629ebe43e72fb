/* SPDX-License-Identifier: MIT */
/* Files and directories by name. */
#include "ocalls.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t oe_syscall_opendir_ocall(const char *name)
{
	DIR *dir = opendir(name);
	uint64_t number;

	if (!dir)
		return 0;
	number = handle_make(HANDLE_DIRECTORY, dir);
	if (!number) {
		closedir(dir);
		errno = EMFILE;
	}
	return number;
}

int oe_syscall_readdir_ocall(uint64_t dirp, struct oe_dirent *entry)
{
	DIR *dir = handle_lock(HANDLE_DIRECTORY, dirp);
	struct dirent *have;
	int result = 1;

	if (!dir)
		return -1;
	errno = 0;
	have = readdir(dir);
	if (have && entry) {
		entry->d_ino = have->d_ino;
		entry->d_off = have->d_off;
		entry->d_reclen = sizeof(*entry);
		entry->d_type = have->d_type;
		snprintf(entry->d_name, sizeof(entry->d_name), "%s",
			 have->d_name);
		result = 0;
	} else if (have || errno) {
		errno = errno ? errno : EINVAL;
		result = -1;
	}
	handle_unlock();
	return result;
}

void oe_syscall_rewinddir_ocall(uint64_t dirp)
{
	DIR *dir = handle_lock(HANDLE_DIRECTORY, dirp);

	if (dir) {
		rewinddir(dir);
		handle_unlock();
	}
}

int oe_syscall_closedir_ocall(uint64_t dirp)
{
	DIR *dir = handle_remove(HANDLE_DIRECTORY, dirp);

	return dir ? closedir(dir) : -1;
}

static int fill_stat(int result, const struct stat *st, struct oe_stat_t *to)
{
	if (result)
		return result;
	if (!to) {
		errno = EFAULT;
		return -1;
	}
	memset(to, 0, sizeof(*to));
	to->st_dev = st->st_dev;
	to->st_ino = st->st_ino;
	to->st_nlink = st->st_nlink;
	to->st_mode = st->st_mode;
	to->st_uid = st->st_uid;
	to->st_gid = st->st_gid;
	to->st_rdev = st->st_rdev;
	to->st_size = st->st_size;
	to->st_blksize = st->st_blksize;
	to->st_blocks = st->st_blocks;
	to->st_atim.tv_sec = st->st_atim.tv_sec;
	to->st_atim.tv_nsec = st->st_atim.tv_nsec;
	to->st_mtim.tv_sec = st->st_mtim.tv_sec;
	to->st_mtim.tv_nsec = st->st_mtim.tv_nsec;
	to->st_ctim.tv_sec = st->st_ctim.tv_sec;
	to->st_ctim.tv_nsec = st->st_ctim.tv_nsec;
	return 0;
}

int oe_syscall_stat_ocall(const char *pathname, struct oe_stat_t *buf)
{
	struct stat st;

	return fill_stat(stat(pathname, &st), &st, buf);
}

int oe_syscall_fstat_ocall(oe_host_fd_t fd, struct oe_stat_t *buf)
{
	struct stat st;

	return fill_stat(fstat(host_fd(fd), &st), &st, buf);
}

int oe_syscall_access_ocall(const char *pathname, int mode)
{
	return access(pathname, mode);
}

int oe_syscall_link_ocall(const char *oldpath, const char *newpath)
{
	return link(oldpath, newpath);
}

int oe_syscall_unlink_ocall(const char *pathname)
{
	return unlink(pathname);
}

int oe_syscall_rename_ocall(const char *oldpath, const char *newpath)
{
	return rename(oldpath, newpath);
}

int oe_syscall_truncate_ocall(const char *path, oe_off_t length)
{
	return truncate(path, length);
}

int oe_syscall_mkdir_ocall(const char *pathname, oe_mode_t mode)
{
	return mkdir(pathname, mode);
}

int oe_syscall_rmdir_ocall(const char *pathname)
{
	return rmdir(pathname);
}
