/* SPDX-License-Identifier: MIT */
/* Collateral from whoever the side's world_ask asks.  Nobody has checked it. */
#ifndef COFFER_EVIDENCE_COLLATERAL_FETCH_H
#define COFFER_EVIDENCE_COLLATERAL_FETCH_H

#include "evidence/world.h"

struct fetched {
	struct attest_collateral view; /* of the memory */
	void *memory;
};

/* baseline: bytes that choose older collateral, NULL with 0 for the usual
 * one.  OE_OK or what world_ask said; then collateral_release has nothing to do. */
oe_result_t collateral_fetch(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct fetched *collateral);
void collateral_release(struct fetched *collateral);

#endif
