/* SPDX-License-Identifier: MIT */
#include "fuses.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(struct sgx_fuses) == 64, "the file's format");

static int make(int directory, char *why, size_t size)
{
	struct sgx_fuses fuses;
	int fd, r = -1;

	if (getrandom(&fuses, sizeof(fuses), 0) != sizeof(fuses)) {
		snprintf(why, size, "no random bytes: %s", strerror(errno));
		return -1;
	}
	unlinkat(directory, "fuses.new", 0);
	fd = openat(directory, "fuses.new", O_WRONLY | O_CREAT | O_EXCL
		| O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, &fuses, sizeof(fuses)) == sizeof(fuses)
	    && fsync(fd) == 0
	    && renameat(directory, "fuses.new", directory, "fuses") == 0
	    && fsync(directory) == 0)
		r = 0;
	else
		snprintf(why, size, "cannot make the fuses: %s",
			strerror(errno));
	if (fd >= 0)
		close(fd);
	explicit_bzero(&fuses, sizeof(fuses));
	return r;
}

static int read_file(int fd, struct sgx_fuses *fuses, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
	    || st.st_size != sizeof(*fuses)) {
		snprintf(why, size, "the file fuses is damaged: it must have "
			"%zu bytes", sizeof(*fuses));
		return -1;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		snprintf(why, size, "the file fuses must belong to this user "
			"and be closed to others (chmod 600)");
		return -1;
	}
	if (read(fd, fuses, sizeof(*fuses)) != sizeof(*fuses)) {
		snprintf(why, size, "cannot read the fuses: %s",
			strerror(errno));
		return -1;
	}
	return 0;
}

int fuses_load(const char *directory, struct sgx_fuses *fuses, char *why,
	size_t size)
{
	int dir, fd, r = -1;

	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		snprintf(why, size, "%s: %s", directory, strerror(errno));
		return -1;
	}
	fd = openat(dir, "fuses", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make(dir, why, size) == 0)
		fd = openat(dir, "fuses", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	else if (fd < 0)
		snprintf(why, size, "%s/fuses: %s", directory,
			strerror(errno));
	if (fd >= 0) {
		r = read_file(fd, fuses, why, size);
		close(fd);
	}
	close(dir);
	return r;
}
