/* SPDX-License-Identifier: MIT */
/* AES-128-GCM of the backend, against published vectors; that it forgets
 * nothing and remembers nothing between calls under different keys. */
#include "common/crypto_openssl.h"
#include "world.h"

/* "The Galois/Counter Mode of Operation", test case 4. */
static const uint8_t key4[16] = {
	0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
	0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08,
};
static const uint8_t iv4[12] = {
	0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88,
};
static const uint8_t aad4[20] = {
	0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
	0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2,
};
static const uint8_t plain4[60] = {
	0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59,
	0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9, 0x53,
	0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
	0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53,
	0x2f, 0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25, 0xb1, 0x6a,
	0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39,
};
static const uint8_t cipher4[60] = {
	0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24, 0x4b, 0x72,
	0x21, 0xb7, 0x84, 0xd0, 0xd4, 0x9c, 0xe3, 0xaa, 0x21, 0x2f,
	0x2c, 0x02, 0xa4, 0xe0, 0x35, 0xc1, 0x7e, 0x23, 0x29, 0xac,
	0xa1, 0x2e, 0x21, 0xd5, 0x14, 0xb2, 0x54, 0x66, 0x93, 0x1c,
	0x7d, 0x8f, 0x6a, 0x5a, 0xac, 0x84, 0xaa, 0x05, 0x1b, 0xa3,
	0x0b, 0x39, 0x6a, 0x0a, 0xac, 0x97, 0x3d, 0x58, 0xe0, 0x91,
};
static const uint8_t tag4[16] = {
	0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb,
	0x94, 0xfa, 0xe9, 0x5a, 0xe7, 0x12, 0x1a, 0x47,
};

/* Test case 2: everything zero, no AAD. */
static const uint8_t cipher2[16] = {
	0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92,
	0xf3, 0x28, 0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78,
};
static const uint8_t tag2[16] = {
	0xab, 0x6e, 0x47, 0xd4, 0x2c, 0xec, 0x13, 0xbd,
	0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57, 0xbd, 0xdf,
};

static void seals_as_published(void **state)
{
	const struct sgx_crypto_ops *c = crypto_openssl();
	const uint8_t zero[16] = { 0 };
	uint8_t out[60], tag[16];

	(void)state;
	/* keys in turn, and the same one twice */
	for (int i = 0; i < 6; i++) {
		if (i % 3 < 2) {
			assert_int_equal(c->aes128_gcm_seal(key4, iv4, aad4,
				sizeof aad4, plain4, sizeof plain4, out, tag),
				0);
			assert_memory_equal(out, cipher4, sizeof cipher4);
			assert_memory_equal(tag, tag4, sizeof tag4);
			continue;
		}
		assert_int_equal(c->aes128_gcm_seal(zero, zero, zero, 0, zero,
			sizeof zero, out, tag), 0);
		assert_memory_equal(out, cipher2, sizeof cipher2);
		assert_memory_equal(tag, tag2, sizeof tag2);
	}
}

/* As pages are: where they lie. */
static void in_place(void **state)
{
	const struct sgx_crypto_ops *c = crypto_openssl();
	uint8_t text[60], tag[16];

	(void)state;
	memcpy(text, plain4, sizeof text);
	assert_int_equal(c->aes128_gcm_seal(key4, iv4, aad4, sizeof aad4, text,
		sizeof text, text, tag), 0);
	assert_memory_equal(text, cipher4, sizeof cipher4);
	assert_memory_equal(tag, tag4, sizeof tag4);
	assert_int_equal(c->aes128_gcm_open(key4, iv4, aad4, sizeof aad4, text,
		sizeof text, text, tag), 0);
	assert_memory_equal(text, plain4, sizeof plain4);
}

static int open4(const uint8_t *key, const uint8_t *iv, const uint8_t *aad,
	const uint8_t *cipher, const uint8_t *tag)
{
	uint8_t out[60];
	int result = crypto_openssl()->aes128_gcm_open(key, iv, aad,
		sizeof aad4, cipher, sizeof cipher4, out, tag);

	if (!result)
		assert_memory_equal(out, plain4, sizeof plain4);
	return result;
}

static void opens_only_what_is_whole(void **state)
{
	struct {
		uint8_t key[16], iv[12], aad[20], cipher[60], tag[16];
	} all;
	uint8_t *bytes = (uint8_t *)&all;

	(void)state;
	memcpy(all.key, key4, sizeof all.key);
	memcpy(all.iv, iv4, sizeof all.iv);
	memcpy(all.aad, aad4, sizeof all.aad);
	memcpy(all.cipher, cipher4, sizeof all.cipher);
	memcpy(all.tag, tag4, sizeof all.tag);
	for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(open4(all.key, all.iv, all.aad, all.cipher,
			all.tag), 1);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		/* a failure leaves nothing behind */
		assert_int_equal(open4(all.key, all.iv, all.aad, all.cipher,
			all.tag), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seals_as_published),
		cmocka_unit_test(in_place),
		cmocka_unit_test(opens_only_what_is_whole),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
