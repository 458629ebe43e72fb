/* SPDX-License-Identifier: MIT */
/*
 * Derived keys with a seal key and an HMAC that the test chooses: numbers that
 * are no private keys are passed over, and nothing is left when a step fails.
 */
#include "enclave/crypto/crypto.h"

#include <openenclave/enclave.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t order[32] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

static uint8_t answers[4][32];
static unsigned asked, keys_out;
static uint8_t used[32]; /* as private key */
static oe_result_t seal_key_result, pem_result;

bool crypto_hmac_sha256(const uint8_t *key, size_t key_size,
	const uint8_t *data, size_t size, uint8_t mac[32])
{
	assert_int_equal(size, 4 + 3);
	assert_memory_equal(data, "\0\0\0\1abc", 7);
	if (asked) {
		assert_int_equal(key_size, 32);
		assert_memory_equal(key, answers[asked - 1], 32);
	} else {
		assert_int_equal(key_size, 16);
		assert_memory_equal(key, "the sixteen byte", 16);
	}
	if (asked == 4)
		return false;
	memcpy(mac, answers[asked++], 32);
	return true;
}

oe_result_t crypto_p256_pem(const uint8_t d[32], bool private_half,
	char pem[CRYPTO_PEM_ROOM], size_t *size)
{
	memcpy(used, d, 32);
	strcpy(pem, private_half ? "private" : "public");
	*size = strlen(pem) + 1;
	return pem_result;
}

oe_result_t oe_get_seal_key_by_policy_v2(oe_seal_policy_t policy,
	uint8_t **key, size_t *key_size, uint8_t **info, size_t *info_size)
{
	assert_int_equal(policy, OE_SEAL_POLICY_PRODUCT);
	if (seal_key_result)
		return seal_key_result;
	keys_out++;
	*key = malloc(16);
	memcpy(*key, "the sixteen byte", 16);
	*key_size = 16;
	*info = calloc(1, 512);
	*info_size = 512;
	return OE_OK;
}

oe_result_t oe_get_seal_key_v2(const uint8_t *info, size_t info_size,
	uint8_t **key, size_t *key_size)
{
	uint8_t *made;

	assert_memory_equal(info, "info", info_size);
	if (oe_get_seal_key_by_policy_v2(OE_SEAL_POLICY_PRODUCT, key, key_size,
			&made, &info_size))
		return seal_key_result;
	free(made);
	return OE_OK;
}

void oe_free_seal_key(uint8_t *key, uint8_t *info)
{
	keys_out--;
	free(key);
	free(info);
}

static const oe_asymmetric_key_params_t params = {
	OE_ASYMMETRIC_KEY_EC_SECP256P1, OE_ASYMMETRIC_KEY_PEM, (char *)"abc", 3
};
static uint8_t *key, *info;
static size_t key_size, info_size;

static oe_result_t get(void)
{
	asked = 0;
	return oe_get_private_key_by_policy(OE_SEAL_POLICY_PRODUCT, &params,
		&key, &key_size, &info, &info_size);
}

static void release(void)
{
	assert_string_equal((char *)key, "private");
	assert_int_equal(key_size, 8);
	assert_int_equal(info_size, 512);
	oe_free_key(key, key_size, info, info_size);
	assert_int_equal(keys_out, 0);
}

static void first_number(void **state)
{
	memset(answers, 0x11, sizeof(answers));
	assert_int_equal(get(), OE_OK);
	assert_int_equal(asked, 1);
	assert_memory_equal(used, answers[0], 32);
	release();
}

static void edges(void **state)
{
	/* The smallest, and the greatest. */
	memset(answers, 0, sizeof(answers));
	answers[0][31] = 1;
	assert_int_equal(get(), OE_OK);
	assert_int_equal(asked, 1);
	release();
	memcpy(answers[0], order, 32);
	answers[0][31]--;
	assert_int_equal(get(), OE_OK);
	assert_int_equal(asked, 1);
	assert_memory_equal(used, answers[0], 32);
	release();
	answers[0][4] = 0; /* and one that borrows on the way */
	answers[0][3] = 0xfe;
	memset(answers[0] + 4, 0xff, 28);
	assert_int_equal(get(), OE_OK);
	assert_int_equal(asked, 1);
	release();
}

static void passed_over(void **state)
{
	memset(answers[0], 0, 32);
	memcpy(answers[1], order, 32);
	memset(answers[2], 0xff, 32);
	memset(answers[3], 0x22, 32);
	assert_int_equal(get(), OE_OK);
	assert_int_equal(asked, 4);
	assert_memory_equal(used, answers[3], 32);
	release();
	/* The order and one more. */
	memcpy(answers[0], order, 32);
	answers[0][31]++;
	memset(answers[1], 0x33, 32);
	assert_int_equal(get(), OE_OK);
	assert_int_equal(asked, 2);
	release();
}

static void failures(void **state)
{
	memset(answers, 0, sizeof(answers)); /* until the HMAC fails */
	assert_int_equal(get(), OE_CRYPTO_ERROR);
	assert_null(key);
	assert_null(info);
	assert_int_equal(key_size + info_size + keys_out, 0);
	memset(answers, 0x11, sizeof(answers));
	pem_result = OE_CRYPTO_ERROR;
	assert_int_equal(get(), OE_CRYPTO_ERROR);
	assert_null(key);
	assert_null(info);
	assert_int_equal(keys_out, 0);
	pem_result = OE_OK;
	seal_key_result = OE_INVALID_CPUSVN;
	assert_int_equal(get(), OE_INVALID_CPUSVN);
	assert_int_equal(oe_get_public_key(&params, (const uint8_t *)"info", 4,
		&key, &key_size), OE_INVALID_CPUSVN);
	assert_null(key);
	seal_key_result = OE_OK;
	asked = 0;
	assert_int_equal(oe_get_public_key(&params, (const uint8_t *)"info", 4,
		&key, &key_size), OE_OK);
	assert_string_equal((char *)key, "public");
	oe_free_key(key, key_size, NULL, 0);
	assert_int_equal(keys_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_number),
		cmocka_unit_test(edges),
		cmocka_unit_test(passed_over),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests_name("seal_keys", tests, NULL, NULL);
}
