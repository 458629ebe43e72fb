/* SPDX-License-Identifier: MIT */
/*
 * Bytes as a sequence of leaves: each byte or few choose a leaf, its operands
 * (mostly sensible, often not) and what software and enclaves do in between.
 * After each leaf everything of invariants.c must hold, a leaf that was
 * refused must have changed nothing, and what paging brings back must be what
 * it took away, once.  A breach fails the cmocka test; outside of one it ends
 * the process, which is what a fuzzer wants.
 */
#ifndef COFFER_TESTS_SGX_DRIVE_H
#define COFFER_TESTS_SGX_DRIVE_H

#include "sgx/secs.h"
#include "world.h"

#define DRIVE_PAGES 48u
#define DRIVE_OUT 12u

enum drive_leaf {
	DRIVE_ECREATE, DRIVE_EADD, DRIVE_EADD_RUN, DRIVE_EEXTEND, DRIVE_EINIT,
	DRIVE_EREMOVE, DRIVE_EREMOVE_RUN, DRIVE_EPA, DRIVE_EBLOCK,
	DRIVE_ETRACK, DRIVE_ETRACKC, DRIVE_EWB, DRIVE_ELD, DRIVE_ERDINFO,
	DRIVE_EDBGRD, DRIVE_EDBGWR, DRIVE_EAUG, DRIVE_EMODPR, DRIVE_EMODT,
	DRIVE_EACCEPT, DRIVE_EMODPE, DRIVE_EACCEPTCOPY, DRIVE_EREPORT,
	DRIVE_EGETKEY, DRIVE_EENTER, DRIVE_EEXIT, DRIVE_AEX, DRIVE_ERESUME,
	DRIVE_EDECCSSA, DRIVE_LEAVES,
};
extern const char *const drive_names[DRIVE_LEAVES];

/* What EWB wrote, and what the test knows of it. */
struct drive_out {
	bool full, loaded; /* loaded: has come back since */
	uint8_t page[SGX_PAGE_SIZE], plain[SGX_PAGE_SIZE];
	struct sgx_pcmd pcmd;
	uint64_t linaddr;
	struct sgx_epcm_entry entry;
	uint64_t eid; /* the owner's, or a SECS's own; 0 for a VA page */
	uint64_t version, slot; /* slot: EPC address */
};

struct drive {
	struct world *w;
	const uint8_t *data;
	size_t size, at;
	enum drive_leaf leaf; /* at work */
	bool partial; /* a refused leaf may have changed something */
	struct drive_out out[DRIVE_OUT];
	uint32_t done[DRIVE_LEAVES], refused[DRIVE_LEAVES];
	uint32_t mac_failures;
};

/* From the stage, the bytes to their end; then everything is taken apart.
 * The counts of *d go on from what they are. */
void drive_run(struct drive *d, const uint8_t *data, size_t size);

/* ---- For the parts of drive ---- */

/* The next bytes; zeroes after the end. */
uint8_t drive_u8(struct drive *d);
uint64_t drive_u64(struct drive *d);
/* True in n of 256 cases. */
bool drive_sometimes(struct drive *d, uint8_t n);

/* EPC addresses: any page, or beyond the end, or misaligned; a free page; a
 * page of this type with these flags, where there is one; a SECS. */
uint64_t drive_page(struct drive *d);
uint64_t drive_free(struct drive *d);
uint64_t drive_page_of(struct drive *d, enum sgx_page_type type,
	uint8_t flags);
uint64_t drive_secs(struct drive *d);
uint64_t drive_linaddr(struct drive *d);
void drive_fill(struct drive *d, uint64_t secinfo_flags, uint8_t *page);

struct sgx_outcome drive_encls(struct drive *d, enum drive_leaf leaf);
struct sgx_outcome drive_paging(struct drive *d, enum drive_leaf leaf);
struct sgx_outcome drive_enclu(struct drive *d, enum drive_leaf leaf);

#endif
