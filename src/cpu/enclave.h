/* SPDX-License-Identifier: MIT */
/*
 * An enclave as the pager knows it: which of its pages is where.  It has a
 * number at the door and in the engine.
 */
#ifndef COFFER_CPU_ENCLAVE_H
#define COFFER_CPU_ENCLAVE_H

#include <coffer/sgx_arch.h>
#include <stdbool.h>
#include <stdint.h>

#define NO_PAGE UINT32_MAX

/* One word per page of ELRANGE. */
enum page_state { PAGE_ABSENT = 0, PAGE_RESIDENT = 1, PAGE_EVICTED = 2 };

/* Where an evicted page is, and where its version. */
struct evicted {
	uint32_t slot; /* in the swap store; 27 bits */
	uint32_t va_page; /* number of the VA page; 20 bits */
	uint32_t va_slot; /* 9 bits */
	uint8_t rwx;
	uint8_t type; /* enum sgx_page_type, below 4 but for TRIM: 3 bits */
};
#define EVICTED_SLOT_MAX ((1u << 27) - 1)
#define EVICTED_VA_MAX ((1u << 20) - 1)

static inline enum page_state page_state(uint64_t word)
{
	return (enum page_state)(word >> 62);
}

static inline uint64_t page_resident(uint32_t epc)
{
	return (uint64_t)PAGE_RESIDENT << 62 | epc;
}

static inline uint32_t page_epc(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint64_t page_evicted(const struct evicted *e)
{
	return (uint64_t)PAGE_EVICTED << 62 | (uint64_t)e->type << 59
		| (uint64_t)e->rwx << 56 | (uint64_t)e->va_slot << 47
		| (uint64_t)e->va_page << 27 | e->slot;
}

static inline struct evicted page_where(uint64_t word)
{
	return (struct evicted){
		.slot = (uint32_t)(word & EVICTED_SLOT_MAX),
		.va_page = (uint32_t)(word >> 27 & EVICTED_VA_MAX),
		.va_slot = (uint32_t)(word >> 47 & 511),
		.rwx = (uint8_t)(word >> 56 & 7),
		.type = (uint8_t)(word >> 59 & 7),
	};
}

/* A list of EPC pages, oldest first; links in struct frame. */
struct frames {
	uint32_t first, last, count;
};

struct enclave {
	uint32_t number;
	uint64_t base, size;
	uint64_t *page; /* a word for each page of ELRANGE; sparse */
	uint64_t lowest, highest; /* indexes in use */
	uint64_t present; /* pages, resident or evicted, without the SECS */
	uint64_t resident; /* of these */

	uint32_t secs; /* EPC page; NO_PAGE: evicted */
	uint64_t secs_out; /* where, then */
	uint32_t va_first; /* its VA pages: a list of numbers */
	uint32_t va_count;

	bool initialised; /* its cell waits for entries */
	bool debug;
	bool closing; /* being removed */
	bool locked; /* tampered with */

	/* Linear addresses of TCS pages, by the index of their mailbox. */
	uint64_t *tcs;
	uint32_t tcs_count, tcs_slots;

	struct frames leaving; /* unmapped by orders on their way */
	uint64_t epoch; /* the model's tracking epoch */
	uint64_t restrict_epoch; /* of rights taken by orders on their way */
	bool restricting;

	uint64_t next_fault; /* index after the last page brought in */
	uint32_t window; /* pages to bring at once */

	uint64_t faults, page_ins, page_outs, added;
};

#endif
