/* SPDX-License-Identifier: MIT */
/* What reports say of who signed an enclave. */
#ifndef _OE_ATTESTATION_SGX_REPORT_H
#define _OE_ATTESTATION_SGX_REPORT_H

#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/*
 * MRSIGNER of whoever signs with this key: the SHA-256 of its modulus, 384
 * bytes little endian.
 *
 * pem_signing_key: the RSA-3072 public key in PEM; the size counts the NUL.
 * signer_id: 32 bytes or more; *signer_id_size: their number, afterwards 32.
 *
 * Returns OE_OK; OE_BUFFER_TOO_SMALL with the size needed in *signer_id_size;
 * OE_INVALID_PARAMETER (NULL, or no PEM text of such a key);
 * OE_OUT_OF_MEMORY; OE_CRYPTO_ERROR.
 */
oe_result_t oe_sgx_get_signer_id_from_public_key(const char *pem_signing_key,
	size_t pem_signing_key_size, uint8_t *signer_id,
	size_t *signer_id_size);

OE_EXTERNC_END

#endif
