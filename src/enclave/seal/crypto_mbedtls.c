/* SPDX-License-Identifier: MIT */
#include "crypto.h"

#include <openenclave/enclave.h>
#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>

extern const char oe_crypto_provider;
const char oe_crypto_provider = 'm';

bool seal_gcm_encrypt(const uint8_t key[SEAL_KEY_SIZE],
	const uint8_t iv[SEAL_IV_SIZE], const uint8_t *aad, size_t aad_size,
	const uint8_t *in, size_t size, uint8_t *out,
	uint8_t tag[SEAL_TAG_SIZE])
{
	mbedtls_gcm_context gcm;
	bool ok;

	mbedtls_gcm_init(&gcm);
	ok = !mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key,
			8 * SEAL_KEY_SIZE)
		&& !mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, size,
			iv, SEAL_IV_SIZE, aad, aad_size, in, out,
			SEAL_TAG_SIZE, tag);
	mbedtls_gcm_free(&gcm);
	return ok;
}

bool seal_gcm_decrypt(const uint8_t key[SEAL_KEY_SIZE],
	const uint8_t iv[SEAL_IV_SIZE], const uint8_t *aad, size_t aad_size,
	const uint8_t *in, size_t size, uint8_t *out,
	const uint8_t tag[SEAL_TAG_SIZE])
{
	mbedtls_gcm_context gcm;
	bool ok;

	mbedtls_gcm_init(&gcm);
	ok = !mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key,
			8 * SEAL_KEY_SIZE)
		&& !mbedtls_gcm_auth_decrypt(&gcm, size, iv, SEAL_IV_SIZE, aad,
			aad_size, tag, SEAL_TAG_SIZE, in, out);
	mbedtls_gcm_free(&gcm);
	if (!ok && size)
		mbedtls_platform_zeroize(out, size);
	return ok;
}

bool seal_hmac_sha256(const uint8_t *key, size_t key_size,
	const uint8_t *data, size_t size, uint8_t mac[32])
{
	return !mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
		key, key_size, data, size, mac);
}

static int fill(void *unused, unsigned char *to, size_t size)
{
	return oe_random(to, size) == OE_OK
		? 0 : MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

static bool load(mbedtls_pk_context *pk, const uint8_t d[32])
{
	mbedtls_ecp_keypair *pair;

	if (mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)))
		return false;
	pair = mbedtls_pk_ec(*pk);
	return !mbedtls_ecp_group_load(&pair->grp, MBEDTLS_ECP_DP_SECP256R1)
		&& !mbedtls_mpi_read_binary(&pair->d, d, 32)
		&& !mbedtls_ecp_mul(&pair->grp, &pair->Q, &pair->d,
			&pair->grp.G, fill, NULL);
}

oe_result_t seal_p256_pem(const uint8_t d[32], bool private_half,
	char pem[SEAL_PEM_ROOM], size_t *size)
{
	unsigned char *text = (unsigned char *)pem;
	mbedtls_pk_context pk;
	bool ok;

	mbedtls_pk_init(&pk);
	ok = load(&pk, d) && !(private_half
		? mbedtls_pk_write_key_pem(&pk, text, SEAL_PEM_ROOM)
		: mbedtls_pk_write_pubkey_pem(&pk, text, SEAL_PEM_ROOM));
	mbedtls_pk_free(&pk);
	if (!ok)
		return OE_CRYPTO_ERROR;
	*size = strlen(pem) + 1;
	return OE_OK;
}
