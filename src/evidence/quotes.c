/* SPDX-License-Identifier: MIT */
#include "evidence/quotes.h"

#include "attest/endorsements.h"
#include "evidence/claims.h"
#include "evidence/collateral_fetch.h"
#include "evidence/roots.h"
#include "evidence/world.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_ERROR = 2, LOG_INFO = 4 };

/* Collateral that was found good; whoever finds it in use does without. */
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct attest_cache *cache;

oe_result_t quote_endorsements(const uint8_t *quote, size_t size,
	const void *baseline, size_t baseline_size, uint8_t **endorsements,
	size_t *endorsements_size)
{
	struct fetched collateral = { 0 };
	struct attest_quote view;
	struct attest_pck pck;
	struct why why = { "" };
	oe_result_t result;
	int error;

	if (attest_quote_parse(quote, size, &view, &why))
		return OE_REPORT_PARSE_ERROR;
	error = attest_pck_of_quote(&view, &pck, &why);
	if (error)
		return error == -ENOMEM ? OE_OUT_OF_MEMORY
			: error == -ENOTSUP ? OE_MISSING_CERTIFICATE_CHAIN
			: OE_INVALID_SGX_CERTIFICATE_EXTENSIONS;
	result = collateral_fetch(pck.fmspc, pck.ca, baseline,
		baseline_size, &collateral);
	if (result)
		return result;
	error = attest_endorsements_pack(&collateral.view, world_time(),
		endorsements, endorsements_size);
	collateral_release(&collateral);
	if (error)
		return error == -ENOMEM ? OE_OUT_OF_MEMORY
			: OE_INVALID_ENDORSEMENT;
	return OE_OK;
}

struct wishes {
	bool has_time;
	int64_t time;
	const void *baseline;
	size_t baseline_size;
};

static oe_result_t wish(const oe_policy_t *policies, size_t count,
	bool has_endorsements, struct wishes *wishes)
{
	oe_datetime_t date;

	memset(wishes, 0, sizeof(*wishes));
	for (size_t i = 0; i < count; i++) {
		const oe_policy_t *policy = &policies[i];

		switch (policy->type) {
		case OE_POLICY_ENDORSEMENTS_TIME:
			if (wishes->has_time || !policy->policy
					|| policy->policy_size != sizeof(date))
				return OE_INVALID_PARAMETER;
			memcpy(&date, policy->policy, sizeof(date));
			if (!claims_time(&date, &wishes->time))
				return OE_INVALID_UTC_DATE_TIME;
			wishes->has_time = true;
			break;
		case OE_POLICY_ENDORSEMENTS_BASELINE:
			if (wishes->baseline || !policy->policy
					|| !policy->policy_size
					|| has_endorsements)
				return OE_INVALID_PARAMETER;
			wishes->baseline = policy->policy;
			wishes->baseline_size = policy->policy_size;
			break;
		default:
			return OE_INVALID_PARAMETER;
		}
	}
	return OE_OK;
}

