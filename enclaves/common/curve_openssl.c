/* SPDX-License-Identifier: MIT */
/*
 * By OpenSSL, whose P-256 is fast.  For the QE, which signs all the time: by
 * the functions under EVP, since that looks its algorithms up at each call.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "curve.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct curve_key {
	EC_KEY *key;
	uint8_t xy[64];
};

/* d = wide mod (n - 1) + 1. */
static bool reduce(const EC_GROUP *group, const uint8_t wide[40], BIGNUM *d)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *v = BN_secure_new(), *order = BN_new();
	bool good = ctx && v && order && BN_bin2bn(wide, 40, v) &&
		BN_copy(order, EC_GROUP_get0_order(group)) &&
		BN_sub_word(order, 1) && BN_mod(d, v, order, ctx) &&
		BN_add_word(d, 1);

	BN_clear_free(v);
	BN_free(order);
	BN_CTX_free(ctx);
	return good;
}

static bool find_public(struct curve_key *key, const BIGNUM *d)
{
	const EC_GROUP *group = EC_KEY_get0_group(key->key);
	EC_POINT *point = EC_POINT_new(group);
	uint8_t octets[65];
	bool good = point &&
		EC_POINT_mul(group, point, d, NULL, NULL, NULL) &&
		EC_KEY_set_private_key(key->key, d) &&
		EC_KEY_set_public_key(key->key, point) &&
		EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
			octets, sizeof(octets), NULL) == sizeof(octets);

	if (good)
		memcpy(key->xy, octets + 1, sizeof(key->xy));
	EC_POINT_free(point);
	return good;
}

struct curve_key *curve_key_new(const uint8_t wide[40])
{
	struct curve_key *key = calloc(1, sizeof(*key));
	BIGNUM *d = BN_secure_new();
	bool good = key && d;

	if (good)
		key->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	if (good)
		BN_set_flags(d, BN_FLG_CONSTTIME);
	good = good && key->key &&
		reduce(EC_KEY_get0_group(key->key), wide, d) &&
		find_public(key, d);
	BN_clear_free(d);
	if (!good) {
		curve_key_free(key);
		key = NULL;
	}
	return key;
}

void curve_key_free(struct curve_key *key)
{
	if (key)
		EC_KEY_free(key->key);
	free(key);
}

void curve_key_public(const struct curve_key *key, uint8_t xy[64])
{
	memcpy(xy, key->xy, sizeof(key->xy));
}

bool curve_sign(const struct curve_key *key, const void *data, size_t size,
	uint8_t signature[64])
{
	uint8_t digest[32];
	ECDSA_SIG *made;
	bool good;

	SHA256(data, size, digest);
	made = ECDSA_do_sign(digest, sizeof(digest), key->key);
	good = made &&
		BN_bn2binpad(ECDSA_SIG_get0_r(made), signature, 32) == 32 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(made), signature + 32, 32) == 32;
	ECDSA_SIG_free(made);
	return good;
}

bool curve_sha256(const void *first, size_t first_size, const void *second,
	size_t second_size, uint8_t digest[32])
{
	SHA256_CTX sha;

	return SHA256_Init(&sha) && SHA256_Update(&sha, first, first_size) &&
		SHA256_Update(&sha, second, second_size) &&
		SHA256_Final(digest, &sha);
}
