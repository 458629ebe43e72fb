/* SPDX-License-Identifier: MIT */
/*
 * Verification of quotes: quote, collateral, roots and time give a verdict
 * with reasons.  Pure: no file, no clock, no global, nothing fetched.  The
 * same code runs in host programs, enclaves and services.
 *
 * It says what the signatures and the collateral say: which enclave on which
 * machine.  Whether that enclave is the right one (measurement, signer,
 * version, report data) is for the caller, on verdict.body.
 */
#ifndef COFFER_ATTEST_VERIFY_H
#define COFFER_ATTEST_VERIFY_H

#include "attest/collateral.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/roots.h"
#include "attest/status.h"

#include <stdbool.h>
#include <stdint.h>

enum attest_policy_flags {
	/* Stale or future collateral is a remark (verdict.expired,
	 * verdict.not_yet_valid) and not the verdict's status. */
	ATTEST_ALLOW_EXPIRED = 1 << 0,
	/* A debug enclave is ATTEST_DEBUG_REFUSED. */
	ATTEST_REFUSE_DEBUG = 1 << 1,
};

struct attest_policy {
	int64_t time; /* of the check, seconds since 1970 */
	const struct attest_roots *roots;
	uint32_t flags; /* enum attest_policy_flags */
};

/* Bits of expired and not_yet_valid: whose dates. */
enum attest_dated {
	ATTEST_DATED_PCK_CHAIN = 1 << 0,
	ATTEST_DATED_TCB_INFO_CHAIN = 1 << 1,
	ATTEST_DATED_QE_IDENTITY_CHAIN = 1 << 2,
	ATTEST_DATED_PCK_CRL_CHAIN = 1 << 3,
	ATTEST_DATED_PCK_CRL = 1 << 4,
	ATTEST_DATED_ROOT_CRL = 1 << 5,
	ATTEST_DATED_TCB_INFO = 1 << 6,
	ATTEST_DATED_QE_IDENTITY = 1 << 7,
};

enum {
	ATTEST_ADVISORIES_MAX = 64,
	ATTEST_ADVISORY_SIZE = 32,
	ATTEST_REASONS_MAX = 12,
	ATTEST_REASON_SIZE = 224,
};

/*
 * What came out.  Fields are grouped by how far verification has to come for
 * them to be set; those not reached are zero (levels: unknown).  Only when
 * attest_verdict_genuine() may anything here be believed.  No pointers: a
 * verdict can be copied and needs no release.
 */
struct attest_verdict {
	enum attest_status status;
	/* One sentence each, the one for status first; the rest are remarks. */
	char reason[ATTEST_REASONS_MAX][ATTEST_REASON_SIZE];
	size_t reason_count;

	/* The quote parses. */
	struct attest_quote_header header;
	struct sgx_report_body body; /* of the attested enclave */
	struct sgx_report_body qe_report;
	bool debug; /* the enclave's ATTRIBUTES.DEBUG */

	/* The PCK chain parses. */
	struct attest_pck pck;
	uint8_t root_key[64];
	bool software_root; /* true unless the root is Intel's key */

	/* The collateral is genuine. */
	int64_t issued_first; /* earliest and */
	int64_t valid_from; /* latest date of issue, */
	int64_t valid_until; /* earliest end, of all parts */
	uint32_t expired, not_yet_valid; /* enum attest_dated */
	uint32_t tcb_evaluation_number; /* the lower of the two */
	uint64_t pck_crl_number, root_crl_number; /* low 64 bits */

	/* Levels: the machine's (from the PCK certificate), the quoting
	 * enclave's, and what the two make together. */
	enum attest_tcb_status platform_status, qe_status, tcb_status;
	int64_t tcb_date; /* of the machine's level */
	char advisory[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE];
	size_t advisory_count; /* of the machine's and QE's levels */
};

/* Nothing but levels and dates speaks against the quote. */
bool attest_verdict_genuine(const struct attest_verdict *verdict);

/*
 * Collateral and chains that have been found good, so that the next quote of
 * the same machine costs one or two signatures and no parsing of chains.
 * Keyed by the very bytes of chain, collateral and set of roots; dates are
 * checked anew each time.  Holds ATTEST_CACHE_ENTRIES, the least recently
 * used leaves.  One thread at a time: callers lock, or have one each.
 */
struct attest_cache;
enum { ATTEST_CACHE_ENTRIES = 16 };

struct attest_cache *attest_cache_new(void); /* NULL: no memory */
void attest_cache_free(struct attest_cache *cache); /* NULL is fine */

/*
 * Verifies.  cache may be NULL.  Returns 0 when there is a verdict, whatever
 * it says; -EINVAL when an argument is missing or a part of collateral larger
 * than ATTEST_COLLATERAL_PART_MAX, -ENOMEM, or -EIO when the cryptographic
 * library fails.  Then verdict->status is ATTEST_UNSUPPORTED_QUOTE_FORMAT:
 * nobody takes silence for yes.
 */
int attest_verify(const uint8_t *quote, size_t size,
	const struct attest_collateral *collateral,
	const struct attest_policy *policy, struct attest_cache *cache,
	struct attest_verdict *verdict);

/* attest_pck_of_quote, without parsing the chain if the cache (NULL: none)
 * knows it. */
int attest_pck_cached(const struct attest_cache *cache,
	const struct attest_quote *quote, struct attest_pck *pck,
	struct why *why);

/*
 * The dates of collateral without a quote: latest issue and earliest end of
 * its signed parts (chains, CRLs, JSON).  Signatures are not looked at.  For
 * servers that decide whether to sign anew.  0, -EINVAL and why, -ENOMEM.
 */
int attest_collateral_window(const struct attest_collateral *collateral,
	int64_t *from, int64_t *until, struct why *why);

#endif
