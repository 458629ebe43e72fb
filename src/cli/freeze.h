/* SPDX-License-Identifier: MIT */
/*
 * Stopping a process for a moment, as an operating system may.  Signals that
 * would end us while it is stopped wait until it goes on.
 */
#ifndef COFFER_CLI_FREEZE_H
#define COFFER_CLI_FREEZE_H

#include "common/why.h"
#include <sys/types.h>

/* Stops every thread of a process and waits until they have.  pid 0: does
 * nothing.  0, or a negative errno with the process going on. */
int freeze(pid_t pid, struct why *why);
void thaw(pid_t pid);

#endif
