/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of EPC pages are that software can touch: chunks, each a
 * file of memory that belongs to one enclave and one kind, mapped here and in
 * the window of its enclave's cell.  A chunk that holds no page any more is
 * given up, and its memory with it, since secret memory cannot be freed page
 * by page.  All chunks of a machine together are as large as its EPC.
 *
 *   secret  memfd_secret: no process reads it but through a mapping of its
 *           own, not even root through /proc or ptrace
 *   plain   memfd: what the limit on locked memory does not allow, and the
 *           pages of enclaves that may be debugged
 *   code    memfd: executable pages (secret memory cannot be executed);
 *           cells get a read-only descriptor
 *   code_w  memfd: writable and executable pages
 *
 * A slot is one page of a chunk, named by its number: the chunk's place in the
 * window and the page in it.  A page that nobody touched has no memory.
 *
 * Used under the machine's lock, except store_deliver.
 */
#ifndef COFFER_CPU_STORE_H
#define COFFER_CPU_STORE_H

#include "control.h"
#include <coffer/sgx_arch.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum store_kind {
	STORE_SECRET = 0, STORE_PLAIN, STORE_CODE, STORE_CODE_W, STORE_KINDS,
};

/* Of the machine: what all enclaves share. */
struct store_budget {
	uint32_t chunk_pages; /* a power of two */
	uint64_t pages; /* of chunks that can still be made */
	uint64_t secret; /* of these, on secret memory; UINT64_MAX: all */
};

struct chunk {
	uint8_t *base; /* NULL: no chunk at this place */
	bool dropped; /* its home is still to be unmapped by an order */
	enum store_kind kind;
	uint32_t used; /* slots taken */
	uint32_t next; /* where to look for a free one */
	uint32_t touched; /* slots from here on were never used */
	uint32_t *owner; /* of each slot: EPC page + 1; 0: free */
};

struct store {
	struct store_budget *budget;
	struct cell_control *control; /* where chunks are offered */
	uint64_t secret_left; /* pages that the cell may still lock */
	struct chunk *chunk;
	uint32_t room, count; /* places; those up to the last one used */
	bool dropped; /* some of them */
	uint32_t last[STORE_KINDS]; /* chunk that gave the last slot */
	uint64_t free[STORE_KINDS]; /* slots */
	uint64_t used; /* slots of all kinds */

	/* Descriptors on their way to the cell, in the order of the offers. */
	pthread_mutex_t lock;
	uint32_t offered, delivered;
	int pending[CELL_CHUNKS_MAX];
};

/* The sizes for an EPC of so many pages.  secret: pages that this process may
 * lock, 0 where there is no secret memory. */
void store_budget_init(struct store_budget *, uint32_t epc_pages,
	uint64_t secret);

void store_init(struct store *, struct store_budget *,
	struct cell_control *, uint64_t secret_pages);
/* The cell has ended, or never was. */
void store_free(struct store *);

/* Sees to it that count slots of a kind are free, by new chunks where the
 * budget has them.  0; -ENOSPC: the budget is used up; -EAGAIN: the cell must
 * take what it was offered first; -ENOMEM. */
int store_reserve(struct store *, enum store_kind kind, uint32_t count);

/* A free slot for an EPC page, next to the last one where possible; its content
 * is zeroes (*fresh) or what the same enclave left there.  -1: none. */
int64_t store_take(struct store *, enum store_kind kind, uint32_t epc,
	bool *fresh);
#define STORE_NO_EPC (UINT32_MAX - 1) /* for a page that is none */
void store_put(struct store *, uint32_t slot);

enum store_kind store_kind_at(const struct store *, uint32_t slot);
/* The cell has all that it was offered. */
bool store_is_taken(const struct store *);
/* The cell has been offered much that it has not taken: wake it. */
bool store_is_behind(const struct store *);
uint8_t *store_bytes(const struct store *, uint32_t slot);
uint64_t store_home(const struct store *, uint32_t slot);
/* The EPC pages in the slot's chunk; at most max. */
uint32_t store_neighbours(const struct store *, uint32_t slot, uint32_t *epc,
	uint32_t max);

/* A chunk without pages: its place in the window, for CELL_DROP.  False: there
 * is none.  store_drop then gives it up on our side; the place is not used
 * again before store_settled says that the order was executed. */
bool store_empty_chunk(const struct store *, uint32_t *place, uint64_t *home,
	uint64_t *length);
void store_drop(struct store *, uint32_t place);
void store_settled(struct store *);

/* Which kind holds pages of these rights.  Where STORE_SECRET is asked for,
 * STORE_PLAIN is what is given when there is no more. */
enum store_kind store_kind_of(uint8_t rwx);

/* Hands descriptors to the cell that asks for them on its filter's listener;
 * does not wait longer than ms for the next one.  From any thread. */
void store_deliver(struct store *, int listener, int ms);

#endif
