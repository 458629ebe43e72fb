/* SPDX-License-Identifier: MIT */
/* Quotes in three dresses: with custom claims, as OE report, bare. */
#include "evidence/sgx.h"

#include "attest/crypto.h"
#include "evidence/claims.h"
#include "evidence/formats.h"
#include "evidence/quotes.h"
#include "evidence/reports.h"

#include <openenclave/attestation/sgx/evidence.h>
#include <stdlib.h>
#include <string.h>

oe_result_t sgx_free_claims(oe_verifier_t *context, oe_claim_t *claims,
	size_t claims_length)
{
	(void)context;
	claims_free(claims, claims_length);
	return OE_OK;
}

oe_result_t sgx_check_custom(const uint8_t report_data[64],
	const uint8_t *custom_claims, size_t size)
{
	uint8_t wanted[64] = { 0 };

	if (attest_sha256(custom_claims, size, wanted))
		return OE_CRYPTO_ERROR;
	return memcmp(wanted, report_data, sizeof(wanted))
		? OE_QUOTE_HASH_MISMATCH : OE_OK;
}

/* The claims of a quote that was verified; custom_claims NULL for report
 * data of the quote's own. */
static oe_result_t claim(const oe_uuid_t *format,
	const struct quote_check *check, const uint8_t *custom_claims,
	size_t custom_claims_size, oe_claim_t **list, size_t *count)
{
	struct claims claims = { 0 };
	oe_result_t result;

	result = claims_add_body(&claims, format, &check->verdict.body, true);
	if (!result)
		result = claims_add_verdict(&claims, &check->verdict,
			&check->collateral);
	if (!result && !custom_claims)
		result = claims_add(&claims, OE_CLAIM_SGX_REPORT_DATA,
			check->verdict.body.report_data,
			sizeof(check->verdict.body.report_data));
	else if (!result && custom_claims_size)
		result = claims_add(&claims, OE_CLAIM_CUSTOM_CLAIMS_BUFFER,
			custom_claims, custom_claims_size);
	if (result) {
		claims_free(claims.list, claims.count);
		return result;
	}
	*list = claims.list;
	*count = claims.count;
	return OE_OK;
}

/* What follows the quote is custom claims where the format has them, and not
 * looked at elsewhere: quotes come with padding. */
static oe_result_t verify(const oe_uuid_t *format, const uint8_t *evidence,
	size_t evidence_size, const uint8_t *endorsements,
	size_t endorsements_size, const oe_policy_t *policies,
	size_t policies_size, oe_claim_t **claims, size_t *claims_length)
{
	const uint8_t *custom = NULL;
	size_t size, custom_size = 0;
	struct quote_check *check;
	oe_result_t result, claimed;

	size = attest_quote_size(evidence, evidence_size);
	if (!size || size > evidence_size)
		return OE_REPORT_PARSE_ERROR;
	if (format_is(format, &format_ecdsa)) {
		custom = evidence + size;
		custom_size = evidence_size - size;
	}
	check = calloc(1, sizeof(*check));
	if (!check)
		return OE_OUT_OF_MEMORY;
	result = quote_verify(evidence, size, endorsements, endorsements_size,
		policies, policies_size, check);
	if ((!result || result == OE_TCB_LEVEL_INVALID) && custom) {
		claimed = sgx_check_custom(check->verdict.body.report_data,
			custom, custom_size);
		if (claimed)
			result = claimed;
	}
	if (!result || result == OE_TCB_LEVEL_INVALID) {
		claimed = claim(format, check, custom, custom_size, claims,
			claims_length);
		if (claimed)
			result = claimed;
	}
	quote_check_free(check);
	free(check);
	return result;
}

/* Remote evidence is made for nobody in particular. */
static oe_result_t no_settings(oe_verifier_t *context, uint8_t **settings,
	size_t *settings_size)
{
	(void)context;
	*settings = NULL;
	*settings_size = 0;
	return OE_OK;
}

static oe_result_t verify_quote(oe_verifier_t *context,
	const uint8_t *evidence, size_t evidence_size,
	const uint8_t *endorsements, size_t endorsements_size,
	const oe_policy_t *policies, size_t policies_size,
	oe_claim_t **claims, size_t *claims_length)
{
	return verify(&context->base.format_id, evidence, evidence_size,
		endorsements, endorsements_size, policies, policies_size,
		claims, claims_length);
}

static oe_result_t verify_legacy(oe_verifier_t *context,
	const uint8_t *evidence, size_t evidence_size,
	const uint8_t *endorsements, size_t endorsements_size,
	const oe_policy_t *policies, size_t policies_size,
	oe_claim_t **claims, size_t *claims_length)
{
	const uint8_t *quote;
	size_t size;
	oe_result_t result;

	result = report_quote(evidence, evidence_size, &quote, &size);
	if (result)
		return result;
	return verify(&context->base.format_id, quote, size, endorsements,
		endorsements_size, policies, policies_size, claims,
		claims_length);
}

static oe_result_t verify_report(oe_verifier_t *context,
	const uint8_t *report, size_t report_size, oe_report_t *parsed)
{
	(void)context;
	return report_verify_remote(report, report_size, NULL, 0, parsed);
}

oe_verifier_t sgx_verifier_ecdsa = {
	.base.format_id = { OE_FORMAT_UUID_SGX_ECDSA },
	.get_format_settings = no_settings,
	.verify_evidence = verify_quote,
	.verify_report = verify_report,
	.free_claims = sgx_free_claims,
};
oe_verifier_t sgx_verifier_legacy = {
	.base.format_id = { OE_FORMAT_UUID_LEGACY_REPORT_REMOTE },
	.verify_evidence = verify_legacy,
	.verify_report = verify_report,
	.free_claims = sgx_free_claims,
};
oe_verifier_t sgx_verifier_raw = {
	.base.format_id = { OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA },
	.verify_evidence = verify_quote,
	.free_claims = sgx_free_claims,
};
