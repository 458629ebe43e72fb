/* SPDX-License-Identifier: MIT */
/* What the paging tests see of a machine and of its memory, from outside. */
#ifndef COFFER_TESTS_OVERFLOW_LOOK_H
#define COFFER_TESTS_OVERFLOW_LOOK_H

#include "vm/machine.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The machine "default", and its enclaves in an array that the caller frees
 * (items may be NULL: not asked).  False when it does not run. */
bool look_machine(struct wire_info *info, struct wire_enclave **items,
	size_t *count);

/* A line of /proc/meminfo, or of a process's /proc/PID/status, in KiB; -1 if
 * there is none. */
long look_meminfo(const char *name);
long look_status(pid_t pid, const char *name);

/* Nobody has an enclave any more: waits until the machine is as empty as one
 * that was just started.  What is left, as text; NULL if nothing is. */
const char *look_empty(unsigned milliseconds);

#endif
