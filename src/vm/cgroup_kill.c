/* SPDX-License-Identifier: MIT */
/*
 * Ending what is in a group.  Numbers of processes are read from the group
 * and may be of somebody else a moment later, so each is held by a pidfd
 * first and then looked up again.
 */
#include "vm/cgroup_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define KILL_MS 30000 /* far beyond what the kernel takes to end processes */

static bool inside(const struct cgroup_mount *mount, const char *folder,
	pid_t pid)
{
	size_t length = strlen(folder);
	char path[CGROUP_PATH_MAX];

	return !cgroup_of(mount, pid, path, NULL) &&
		!strncmp(path, folder, length) &&
		(!path[length] || path[length] == '/');
}

static void send_one(const struct cgroup_mount *mount, const char *folder,
	pid_t pid, int signal)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return;
	if (inside(mount, folder, pid))
		syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
	close(fd);
}

int cgroup_signal(const struct cgroup_mount *mount, const char *folder,
	int signal, size_t *left, bool *self)
{
	pid_t *pids = NULL;
	size_t count = 0;
	int r = cgroup_pids(folder, &pids, &count);

	*left = 0;
	*self = false;
	for (size_t i = 0; !r && i < count; i++) {
		if (pids[i] == getpid()) {
			*self = true;
			continue;
		}
		(*left)++;
		if (signal)
			send_one(mount, folder, pids[i], signal);
	}
	free(pids);
	return r == -ENOENT ? 0 : r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int cgroup_empty(const struct cgroup_mount *mount, const char *folder,
	int grace_ms, bool *self, struct why *why)
{
	int64_t start = now_ms(), gone;
	int signal = SIGTERM, r;
	size_t left;

	if (grace_ms <= 0)
		signal = 0;
	for (;;) {
		r = cgroup_signal(mount, folder, signal, &left, self);
		if (r)
			return why_set(why, r, "cannot end what is in %s: %s",
				folder, strerror(-r));
		if (!left)
			return 0;
		gone = now_ms() - start;
		if (gone > (int64_t)(grace_ms > 0 ? grace_ms : 0) + KILL_MS)
			return why_set(why, -ETIMEDOUT, "%zu processes in %s "
				"do not end", left, folder);
		/* Told once to end; then, time being up, ended.  The kernel
		 * ends all at once where it can, and where we are not among
		 * them. */
		signal = 0;
		if (gone >= grace_ms && (*self ||
				cgroup_write(folder, "cgroup.kill", "1")))
			signal = SIGKILL;
		usleep(4000);
	}
}
