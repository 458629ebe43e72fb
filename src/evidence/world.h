/* SPDX-License-Identifier: MIT */
/*
 * What the two sides bring along: src/enclave/attest/world.c and
 * src/host/attest/world.c.
 */
#ifndef COFFER_EVIDENCE_WORLD_H
#define COFFER_EVIDENCE_WORLD_H

#include "attest/collateral.h"
#include "attest/pck.h"
#include "attest/roots.h"

#include <openenclave/bits/result.h>

/* Seconds since 1970.  Inside an enclave the host's word. */
int64_t world_time(void);

/* Adds the roots that are believed when nobody says otherwise; none is an
 * answer as well. */
void world_default_roots(struct attest_roots *roots);

struct world_collateral {
	struct attest_collateral view; /* of the memory */
	void *memory;
};

/*
 * Fetches what is needed for quotes of such machines.  baseline: bytes that
 * choose older collateral, NULL with 0 for the usual one.  OE_OK; OE_UNSUPPORTED;
 * OE_QUOTE_PROVIDER_CALL_ERROR; OE_OUT_OF_MEMORY.  Nobody has checked it.
 */
oe_result_t world_collateral_get(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct world_collateral *collateral);
void world_collateral_free(struct world_collateral *collateral);

/* A line in the log; level is oe_log_level_t's (2 error, 4 information). */
void world_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
