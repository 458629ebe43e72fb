/* SPDX-License-Identifier: MIT */
#include "common/fuses.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET offsetof(struct sgx_fuses, ca_root_hash)

_Static_assert(SECRET == 64 && sizeof(struct sgx_fuses) == 96,
	"the file's format");

static int put(int directory, const struct sgx_fuses *fuses, size_t size,
	struct why *why)
{
	int fd, r = 0;

	unlinkat(directory, "fuses.new", 0);
	fd = openat(directory, "fuses.new", O_WRONLY | O_CREAT | O_EXCL
		| O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, fuses, size) != (ssize_t)size
	    || fsync(fd) != 0
	    || renameat(directory, "fuses.new", directory, "fuses") != 0
	    || fsync(directory) != 0)
		r = why_set(why, errno ? -errno : -EIO,
			"cannot make the fuses: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return r;
}

static int make(int directory, struct sgx_fuses *fuses, struct why *why)
{
	memset(fuses, 0, sizeof(*fuses));
	if (getrandom(fuses, SECRET, 0) != SECRET)
		return why_set(why, -EIO, "no random bytes: %s",
			strerror(errno));
	return 0;
}

static int read_file(int fd, struct sgx_fuses *fuses, struct why *why)
{
	struct stat st;

	memset(fuses, 0, sizeof(*fuses));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
	    || (st.st_size != SECRET && st.st_size != sizeof(*fuses)))
		return why_set(why, -EINVAL, "the file fuses is damaged: it "
			"must have %zu or %zu bytes", SECRET, sizeof(*fuses));
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return why_set(why, -EPERM, "the file fuses must belong to "
			"this user and be closed to others (chmod 600)");
	if (read(fd, fuses, (size_t)st.st_size) != st.st_size)
		return why_set(why, -EIO, "cannot read the fuses: %s",
			strerror(errno));
	return 0;
}

/* *there: the file was there. */
static int open_and_read(const char *path, int *directory,
	struct sgx_fuses *fuses, bool *there, struct why *why)
{
	int fd, r;

	*directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*directory < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	fd = openat(*directory, "fuses", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	*there = fd >= 0;
	if (fd >= 0) {
		r = read_file(fd, fuses, why);
		close(fd);
	} else if (errno == ENOENT) {
		r = make(*directory, fuses, why);
	} else {
		r = why_set(why, -errno, "%s/fuses: %s", path,
			strerror(errno));
	}
	if (r)
		close(*directory);
	return r;
}

int fuses_load(const char *directory, struct sgx_fuses *fuses, struct why *why)
{
	bool there;
	int dir, r;

	r = open_and_read(directory, &dir, fuses, &there, why);
	if (r)
		return r;
	if (!there)
		r = put(dir, fuses, SECRET, why);
	close(dir);
	return r;
}

int fuses_set_root(const char *directory, const uint8_t root_hash[32],
	bool *changed, struct why *why)
{
	struct sgx_fuses fuses;
	bool there, same;
	int dir, r;

	r = open_and_read(directory, &dir, &fuses, &there, why);
	if (r)
		return r;
	same = !memcmp(fuses.ca_root_hash, root_hash, 32);
	if (!same) {
		memcpy(fuses.ca_root_hash, root_hash, 32);
		r = put(dir, &fuses, sizeof(fuses), why);
	}
	if (changed)
		*changed = !same;
	explicit_bzero(&fuses, sizeof(fuses));
	close(dir);
	return r;
}

bool fuses_root(const char *directory, uint8_t root_hash[32])
{
	char path[PATH_MAX];
	struct stat st;
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "%s/fuses", directory);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = !fstat(fd, &st) && st.st_size == sizeof(struct sgx_fuses) &&
		pread(fd, root_hash, 32, SECRET) == 32;
	close(fd);
	return ok;
}
