/* SPDX-License-Identifier: MIT */
/*
 * Looking at a virtual machine that runs, through its driver's socket:
 * without shared memory, so nothing can be created here.
 */
#ifndef COFFER_VM_MACHINE_H
#define COFFER_VM_MACHINE_H

#include "common/why.h"
#include "platform/wire.h"
#include <stddef.h>

struct machine {
	int fd; /* of the connection */
	struct wire_info info; /* as of the connection */
};

/* Connects to a machine by name.  0; -ENOENT when it does not run; another
 * negative errno with the reason in why. */
int machine_open(const char *name, struct machine *machine, struct why *why);

/* The same for who cannot wait: a driver that takes longer to answer, now or
 * later, is -EAGAIN. */
int machine_open_within(const char *name, unsigned ms,
	struct machine *machine, struct why *why);

void machine_close(struct machine *machine);

/* Fresh numbers in machine->info. */
int machine_refresh(struct machine *machine, struct why *why);

/* Ends the machine, with everybody's enclaves. */
int machine_shutdown(struct machine *machine, struct why *why);

/* All enclaves, ascending by id, in an array that the caller frees. */
int machine_list(struct machine *machine, struct wire_enclave **items,
	size_t *count, struct why *why);

/* The initialized enclave of a process (an application's pid) with the
 * greatest id: the one made last.  -ENOENT if there is none. */
int machine_find(struct machine *machine, uint32_t pid,
	struct wire_enclave *out, struct why *why);

/* The swap store: a descriptor for reading and writing, which is the
 * caller's, and what it is.  0 or a negative errno. */
int machine_swap(struct machine *machine, int *fd, struct wire_swap *swap,
	struct why *why);

/* A state of enum wire_enclave_state in a word. */
const char *machine_state_name(uint32_t state);

#endif
