/* SPDX-License-Identifier: MIT */
/* Private to the cell engine: one enclave's address space and its cell. */
#ifndef COFFER_CPU_SPACE_H
#define COFFER_CPU_SPACE_H

#include "control.h"
#include "engine.h"
#include "gate.h"
#include "store.h"
#include <pthread.h>
#include <sys/types.h>

struct space {
	uint32_t number;
	uint64_t el_base, el_size;
	bool debug;
	struct store store;

	int arena_fd; /* until the start */
	uint64_t arena_va, arena_size;
	const uint8_t *arena; /* mapped for EADD's sources */

	struct cell_control *control;
	int listener; /* of the cell's filter */
	uint32_t tcs_slots;
	struct gate_mailbox *boxes;
	uint64_t trampoline_va;

	/* Orders, see orders.c. */
	uint32_t order_count;
	bool posted;
	uint32_t out[CELL_TCS_MAX / 32]; /* TCSs out of use */
	uint16_t serial[CELL_TCS_MAX]; /* of each thread's last request */

	struct space *next_live; /* of the spaces with a running cell */
	pid_t pid; /* 0: no cell */
	bool dead; /* under the engine's life lock, with the two below */
	uint32_t wait_status;
	bool stopping; /* service thread shall end */
	pid_t service_tid;
	bool has_service;
	void *service_stack;
};

/* Where an EPC page's bytes are. */
struct epc_location {
	uint32_t space; /* number; 0 for pages that no space sees */
	uint32_t slot; /* in the space's store, if !private_page */
	uint8_t *private_page; /* SECS, VA and TCS pages: our own memory */
	uint64_t va;
	uint8_t placed, fresh, rwx, type;
};

struct engine_cell {
	struct engine engine;
	struct engine_config config;
	struct epc_location *location; /* epc_pages */
	struct space **space; /* by number */
	struct store_budget budget;
	uint64_t storage_max;
	bool secret; /* memfd_secret works */
	bool traps_cpuid; /* the box's processor can make CPUID fault */
	uint64_t secret_pages; /* for one cell; UINT64_MAX: no limit */

	int text_fd; /* the cell's text, sealed */
	int image_fd; /* the cell's program */
	uint64_t text_size, exit_entry;

	/* Spaces whose cell runs, for the keeper; and its requests. */
	pthread_mutex_t life;
	pthread_cond_t changed;
	pthread_t keeper;
	struct spawn *spawn; /* a request to the keeper, or NULL */
	struct space *live;
};

struct spawn {
	int fd[CELL_FD_COUNT]; /* by CELL_FD_*; -1: none */
	struct space *space;
	pid_t pid; /* out: or -errno */
	bool done;
};

/* cell_start.c: the cell's program from its bytes, once; 0, or -1 with why. */
int engine_cell_open_image(struct engine_cell *, const void *blob, size_t size,
	char *why, size_t why_size);
/* A cell that builds; then one that waits for entries. */
int space_spawn(struct engine_cell *, struct space *, char *why, size_t size);
int space_start(struct engine_cell *, struct space *,
	const struct engine_start *, char *why, size_t size);
void space_describe_tcs(struct space *, uint32_t index,
	const struct engine_tcs *);
void space_kill(struct engine_cell *, struct space *);
void space_stop(struct engine_cell *, struct space *);
void space_mark_dead(struct space *);
/* Can something lie there beside the cell: no address of the cell's own, none
 * that programs cannot have? */
bool space_is_clear(uint64_t at, uint64_t size);
bool ranges_meet(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size);

/* patch.c: EEXITs of a page of code become jumps to the trampoline. */
void patch_page(uint8_t *code, uint64_t va, uint64_t trampoline);
void patch_trampoline(uint8_t *page, uint64_t exit_entry);

/* orders.c */
bool orders_add(struct space *, const struct cell_order *);
void orders_post(struct space *, bool now);
bool orders_settled(struct space *);
/* Posts what is gathered and waits until it was done: 0, -EIO or -ETIMEDOUT.
 * Only while nobody else uses the space. */
int orders_finish(struct space *);
int prot_of_rwx(uint8_t rwx);

/* service.c: answers the cell's requests until stopped. */
int service_start(struct engine_cell *, struct space *);
void service_stop(struct space *);

/* keeper.c */
pid_t keeper_spawn(struct engine_cell *, struct spawn *);

long futex_op(uint32_t *word, int op, uint32_t value, unsigned ms);

#endif
