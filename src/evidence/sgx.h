/* SPDX-License-Identifier: MIT */
/* The plug-ins that verify SGX evidence. */
#ifndef COFFER_EVIDENCE_SGX_H
#define COFFER_EVIDENCE_SGX_H

#include <openenclave/internal/plugin.h>

/* The index-th plug-in of this side, NULL behind the last.  Each side says
 * which: src/enclave/attest/plugins.c, src/host/attest/plugins.c. */
oe_verifier_t *sgx_verifier(size_t index);

/* Those that both have (sgx.c). */
extern oe_verifier_t sgx_verifier_ecdsa, sgx_verifier_legacy,
	sgx_verifier_raw;

/* What all share. */
oe_result_t sgx_free_claims(oe_verifier_t *context, oe_claim_t *claims,
	size_t claims_length);

/* Does the report data bind these custom claims: SHA-256 and 32 zeroes?
 * OE_OK, OE_QUOTE_HASH_MISMATCH or OE_CRYPTO_ERROR. */
oe_result_t sgx_check_custom(const uint8_t report_data[64],
	const uint8_t *custom_claims, size_t size);

#endif
