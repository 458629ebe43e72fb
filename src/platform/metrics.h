/* SPDX-License-Identifier: MIT */
/*
 * The machine's numbers for whoever scrapes them: Prometheus text over HTTP,
 * GET /metrics, at the stream socket metrics.sock beside the driver's.  Who
 * may connect are its owners (access.h).
 *
 * No thread of its own: the caller polls metrics_fds() and calls
 * metrics_run().  Who connects here does not keep the machine alive.
 */
#ifndef COFFER_PLATFORM_METRICS_H
#define COFFER_PLATFORM_METRICS_H

#include "common/why.h"
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct platform;
struct metrics;

#define METRICS_FDS 2

/* Listens in the machine's runtime directory, under the lock: a socket that
 * is there is a dead machine's.  NULL with the reason in why. */
struct metrics *metrics_open(struct platform *p, struct why *why);
void metrics_close(struct metrics *);

/* What to poll; metrics NULL: nothing. */
void metrics_fds(const struct metrics *, struct pollfd wait[METRICS_FDS]);
/* Milliseconds until metrics_run() must be called all the same; -1: never. */
int metrics_timeout(const struct metrics *);
/* Serves what there is, without waiting for anybody but the processor. */
void metrics_run(struct metrics *, const struct pollfd wait[METRICS_FDS]);

/* --- metrics_text.c ----------------------------------------------------- */

/* The page, in memory that the caller frees.  0, -ENOMEM, or -ENODEV when
 * the processor died. */
int metrics_text(struct platform *p, char **text, size_t *size);

#endif
