/* SPDX-License-Identifier: MIT */
#include "platform/root.h"

#include "common/paths.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_MAX 16384 /* bytes */

static int take(const char *path, char *text, size_t *size, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	n = read(fd, text, ROOT_MAX);
	close(fd);
	if (n <= 0 || n == ROOT_MAX)
		return why_set(why, -EIO, "%s cannot be read, or is no "
			"certificate", path);
	*size = (size_t)n;
	return 0;
}

static int give(const char *path, const char *text, size_t size,
	struct why *why)
{
	char fresh[PATH_MAX];
	int fd, n = snprintf(fresh, sizeof(fresh), "%s.%d", path, getpid());
	bool done;

	if (n < 0 || (size_t)n >= sizeof(fresh))
		return why_set(why, -ENAMETOOLONG, "%s is too long", path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_set(why, -errno, "%s: %s", fresh, strerror(errno));
	done = write(fd, text, size) == (ssize_t)size && !fchmod(fd, 0644);
	close(fd);
	if (done && !rename(fresh, path))
		return 0;
	why_set(why, -EIO, "%s cannot be written: %s", path, strerror(errno));
	unlink(fresh);
	return -EIO;
}

int root_publish(const char *state, const char *runtime, struct why *why)
{
	char folder[PATH_MAX], from[PATH_MAX], to[PATH_MAX], text[ROOT_MAX];
	size_t size = 0;
	int r = paths_join(folder, sizeof(folder), state, "ca", why);

	if (!r)
		r = paths_join(from, sizeof(from), folder, "root.pem", why);
	if (!r)
		r = paths_join(to, sizeof(to), runtime, "root.pem", why);
	if (!r)
		r = take(from, text, &size, why);
	return r ? r : give(to, text, size, why);
}