/* What programs of Open Enclave know a status by. */
static oe_result_t result_of(enum attest_status status)
{
	switch (status) {
	case ATTEST_OK:
	/* Hardening is the enclave's own affair: its claims say so. */
	case ATTEST_TCB_SW_HARDENING_NEEDED:
		return OE_OK;
	case ATTEST_TCB_CONFIGURATION_NEEDED:
	case ATTEST_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
	case ATTEST_TCB_OUT_OF_DATE:
	case ATTEST_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
	case ATTEST_TCB_REVOKED:
	case ATTEST_TCB_NOT_SUPPORTED:
		/* Levels are judged last: everything else is good. */
		return OE_TCB_LEVEL_INVALID;
	case ATTEST_CRL_EXPIRED:
		return OE_VERIFY_CRL_EXPIRED;
	case ATTEST_PCK_CERT_CHAIN_EXPIRED:
	case ATTEST_SIGNING_CERT_CHAIN_EXPIRED:
	case ATTEST_TCB_INFO_EXPIRED:
	case ATTEST_QE_IDENTITY_EXPIRED:
	case ATTEST_NOT_YET_VALID:
		return OE_VERIFY_FAILED_TO_FIND_VALIDITY_PERIOD;
	case ATTEST_UNSUPPORTED_QUOTE_FORMAT:
		return OE_REPORT_PARSE_ERROR;
	case ATTEST_UNSUPPORTED_CERT_DATA:
		return OE_MISSING_CERTIFICATE_CHAIN;
	case ATTEST_INTERMEDIATE_CA_REVOKED:
	case ATTEST_PCK_REVOKED:
	case ATTEST_SIGNING_CERT_REVOKED:
		return OE_VERIFY_REVOKED;
	case ATTEST_CRL_INVALID:
	case ATTEST_CRL_UNKNOWN_ISSUER:
	case ATTEST_CRL_INVALID_SIGNATURE:
		return OE_INVALID_REVOCATION_INFO;
	case ATTEST_TCB_INFO_INVALID:
		return OE_JSON_INFO_PARSE_ERROR;
	case ATTEST_TCB_INFO_MISMATCH:
		return OE_INVALID_ENDORSEMENT;
	case ATTEST_QE_IDENTITY_INVALID:
		return OE_INVALID_QE_IDENTITY_INFO;
	case ATTEST_QE_IDENTITY_MISMATCH:
	case ATTEST_QE_SVN_NOT_SUPPORTED:
		return OE_QUOTE_ENCLAVE_IDENTITY_VERIFICATION_FAILED;
	default:
		return OE_VERIFY_FAILED;
	}
}

static oe_result_t verify(const uint8_t *quote, size_t size,
	int64_t time, struct quote_check *check)
{
	struct attest_roots roots;
	struct attest_policy policy = { .time = time, .roots = &roots };
	bool mine;
	int error;

	roots_believed(&roots);
	mine = !pthread_mutex_trylock(&cache_lock);
	if (mine && !cache)
		cache = attest_cache_new();
	error = attest_verify(quote, size, &check->collateral, &policy,
		mine ? cache : NULL, &check->verdict);
	if (mine)
		pthread_mutex_unlock(&cache_lock);
	return !error ? OE_OK : error == -ENOMEM ? OE_OUT_OF_MEMORY
		: error == -EIO ? OE_CRYPTO_ERROR : OE_UNEXPECTED;
}

oe_result_t quote_verify(const uint8_t *quote, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	const oe_policy_t *policies, size_t policies_size,
	struct quote_check *check)
{
	const struct attest_verdict *verdict = &check->verdict;
	struct wishes wishes;
	struct why why = { "" };
	oe_result_t result;
	int64_t created;

	memset(check, 0, sizeof(*check));
	result = wish(policies, policies_size, endorsements, &wishes);
	if (!result && !endorsements) {
		result = quote_endorsements(quote, size, wishes.baseline,
			wishes.baseline_size, &check->fetched,
			&endorsements_size);
		endorsements = check->fetched;
	}
	if (result)
		return result;
	if (attest_endorsements_unpack(endorsements, endorsements_size,
			&check->collateral, &created, &why)) {
		world_log(LOG_ERROR, "Endorsements: %s", why.text);
		return OE_INVALID_ENDORSEMENT;
	}
	result = verify(quote, size, wishes.has_time ? wishes.time : created,
		check);
	if (result)
		return result;
	result = result_of(verdict->status);
	if (result)
		world_log(LOG_ERROR, "A quote is not accepted: %s",
			verdict->reason_count ? verdict->reason[0]
				: attest_status_words(verdict->status));
	else if (verdict->software_root)
		world_log(LOG_INFO, "A quote is genuine; its root of trust "
			"is software, not Intel's");
	return result;
}

void quote_check_free(struct quote_check *check)
{
	free(check->fetched);
	check->fetched = NULL;
}
