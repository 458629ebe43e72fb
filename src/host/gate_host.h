/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the gate: posts a visit to the cell thread of a TCS,
 * waits for its end, and serves the enclave's accesses to host memory on the
 * way (fetch.h).
 */
#ifndef COFFER_HOST_GATE_HOST_H
#define COFFER_HOST_GATE_HOST_H

#include "driver.h"
#include "gate.h"
#include <stdbool.h>
#include <stdint.h>

struct gate_host;

struct gate_host_config {
	struct gate_mailbox *boxes; /* in the arena, zeroed; stays the caller's */
	uint32_t count; /* of TCSs */
	const uint64_t *tcs; /* linear addresses in EADD order; copied */
	uint64_t el_base, el_size;
	uint64_t arena_va, arena_size;
	uint64_t trampoline_va;
	/* Page-aligned page slots in the arena for fetched host pages. */
	void *(*slot_alloc)(void);
	void (*slot_free)(void *);
	/* Is the machine still there?  Called about once a second by a
	 * waiting thread; must not block. */
	bool (*alive)(void *context);
	void *context;
};

/* NULL when out of memory. */
struct gate_host *gate_host_new(const struct gate_host_config *);

/* One visit: drv_ops.enter.  A TCS address that is none, or a TCS that
 * another thread is visiting, is the #GP that EENTER gives. */
int gate_host_enter(struct gate_host *, struct drv_call *);

/* The machine is gone: ends every visit, now and later, with -ENODEV.
 * Callable from any thread at any time between new and free. */
void gate_host_dead(struct gate_host *);

/* No visit may be running. */
void gate_host_free(struct gate_host *);

#endif
