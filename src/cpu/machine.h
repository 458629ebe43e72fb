/* SPDX-License-Identifier: MIT */
/* One virtual machine's processor: the model and the engine under one lock. */
#ifndef COFFER_CPU_MACHINE_H
#define COFFER_CPU_MACHINE_H

#include "engine.h"
#include "model.h"
#include <pthread.h>
#include <stdint.h>

/* The TCS pages of an enclave in EADD order, as long as it is being built. */
struct tcs_list {
	uint32_t count, room;
	uint32_t *epc;
};

struct machine {
	struct sgx_machine sgx;
	struct engine *engine;
	pthread_mutex_t lock; /* held for every call of the model */
	struct tcs_list **tcs; /* by SECS index; sparse */
};

/* Powers on with the fuses of a state directory.  The engine's events must
 * name this machine as their context (machine_events).  0, or -1 with why. */
int machine_init(struct machine *, struct engine *, const char *state_dir,
	uint32_t epc_pages, char *why, size_t size);

/* engine_events.enclu: EREPORT and EGETKEY for a running enclave. */
void machine_enclu(void *machine, uint32_t secs, struct engine_enclu *);

/* What a started enclave needs, from its TCS pages; the model's own EENTER
 * says which of them can be entered.  tcs has room for DOOR_TCS_MAX.  Lock
 * held. */
void machine_describe(struct machine *, uint32_t secs,
	struct engine_start *start, struct engine_tcs *tcs);

#endif
