/* SPDX-License-Identifier: MIT */
#include "pry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CELL_IMAGE_BASE 0x10000ul /* where a cell's own code begins */

bool pry_control_start(struct pry_control *control)
{
	/* On the heap of the parent, so in the child at the same address. */
	uint8_t *bytes = malloc(sizeof(control->secret));
	pid_t parent = getpid();

	if (!bytes)
		return false;
	if (getrandom(control->secret, sizeof(control->secret), 0) !=
			(ssize_t)sizeof(control->secret)) {
		free(bytes);
		return false;
	}
	memcpy(bytes, control->secret, sizeof(control->secret));
	control->address = (uint64_t)(uintptr_t)bytes;
	control->pid = fork();
	if (!control->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	memset(bytes, 0, sizeof(control->secret));
	free(bytes);
	return control->pid > 0;
}

void pry_control_stop(struct pry_control *control)
{
	kill(control->pid, SIGKILL);
	waitpid(control->pid, NULL, 0);
}

static int open_proc(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags | O_CLOEXEC);
}

bool pry_proc_mem(pid_t pid, uint64_t address, void *out, size_t size)
{
	int fd = open_proc(pid, "mem", O_RDONLY);
	ssize_t n;
	int error;

	if (fd < 0)
		return false;
	n = pread(fd, out, size, (off_t)address);
	error = n < 0 ? errno : EIO;
	close(fd);
	errno = error;
	return n == (ssize_t)size;
}

bool pry_vm_readv(pid_t pid, uint64_t address, void *out, size_t size)
{
	struct iovec here = { out, size };
	struct iovec there = { (void *)(uintptr_t)address, size };
	ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (n >= 0 && n != (ssize_t)size)
		errno = EFAULT;
	return n == (ssize_t)size;
}

static bool peek(pid_t pid, uint64_t address, void *out, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(long)) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid,
			(void *)(uintptr_t)(address + at), NULL);
		if (word == -1 && errno)
			return false;
		memcpy((char *)out + at, &word, sizeof(word));
	}
	return true;
}

enum pry_attach pry_attach(pid_t pid, uint64_t address, void *out,
	size_t size, int *error)
{
	enum pry_attach result = PRY_ATTACH_BLIND;
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		*error = errno;
		return PRY_ATTACH_REFUSED;
	}
	*error = 0;
	if (!ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) &&
			waitpid(pid, &status, __WALL) == pid) {
		if (WIFSTOPPED(status) && peek(pid, address, out, size))
			result = PRY_ATTACH_READ;
		else
			*error = errno;
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	return result;
}

/* Does descriptor n of the process become ours? */
static bool take(pid_t pid, int n)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);

	if (pidfd >= 0)
		close(pidfd);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int pry_descriptors(pid_t pid, int *memory, char *name, size_t size)
{
	int fd = open_proc(pid, "fd", O_RDONLY | O_DIRECTORY), count = 0;
	struct dirent *entry;
	DIR *directory;

	*memory = 0;
	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		int error = errno;

		close(fd);
		return -error;
	}
	while ((entry = readdir(directory))) {
		char link[256];
		ssize_t n;

		if (entry->d_name[0] == '.')
			continue;
		count++;
		n = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = 0;
		if (!strncmp(link, "/memfd:", 7) || strstr(link, "secretmem")) {
			if (take(pid, atoi(entry->d_name))) {
				snprintf(name, size, "%s", link);
				++*memory;
			}
		}
	}
	closedir(directory);
	return count;
}

/* Walks /proc/PID/maps.  wanted: an address, or UINT64_MAX for the first
 * executable mapping. */
static int find_mapping(pid_t pid, uint64_t wanted, uint64_t *start,
	char *name, size_t size)
{
	int fd = open_proc(pid, "maps", O_RDONLY), ret = -ENOENT;
	char *line = NULL;
	size_t room = 0;
	FILE *maps;

	if (fd < 0)
		return -errno;
	maps = fdopen(fd, "r");
	if (!maps) {
		close(fd);
		return -ENOMEM;
	}
	errno = 0;
	while (ret == -ENOENT && getline(&line, &room, maps) > 0) {
		uint64_t from, to;
		char prot[5] = "";
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n",
				&from, &to, prot, &at) < 3)
			continue;
		if (wanted == UINT64_MAX ? prot[2] != 'x' :
				wanted < from || wanted >= to)
			continue;
		line[strcspn(line, "\n")] = 0;
		*start = from;
		if (name)
			snprintf(name, size, "%s", at ? line + at : "");
		ret = 0;
	}
	if (ret && errno)
		ret = -errno;
	free(line);
	fclose(maps);
	return ret;
}

int pry_mapping(pid_t pid, uint64_t address, char *name, size_t size)
{
	uint64_t start;

	return find_mapping(pid, address, &start, name, size);
}

int pry_write_text(pid_t pid)
{
	uint64_t start;
	uint8_t byte;
	int fd, ret;

	/* Who may not read the map knows where a cell is linked. */
	ret = find_mapping(pid, UINT64_MAX, &start, NULL, 0);
	if (ret == -ENOENT)
		return ret;
	if (ret)
		start = CELL_IMAGE_BASE;
	fd = open_proc(pid, "mem", O_RDWR);
	if (fd < 0)
		return -errno;
	if (pread(fd, &byte, 1, (off_t)start) != 1)
		ret = -errno;
	else if (pwrite(fd, &byte, 1, (off_t)start) != 1)
		ret = -errno;
	else
		ret = 0;
	close(fd);
	return ret;
}

static bool core_limited(pid_t pid)
{
	int fd = open_proc(pid, "limits", O_RDONLY);
	char text[4096];
	const char *line;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	line = strstr(text, "Max core file size");
	return line && strtoul(line + strlen("Max core file size"), NULL, 10) ==
		0 && strncmp(line + strlen("Max core file size"),
			"        unlimited", 16) != 0;
}

bool pry_status(pid_t pid, struct pry_status *out)
{
	int fd = open_proc(pid, "status", O_RDONLY);
	char text[8192], path[64];
	const char *line;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	line = strstr(text, "\nSeccomp:");
	out->seccomp = line ? atoi(line + strlen("\nSeccomp:")) : -1;
	line = strstr(text, "\nTracerPid:");
	out->tracer = line ? atoi(line + strlen("\nTracerPid:")) : 0;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	out->owned_by_root = !stat(path, &st) && st.st_uid == 0;
	out->core_limit = !core_limited(pid);
	return true;
}

void pry_id(char *id, size_t size, const char *prefix, const char *name)
{
	snprintf(id, size, "%s-%s", prefix, name);
}
