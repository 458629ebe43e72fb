/* SPDX-License-Identifier: MIT */
#include "vm/cgroup_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define DEPTH_MAX 16 /* groups below a machine's; others made them */

/* Control files are made by the kernel and have no length. */
static int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		n = read(fd, text + used, size - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	close(fd);
	if (!r && used == size - 1)
		r = -EFBIG;
	while (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return r;
}

static int join_path(char *path, size_t size, const char *folder,
	const char *file)
{
	int n = snprintf(path, size, "%s/%s", folder, file);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int cgroup_read(const char *folder, const char *file, char *text, size_t size)
{
	char path[PATH_MAX];
	int r = join_path(path, sizeof(path), folder, file);

	return r ? r : read_file(path, text, size);
}

int cgroup_write(const char *folder, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd, r = join_path(path, sizeof(path), folder, file);

	if (r)
		return r;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* The kernel takes a value in one write or not at all. */
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int number(const char *text, uint64_t *value)
{
	unsigned long long n;
	char *end;

	if (!strcmp(text, "max")) {
		*value = UINT64_MAX;
		return 0;
	}
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || *end)
		return -EINVAL;
	*value = n;
	return 0;
}

int cgroup_number(const char *folder, const char *file, const char *key,
	uint64_t *value)
{
	char text[CGROUP_TEXT_MAX], *line, *rest = text;
	int r = cgroup_read(folder, file, text, sizeof(text));

	if (r || !key)
		return r ? r : number(text, value);
	while ((line = strsep(&rest, "\n"))) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = '\0';
		if (!strcmp(line, key))
			return number(space + 1, value);
	}
	return -ENOENT;
}

bool cgroup_lists(const char *folder, const char *file, const char *word)
{
	char text[CGROUP_TEXT_MAX], *one, *rest = text;

	if (cgroup_read(folder, file, text, sizeof(text)))
		return false;
	while ((one = strsep(&rest, " \n")))
		if (!strcmp(one, word))
			return true;
	return false;
}

/* ---- where the tree is ---- */

/* The kernel writes space, tab, newline and backslash as \ooo. */
static int unescape(const char *from, char *to, size_t size)
{
	size_t used = 0;

	for (; *from; from++) {
		char c = *from;

		if (c == '\\' && from[1] && from[2] && from[3]) {
			c = (char)((from[1] - '0') * 64 +
				(from[2] - '0') * 8 + (from[3] - '0'));
			from += 3;
		}
		if (used + 1 >= size)
			return -ENAMETOOLONG;
		to[used++] = c;
	}
	to[used] = '\0';
	return 0;
}

/* "ID PARENT DEV ROOT MOUNT OPTIONS [TAG ...] - TYPE SOURCE OPTIONS" */
static bool parse_mount(char *line, struct cgroup_mount *found)
{
	char *type = strstr(line, " - "), *word[5], *rest = line;

	if (!type || strncmp(type + 3, "cgroup2 ", 8))
		return false;
	*type = '\0';
	for (int i = 0; i < 5; i++) {
		word[i] = strsep(&rest, " ");
		if (!rest)
			return false;
	}
	return !unescape(word[3], found->root, sizeof(found->root)) &&
		!unescape(word[4], found->mount, sizeof(found->mount));
}

int cgroup_mount_find(FILE *mountinfo, struct cgroup_mount *mount)
{
	struct cgroup_mount found;
	char *line = NULL;
	size_t size = 0;
	bool have = false;

	/* The first; or what was mounted over it. */
	while (getline(&line, &size, mountinfo) > 0) {
		if (!parse_mount(line, &found))
			continue;
		if (!have || !strcmp(found.mount, mount->mount))
			*mount = found;
		have = true;
	}
	free(line);
	return have ? 0 : -ENOENT;
}

int cgroup_below(const struct cgroup_mount *mount, const char *group,
	char *path)
{
	size_t length = strlen(mount->root);
	int n;

	if (length == 1)
		length = 0; /* root "/" */
	if (strncmp(group, mount->root, length) ||
	    (group[length] && group[length] != '/') ||
	    !strncmp(group, "/..", 3))
		return -ENOENT;
	group += length;
	if (!strcmp(group, "/"))
		group = "";
	n = snprintf(path, CGROUP_PATH_MAX, "%s%s", mount->mount, group);
	return n < 0 || n >= CGROUP_PATH_MAX ? -ENAMETOOLONG : 0;
}

int cgroup_of(const struct cgroup_mount *mount, pid_t pid, char *path,
	struct why *why)
{
	char name[32], text[CGROUP_TEXT_MAX], *line, *rest = text;
	int r;

	snprintf(name, sizeof(name), pid ? "/proc/%d/cgroup" :
		"/proc/self/cgroup", (int)pid);
	r = read_file(name, text, sizeof(text));
	if (r)
		return why_set(why, r == -ENOENT ? -ESRCH : r,
			"cannot read %s: %s", name, strerror(-r));
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, "0::/", 4)) {
			r = cgroup_below(mount, line + 3, path);
			return r ? why_set(why, r, "the group %.200s is not "
				"seen here", line + 3) : 0;
		}
	return why_set(why, -ENOENT, "%s is in no group of cgroup v2",
		pid ? name : why_words("this process"));
}

