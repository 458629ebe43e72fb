/* SPDX-License-Identifier: MIT */
/*
 * Finding and starting Coffer's own programs, from processes that may have
 * threads: between fork and exec only system calls happen.  Children start
 * with default signal actions, nothing blocked, standard input and output on
 * /dev/null, and no descriptor but those named.
 */
#ifndef COFFER_COMMON_SPAWN_H
#define COFFER_COMMON_SPAWN_H

#include "common/why.h"
#include <stddef.h>
#include <sys/types.h>

#define SPAWN_FDS_MAX 4

/* Finds an executable: in $COFFER_BINDIR, beside the running program, in the
 * directories that Coffer was configured for, in $PATH.  0, or -ENOENT. */
int spawn_find(const char *program, char *path, size_t size,
	struct why *why);

/* Starts a child of ours.  fds[i] becomes its descriptor 3 + i.  stderr_fd
 * becomes its standard error (-1: /dev/null).  Its pid, or a negative errno
 * when there is no child; a program that cannot be executed is an exit with
 * status 127. */
pid_t spawn_child(const char *path, char *const argv[], const int *fds,
	unsigned count, int stderr_fd);

/* Starts a program that is no child of ours, in a session of its own, with
 * / as its directory; fds as above.  The caller's SIGCHLD and wait(2) do not
 * notice.  0 or a negative errno; whether it could be executed shows only in
 * what it does with fds. */
int spawn_detached(const char *path, char *const argv[], const int *fds,
	unsigned count);

/* The same, but the process waits before it executes the program until
 * spawn_go() is called with *go; *pid is its number.  When *go is closed
 * instead it ends without a word. */
int spawn_held(const char *path, char *const argv[], const int *fds,
	unsigned count, pid_t *pid, int *go);
/* Closes go.  0, or -ESRCH when the process is gone. */
int spawn_go(int go);

#endif
