/* SPDX-License-Identifier: MIT */
#include "common/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* First descriptor beyond those that a child gets by number. */
#define FD_AWAY 64

static int executable(char *path, size_t size, const char *directory,
	size_t length, const char *program)
{
	struct stat st;
	int n;

	if (!length)
		return 0;
	n = snprintf(path, size, "%.*s/%s", (int)length, directory, program);
	return n > 0 && (size_t)n < size && !stat(path, &st) &&
		S_ISREG(st.st_mode) && !access(path, X_OK);
}

static int beside_us(char *path, size_t size, const char *program)
{
	char self[PATH_MAX];
	char *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return 0;
	self[n] = '\0';
	slash = strrchr(self, '/');
	return slash && executable(path, size, self, (size_t)(slash - self),
		program);
}

int spawn_find(const char *program, char *path, size_t size, struct why *why)
{
	static const char *const configured[] = {
		COFFER_LIBEXECDIR, COFFER_INSTALL_BINDIR };
	const char *list = getenv("COFFER_BINDIR");

	if (list && *list == '/' &&
	    executable(path, size, list, strlen(list), program))
		return 0;
	if (beside_us(path, size, program))
		return 0;
	for (size_t i = 0; i < 2; i++)
		if (executable(path, size, configured[i],
			strlen(configured[i]), program))
			return 0;
	for (list = getenv("PATH"); list && *list;) {
		size_t length = strcspn(list, ":");

		if (*list == '/' &&
		    executable(path, size, list, length, program))
			return 0;
		list += length;
		list += *list == ':';
	}
	return why_set(why, -ENOENT, "cannot find the program %s: not in "
		"COFFER_BINDIR, not beside this program, not in %s, not in "
		"PATH", program, COFFER_INSTALL_BINDIR);
}

/* fork(2) without the C library's handlers, and without an exit signal:
 * this may run in somebody's threaded application. */
static pid_t plain_fork(int exit_signal)
{
	return (pid_t)syscall(SYS_clone, (long)exit_signal, 0, 0, 0, 0);
}

/* Not _exit(2): tools that watch the application have put theirs there. */
static __attribute__((noreturn)) void leave(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

static void close_from(int first)
{
	struct rlimit limit;

	if (!syscall(SYS_close_range, first, ~0u, 0))
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		limit.rlim_cur = 65536;
	for (rlim_t fd = (rlim_t)first; fd < limit.rlim_cur; fd++)
		close((int)fd);
}

/* In the child: the rest of its life before exec.  Signals are blocked. */
static void become(const char *path, char *const argv[], const int *fds,
	unsigned count, int stderr_fd)
{
	struct sigaction action;
	int away[SPAWN_FDS_MAX + 1], null;
	sigset_t none;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	for (int s = 1; s < _NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			sigaction(s, &action, NULL);
	/* First all out of the way, then each to its place. */
	for (unsigned i = 0; i <= count; i++) {
		int from = i < count ? fds[i] : stderr_fd;

		away[i] = from < 0 ? -1 : fcntl(from, F_DUPFD, FD_AWAY);
		if (from >= 0 && away[i] < 0)
			leave(127);
	}
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		leave(127);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(fd == 2 && away[count] >= 0 ? away[count] : null,
			fd) < 0)
			leave(127);
	for (unsigned i = 0; i < count; i++)
		if (dup2(away[i], 3 + (int)i) < 0)
			leave(127);
	close_from(3 + (int)count);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(path, argv, environ);
	leave(127);
}

pid_t spawn_child(const char *path, char *const argv[], const int *fds,
	unsigned count, int stderr_fd)
{
	sigset_t all, before;
	pid_t pid;

	if (count > SPAWN_FDS_MAX)
		return -EINVAL;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = plain_fork(SIGCHLD);
	if (!pid)
		become(path, argv, fds, count, stderr_fd);
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* A process of its own session that is not our child: hold[0], if not -1, is
 * read before it executes anything, and its number is written to told. */
static int detach(const char *path, char *const argv[], const int *fds,
	unsigned count, const int hold[2], int told)
{
	sigset_t all, before;
	int r = 0;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = plain_fork(0);
	if (!pid) {
		char byte;

		if (setsid() < 0)
			leave(127);
		pid = plain_fork(SIGCHLD);
		if (pid) {
			if (pid > 0 && told >= 0 && write(told, &pid,
					sizeof(pid)) != sizeof(pid))
				leave(127);
			leave(pid < 0 ? 127 : 0);
		}
		if (chdir("/"))
			leave(127);
		if (hold[0] >= 0) {
			close(hold[1]);
			if (read(hold[0], &byte, 1) != 1)
				leave(127);
		}
		become(path, argv, fds, count, -1);
	}
	if (pid < 0) {
		r = -errno;
	} else {
		int status = 0;

		while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
			;
		if (status)
			r = -EAGAIN;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int spawn_detached(const char *path, char *const argv[], const int *fds,
	unsigned count)
{
	static const int none[2] = { -1, -1 };

	return count > SPAWN_FDS_MAX ? -EINVAL :
		detach(path, argv, fds, count, none, -1);
}

int spawn_held(const char *path, char *const argv[], const int *fds,
	unsigned count, pid_t *pid, int *go)
{
	int hold[2], told[2], r;

	if (count > SPAWN_FDS_MAX)
		return -EINVAL;
	if (pipe2(hold, O_CLOEXEC))
		return -errno;
	if (pipe2(told, O_CLOEXEC)) {
		r = -errno;
	} else {
		r = detach(path, argv, fds, count, hold, told[1]);
		close(told[1]);
		if (!r && read(told[0], pid, sizeof(*pid)) != sizeof(*pid))
			r = -EAGAIN;
		close(told[0]);
	}
	close(hold[0]);
	if (r)
		close(hold[1]);
	else
		*go = hold[1];
	return r;
}

int spawn_go(int go)
{
	sigset_t pipe, before, pending;
	int r = 0;

	/* A reader that is gone is a result, no signal. */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	if (write(go, "", 1) != 1) {
		const struct timespec at_once = { 0, 0 };

		r = -ESRCH;
		if (!sigpending(&pending) && sigismember(&pending, SIGPIPE))
			sigtimedwait(&pipe, NULL, &at_once);
	}
	close(go);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}