bool cgroup_is_v2(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* ---- groups and processes ---- */

int cgroup_children(const char *folder,
	void (*found)(void *ctx, const char *name), void *ctx)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.' && !fstatat(dirfd(dir),
				entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
				S_ISDIR(st.st_mode))
			found(ctx, entry->d_name);
	closedir(dir);
	return 0;
}

struct gather {
	pid_t *pids;
	size_t count, room;
	const char *folder;
	unsigned depth;
	int error;
};

static void gather_file(struct gather *g)
{
	char path[PATH_MAX];
	FILE *file;
	int pid;

	g->error = join_path(path, sizeof(path), g->folder, "cgroup.procs");
	if (g->error)
		return;
	file = fopen(path, "re");
	if (!file) {
		/* A group that has just gone has none. */
		g->error = errno == ENOENT || errno == ENODEV ? 0 : -errno;
		return;
	}
	/* Threaded groups refuse to be read; processes of other pid
	 * namespaces are 0. */
	while (!g->error && fscanf(file, "%d", &pid) == 1) {
		if (pid <= 0)
			continue;
		if (g->count == g->room) {
			size_t room = g->room ? 2 * g->room : 64;
			pid_t *more = realloc(g->pids, room * sizeof(*more));

			if (!more) {
				g->error = -ENOMEM;
				break;
			}
			g->pids = more;
			g->room = room;
		}
		g->pids[g->count++] = pid;
	}
	fclose(file);
}

static void gather_group(void *ctx, const char *name)
{
	struct gather *g = ctx;
	const char *above = g->folder;
	char path[PATH_MAX];

	if (g->error || g->depth == DEPTH_MAX)
		return;
	if (name) {
		g->error = join_path(path, sizeof(path), above, name);
		if (g->error)
			return;
		g->folder = path;
	}
	gather_file(g);
	g->depth++;
	if (!g->error)
		cgroup_children(g->folder, gather_group, g);
	g->depth--;
	g->folder = above;
}

int cgroup_pids(const char *folder, pid_t **pids, size_t *count)
{
	struct gather g = { .folder = folder };

	if (access(folder, F_OK))
		return -errno;
	gather_group(&g, NULL);
	if (g.error) {
		free(g.pids);
		return g.error;
	}
	*pids = g.pids;
	*count = g.count;
	return 0;
}

struct removal {
	const char *folder;
	unsigned depth;
	int error;
};

static void remove_group(void *ctx, const char *name)
{
	struct removal *removal = ctx;
	const char *above = removal->folder;
	char path[PATH_MAX];

	if (removal->depth == DEPTH_MAX ||
	    join_path(path, sizeof(path), above, name))
		return;
	removal->folder = path;
	removal->depth++;
	cgroup_children(path, remove_group, removal);
	removal->depth--;
	removal->folder = above;
	if (rmdir(path) && errno != ENOENT)
		removal->error = -errno;
}

int cgroup_remove(const char *folder, struct why *why)
{
	struct removal removal = { .folder = folder };
	int r;

	/* What has just died is counted for a moment. */
	for (int i = 0; i < 500; i++) {
		removal.error = 0;
		cgroup_children(folder, remove_group, &removal);
		r = rmdir(folder) ? -errno : 0;
		if (r != -EBUSY && r != -ENOTEMPTY)
			break;
		usleep(4000);
	}
	return !r || r == -ENOENT ? 0 : why_set(why, r, "cannot remove the "
		"group %s: %s", folder, strerror(-r));
}
