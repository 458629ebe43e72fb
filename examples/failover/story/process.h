/* SPDX-License-Identifier: MIT */
/* The programs that were started here, and what became of them. */
#ifndef FAILOVER_PROCESS_H
#define FAILOVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	pid_t pid; /* 0: none; not changed by its end */
	bool ended;
	int status; /* of wait(), when it has ended */
};

/* Starts argv[0] (a path) with standard output in out and standard error
 * appended to log; NULL: ours.  It does not outlive us.  The struct stays where
 * it is until the process has ended.  False, with a line on standard error. */
bool process_start(struct process *, char *const argv[], const char *out,
	const char *log);

/* Takes note of all that have ended, and of orphans that fell to us. */
void processes_look(void);

/* Waits for the end, so long at most; true if it has ended. */
bool process_wait(struct process *, unsigned milliseconds);
/* SIGTERM, and after that time SIGKILL; returns when it has ended. */
void process_stop(struct process *, unsigned milliseconds);
bool process_runs(struct process *);

/* Runs a program to its end, calling idle meanwhile (may be NULL).  What it
 * wrote to both outputs is in said (may be NULL).  Its exit status, or -1. */
int process_run(char *const argv[], char *said, size_t size,
	void (*idle)(void *context), void *context);

#endif
