/* SPDX-License-Identifier: MIT */
/*
 * The pager: which EPC page holds what.  It plays the part of the operating
 * system's reclaimer and acts on enclaves by leaves only, so what it could do
 * wrong the model refuses; but it lives with the processor, so that a page
 * fault takes one hop.
 *
 * Resident pages that can be evicted are on the active list, oldest first.
 * When the EPC runs short, pages from its front are unmapped in their cell, in
 * batches; those that are touched while they wait on the inactive list go
 * back to the active one, at its end, which is a second chance that needs no
 * accessed bits; the others are evicted: EBLOCK, ETRACK, EWB.
 *
 * All of it under the machine's lock.  Functions that say so let go of the lock
 * while they wait.
 */
#ifndef COFFER_CPU_PAGER_H
#define COFFER_CPU_PAGER_H

#include "common/extents.h"
#include "door.h"
#include "enclave.h"
#include "engine.h"
#include "model.h"
#include "swap.h"
#include <pthread.h>

#define PAGER_BATCH 16u
#define PAGER_WINDOW_MAX 32u /* pages brought in at once */

enum frame_list {
	FRAME_FREE = 0, FRAME_HELD, FRAME_ACTIVE, FRAME_INACTIVE,
	FRAME_LEAVING,
};

/* One for each EPC page. */
struct frame {
	uint32_t prev, next; /* in its list; NO_PAGE: none */
	uint16_t enclave; /* number; 0: none */
	uint16_t flight; /* thread + 1 whose answer maps it, or 0 */
	uint16_t serial; /* of that answer */
	uint8_t list; /* enum frame_list */
	/* At its address in the cell: FRAME_MAPPED and its rights there; 0:
	 * not mapped. */
	uint8_t mapped;
};
#define FRAME_MAPPED 0x80u

struct va_page {
	uint32_t epc; /* NO_PAGE: evicted */
	uint64_t out; /* where, then */
	uint32_t next; /* in its owner's list */
	uint16_t used; /* slots; in_use 0: this number is free */
	uint16_t in_use;
	uint64_t map[SGX_PAGE_SIZE / 8 / 64];
};

struct pager {
	struct sgx_machine *sgx;
	struct engine *engine;
	struct swap *swap;
	pthread_mutex_t *lock; /* the machine's */
	/* Told once when an enclave is locked. */
	void (*tampered)(void *ctx, uint32_t number, uint64_t linaddr,
		const char *why);
	void *ctx;

	struct frame *frame; /* epc_pages */
	/* Free pages: runs, and a stack of single ones for the pager's own. */
	struct extents runs;
	uint32_t *single;
	uint32_t single_count;
	uint32_t free;
	uint32_t low, high; /* reclaim below low until high */
	uint32_t owed; /* pages taken since pager_balance */
	struct frames active, inactive;

	struct enclave *enclave[DOOR_ENCLAVES_MAX + 1]; /* by number */
	uint32_t enclave_count, last_number;
	uint16_t *of_secs; /* number by EPC page of the SECS; sparse */

	struct va_page *va; /* by number */
	uint32_t va_room, va_count; /* va_count: VA pages resident */
	uint32_t va_first; /* the root pages: of SECSs and VA pages */

	uint32_t drain; /* EPC page of a piece that is being emptied */
	uint64_t page_ins, page_outs, tampered_count;
};

/* swap_file: taken over; -1: evicted pages stay in memory.  0 or -1. */
int pager_init(struct pager *, struct sgx_machine *, struct engine *,
	pthread_mutex_t *lock, int swap_file);

/* ---- EPC pages ---- */

/* Up to count EPC pages that follow each other; 0 when there is none. */
uint32_t frames_take(struct pager *, uint32_t count, uint32_t *first);
void frames_give(struct pager *, uint32_t first, uint32_t count);
void frame_move(struct pager *, uint32_t epc, enum frame_list list);
/* A thread may be about to map it as it was told. */
bool frame_in_flight(struct pager *, uint32_t epc);
/* What software may do with the page now: SGX_SECINFO_R, _W, _X. */
uint8_t frame_rights(const struct pager *, uint32_t epc);

