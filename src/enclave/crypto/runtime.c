/* SPDX-License-Identifier: MIT */
/* What the runtime needs (crypto.h), by mbedTLS. */
#include "crypto.h"

#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>

static bool start(mbedtls_gcm_context *gcm, const uint8_t *key,
	size_t key_size)
{
	mbedtls_gcm_init(gcm);
	return !mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key,
		(unsigned)key_size * 8);
}

bool crypto_gcm_seal(const uint8_t *key, size_t key_size,
	const uint8_t iv[12], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, uint8_t tag[16])
{
	mbedtls_gcm_context gcm;
	bool good;

	good = start(&gcm, key, key_size) && !mbedtls_gcm_crypt_and_tag(&gcm,
		MBEDTLS_GCM_ENCRYPT, size, iv, 12, aad, aad_size, in, out, 16,
		tag);
	mbedtls_gcm_free(&gcm);
	return good;
}

bool crypto_gcm_open(const uint8_t *key, size_t key_size,
	const uint8_t iv[12], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, const uint8_t tag[16])
{
	mbedtls_gcm_context gcm;
	bool good;

	good = start(&gcm, key, key_size) && !mbedtls_gcm_auth_decrypt(&gcm,
		size, iv, 12, aad, aad_size, tag, 16, in, out);
	mbedtls_gcm_free(&gcm);
	return good;
}

bool crypto_sha256(const void *data, size_t size, uint8_t digest[32])
{
	return !mbedtls_sha256_ret(data, size, digest, 0);
}
