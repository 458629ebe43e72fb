/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 4096

void world_nap(unsigned milliseconds)
{
	struct timespec t = { milliseconds / 1000,
		(long)(milliseconds % 1000) * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

unsigned long long world_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000u +
		(unsigned long long)t.tv_nsec / 1000000u;
}

static int make(const char *path, uid_t uid)
{
	if (mkdir(path, 0700) || (uid != (uid_t)-1 && chown(path, uid, uid)))
		return -errno;
	return 0;
}

int world_open(struct world *w, uid_t uid)
{
	int error;

	strcpy(w->folder, "/tmp/coffer-test-XXXXXX");
	if (!mkdtemp(w->folder))
		return -errno;
	if (uid != (uid_t)-1 && chown(w->folder, uid, uid))
		return -errno;
	snprintf(w->state, sizeof(w->state), "%s/state", w->folder);
	snprintf(w->runtime, sizeof(w->runtime), "%s/run", w->folder);
	error = make(w->state, uid);
	if (!error)
		error = make(w->runtime, uid);
	if (error)
		return error;
	setenv("COFFER_STATE_DIR", w->state, 1);
	setenv("COFFER_RUNTIME_DIR", w->runtime, 1);
	setenv("COFFER_DRIVER", "cofferd", 1);
	setenv("COFFER_IDLE_SECONDS", "1", 1);
	unsetenv("COFFER_VM");
	signal(SIGPIPE, SIG_IGN);
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
}

int world_configure(const struct world *w, uid_t uid, const char *lines)
{
	char path[128];
	FILE *f;
	int error;

	snprintf(path, sizeof(path), "%s/vm", w->state);
	error = make(path, uid);
	snprintf(path, sizeof(path), "%s/vm/default", w->state);
	if (!error)
		error = make(path, uid);
	if (error && error != -EEXIST)
		return error;
	snprintf(path, sizeof(path), "%s/vm/default/vm.conf", w->state);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fputs(lines, f);
	if (fclose(f) || chmod(path, 0600) ||
		(uid != (uid_t)-1 && chown(path, uid, uid)))
		return -errno;
	return 0;
}

static bool read_stat(pid_t pid, struct world_process *p)
{
	char path[64], line[512], *open, *close, state;
	FILE *f;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	line[fread(line, 1, sizeof(line) - 1, f)] = 0;
	fclose(f);
	open = strchr(line, '(');
	close = strrchr(line, ')');
	if (!open || !close || sscanf(close + 1, " %c %d", &state, &parent) != 2)
		return false;
	*close = 0;
	p->pid = pid;
	p->parent = parent;
	p->zombie = state == 'Z' || state == 'X';
	snprintf(p->name, sizeof(p->name), "%s", open + 1);
	return true;
}

static size_t read_all(struct world_process *all, size_t max)
{
	struct dirent *entry;
	DIR *d = opendir("/proc");
	size_t n = 0;

	while (d && n < max && (entry = readdir(d))) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 0 && read_stat(pid, &all[n]))
			n++;
	}
	if (d)
		closedir(d);
	return n;
}

enum line { STRANGE, OURS, BROKEN };

/* Does a process come of us?  BROKEN: an ancestor ended while the list was
 * made, so that only another list can tell. */
static enum line descends(const struct world_process *all, size_t n, pid_t pid)
{
	for (int depth = 0; depth < 64 && pid > 0; depth++) {
		size_t i = 0;

		if (pid == getpid())
			return depth ? OURS : STRANGE;
		while (i < n && all[i].pid != pid)
			i++;
		if (i == n)
			return BROKEN;
		pid = all[i].parent;
	}
	return STRANGE;
}

/* All processes, none of which lost an ancestor meanwhile. */
static size_t read_whole(struct world_process *all, size_t max)
{
	size_t n = 0, i = 0;

	for (int attempt = 0; attempt < 5; attempt++) {
		n = read_all(all, max);
		for (i = 0; i < n && descends(all, n, all[i].pid) != BROKEN;)
			i++;
		if (i == n)
			break;
	}
	return n;
}

/* Orphans that became ours by reaping; children that a test waits for itself
 * are those that it started, so they are left. */
static void reap(const struct world_process *p)
{
	if (p->parent == getpid() && (!strcmp(p->name, "cofferd") ||
		!strncmp(p->name, "coffer-c", 8)))
		waitpid(p->pid, NULL, WNOHANG);
}

size_t world_processes(struct world_process *out, size_t max)
{
	static struct world_process all[PROCESSES_MAX];
	size_t n = read_whole(all, PROCESSES_MAX), found = 0;

	for (size_t i = 0; i < n && found < max; i++) {
		if (descends(all, n, all[i].pid) != OURS)
			continue;
		if (all[i].zombie)
			reap(&all[i]);
		else
			out[found++] = all[i];
	}
	return found;
}

