/* SPDX-License-Identifier: MIT */
#include "box_crypto.h"
#include "../stats.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <openenclave/enclave.h>
#include <string.h>

static int random_bytes(void *context, unsigned char *out, size_t size)
{
	return oe_random(out, size) == OE_OK ? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

static bool derive(const uint8_t *salt, size_t salt_size, const uint8_t *secret,
	const char *label, uint8_t key[BOX_KEY_SIZE])
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

	return sha256 && !mbedtls_hkdf(sha256, salt, salt_size, secret, 32,
		(const unsigned char *)label, strlen(label), key, BOX_KEY_SIZE);
}

bool box_crypto_hash(const void *data, size_t size, uint8_t hash[BOX_HASH_SIZE])
{
	const mbedtls_md_info_t *sha256 =
		mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

	return sha256 && !mbedtls_md(sha256, data, size, hash);
}

bool box_crypto_make_pair(mbedtls_ecp_keypair *pair, uint8_t point[BOX_POINT_SIZE])
{
	size_t size;

	mbedtls_ecp_keypair_init(pair);
	if (!mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, pair, random_bytes, NULL) &&
		!mbedtls_ecp_point_write_binary(&pair->grp, &pair->Q,
			MBEDTLS_ECP_PF_UNCOMPRESSED, &size, point,
			BOX_POINT_SIZE) &&
		size == BOX_POINT_SIZE)
		return true;
	memset(point, 0, BOX_POINT_SIZE);
	mbedtls_ecp_keypair_free(pair);
	mbedtls_ecp_keypair_init(pair);
	return false;
}

/* The x coordinate that both sides compute. */
static bool agree(mbedtls_ecp_keypair *pair, const uint8_t point[BOX_POINT_SIZE],
	uint8_t shared[32])
{
	mbedtls_ecp_point theirs;
	mbedtls_mpi x;
	bool good;

	mbedtls_ecp_point_init(&theirs);
	mbedtls_mpi_init(&x);
	good = !mbedtls_ecp_point_read_binary(&pair->grp, &theirs, point,
			BOX_POINT_SIZE) &&
		!mbedtls_ecp_check_pubkey(&pair->grp, &theirs) &&
		!mbedtls_ecdh_compute_shared(&pair->grp, &x, &theirs, &pair->d,
			random_bytes, NULL) &&
		!mbedtls_mpi_write_binary(&x, shared, 32);
	mbedtls_mpi_free(&x);
	mbedtls_ecp_point_free(&theirs);
	return good;
}

static bool wrapping_key(mbedtls_ecp_keypair *pair,
	const struct box_wrapped_key *wrapped, uint8_t key[BOX_KEY_SIZE])
{
	uint8_t shared[32], salt[2 * BOX_POINT_SIZE];
	size_t size = 0;
	bool good;

	memcpy(salt, wrapped->point, BOX_POINT_SIZE);
	good = !mbedtls_ecp_point_write_binary(&pair->grp, &pair->Q,
			MBEDTLS_ECP_PF_UNCOMPRESSED, &size,
			salt + BOX_POINT_SIZE, BOX_POINT_SIZE) &&
		agree(pair, wrapped->point, shared) &&
		derive(salt, sizeof(salt), shared, BOX_LABEL_WRAP, key);
	box_wipe(shared, sizeof(shared));
	return good;
}

enum box_unwrap box_crypto_unwrap(mbedtls_ecp_keypair *pair,
	const struct box_wrapped_key *wrapped, uint8_t key[BOX_KEY_SIZE])
{
	static const uint8_t zero[3];
	uint8_t wrap[BOX_KEY_SIZE];
	mbedtls_gcm_context gcm;
	bool good;

	memset(key, 0, BOX_KEY_SIZE);
	if (memcmp(wrapped->magic, BOX_WRAPPED_MAGIC, BOX_MAGIC_SIZE) ||
		memcmp(wrapped->zero, zero, sizeof(zero)) ||
		!wrapping_key(pair, wrapped, wrap))
		return BOX_UNWRAP_MALFORMED;
	mbedtls_gcm_init(&gcm);
	good = !mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, wrap, 256) &&
		!mbedtls_gcm_auth_decrypt(&gcm, BOX_KEY_SIZE, wrapped->nonce,
			BOX_NONCE_SIZE, (const uint8_t *)wrapped,
			BOX_WRAPPED_AUTHENTICATED, wrapped->tag, BOX_TAG_SIZE,
			wrapped->key, key);
	mbedtls_gcm_free(&gcm);
	box_wipe(wrap, sizeof(wrap));
	if (good)
		return BOX_UNWRAPPED;
	box_wipe(key, BOX_KEY_SIZE);
	return BOX_UNWRAP_REFUSED;
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
	good = derive(NULL, 0, key, BOX_LABEL_RECORDS, direction) &&
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
		derive(NULL, 0, key, BOX_LABEL_RESULT, direction) &&
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
