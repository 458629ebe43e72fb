/* SPDX-License-Identifier: MIT */
/* Of crypto.h, by mbedTLS: what keys that derive from seal keys need. */
#include "crypto.h"

#include <openenclave/enclave.h>
#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>

const char oe_crypto_provider = 'm';

bool crypto_hmac_sha256(const uint8_t *key, size_t key_size,
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

oe_result_t crypto_p256_pem(const uint8_t d[32], bool private_half,
	char pem[CRYPTO_PEM_ROOM], size_t *size)
{
	unsigned char *text = (unsigned char *)pem;
	mbedtls_pk_context pk;
	bool ok;

	mbedtls_pk_init(&pk);
	ok = load(&pk, d) && !(private_half
		? mbedtls_pk_write_key_pem(&pk, text, CRYPTO_PEM_ROOM)
		: mbedtls_pk_write_pubkey_pem(&pk, text, CRYPTO_PEM_ROOM));
	mbedtls_pk_free(&pk);
	if (!ok)
		return OE_CRYPTO_ERROR;
	*size = strlen(pem) + 1;
	return OE_OK;
}
