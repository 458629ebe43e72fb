/* SPDX-License-Identifier: MIT */
/* Key pairs that derive from seal keys, worked out again from outside. */
#include "seal_test.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdlib.h>

#define EC OE_ASYMMETRIC_KEY_EC_SECP256P1
#define PEM OE_ASYMMETRIC_KEY_PEM

struct pair {
	char public_half[512], private_half[512];
	uint8_t info[512];
};

static void get(oe_enclave_t *e, int policy, const char *data,
	struct pair *pair)
{
	oe_result_t result;

	memset(pair, 0, sizeof(*pair));
	assert_int_equal(sl_key(e, &result, policy, EC, PEM,
		(const uint8_t *)data, data ? strlen(data) : 0,
		pair->public_half, pair->private_half, pair->info), OE_OK);
	assert_int_equal(result, OE_OK);
}

static EVP_PKEY *read(const char *pem, bool private_half)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = private_half
		? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
		: PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	assert_non_null(key);
	BIO_free(bio);
	return key;
}

/* d = HMAC-SHA256(seal key, 00000001 || data). */
static void check_derivation(oe_enclave_t *e, const char *data,
	const struct pair *pair)
{
	uint8_t seal_key[16], input[64] = { 0, 0, 0, 1 }, d[32];
	EVP_PKEY *key = read(pair->private_half, true);
	BIGNUM *have = NULL, *want;
	oe_result_t result;

	assert_int_equal(sl_raw_key(e, &result, pair->info, seal_key), OE_OK);
	assert_int_equal(result, OE_OK);
	memcpy(input + 4, data, strlen(data));
	assert_non_null(HMAC(EVP_sha256(), seal_key, 16, input,
		4 + strlen(data), d, NULL));
	want = BN_bin2bn(d, 32, NULL);
	assert_true(EVP_PKEY_get_bn_param(key, "priv", &have));
	assert_int_equal(BN_cmp(have, want), 0);
	BN_free(have);
	BN_free(want);
	EVP_PKEY_free(key);
}

static void check_halves(const struct pair *pair)
{
	EVP_PKEY *public_half = read(pair->public_half, false);
	EVP_PKEY *private_half = read(pair->private_half, true);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(private_half, NULL);

	assert_int_equal(EVP_PKEY_eq(public_half, private_half), 1);
	assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
	assert_int_equal(strncmp(pair->public_half,
		"-----BEGIN PUBLIC KEY-----\n", 27), 0);
	assert_int_equal(strncmp(pair->private_half,
		"-----BEGIN EC PRIVATE KEY-----\n", 31), 0);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(public_half);
	EVP_PKEY_free(private_half);
}

void test_keys(void **state)
{
	oe_enclave_t *e[2] = { start(USUAL), start(MBEDTLS) };
	oe_enclave_t *signer = start(SIGNER);
	struct pair first, again, other;
	oe_result_t result;

	(void)state;
	for (int i = 0; i < 2; i++) {
		get(e[i], OE_SEAL_POLICY_UNIQUE, "test user data!", &first);
		check_halves(&first);
		check_derivation(e[i], "test user data!", &first);
		assert_memory_equal(first.info, "\4\0\1\0\2\0\0\0", 8);
		/* KEYID is zero, so it is the same each time. */
		get(e[i], OE_SEAL_POLICY_UNIQUE, "test user data!", &again);
		assert_memory_equal(&again, &first, sizeof(first));
		get(e[i], OE_SEAL_POLICY_UNIQUE, "test user data?", &other);
		assert_string_not_equal(other.public_half, first.public_half);
		get(e[i], OE_SEAL_POLICY_UNIQUE, NULL, &other);
		check_derivation(e[i], "", &other);
		get(e[i], OE_SEAL_POLICY_PRODUCT, "test user data!", &other);
		assert_string_not_equal(other.public_half, first.public_half);
		assert_memory_equal(other.info, "\4\0\2\0\2\0\0\0", 8);

		memset(&again, 0, sizeof(again));
		assert_int_equal(sl_key_again(e[i], &result,
			(const uint8_t *)"test user data!", 15, first.info, 512,
			again.public_half, again.private_half), OE_OK);
		assert_int_equal(result, OE_OK);
		assert_string_equal(again.public_half, first.public_half);
		assert_string_equal(again.private_half, first.private_half);
	}
	/* One product, two libraries, one key, one text. */
	get(e[0], OE_SEAL_POLICY_PRODUCT, "p", &first);
	get(e[1], OE_SEAL_POLICY_PRODUCT, "p", &again);
	assert_memory_equal(&again, &first, sizeof(first));
	get(e[0], OE_SEAL_POLICY_UNIQUE, "p", &first);
	get(e[1], OE_SEAL_POLICY_UNIQUE, "p", &again);
	assert_string_not_equal(again.public_half, first.public_half);
	get(signer, OE_SEAL_POLICY_PRODUCT, "p", &other);
	assert_string_not_equal(other.public_half, first.public_half);
	stop(e[0]);
	stop(e[1]);
	stop(signer);
}

