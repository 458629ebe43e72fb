/* SPDX-License-Identifier: MIT */
/*
 * Formats of evidence of one's own: plug-ins for attesters and verifiers.
 *
 * Layout and names are those of the Open Enclave SDK. Attesters are for
 * enclaves only: for code that includes openenclave/enclave.h first or
 * defines OE_BUILD_ENCLAVE.
 *
 * A plug-in is the caller's and must stay as long as it is registered. Its
 * functions may be called by several threads at once.
 */
#ifndef _OE_ATTESTATION_PLUGIN_H
#define _OE_ATTESTATION_PLUGIN_H

#if defined(_OE_ENCLAVE_H) && !defined(OE_BUILD_ENCLAVE)
#define OE_BUILD_ENCLAVE
#endif
#ifdef OE_BUILD_ENCLAVE
#include <openenclave/attestation/attester.h>
#endif
#include <openenclave/attestation/verifier.h>
#include <openenclave/bits/evidence.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* What both kinds begin with. */
typedef struct _oe_attestation_role oe_attestation_role_t;
struct _oe_attestation_role {
	oe_uuid_t format_id;
	/* At registration; anything but OE_OK refuses it. NULL allowed. */
	oe_result_t (*on_register)(oe_attestation_role_t *context,
		const void *configuration_data,
		size_t configuration_data_size);
	oe_result_t (*on_unregister)(oe_attestation_role_t *context);
};

/* The functions of openenclave/attestation/attester.h, without headers. */
typedef struct _oe_attester oe_attester_t;
struct _oe_attester {
	oe_attestation_role_t base;
	oe_result_t (*get_evidence)(oe_attester_t *context,
		const void *custom_claims, size_t custom_claims_size,
		const void *optional_parameters,
		size_t optional_parameters_size, uint8_t **evidence_buffer,
		size_t *evidence_buffer_size, uint8_t **endorsements_buffer,
		size_t *endorsements_buffer_size);
	/* As oe_get_report. */
	oe_result_t (*get_report)(oe_attester_t *context, uint32_t flags,
		const uint8_t *report_data, size_t report_data_size,
		const void *opt_params, size_t opt_params_size,
		uint8_t **report_buffer, size_t *report_buffer_size);
	oe_result_t (*free_evidence)(oe_attester_t *context,
		uint8_t *evidence_buffer);
	oe_result_t (*free_endorsements)(oe_attester_t *context,
		uint8_t *endorsements_buffer);
};

/* The functions of openenclave/attestation/verifier.h, without headers.
 * Claims have to have all of OE_REQUIRED_CLAIMS. */
typedef struct _oe_verifier oe_verifier_t;
struct _oe_verifier {
	oe_attestation_role_t base;
	oe_result_t (*get_format_settings)(oe_verifier_t *context,
		uint8_t **settings, size_t *settings_size);
	oe_result_t (*verify_evidence)(oe_verifier_t *context,
		const uint8_t *evidence_buffer, size_t evidence_buffer_size,
		const uint8_t *endorsements_buffer,
		size_t endorsements_buffer_size, const oe_policy_t *policies,
		size_t policies_size, oe_claim_t **claims,
		size_t *claims_length);
	/* As oe_verify_report. */
	oe_result_t (*verify_report)(oe_verifier_t *context,
		const uint8_t *report, size_t report_size,
		oe_report_t *parsed_report);
	oe_result_t (*free_claims)(oe_verifier_t *context, oe_claim_t *claims,
		size_t claims_length);
};

/*
 * OE_OK; OE_INVALID_PARAMETER; OE_OUT_OF_MEMORY; OE_ALREADY_EXISTS when the
 * format is there; or what on_register said.
 */
oe_result_t oe_register_verifier_plugin(oe_verifier_t *plugin,
	const void *configuration_data, size_t configuration_data_size);
/* OE_OK, OE_INVALID_PARAMETER, OE_NOT_FOUND, or what on_unregister said. */
oe_result_t oe_unregister_verifier_plugin(oe_verifier_t *plugin);
/* OE_OK, OE_INVALID_PARAMETER, OE_NOT_FOUND. */
oe_result_t oe_find_verifier_plugin(const oe_uuid_t *format_id,
	oe_verifier_t **verifier_plugin);

#ifdef OE_BUILD_ENCLAVE
oe_result_t oe_register_attester_plugin(oe_attester_t *plugin,
	const void *configuration_data, size_t configuration_data_size);
oe_result_t oe_unregister_attester_plugin(oe_attester_t *plugin);
oe_result_t oe_find_attester_plugin(const oe_uuid_t *format_id,
	oe_attester_t **attester_plugin);
#endif

OE_EXTERNC_END

#endif
