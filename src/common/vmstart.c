/* SPDX-License-Identifier: MIT */
#include "common/vmstart.h"

#include "common/paths.h"
#include "common/place.h"
#include "common/spawn.h"
#include "common/vmconf.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Limits that only what hangs reaches, however busy the box is: cofferd waits
 * 60 s for its predecessor (platform/owner.c). */
#define LOCK_WAIT_MS 240000
#define START_WAIT_MS 120000
#define SETTLE_WAIT_MS 120000
#define SETTLES 20 /* restarts one after another */
#define ATTEMPTS 5

static void nap(void)
{
	const struct timespec ms = { 0, 2000000 };

	nanosleep(&ms, NULL);
}

static int try_connect(const struct sockaddr_un *address)
{
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	do
		r = connect(fd, (const struct sockaddr *)address,
			sizeof(*address)) ? -errno : 0;
	while (r == -EINTR);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

static bool nobody_there(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR;
}

/* A lock file that was removed while we waited for it locks nothing. */
static bool still_named(int fd, const char *path)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !stat(path, &named) &&
		ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int take_lock(const char *runtime, struct why *why)
{
	char path[PATH_MAX];
	int fd, r, waited = 0;

	r = paths_join(path, sizeof(path), runtime, "lock", why);
	while (!r) {
		r = paths_make(runtime, true, why);
		if (r)
			break;
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			0600);
		if (fd < 0) {
			r = -errno;
			if (r != -ENOENT)
				return why_set(why, r, "cannot open %s: %s",
					path, strerror(-r));
		} else if (!flock(fd, LOCK_EX | LOCK_NB)) {
			if (still_named(fd, path))
				return fd;
		}
		if (fd >= 0)
			close(fd);
		/* Held, or just removed by a driver that ended. */
		r = 0;
		if ((waited += 2) > LOCK_WAIT_MS)
			return why_set(why, -ETIMEDOUT, "%s was held by "
				"another process for too long", path);
		nap();
	}
	return r;
}

/* What cofferd says about its start: "ready\n", "stopped\n" when vm.conf
 * does not allow it, or why not. */
static int hear(int fd, const char *program, const char *vm,
	struct why *why)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char text[sizeof(why->text)];
	size_t used = 0;

	for (;;) {
		int r = poll(&wait, 1, START_WAIT_MS);
		ssize_t n;

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return why_set(why, -ETIMEDOUT, "%s did not get ready "
				"in %d s", program, START_WAIT_MS / 1000);
		n = read(fd, text + used, sizeof(text) - 1 - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	if (!strcmp(text, "ready\n"))
		return 0;
	if (!strcmp(text, "stopped\n"))
		return why_set(why, -EHOSTDOWN, "the virtual machine %s is "
			"stopped; `coffer vm start %s` starts it", vm, vm);
	if (!used)
		return why_set(why, -ENODEV, "%s ended without a word",
			program);
	return why_set(why, -ENODEV, "cofferd: %s", text);
}

static int spawn_plain(void *ctx, const char *path, char *const argv[],
	const int *fds, unsigned count, struct why *why)
{
	int r = spawn_detached(path, argv, fds, count);

	return r ? why_set(why, r, "cannot start %s: %s", path,
		strerror(-r)) : 0;
}

static int start(const char *vm, int lock, vmstart_spawn *spawn, void *ctx,
	struct why *why)
{
	char path[PATH_MAX];
	char *argv[] = { path, "--vm", (char *)vm, "--ready", "3", "--lock",
		"4", NULL };
	int fds[2], told[2], r;

	r = spawn_find("cofferd", path, sizeof(path), why);
	if (r)
		return r;
	if (pipe2(told, O_CLOEXEC))
		return why_set(why, -errno, "no pipe: %s", strerror(errno));
	fds[0] = told[1];
	fds[1] = lock;
	r = spawn(ctx, path, argv, fds, 2, why);
	close(told[1]);
	if (!r)
		r = hear(told[0], path, vm, why);
	close(told[0]);
	return r;
}

int vmstart_connect_by(const char *vm, vmstart_spawn *spawn, void *ctx,
	struct why *why)
{
	struct place place;
	struct sockaddr_un address;
	int fd = -ENOENT, lock, r;

	r = place_find(vm, &place, why);
	if (!r)
		r = paths_socket(place.runtime, &address, why);
	if (!r && place.ours)
		r = paths_make(place.base, false, why);
	for (int i = 0; !r && i < ATTEMPTS; i++) {
		fd = try_connect(&address);
		if (!nobody_there(fd) || !place.ours)
			break;
		lock = take_lock(place.runtime, why);
		if (lock < 0)
			return lock;
		fd = try_connect(&address);
		if (nobody_there(fd))
			r = start(vm, lock, spawn, ctx, why);
		close(lock);
		if (fd >= 0)
			break;
	}
	if (r)
		return r;
	if (fd < 0)
		return place_absent(&place, vm, fd, why);
	r = place_check(&place, fd, why);
	if (!r)
		return fd;
	close(fd);
	return r;
}

/* ---- stopped, or being restarted? ---- */

/* The machine's lock, held by commands that change it.  -1: there is none. */
static int open_command_lock(const char *vm)
{
	char folder[PATH_MAX], path[PATH_MAX];

	if (paths_vm_state(vm, folder, sizeof(folder), NULL) ||
	    paths_join(path, sizeof(path), folder, "lock", NULL))
		return -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_off(const char *vm)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct vmconf conf;
	bool off;

	if (paths_vm_state(vm, folder, sizeof(folder), NULL) ||
	    paths_join(path, sizeof(path), folder, "vm.conf", NULL) ||
	    vmconf_read(path, &conf, NULL))
		return false;
	off = conf.power == VMCONF_OFF || conf.power == VMCONF_DEALLOCATED;
	vmconf_free(&conf);
	return off;
}

int vmstart_settle(const char *vm, struct why *why)
{
	int fd = open_command_lock(vm), r;

	for (int waited = 0; fd >= 0 && flock(fd, LOCK_SH | LOCK_NB);
			waited += 2) {
		if (waited > SETTLE_WAIT_MS) {
			close(fd);
			return why_set(why, -EHOSTDOWN, "a command has been "
				"stopping or restarting the virtual machine "
				"%s for %d s; try again when it is done", vm,
				SETTLE_WAIT_MS / 1000);
		}
		nap();
	}
	/* With the lock, so that it is not in the middle of a restart. */
	r = is_off(vm) ? why_set(why, -EHOSTDOWN, "the virtual machine %s is "
		"stopped; `coffer vm start %s` starts it", vm, vm) : 0;
	if (fd >= 0)
		close(fd);
	return r;
}

int vmstart_connect(const char *vm, struct why *why)
{
	int fd, i = 0;

	do
		fd = vmstart_connect_by(vm, spawn_plain, NULL, why);
	while (fd == -EHOSTDOWN && i++ < SETTLES && !vmstart_settle(vm, why));
	return fd;
}
