/* SPDX-License-Identifier: MIT */
/*
 * One virtual machine's processor: the model, the engine and the pager under
 * one lock.
 */
#ifndef COFFER_CPU_MACHINE_H
#define COFFER_CPU_MACHINE_H

#include "engine.h"
#include "model.h"
#include "pager.h"
#include <pthread.h>
#include <stdint.h>

enum machine_profile { MACHINE_DCSV2, MACHINE_DCSV3 };

struct machine {
	struct sgx_machine sgx;
	struct engine *engine;
	struct pager pager;
	pthread_mutex_t lock; /* held for every call of the model */
};

/* Powers on with the fuses of a state directory; before that the engine must
 * know this machine as its events' context.  cpusvn: its security version, a
 * component each byte.  swap_file: see pager_init.  0, or
 * -1 with why. */
int machine_init(struct machine *, struct engine *, const char *state_dir,
	uint32_t epc_pages, enum machine_profile, const uint8_t cpusvn[16],
	int swap_file, char *why, size_t size);

/* What happens in cells (cells.c): the engine's events, the machine being
 * their ctx. */
void machine_enclu(void *machine, struct engine_request *);
void machine_page(void *machine, struct engine_request *);
void machine_tcs(void *machine, struct engine_request *);
void machine_idle(void *machine, uint32_t space);

/* What a started enclave needs, from its SECS, which must be resident, and its
 * TCS pages; the model's own EENTER says which of them can be entered.  tcs has
 * room for DOOR_TCS_MAX.  Lock held; may let go of it. */
void machine_describe(struct machine *, struct enclave *,
	struct engine_start *start, struct engine_tcs *tcs);

void machine_describe_tcs(struct machine *, struct enclave *,
	uint64_t linaddr, struct engine_tcs *);

/* Maps what is resident of an enclave that was just started.  0 or -errno.
 * Lock held. */
int machine_map_all(struct machine *, struct enclave *);

#endif
