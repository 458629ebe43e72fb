/* SPDX-License-Identifier: MIT */
/*
 * A list of claims as bytes, for oe_get_evidence's custom claims.
 *
 *   8 version, 1     8 number of claims     then for each
 *   8 bytes of name with its NUL   8 bytes of value   name   value
 *
 * Little endian, packed. Names and layout are the Open Enclave SDK's.
 */
#ifndef _OE_ATTESTATION_CUSTOM_CLAIMS_H
#define _OE_ATTESTATION_CUSTOM_CLAIMS_H

#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

#define OE_CUSTOM_CLAIMS_VERSION 1

/*
 * custom_claims: custom_claims_length of them, NULL with 0. The result is
 * freed with oe_free_serialized_custom_claims. OE_OK, OE_INVALID_PARAMETER,
 * OE_INTEGER_OVERFLOW, OE_OUT_OF_MEMORY.
 */
oe_result_t oe_serialize_custom_claims(const oe_claim_t *custom_claims,
	size_t custom_claims_length, uint8_t **claims_out,
	size_t *claims_size_out);

/*
 * The other way; claims_in may be anything. The result is freed with
 * oe_free_custom_claims; it is NULL with 0 for an empty list. OE_OK,
 * OE_INVALID_PARAMETER, OE_CONSTRAINT_FAILED (version),
 * OE_OUT_OF_BOUNDS (sizes), OE_OUT_OF_MEMORY.
 */
oe_result_t oe_deserialize_custom_claims(const uint8_t *claims_in,
	size_t claims_size_in, oe_claim_t **claims_out,
	size_t *claims_length_out);

/* NULL allowed; always OE_OK. */
oe_result_t oe_free_serialized_custom_claims(uint8_t *custom_claims);
oe_result_t oe_free_custom_claims(oe_claim_t *custom_claims,
	size_t custom_claims_length);

OE_EXTERNC_END

#endif