static pid_t find(const char *name, bool cell, pid_t other)
{
	struct world_process list[256];
	size_t n = world_processes(list, 256);
	pid_t found = 0;

	for (size_t i = 0; i < n; i++) {
		bool fits;

		if (cell) {
			size_t k = 0;

			while (k < n && list[k].pid != list[i].parent)
				k++;
			fits = k < n && !strcmp(list[k].name, "coffer-cpu") &&
				strcmp(list[i].name, "coffer-cpu");
		} else {
			fits = !strcmp(list[i].name, name);
		}
		if (fits && list[i].pid != other)
			found = found ? -1 : list[i].pid;
	}
	return found;
}

pid_t world_find(const char *name)
{
	return find(name, false, 0);
}

pid_t world_find_cell(void)
{
	return find(NULL, true, 0);
}

/* Between fork and exec a child has its parent's name, and what is being
 * ended is there for a while: so the only one may have to be waited for. */
static pid_t await(const char *name, pid_t other)
{
	unsigned long long end = world_clock() + WORLD_PATIENCE;
	pid_t pid;

	while ((pid = find(name, !name, other)) <= 0 && world_clock() < end)
		world_nap(10);
	if (pid <= 0)
		fprintf(stderr, "%s %s\n", pid ? "several" : "no",
			name ? name : "cell");
	return pid > 0 ? pid : 0;
}

pid_t world_await(const char *name)
{
	return await(name, 0);
}

pid_t world_await_cell(pid_t other)
{
	return await(NULL, other);
}

bool world_await_end(pid_t pid)
{
	unsigned long long end = world_clock() + WORLD_PATIENCE;
	struct world_process list[256];

	for (;;) {
		size_t n = world_processes(list, 256), i = 0;

		while (i < n && list[i].pid != pid)
			i++;
		if (i == n)
			return true;
		if (world_clock() > end)
			return false;
		world_nap(10);
	}
}

size_t world_wait_empty(unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;
	struct world_process list[256];
	size_t n;

	while ((n = world_processes(list, 256)) && world_clock() < end)
		world_nap(20);
	return n;
}

static int remove_one(const char *path, const struct stat *s, int type,
	struct FTW *walk)
{
	return remove(path);
}

static size_t g_files;

static int count_one(const char *path, const struct stat *s, int type,
	struct FTW *walk)
{
	if (type != FTW_D && type != FTW_DP && type != FTW_NS &&
		!S_ISREG(s->st_mode)) {
		fprintf(stderr, "left behind: %s\n", path);
		g_files++;
	}
	return 0;
}

size_t world_close(struct world *w)
{
	struct world_process list[256];
	size_t n, left;

	left = world_wait_empty(WORLD_PATIENCE) ? world_processes(list, 256) : 0;
	for (size_t i = 0; i < left; i++) {
		fprintf(stderr, "left behind: process %d (%s), child of %d\n",
			list[i].pid, list[i].name, list[i].parent);
		kill(list[i].pid, SIGKILL);
	}
	for (int i = 0; left && i < 100; i++) {
		n = world_processes(list, 256);
		for (size_t k = 0; k < n; k++)
			waitpid(list[k].pid, NULL, WNOHANG);
		if (!n)
			break;
		world_nap(20);
	}
	g_files = 0;
	nftw(w->runtime, count_one, 16, FTW_PHYS);
	nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return left + g_files;
}

int world_child(struct world *w, int (*run)(struct world *))
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		exit(run(w) ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (status)
		world_tell_logs(w);
	return status || world_wait_empty(WORLD_PATIENCE);
}

int world_run(const char *settings, int (*run)(struct world *))
{
	struct world world;
	int failed;

	if (world_open(&world, (uid_t)-1))
		return 2;
	if (settings && world_configure(&world, (uid_t)-1, settings)) {
		world_close(&world);
		return 2;
	}
	failed = world_child(&world, run);
	return world_close(&world) || failed;
}

static int tell_one(const char *path, const struct stat *s, int type,
	struct FTW *walk)
{
	char line[512];
	FILE *f;

	if (type != FTW_F || strcmp(path + walk->base, "log"))
		return 0;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		fprintf(stderr, "  log: %s", line);
	if (f)
		fclose(f);
	return 0;
}

void world_tell_logs(const struct world *w)
{
	nftw(w->state, tell_one, 16, FTW_PHYS);
}

static long count_entries(pid_t pid, const char *what)
{
	char path[64];
	struct dirent *entry;
	long n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	d = opendir(path);
	if (!d)
		return -1;
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	closedir(d);
	return n;
}

long world_descriptors(pid_t pid)
{
	return count_entries(pid, "fd");
}

long world_resident(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

long world_mappings(pid_t pid)
{
	char path[64];
	long n = 0;
	int c;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}
