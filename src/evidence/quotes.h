/* SPDX-License-Identifier: MIT */
/* Verifying one quote, with everything around it. */
#ifndef COFFER_EVIDENCE_QUOTES_H
#define COFFER_EVIDENCE_QUOTES_H

#include "attest/verify.h"

#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>

struct quote_check {
	struct attest_verdict verdict;
	struct attest_collateral collateral; /* as it stood in endorsements */
	uint8_t *fetched; /* what it points into, if it was fetched */
};

/*
 * Verifies a quote by endorsements (NULL: fetched now), policies and the
 * roots that are believed.  OE_OK, or OE_TCB_LEVEL_INVALID when the level is
 * all that is wrong: then, and only then, is *check to be believed.  Other
 * results are those of oe_verify_evidence.  quote_check_free afterwards,
 * whatever it was.
 */
oe_result_t quote_verify(const uint8_t *quote, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	const oe_policy_t *policies, size_t policies_size,
	struct quote_check *check);
void quote_check_free(struct quote_check *check);

/* Endorsements for a quote, fetched and packed; malloc.  The quote need not
 * have been verified. */
oe_result_t quote_endorsements(const uint8_t *quote, size_t size,
	const void *baseline, size_t baseline_size, uint8_t **endorsements,
	size_t *endorsements_size);

#endif
