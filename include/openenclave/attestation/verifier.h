/* SPDX-License-Identifier: MIT */
/*
 * Verifying evidence, in enclaves and in hosts (liboehost, liboehostverify).
 *
 * Names and meaning are those of the Open Enclave SDK. Which roots of
 * certificates are believed is said in coffer/attest.h; evidence of Coffer's
 * machines ends in a root that is software.
 */
#ifndef _OE_ATTESTATION_VERIFIER_H
#define _OE_ATTESTATION_VERIFIER_H

#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/*
 * Make the formats available: ECDSA, legacy reports, raw quotes, and in
 * enclaves local evidence. Any number of times. OE_OK or OE_OUT_OF_MEMORY.
 */
oe_result_t oe_verifier_initialize(void);
oe_result_t oe_verifier_shutdown(void);

/*
 * The formats that can be verified, the one that was registered last first.
 * Freed with oe_verifier_free_formats. OE_OK, OE_INVALID_PARAMETER,
 * OE_OUT_OF_MEMORY, or OE_NOT_FOUND when there is none.
 */
oe_result_t oe_verifier_get_formats(oe_uuid_t **format_ids,
	size_t *format_ids_length);
oe_result_t oe_verifier_free_formats(oe_uuid_t *format_ids);

/*
 * What an attester needs to know to make evidence of a format for this
 * verifier: for local evidence in an enclave its 512-byte TARGETINFO, for
 * ECDSA nothing (NULL, 0). Freed with oe_verifier_free_format_settings.
 * OE_OK, OE_INVALID_PARAMETER, OE_NOT_FOUND, OE_UNSUPPORTED (other formats),
 * OE_OUT_OF_MEMORY.
 */
oe_result_t oe_verifier_get_format_settings(const oe_uuid_t *format_id,
	uint8_t **settings, size_t *settings_size);
oe_result_t oe_verifier_free_format_settings(uint8_t *settings);

/*
 * Verify evidence, and say what it proves.
 *
 * format_id: its format; NULL when evidence (and endorsements) begin with a
 * header, or evidence is a report of oe_get_report.
 * endorsements_buffer: NULL with 0 to have them fetched (from the machine's
 * own service, by the host).
 * policies: policies_size of them. Without OE_POLICY_ENDORSEMENTS_TIME the
 * time at which everything must be valid is when the endorsements were
 * made; inside an enclave that is the host's word.
 * claims, claims_length: both NULL, or receive the claims, freed with
 * oe_free_claims.
 *
 * Returns OE_OK; OE_TCB_LEVEL_INVALID when all is well but the machine's TCB
 * level, the claims being there; otherwise no claims: OE_INVALID_PARAMETER,
 * OE_NOT_FOUND (no such format), OE_CONSTRAINT_FAILED (header),
 * OE_VERIFY_FAILED_AES_CMAC_MISMATCH (local evidence for another enclave or
 * changed), OE_QUOTE_HASH_MISMATCH (custom claims), OE_REPORT_PARSE_ERROR,
 * OE_QUOTE_VERIFICATION_ERROR, OE_VERIFY_FAILED (chain, root, signature),
 * OE_VERIFY_REVOKED, OE_VERIFY_CRL_EXPIRED,
 * OE_VERIFY_FAILED_TO_FIND_VALIDITY_PERIOD, OE_INVALID_ENDORSEMENT,
 * OE_INVALID_REVOCATION_INFO, OE_JSON_INFO_PARSE_ERROR,
 * OE_INVALID_QE_IDENTITY_INFO,
 * OE_QUOTE_ENCLAVE_IDENTITY_VERIFICATION_FAILED, OE_OUT_OF_MEMORY, …
 */
oe_result_t oe_verify_evidence(const oe_uuid_t *format_id,
	const uint8_t *evidence_buffer, size_t evidence_buffer_size,
	const uint8_t *endorsements_buffer, size_t endorsements_buffer_size,
	const oe_policy_t *policies, size_t policies_size,
	oe_claim_t **claims, size_t *claims_length);

/* NULL with 0 allowed. OE_OK or OE_INVALID_PARAMETER. */
oe_result_t oe_free_claims(oe_claim_t *claims, size_t claims_length);

/* A caller's own check of claims; anything but OE_OK is a refusal. */
typedef oe_result_t (*oe_verify_claims_callback_t)(oe_claim_t *claims,
	size_t claims_length, void *arg);

/*
 * Verify a certificate of oe_get_attestation_certificate_with_evidence or
 * oe_generate_attestation_certificate: its own signature, the evidence or
 * report in it, and that this is bound to the certificate's key. Then
 * claim_verify_callback, unless NULL, has a say.
 *
 * Returns what oe_verify_evidence returns; OE_FAILURE when there is no
 * evidence in it; OE_VERIFY_FAILED for a wrong signature or another key;
 * OE_INVALID_PARAMETER; what the callback said, as OE_VERIFY_FAILED.
 */
oe_result_t oe_verify_attestation_certificate_with_evidence(
	uint8_t *cert_in_der, size_t cert_in_der_len,
	oe_verify_claims_callback_t claim_verify_callback, void *arg);

/* The same with endorsements, policies and claims as oe_verify_evidence. */
oe_result_t oe_verify_attestation_certificate_with_evidence_v2(
	uint8_t *cert_in_der, size_t cert_in_der_len,
	uint8_t *endorsements_buffer, size_t endorsements_buffer_size,
	oe_policy_t *policies, size_t policies_size, oe_claim_t **claims,
	size_t *claims_length);

OE_EXTERNC_END

#endif
