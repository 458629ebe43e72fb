/* SPDX-License-Identifier: MIT */
/* Private to the cell engine: one enclave's address space and its cell. */
#ifndef COFFER_CPU_SPACE_H
#define COFFER_CPU_SPACE_H

#include "backing.h"
#include "control.h"
#include "engine.h"
#include "gate.h"
#include <pthread.h>
#include <semaphore.h>
#include <sys/types.h>

struct space {
	uint32_t secs;
	uint64_t el_base, el_size;
	struct backing backing;
	uint32_t *page; /* el_size / 4096 entries: EPC index + 1, or 0 */
	uint64_t lowest, highest; /* pages of ELRANGE in use */

	int arena_fd;
	uint64_t arena_va, arena_size;
	const uint8_t *arena; /* mapped for EADD's sources */

	/* From start on. */
	int control_fd;
	struct cell_control *control;
	size_t control_size;
	uint32_t tcs_count;
	struct gate_mailbox *boxes;
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
	uint32_t space; /* SECS index + 1; 0: nowhere */
	uint32_t kind : 2;
	uint32_t fresh : 1; /* never written since it was placed: zeros */
	uint32_t is_secs : 1; /* bytes in secs_page */
	uint32_t rwx : 3;
	uint32_t type : 8;
	union {
		struct {
			uint32_t file_page;
			uint32_t index; /* in ELRANGE, in pages */
		};
		uint8_t *secs_page;
	};
};

struct engine_cell {
	struct engine engine;
	struct engine_config config;
	struct epc_location *location; /* epc_pages */
	struct space **space; /* by SECS index; sparse */
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
int space_start(struct engine_cell *, struct space *,
	const struct engine_start *, char *why, size_t size);
void space_stop(struct engine_cell *, struct space *);
void space_mark_dead(struct space *);

/* service.c: answers the cell's ENCLU requests until stopped. */
int service_start(struct engine_cell *, struct space *);
void service_stop(struct space *);

/* keeper.c */
pid_t keeper_spawn(struct engine_cell *, struct spawn *);

long futex_op(uint32_t *word, int op, uint32_t value, unsigned ms);

#endif
