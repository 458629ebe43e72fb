/* SPDX-License-Identifier: MIT */
/*
 * Changing evicted pages in the swap store, as whoever owns the machine's
 * memory or disk could.  The store is the ordinary memory or file of
 * cpu/swap.h; nothing here reaches a page that is in the EPC.
 */
#ifndef COFFER_CLI_TAMPER_H
#define COFFER_CLI_TAMPER_H

#include "common/why.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum tamper_kind {
	TAMPER_FLIP, /* a bit of each page */
	TAMPER_FLIP_META, /* a bit of what EWB says of each page */
	TAMPER_SWAP, /* pages change places within the enclave */
	TAMPER_REPLAY, /* an older version of a page comes back */
	TAMPER_FOREIGN, /* pages of another enclave come instead */
	TAMPER_CUT, /* the end of the store is gone */
	TAMPER_KINDS
};

/* "flip", "flip-meta" and so on. */
const char *tamper_name(enum tamper_kind kind);
/* By name; TAMPER_KINDS if there is none. */
enum tamper_kind tamper_find(const char *name);

struct tamper {
	enum tamper_kind kind;
	int fd; /* of the store */
	bool file; /* the store is a file, which can be cut; else zeroed */
	uint32_t enclave; /* the processor's number of it */
	bool one; /* only the page at linaddr */
	uint64_t linaddr;
	bool others; /* TAMPER_CUT: other enclaves' pages may go as well */
	unsigned wait_ms; /* for a page to change */
	/* The processor's process: it is stopped for as long as pages are
	 * changed, so that no slot gets another page meanwhile.  0: nobody
	 * changes the store. */
	pid_t processor;
};

struct tamper_result {
	uint64_t pages; /* of the enclave, changed */
	uint64_t others; /* of other enclaves: used or, TAMPER_CUT, gone */
	uint64_t linaddr; /* of the first one changed; 0: SECS or VA page */
};

/* 0; -ENOENT: there is no evicted page to change (in time); -EEXIST:
 * TAMPER_CUT would hit other enclaves; or another negative errno.  Nothing
 * was changed then, except by a failing write. */
int tamper_do(const struct tamper *, struct tamper_result *result,
	struct why *why);

#endif
