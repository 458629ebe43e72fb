/* SPDX-License-Identifier: MIT */
#include "box_crypto.h"
#include "../stats.h"

#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <openenclave/enclave.h>
#include <string.h>

bool box_crypto_derive(const uint8_t key[BOX_KEY_SIZE], const char *label,
	uint8_t derived[BOX_KEY_SIZE])
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

	return sha256 && !mbedtls_hkdf(sha256, NULL, 0, key, BOX_KEY_SIZE,
		(const unsigned char *)label, strlen(label), derived,
		BOX_KEY_SIZE);
}

bool box_crypto_hash(const void *data, size_t size, uint8_t hash[BOX_HASH_SIZE])
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

	return sha256 && !mbedtls_md(sha256, data, size, hash);
}

bool box_crypto_open(const uint8_t key[BOX_KEY_SIZE], const uint8_t *message,
	uint8_t *text)
{
	struct box_header header;
	uint8_t direction[BOX_KEY_SIZE];
	mbedtls_gcm_context gcm;
	bool good;

	memcpy(&header, message, sizeof(header));
	mbedtls_gcm_init(&gcm);
	good = box_crypto_derive(key, BOX_LABEL_RECORDS, direction) &&
		!mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, direction, 256) &&
		!mbedtls_gcm_auth_decrypt(&gcm, header.size, header.nonce,
			BOX_NONCE_SIZE, message, sizeof(header),
			message + sizeof(header) + header.size, BOX_TAG_SIZE,
			message + sizeof(header), text);
	mbedtls_gcm_free(&gcm);
	box_wipe(direction, sizeof(direction));
	if (!good)
		box_wipe(text, header.size);
	return good;
}

bool box_crypto_seal(const uint8_t key[BOX_KEY_SIZE],
	const uint8_t bound[BOX_HASH_SIZE], const void *text, size_t size,
	uint8_t *message)
{
	struct box_header header = { .magic = BOX_SEALED_MAGIC,
		.kind = BOX_KIND_RESULT, .size = size };
	uint8_t direction[BOX_KEY_SIZE];
	mbedtls_gcm_context gcm;
	bool good;

	memcpy(header.bound, bound, BOX_HASH_SIZE);
	mbedtls_gcm_init(&gcm);
	good = oe_random(header.nonce, BOX_NONCE_SIZE) == OE_OK &&
		box_crypto_derive(key, BOX_LABEL_RESULT, direction) &&
		!mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, direction, 256) &&
		!mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, size,
			header.nonce, BOX_NONCE_SIZE, (const uint8_t *)&header,
			sizeof(header), text, message + sizeof(header),
			BOX_TAG_SIZE, message + sizeof(header) + size);
	memcpy(message, &header, sizeof(header));
	mbedtls_gcm_free(&gcm);
	box_wipe(direction, sizeof(direction));
	if (!good)
		box_wipe(message, size + BOX_OVERHEAD);
	return good;
}
