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

/* In the order of struct attest_collateral. */
enum {
	COLLATERAL_TCB, COLLATERAL_TCB_CHAIN, COLLATERAL_PCK_CRL,
	COLLATERAL_PCK_CRL_CHAIN, COLLATERAL_ROOT_CRL, COLLATERAL_QE,
	COLLATERAL_QE_CHAIN, COLLATERAL_PARTS
};

struct collateral_room {
	uint8_t *data[COLLATERAL_PARTS]; /* room[i] bytes, to be filled */
	size_t room[COLLATERAL_PARTS];
	size_t size[COLLATERAL_PARTS]; /* receives how long each is */
};

/*
 * Asks for what quotes of such machines are verified with.  OE_OK;
 * OE_BUFFER_TOO_SMALL, when all of size are set; OE_UNSUPPORTED;
 * OE_SERVICE_UNAVAILABLE; OE_QUOTE_PROVIDER_LOAD_ERROR or ..._CALL_ERROR;
 * OE_OUT_OF_MEMORY.
 */
oe_result_t world_ask(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct collateral_room *room);

/* A line in the log; level is oe_log_level_t's (2 error, 4 information). */
void world_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
