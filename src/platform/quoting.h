/* SPDX-License-Identifier: MIT */
/*
 * coffer-quoting as cofferd sees it: a child process that is started when
 * somebody asks for quotes, gets one end of a connection for each who asks,
 * and ends by itself when nobody has asked for long.  It is an application of
 * this machine like others; only its enclaves and its being our child are
 * special.  cofferd sees neither requests nor keys.
 */
#ifndef COFFER_PLATFORM_QUOTING_H
#define COFFER_PLATFORM_QUOTING_H

#include "common/why.h"
#include <stdint.h>
#include <sys/types.h>

struct quoting {
	const char *vm;
	int log_fd; /* its standard error, or -1 */
	pid_t pid; /* 0: does not run */
	int pidfd, control; /* -1 */
	int64_t started; /* ms, CLOCK_MONOTONIC */
	struct why why; /* of a death that came too soon */
};

void quoting_init(struct quoting *, const char *vm, int log_fd);

/* A connection for the client with this pid; *fd is the caller's.  Starts
 * coffer-quoting where none runs.  0; -ENOENT when the program is missing;
 * -EAGAIN when it has just died, with the reason; another errno. */
int quoting_connect(struct quoting *, uint32_t pid, int *fd,
	struct why *why);

/* Its pidfd is readable: it has ended. */
void quoting_ended(struct quoting *);

/* Ends it. */
void quoting_stop(struct quoting *);

#endif
