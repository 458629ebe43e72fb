/* SPDX-License-Identifier: MIT */
/*
 * A processor without a driver: coffer-cpu behind a door that the test
 * itself holds, and bare enclaves made leaf by leaf.
 */
#ifndef COFFER_TESTS_BARE_H
#define COFFER_TESTS_BARE_H

#include "cpu/door.h"
#include "gate_host.h"
#include <stdbool.h>
#include <sys/types.h>

#define BARE_TCS_MAX 8
#define BARE_CODE_OFFSET 0x1000ull
#define BARE_DATA_OFFSET 0x10000ull /* four pages, read and write */
#define BARE_MORE_OFFSET 0x80000ull /* bare_more_pages, read and write */

struct bare_cpu {
	pid_t pid;
	int door, events;
	char state[64];
	uint8_t *arena;
	int arena_fd;
	uint64_t arena_size;
	uint64_t arena_used;
	int swap_fd; /* of the evicted pages */
};

struct bare_enclave {
	struct bare_cpu *cpu;
	uint32_t number;
	uint64_t base, size, trampoline;
	uint32_t tcs_count;
	uint64_t tcs[BARE_TCS_MAX];
	struct gate_mailbox *boxes;
	struct gate_host *gate;
	uint8_t mrenclave[32];
	void *reserved; /* the host's addresses around it */
	uint64_t reserved_size;
};

/* Of the enclaves that are built next: SECS.ATTRIBUTES, TCS.FLAGS. */
extern struct sgx_attributes bare_attributes;
extern uint64_t bare_tcs_flags;
extern unsigned bare_more_pages; /* 0 */

/* Of the machines that are started from now on. */
extern const char *bare_epc_pages, *bare_profile;

/* All of these fail the running test when something is wrong. */
void bare_start(struct bare_cpu *, const char *option);
void bare_stop(struct bare_cpu *);
void *bare_arena(struct bare_cpu *, size_t size); /* page aligned */

/* Sends a request, receives its reply into reply (of size bytes). */
/* What is resident, and evicted, of everything. */
struct door_machine_reply bare_machine(struct bare_cpu *);
void bare_ask(struct bare_cpu *, const void *request, size_t request_size,
	int fd, void *reply, size_t size);

void bare_build(struct bare_cpu *, struct bare_enclave *, uint32_t tcs_count);
/* The reply to EINIT, whatever it is, and no gate.  before: called when all is
 * there but EINIT; may be NULL. */
struct door_reply bare_try(struct bare_cpu *, struct bare_enclave *,
	uint32_t tcs_count, void (*before)(struct bare_enclave *));
void bare_remove(struct bare_enclave *);
struct door_stat_reply bare_stat(struct bare_enclave *);
void bare_simple(struct bare_enclave *, enum door_op);

/* One visit; fills in the TCS. */
int bare_enter(struct bare_enclave *, uint32_t tcs, struct drv_call *);
/* EENTER with these registers; must end in EEXIT.  Returns RSI. */
uint64_t bare_call(struct bare_enclave *, uint32_t tcs, uint64_t rdi,
	uint64_t rsi, uint64_t rdx);
/* Address of GPRSGX in the first SSA frame. */
uint64_t bare_gpr(const struct bare_enclave *, uint32_t tcs);

#endif