void test_key_errors(void **state)
{
	static const struct {
		int policy, type, format;
	} wrong[] = {
		{ 0, EC, PEM }, { 3, EC, PEM }, { 1, 0, PEM }, { 1, 2, PEM },
		{ 1, EC, 0 }, { 1, EC, 2 },
	};
	oe_enclave_t *e = start(USUAL);
	struct pair pair;
	oe_result_t result;
	uint8_t key[16];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(sl_key(e, &result, wrong[i].policy,
			wrong[i].type, wrong[i].format, NULL, 0,
			pair.public_half, pair.private_half, pair.info), OE_OK);
		assert_int_equal(result, OE_INVALID_PARAMETER);
	}
	get(e, OE_SEAL_POLICY_UNIQUE, NULL, &pair);
	assert_int_equal(sl_key_again(e, &result, NULL, 0, pair.info, 511,
		pair.public_half, pair.private_half), OE_OK);
	assert_int_equal(result, OE_INVALID_PARAMETER);
	/* A later version's key. */
	pair.info[4]++;
	assert_int_equal(sl_key_again(e, &result, NULL, 0, pair.info, 512,
		pair.public_half, pair.private_half), OE_OK);
	assert_int_equal(result, OE_INVALID_ISVSVN);
	assert_int_equal(sl_raw_key(e, &result, pair.info, key), OE_OK);
	assert_int_equal(result, OE_INVALID_ISVSVN);
	pair.info[4]--;
	memset(pair.info + AT_CPUSVN, 255, 16);
	assert_int_equal(sl_raw_key(e, &result, pair.info, key), OE_OK);
	assert_int_equal(result, OE_INVALID_CPUSVN);
	stop(e);
}

void test_keys_of_host(void **state)
{
	char data[] = "p";
	oe_asymmetric_key_params_t params = { EC, PEM, data, 1 };
	uint8_t *key, *info;
	size_t key_size, info_size;
	struct pair pair;

	(void)state;
	for (int i = USUAL; i <= MBEDTLS; i++) {
		oe_enclave_t *e = start(i);

		get(e, OE_SEAL_POLICY_PRODUCT, "p", &pair);
		assert_int_equal(oe_get_public_key_by_policy(e,
			OE_SEAL_POLICY_PRODUCT, &params, &key, &key_size, &info,
			&info_size), OE_OK);
		assert_string_equal((char *)key, pair.public_half);
		assert_int_equal(key_size, strlen((char *)key) + 1);
		assert_int_equal(info_size, 512);
		assert_memory_equal(info, pair.info, 512);
		oe_free_key(key, key_size, NULL, 0);
		assert_int_equal(oe_get_public_key(e, &params, info, info_size,
			&key, &key_size), OE_OK);
		assert_string_equal((char *)key, pair.public_half);
		oe_free_key(key, key_size, NULL, 0);

		assert_int_equal(oe_get_public_key(e, &params, info,
			info_size - 1, &key, &key_size), OE_INVALID_PARAMETER);
		info[4] = 99;
		assert_int_equal(oe_get_public_key(e, &params, info, info_size,
			&key, &key_size), OE_INVALID_ISVSVN);
		oe_free_key(NULL, 0, info, info_size);
		assert_int_equal(oe_get_public_key_by_policy(e,
			OE_SEAL_POLICY_PRODUCT, &params, &key, &key_size, NULL,
			NULL), OE_OK);
		oe_free_key(key, key_size, NULL, 0);
		assert_int_equal(oe_get_public_key_by_policy(e, 7, &params,
			&key, &key_size, NULL, NULL), OE_INVALID_PARAMETER);
		assert_int_equal(oe_get_public_key_by_policy(e,
			OE_SEAL_POLICY_PRODUCT, NULL, &key, &key_size, NULL,
			NULL), OE_INVALID_PARAMETER);
		assert_int_equal(oe_get_public_key_by_policy(NULL,
			OE_SEAL_POLICY_PRODUCT, &params, &key, &key_size, NULL,
			NULL), OE_INVALID_PARAMETER);
		stop(e);
	}
}
