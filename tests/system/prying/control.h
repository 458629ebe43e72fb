/* SPDX-License-Identifier: MIT */
/*
 * An ordinary process that holds the same secret in every place that the
 * probes look at: the proof that they look.
 */
#ifndef PRYING_CONTROL_H
#define PRYING_CONTROL_H

#include <stdint.h>
#include <sys/types.h>

#define CONTROL_SECRET 64u /* bytes */

/* Starts it as that user (-1: as ourselves), in that folder.  It holds the
 * secret on its heap, in a memory file and in registers until it is killed.
 * forget() is called in it to overwrite what the fork brought along.  Its
 * pid, or -1. */
pid_t control_start(const uint8_t secret[CONTROL_SECRET], uid_t uid,
	const char *folder, void (*forget)(void));

#endif
