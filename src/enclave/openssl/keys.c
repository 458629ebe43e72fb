/* SPDX-License-Identifier: MIT */
/* Of crypto/crypto.h, by OpenSSL: what keys that derive from seal keys need. */
#include "../crypto/crypto.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#define POINT_SIZE 65

const char oe_crypto_provider = 'o';

bool crypto_hmac_sha256(const uint8_t *key, size_t key_size,
	const uint8_t *data, size_t size, uint8_t mac[32])
{
	size_t n;

	return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_size,
		data, size, mac, 32, &n) != NULL;
}

/* d times the generator, as an octet string. */
static bool multiply(const BIGNUM *d, uint8_t point[POINT_SIZE])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *q = group ? EC_POINT_new(group) : NULL;
	bool ok;

	ok = q && EC_POINT_mul(group, q, d, NULL, NULL, NULL)
		&& EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED,
			point, POINT_SIZE, NULL) == POINT_SIZE;
	EC_POINT_free(q);
	EC_GROUP_free(group);
	return ok;
}

static EVP_PKEY *load(const uint8_t d[32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *scalar = BN_bin2bn(d, 32, NULL);
	OSSL_PARAM *params = NULL;
	uint8_t point[POINT_SIZE];
	EVP_PKEY *key = NULL;

	if (!ctx || !builder || !scalar)
		goto out;
	BN_set_flags(scalar, BN_FLG_CONSTTIME);
	if (!multiply(scalar, point)
			|| !OSSL_PARAM_BLD_push_utf8_string(builder,
				OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0)
			|| !OSSL_PARAM_BLD_push_octet_string(builder,
				OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point))
			|| !OSSL_PARAM_BLD_push_BN(builder,
				OSSL_PKEY_PARAM_PRIV_KEY, scalar))
		goto out;
	params = OSSL_PARAM_BLD_to_param(builder);
	if (!params || EVP_PKEY_fromdata_init(ctx) <= 0
			|| EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR,
				params) <= 0)
		key = NULL;
out:
	if (params)
		for (OSSL_PARAM *p = params; p->key; p++)
			OPENSSL_cleanse(p->data, p->data_size);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_clear_free(scalar);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

oe_result_t crypto_p256_pem(const uint8_t d[32], bool private_half,
	char pem[CRYPTO_PEM_ROOM], size_t *size)
{
	EVP_PKEY *key = load(d);
	BIO *bio = BIO_new(BIO_s_mem());
	oe_result_t result = OE_CRYPTO_ERROR;
	const char *text;
	long n;

	if (!key || !bio || !(private_half
			? PEM_write_bio_PrivateKey_traditional(bio, key, NULL,
				NULL, 0, NULL, NULL)
			: PEM_write_bio_PUBKEY(bio, key)))
		goto out;
	n = BIO_get_mem_data(bio, &text);
	if (n <= 0 || n >= CRYPTO_PEM_ROOM)
		goto out;
	memcpy(pem, text, (size_t)n);
	pem[n] = 0;
	*size = (size_t)n + 1;
	result = OE_OK;
out:
	BIO_free(bio); /* which wipes */
	EVP_PKEY_free(key);
	return result;
}
