/* SPDX-License-Identifier: MIT */
/*
 * Lists of claims, and what SGX claims.  Each name and value is memory of its
 * own (malloc), and so is the list.
 */
#ifndef COFFER_EVIDENCE_CLAIMS_H
#define COFFER_EVIDENCE_CLAIMS_H

#include "attest/verify.h"

#include <coffer/sgx_arch.h>
#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>

/* A list that grows; all zeroes is an empty one. */
struct claims {
	oe_claim_t *list;
	size_t count, room;
};

/* Copies name and value.  OE_OUT_OF_MEMORY leaves the list as it was. */
oe_result_t claims_add(struct claims *claims, const char *name,
	const void *value, size_t value_size);
void claims_free(oe_claim_t *list, size_t count);

/* The first claim of that name, or NULL. */
const oe_claim_t *claims_find(const oe_claim_t *list, size_t count,
	const char *name);

/* The 17 of every format. */
oe_result_t claims_add_body(struct claims *claims, const oe_uuid_t *format,
	const struct sgx_report_body *body, bool remote);

/* The 14 of quotes; collateral as it came in the endorsements. */
oe_result_t claims_add_verdict(struct claims *claims,
	const struct attest_verdict *verdict,
	const struct attest_collateral *collateral);

/* Seconds since 1970 and Open Enclave's dates.  False for what has no
 * counterpart. */
bool claims_datetime(int64_t time, oe_datetime_t *out);
bool claims_time(const oe_datetime_t *date, int64_t *out);

#endif
