/* SPDX-License-Identifier: MIT */
/*
 * Making evidence: what an enclave shows to others so that they know what it
 * is. Enclaves only.
 *
 * Names and meaning are those of the Open Enclave SDK. An enclave that makes
 * ECDSA evidence imports openenclave/edl/sgx/attestation.edl (platform.edl
 * has it), for the host's way to the quoting enclave.
 */
#ifndef _OE_ATTESTATION_ATTESTER_H
#define _OE_ATTESTATION_ATTESTER_H

#ifdef _OE_HOST_H
#error "openenclave/attestation/attester.h is for enclaves, not for hosts"
#endif

#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* oe_get_evidence: begin with a header that names the format, so that
 * oe_verify_evidence need not be told. */
#define OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID 0x00000001

/*
 * Make local evidence, and what the host says that its machine makes
 * besides, available. Any number of times. Returns OE_OK or
 * OE_OUT_OF_MEMORY.
 */
oe_result_t oe_attester_initialize(void);
oe_result_t oe_attester_shutdown(void);

/*
 * The first of format_ids_length formats, in the caller's order of wishes,
 * that can be made here. Returns OE_OK, OE_INVALID_PARAMETER or OE_NOT_FOUND.
 */
oe_result_t oe_attester_select_format(const oe_uuid_t *format_ids,
	size_t format_ids_length, oe_uuid_t *selected_format_id);

/*
 * Make evidence.
 *
 * format_id: of openenclave/attestation/sgx/evidence.h.
 * flags: 0 or OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID.
 * custom_claims_buffer: any bytes, which verifiers get back; NULL with 0.
 * optional_parameters: for local evidence the verifying enclave's 512-byte
 * TARGETINFO (oe_verifier_get_format_settings), for ECDSA NULL with 0.
 * evidence_buffer, evidence_buffer_size: receive it; oe_free_evidence frees.
 * endorsements_buffer, endorsements_buffer_size: both NULL, or receive what
 * a verifier needs besides (NULL with 0 for local evidence);
 * oe_free_endorsements frees.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER; OE_NOT_FOUND (nothing makes that
 * format here, or oe_attester_initialize was not called); OE_OUT_OF_MEMORY;
 * OE_UNSUPPORTED (the enclave's EDL lacks the host's functions);
 * OE_QUOTE_PROVIDER_CALL_ERROR or OE_SERVICE_UNAVAILABLE (the machine gives
 * no quote); OE_UNEXPECTED (the host gave one of something else).
 */
oe_result_t oe_get_evidence(const oe_uuid_t *format_id, uint32_t flags,
	const void *custom_claims_buffer, size_t custom_claims_buffer_size,
	const void *optional_parameters, size_t optional_parameters_size,
	uint8_t **evidence_buffer, size_t *evidence_buffer_size,
	uint8_t **endorsements_buffer, size_t *endorsements_buffer_size);

/* NULL allowed; always OE_OK. */
oe_result_t oe_free_evidence(uint8_t *evidence_buffer);
oe_result_t oe_free_endorsements(uint8_t *endorsements_buffer);

/*
 * A self-signed X.509 certificate of a key pair, in DER, with evidence whose
 * custom claims are the public key's PEM text: for TLS.
 *
 * subject_name: as "CN=Open Enclave SDK,O=OESDK TLS,C=US"; NULL is this one.
 * private_key, public_key: PEM; sizes count the NUL.
 * output_certificate: freed with oe_free_attestation_certificate
 * (openenclave/enclave.h).
 *
 * Returns what oe_get_evidence returns, OE_CRYPTO_ERROR, or OE_FAILURE when
 * the two keys do not belong together or are none.
 */
oe_result_t oe_get_attestation_certificate_with_evidence(
	const oe_uuid_t *format_id, const unsigned char *subject_name,
	uint8_t *private_key, size_t private_key_size, uint8_t *public_key,
	size_t public_key_size, uint8_t **output_certificate,
	size_t *output_certificate_size);

/* The same, with optional_parameters as for oe_get_evidence. */
oe_result_t oe_get_attestation_certificate_with_evidence_v2(
	const oe_uuid_t *format_id, const unsigned char *subject_name,
	uint8_t *private_key, size_t private_key_size, uint8_t *public_key,
	size_t public_key_size, const void *optional_parameters,
	size_t optional_parameters_size, uint8_t **output_certificate,
	size_t *output_certificate_size);

OE_EXTERNC_END

#endif