/* Code of an enclave that may be debugged stays: a debugger finds it there, and
 * the cell's mapping may hold breakpoints, which a page mapped anew has not. */
bool frame_stays(const struct pager *, uint32_t epc);

/* ---- enclaves (enclave.c) ---- */

/* A new one around a SECS that is in EPC page secs.  NULL: no memory, or too
 * many. */
struct enclave *enclave_new(struct pager *, uint64_t base, uint64_t size);
void enclave_free(struct pager *, struct enclave *);
struct enclave *enclave_of(const struct pager *, uint32_t number);
/* Notes count resident pages from linaddr on, in EPC pages from epc on. */
void enclave_note(struct pager *, struct enclave *, uint64_t linaddr,
	uint32_t epc, uint32_t count);
uint64_t *enclave_word(const struct enclave *, uint64_t linaddr);
/* EPC page behind an address; -1 when it is not resident. */
int64_t enclave_at(const struct enclave *, uint64_t linaddr);
/* Removes up to max pages (EREMOVE, or forgotten in the store), the SECS last;
 * the cell has ended.  How many are left, or -1: a leaf refused. */
int64_t enclave_remove(struct pager *, struct enclave *, uint64_t max);
/* Forgets a page that a leaf has just removed. */
void enclave_forget(struct pager *, struct enclave *, uint64_t linaddr);
/* Something is wrong with an evicted page: no more entries, for ever. */
void enclave_lock(struct pager *, struct enclave *, uint64_t linaddr,
	const char *why);

/* ---- room (evict.c) ---- */

/* Sees to it that count pages of this kind can be placed, in EPC and memory.
 * Waits, without the lock.  0; -ENOMEM: nothing more can be evicted; -EIO: the
 * enclave was locked or is going. */
int pager_room(struct pager *, struct enclave *, enum sgx_page_type type,
	uint8_t rwx, uint32_t count);
/* Evicts this page, which is blocked; false: not now. */
bool pager_push_out(struct pager *, struct enclave *, uint32_t epc);
/* A little of what keeps pager_room short, after an answer to this enclave. */
void pager_balance(struct pager *, uint32_t number);
/* Lets others work while something that they hold is waited for. */
void pager_pause(struct pager *);
/* Orders that were executed: their pages become inactive. */
void pager_settle(struct pager *, struct enclave *);

/* ---- versions (versions.c): VA pages ---- */

/* A free version slot in a VA page that is in the EPC, of an enclave or, with
 * NULL, of the root.  May take a free EPC page.  -1: none. */
int versions_take(struct pager *, struct enclave *, uint32_t *page,
	uint32_t *slot);
void versions_give(struct pager *, uint32_t page, uint32_t slot);
/* RDX for a version slot: loads its VA page if need be.  UINT64_MAX: it cannot
 * be loaded (and the enclave is locked), or there is no EPC page for it. */
uint64_t versions_address(struct pager *, struct enclave *, uint32_t page,
	uint32_t slot);
/* An enclave without resident pages: its VA pages go out.  Pages freed. */
uint32_t versions_evict(struct pager *, struct enclave *);
void versions_remove(struct pager *, struct enclave *);

/* EWB of one page into a slot of the store; the word for it, or 0. */
uint64_t pager_write(struct pager *, struct enclave *, uint32_t epc,
	bool root_version);
/* ELDU into a free EPC page; the page, or NO_PAGE.  The enclave is locked if
 * the page fails its check. */
uint32_t pager_read(struct pager *, struct enclave *, uint64_t word,
	uint64_t linaddr, uint32_t secs);

/* ---- bringing pages (pager.c) ---- */

/* Makes the page at linaddr resident, by ELDU or EAUG.  Waits.  0; -ENOENT: no
 * page there; -ENOMEM; -EIO: locked. */
int pager_bring(struct pager *, struct enclave *, uint64_t linaddr);
/* A page fault of a cell: q->rbx, q->rcx. */
void pager_fault(struct pager *, struct enclave *, struct engine_request *q);
/* Adds a resident page to the maps of an answer if software may use it and it
 * is not mapped. */
void pager_answer_map(struct pager *, struct enclave *,
	struct engine_request *, uint64_t linaddr);
int pager_secs_in(struct pager *, struct enclave *);

#endif
