/* SPDX-License-Identifier: MIT */
#include <openenclave/attestation/sgx/report.h>

#include "attest/crypto.h"

#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <string.h>

#define MODULUS_SIZE 384 /* bytes: SGX signs with RSA-3072 */

static oe_result_t modulus_of(const char *pem, size_t size,
	uint8_t modulus[MODULUS_SIZE])
{
	oe_result_t result = OE_INVALID_PARAMETER;
	mbedtls_pk_context pk;
	mbedtls_mpi n;

	mbedtls_pk_init(&pk);
	mbedtls_mpi_init(&n);
	if (!mbedtls_pk_parse_public_key(&pk, (const unsigned char *)pem,
			size)
		&& mbedtls_pk_get_type(&pk) == MBEDTLS_PK_RSA
		&& mbedtls_pk_get_len(&pk) == MODULUS_SIZE
		&& !mbedtls_rsa_export(mbedtls_pk_rsa(pk), &n, NULL, NULL,
			NULL, NULL)
		&& !mbedtls_mpi_write_binary_le(&n, modulus, MODULUS_SIZE))
		result = OE_OK;
	mbedtls_mpi_free(&n);
	mbedtls_pk_free(&pk);
	return result;
}

oe_result_t oe_sgx_get_signer_id_from_public_key(const char *pem_signing_key,
	size_t pem_signing_key_size, uint8_t *signer_id,
	size_t *signer_id_size)
{
	uint8_t modulus[MODULUS_SIZE];
	oe_result_t result;

	if (!pem_signing_key || !pem_signing_key_size || !signer_id_size)
		return OE_INVALID_PARAMETER;
	if (!signer_id || *signer_id_size < OE_SIGNER_ID_SIZE) {
		*signer_id_size = OE_SIGNER_ID_SIZE;
		return OE_BUFFER_TOO_SMALL;
	}
	if (pem_signing_key[pem_signing_key_size - 1])
		return OE_INVALID_PARAMETER;
	result = modulus_of(pem_signing_key, pem_signing_key_size, modulus);
	if (result)
		return result;
	if (attest_sha256(modulus, sizeof(modulus), signer_id))
		return OE_CRYPTO_ERROR;
	*signer_id_size = OE_SIGNER_ID_SIZE;
	return OE_OK;
}
