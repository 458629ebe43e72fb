/* SPDX-License-Identifier: MIT */
#include <mbedtls/gcm.h>
#include <openenclave/enclave.h>
#include <stdbool.h>
#include <string.h>

#include "ident_t.h"

/* sealed: KEYREQUEST, nonce, ciphertext, tag. */
#define REQUEST 512
#define NONCE 12
#define TEXT 64
#define TAG 16

static bool crypt(bool seal, const uint8_t *key, const uint8_t *sealed,
	const uint8_t *in, uint8_t *out, uint8_t *tag)
{
	mbedtls_gcm_context gcm;
	const uint8_t *nonce = sealed + REQUEST;
	int error;

	mbedtls_gcm_init(&gcm);
	error = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key, 128);
	if (!error && seal)
		error = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, TEXT,
			nonce, NONCE, sealed, REQUEST, in, out, TAG, tag);
	else if (!error)
		error = mbedtls_gcm_auth_decrypt(&gcm, TEXT, nonce, NONCE, sealed,
			REQUEST, tag, TAG, in, out);
	mbedtls_gcm_free(&gcm);
	return !error;
}

int identity_seal(uint32_t policy, const uint8_t *text, uint8_t *sealed)
{
	uint8_t *key = NULL, *request = NULL;
	size_t key_size = 0, request_size = 0;
	bool good;

	if (!text || !sealed ||
		oe_get_seal_key_by_policy((oe_seal_policy_t)policy, &key,
			&key_size, &request, &request_size) != OE_OK)
		return -1;
	good = key_size == 16 && request_size == REQUEST &&
		oe_random(sealed + REQUEST, NONCE) == OE_OK;
	if (good) {
		memcpy(sealed, request, REQUEST);
		good = crypt(true, key, sealed, text, sealed + REQUEST + NONCE,
			sealed + REQUEST + NONCE + TEXT);
	}
	oe_free_seal_key(key, request);
	return good ? 0 : -2;
}

int identity_open(const uint8_t *sealed, uint8_t *text)
{
	uint8_t *key = NULL, tag[TAG];
	size_t key_size = 0;
	bool good;

	if (!text || !sealed ||
		oe_get_seal_key(sealed, REQUEST, &key, &key_size) != OE_OK)
		return -1;
	memcpy(tag, sealed + REQUEST + NONCE + TEXT, TAG);
	good = key_size == 16 && crypt(false, key, sealed, sealed + REQUEST + NONCE,
		text, tag);
	oe_free_seal_key(key, NULL);
	return good ? 0 : -2;
}

OE_SET_ENCLAVE_SGX(7, 3, false, 128, 16, 2);
