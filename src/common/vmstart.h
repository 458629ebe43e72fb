/* SPDX-License-Identifier: MIT */
/*
 * Reaching a virtual machine's driver (which one: common/place.h): connects to
 * cofferd and, where none runs and the machine is our own, starts it.  Any
 * number of processes may try at once; the lock file in the machine's runtime
 * directory lets one of them start it.
 */
#ifndef COFFER_COMMON_VMSTART_H
#define COFFER_COMMON_VMSTART_H

#include "common/why.h"

/* A socket connected to the driver of a virtual machine (a name as by
 * paths_name_ok()), or a negative errno.  The driver may be about to end:
 * a connection that closes before it answers is tried again by the caller.
 * -EHOSTDOWN: the machine was stopped (vm.conf's power), and nobody but
 * `coffer vm start` starts it.  One that is just being restarted is waited
 * for. */
int vmstart_connect(const char *vm, struct why *why);

/* The same, where the program shall be started in another way than by
 * spawn_detached() (spawn.h), with the same arguments and result. */
typedef int vmstart_spawn(void *ctx, const char *path, char *const argv[],
	const int *fds, unsigned count, struct why *why);
int vmstart_connect_by(const char *vm, vmstart_spawn *spawn, void *ctx,
	struct why *why);

/* Waits for the command, if any, that is at work on a machine of one's own.
 * 0 when it may be started then, -EHOSTDOWN when it is off, or after two
 * minutes. */
int vmstart_settle(const char *vm, struct why *why);

#endif
