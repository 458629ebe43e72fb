/* SPDX-License-Identifier: MIT */
#include "attest/crypto.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_NAME "prime256v1"

int attest_sha256(const void *data, size_t size, uint8_t digest[32])
{
	return attest_sha256_two(data, size, NULL, 0, digest);
}

int attest_sha256_two(const void *first, size_t first_size,
	const void *second, size_t second_size, uint8_t digest[32])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) &&
		(!first_size || EVP_DigestUpdate(context, first, first_size)) &&
		(!second_size ||
			EVP_DigestUpdate(context, second, second_size)) &&
		EVP_DigestFinal_ex(context, digest, NULL);

	EVP_MD_CTX_free(context);
	if (!ok)
		memset(digest, 0, 32);
	return ok ? 0 : -EIO;
}

/* A public key, and 0; NULL and -EBADMSG for a point that is not on the
 * curve. */
static EVP_PKEY *public_key(const uint8_t key[64], int *error)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *out = NULL;
	uint8_t point[65];
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
			(char *)GROUP_NAME, sizeof(GROUP_NAME) - 1),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
			sizeof(point)),
		OSSL_PARAM_END,
	};

	point[0] = 4; /* uncompressed */
	memcpy(point + 1, key, 64);
	*error = -EIO;
	if (context && EVP_PKEY_fromdata_init(context) > 0) {
		*error = -EBADMSG;
		if (EVP_PKEY_fromdata(context, &out, EVP_PKEY_PUBLIC_KEY,
				params) <= 0)
			out = NULL;
		else
			*error = 0;
	}
	EVP_PKEY_CTX_free(context);
	return out;
}

/* DER of a signature; its size, or 0. */
static int encode(const uint8_t signature[64], uint8_t der[80])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, 32, NULL);
	BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
	int size = 0;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s)) {
		r = s = NULL;
		size = i2d_ECDSA_SIG(sig, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return size > 0 ? size : 0;
}

struct attest_key {
	EVP_PKEY_CTX *context; /* for verifying; has the key */
};

struct attest_key *attest_key_new(const uint8_t key[64], int *error)
{
	struct attest_key *out = malloc(sizeof(*out));
	EVP_PKEY *public;

	*error = -EIO;
	if (!out)
		return NULL;
	public = public_key(key, error);
	out->context = public ? EVP_PKEY_CTX_new(public, NULL) : NULL;
	if (public && (!out->context ||
			EVP_PKEY_verify_init(out->context) <= 0))
		*error = -EIO;
	EVP_PKEY_free(public);
	if (!*error)
		return out;
	attest_key_free(out);
	return NULL;
}

int attest_key_verify(struct attest_key *key, const uint8_t digest[32],
	const uint8_t signature[64])
{
	uint8_t der[80];
	int size = encode(signature, der);

	if (!size)
		return -EIO;
	/* Less than 0 is also what r or s out of range gives. */
	return EVP_PKEY_verify(key->context, der, (size_t)size, digest,
		32) == 1 ? 0 : -EBADMSG;
}

void attest_key_free(struct attest_key *key)
{
	if (!key)
		return;
	EVP_PKEY_CTX_free(key->context);
	free(key);
}

int attest_p256_verify(const uint8_t key[64], const uint8_t digest[32],
	const uint8_t signature[64])
{
	int error;
	struct attest_key *ready = attest_key_new(key, &error);

	if (ready)
		error = attest_key_verify(ready, digest, signature);
	attest_key_free(ready);
	return error;
}

/* A key pair from its scalar, whose public half goes into key. */
static EVP_PKEY *key_pair(const uint8_t scalar[32], uint8_t key[64],
	int *error)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *number = BN_secure_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *out = NULL;
	uint8_t bytes[65];

	*error = -EIO;
	if (!point || !number || !context || !build ||
			!BN_bin2bn(scalar, 32, number))
		goto out;
	BN_set_flags(number, BN_FLG_CONSTTIME);
	if (BN_is_zero(number) ||
			BN_cmp(number, EC_GROUP_get0_order(group)) >= 0) {
		*error = -EINVAL;
		goto out;
	}
	if (!EC_POINT_mul(group, point, number, NULL, NULL, NULL) ||
			EC_POINT_point2oct(group, point,
				POINT_CONVERSION_UNCOMPRESSED, bytes,
				sizeof(bytes), NULL) != sizeof(bytes))
		goto out;
	memcpy(key, bytes + 1, 64);
	if (!OSSL_PARAM_BLD_push_utf8_string(build,
				OSSL_PKEY_PARAM_GROUP_NAME, GROUP_NAME, 0) ||
			!OSSL_PARAM_BLD_push_BN(build,
				OSSL_PKEY_PARAM_PRIV_KEY, number) ||
			!OSSL_PARAM_BLD_push_octet_string(build,
				OSSL_PKEY_PARAM_PUB_KEY, bytes,
				sizeof(bytes)))
		goto out;
	params = OSSL_PARAM_BLD_to_param(build);
	if (!params || EVP_PKEY_fromdata_init(context) <= 0 ||
			EVP_PKEY_fromdata(context, &out, EVP_PKEY_KEYPAIR,
				params) <= 0)
		out = NULL;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	BN_clear_free(number);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return out;
}

int attest_p256_sign(const uint8_t scalar[32], const uint8_t digest[32],
	uint8_t signature[64])
{
	EVP_PKEY_CTX *context = NULL;
	ECDSA_SIG *sig = NULL;
	uint8_t der[80], key[64];
	const uint8_t *at = der;
	size_t size = sizeof(der);
	int error;
	EVP_PKEY *pair = key_pair(scalar, key, &error);

	if (!pair)
		return error;
	error = -EIO;
	context = EVP_PKEY_CTX_new(pair, NULL);
	if (context && EVP_PKEY_sign_init(context) > 0 &&
			EVP_PKEY_sign(context, der, &size, digest, 32) > 0)
		sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
	if (sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32) == 32 &&
			BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32,
				32) == 32)
		error = 0;
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(pair);
	return error;
}

int attest_p256_public(const uint8_t scalar[32], uint8_t key[64])
{
	int error;
	EVP_PKEY *pair = key_pair(scalar, key, &error);

	if (!pair)
		return error;
	EVP_PKEY_free(pair);
	return 0;
}
