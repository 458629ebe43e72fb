/* SPDX-License-Identifier: MIT */
/* The formats that enclaves verify: those of quotes, and local evidence. */
#include "evidence/sgx.h"

#include "../core/core.h"
#include "../core/report.h"
#include "evidence/claims.h"

#include <openenclave/attestation/sgx/evidence.h>
#include <stdlib.h>
#include <string.h>

/* Whoever makes evidence for us needs our TARGETINFO. */
static oe_result_t settings(oe_verifier_t *context, uint8_t **out,
	size_t *size)
{
	struct sgx_targetinfo *info;
	struct sgx_report own;

	(void)context;
	info = calloc(1, sizeof(*info));
	if (!info)
		return OE_OUT_OF_MEMORY;
	core_ereport(NULL, NULL, &own);
	memcpy(info->mrenclave, own.body.mrenclave, sizeof(info->mrenclave));
	info->attributes = own.body.attributes;
	info->misc_select = own.body.misc_select;
	info->config_svn = own.body.config_svn;
	memcpy(info->config_id, own.body.config_id, sizeof(info->config_id));
	*out = (uint8_t *)info;
	*size = sizeof(*info);
	return OE_OK;
}

static oe_result_t verify(oe_verifier_t *context, const uint8_t *evidence,
	size_t evidence_size, const uint8_t *endorsements,
	size_t endorsements_size, const oe_policy_t *policies,
	size_t policies_size, oe_claim_t **claims, size_t *claims_length)
{
	struct claims list = { 0 };
	struct sgx_report report;
	oe_result_t result;

	(void)policies;
	(void)policies_size;
	if (endorsements || endorsements_size
			|| evidence_size < sizeof(report))
		return OE_INVALID_PARAMETER;
	memcpy(&report, evidence, sizeof(report));
	evidence += sizeof(report);
	evidence_size -= sizeof(report);
	result = report_check(&report);
	if (!result)
		result = sgx_check_custom(report.body.report_data, evidence,
			evidence_size);
	if (!result)
		result = claims_add_body(&list, &context->base.format_id,
			&report.body, false);
	if (!result && evidence_size)
		result = claims_add(&list, OE_CLAIM_CUSTOM_CLAIMS_BUFFER,
			evidence, evidence_size);
	if (result) {
		claims_free(list.list, list.count);
		return result;
	}
	*claims = list.list;
	*claims_length = list.count;
	return OE_OK;
}

static oe_result_t verify_report(oe_verifier_t *context,
	const uint8_t *report, size_t report_size, oe_report_t *parsed)
{
	(void)context;
	return report_verify_local(report, report_size, parsed);
}

static oe_verifier_t local = {
	.base.format_id = { OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION },
	.get_format_settings = settings,
	.verify_evidence = verify,
	.verify_report = verify_report,
	.free_claims = sgx_free_claims,
};

oe_verifier_t *sgx_verifier(size_t index)
{
	switch (index) {
	case 0:
		return &local;
	case 1:
		return &sgx_verifier_raw;
	case 2:
		return &sgx_verifier_legacy;
	case 3:
		return &sgx_verifier_ecdsa;
	default:
		return NULL;
	}
}
