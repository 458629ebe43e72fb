/* SPDX-License-Identifier: MIT */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "limits.h"

static const char *read_all(struct edl_ctx *c, int fd, size_t expected,
			    const char **text, size_t *size)
{
	char *buf = edl_arena_take(&c->arena, expected + 1);
	size_t have = 0;

	if (!buf)
		return "out of memory";
	for (;;) {
		ssize_t n = read(fd, buf + have, expected + 1 - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strerror(errno);
		if (n == 0)
			break;
		have += (size_t)n;
		if (have > expected)
			return "the file grew while it was read";
	}
	*text = buf;
	*size = have;
	return NULL;
}

static const char *open_file(struct edl_ctx *c, void *user, const char *path,
			     const char **text, size_t *size,
			     const char **id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why;
	struct stat st;
	char key[64];

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ""
							   : strerror(errno);
	if (fstat(fd, &st) < 0) {
		why = strerror(errno);
	} else if (!S_ISREG(st.st_mode)) {
		why = "not a regular file";
	} else if (st.st_size > EDL_MAX_FILE) {
		why = "the file is too large";
	} else {
		snprintf(key, sizeof(key), "%llx:%llx",
			 (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino);
		*id = key;
		why = read_all(c, fd, (size_t)st.st_size, text, size);
	}
	close(fd);
	if (why)
		return why;
	*id = edl_name(c, key, strlen(key));
	return NULL;
}

const struct edl_loader edl_loader_files = { .open = open_file };

static bool try_open(struct edl_ctx *c, struct edl_source *s,
		     const char *path, const struct edl_loc *loc)
{
	const char *why = c->loader.open(c, c->loader.user, path, &s->text,
					 &s->size, &s->id);

	if (!why) {
		s->path = path;
		return true;
	}
	if (*why)
		edl_fail(c, loc, "cannot read '%s': %s", path, why);
	return false;
}

struct edl_source *edl_source_open(struct edl_ctx *c, const char *name,
				   const struct edl_loc *loc)
{
	struct edl_source *s = edl_take(c, sizeof(*s));

	if (try_open(c, s, name, loc))
		return s;
	for (size_t i = 0; i < c->search.count; i++)
		if (try_open(c, s, edl_text(c, "%s/%s",
					    (char *)c->search.at[i], name),
			     loc))
			return s;
	edl_fail(c, loc, "file not found within search paths: %s", name);
}
