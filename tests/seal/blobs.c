/* SPDX-License-Identifier: MIT */
/* The blob's format, from outside, and what is made of it. */
#include "seal_test.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* AES-128-GCM by the host's own library, with the key of a blob's request. */
static void encrypt(oe_enclave_t *e, struct blob *blob)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	oe_result_t result;
	uint8_t key[16];
	int n;

	assert_int_equal(sl_raw_key(e, &result, blob->bytes, key), OE_OK);
	assert_int_equal(result, OE_OK);
	assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key,
		blob->bytes + AT_IV));
	assert_true(EVP_EncryptUpdate(ctx, blob->bytes + HEADER, &n,
		(const uint8_t *)text, TEXT_SIZE));
	assert_true(EVP_EncryptFinal_ex(ctx, blob->bytes + HEADER + n, &n));
	assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
		blob->bytes + AT_TAG));
	EVP_CIPHER_CTX_free(ctx);
}

void test_format(void **state)
{
	static const uint8_t zeros[512];

	(void)state;
	for (int i = USUAL; i <= MBEDTLS; i++) {
		oe_enclave_t *e = start(i);
		struct blob blob, second, own;

		assert_int_equal(seal_with(e, NULL, 0, &blob), OE_OK);
		seal_by(e, OE_SEAL_POLICY_PRODUCT, &second);
		/* KEYNAME 4, KEYPOLICY 2, ISVSVN 2, no CET. */
		assert_memory_equal(blob.bytes, "\4\0\2\0\2\0\0\0", 8);
		/* CPUSVN; ATTRIBUTEMASK; MISCMASK, CONFIGSVN, reserved. */
		assert_memory_equal(blob.bytes + 8, second.bytes + 8, 16);
		assert_memory_equal(blob.bytes + 24,
			"\x0b\0\0\0\0\0\0\xff\0\0\0\0\0\0\0\0", 16);
		assert_memory_equal(blob.bytes + 72, "\0\0\0\xf0", 4);
		assert_memory_equal(blob.bytes + AT_CONFIGSVN, zeros, 436);
		assert_memory_equal(blob.bytes + AT_CIPHERTEXT_SIZE, "\x25\0\0\0",
			4);
		assert_memory_equal(blob.bytes + AT_RESERVED, zeros, 12);
		assert_memory_equal(blob.bytes + AT_TOTAL_SIZE, "\x25\0\0\0", 4);
		/* Random each time. */
		assert_memory_not_equal(blob.bytes + AT_KEYID,
			second.bytes + AT_KEYID, 32);
		assert_memory_not_equal(blob.bytes + AT_IV,
			second.bytes + AT_IV, 12);
		/* Ours is the same, byte for byte. */
		own = blob;
		memset(own.bytes + AT_TAG, 0, own.size - AT_TAG);
		encrypt(e, &own);
		assert_memory_equal(own.bytes, blob.bytes, blob.size);

		seal_by(e, OE_SEAL_POLICY_UNIQUE, &second);
		assert_memory_equal(second.bytes, "\4\0\1\0\2\0\0\0", 8);
		assert_int_equal(open_by(e, &second), OE_OK);
		stop(e);
	}
}

void test_bits(void **state)
{
	(void)state;
	for (int i = USUAL; i <= MBEDTLS; i++) {
		oe_enclave_t *e = start(i);
		struct blob blob;
		int64_t bit = 0;

		seal_by(e, OE_SEAL_POLICY_PRODUCT, &blob);
		assert_int_equal(sl_flip(e, &bit, blob.bytes, blob.size, NULL,
			0), OE_OK);
		assert_int_equal(bit, -1);
		assert_int_equal(open_by(e, &blob), OE_OK);
		stop(e);
	}
}

/* Blobs that the host has made with keys that it has; the enclave must not
 * take them for its own. */
void test_forged(void **state)
{
	static const struct {
		uint16_t name, policy;
		oe_result_t want;
	} requests[] = {
		{ 4, 2, OE_OK }, /* so the forger knows how */
		{ 4, 1, OE_OK },
		{ 4, 0, OE_UNSUPPORTED },
		{ 4, 3, OE_UNSUPPORTED },
		{ 3, 0, OE_UNSUPPORTED },
		{ 3, 2, OE_UNSUPPORTED },
	};
	oe_enclave_t *e = start(USUAL);
	struct blob blob, changed;
	oe_result_t result;
	uint8_t key[16];

	(void)state;
	seal_by(e, OE_SEAL_POLICY_PRODUCT, &blob);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		changed = blob;
		memcpy(changed.bytes, &requests[i].name, 2);
		memcpy(changed.bytes + 2, &requests[i].policy, 2);
		encrypt(e, &changed);
		assert_int_equal(open_by(e, &changed), requests[i].want);
	}
	/* Names that give what is no secret, or nothing. */
	changed = blob;
	memcpy(changed.bytes, "\xfe\xc0", 2);
	assert_int_equal(sl_raw_key(e, &result, changed.bytes, key), OE_OK);
	assert_int_equal(result, OE_INVALID_KEYNAME);
	assert_int_equal(open_by(e, &changed), OE_UNSUPPORTED);
	/* The processor would fault on these; the enclave does not. */
	for (int at = 6; at < 8; at++) {
		changed = blob;
		changed.bytes[at] = 1;
		assert_int_equal(sl_raw_key(e, &result, changed.bytes, key),
			OE_OK);
		assert_int_equal(result, OE_INVALID_PARAMETER);
		assert_int_equal(open_by(e, &changed), OE_UNSUPPORTED);
	}
	assert_int_equal(open_by(e, &blob), OE_OK);
	stop(e);
}

void test_additional_data(void **state)
{
	static const uint8_t data[] = "which file, which version";

	(void)state;
	for (int i = USUAL; i <= MBEDTLS; i++) {
		oe_enclave_t *e = start(i);
		uint8_t changed[sizeof(data)], back[MOST];
		struct blob blob;
		oe_result_t result;
		int64_t bit = 0;
		size_t size;

		assert_int_equal(sl_seal(e, &result, NULL, 0,
			(const uint8_t *)text, TEXT_SIZE, data, sizeof(data),
			blob.bytes, MOST, &blob.size), OE_OK);
		assert_int_equal(result, OE_OK);
		assert_int_equal(blob.size, HEADER + TEXT_SIZE);
		assert_int_equal(blob.bytes[AT_TOTAL_SIZE],
			TEXT_SIZE + sizeof(data));
		assert_int_equal(sl_unseal(e, &result, blob.bytes, blob.size,
			data, sizeof(data), back, MOST, &size), OE_OK);
		assert_int_equal(result, OE_OK);
		assert_memory_equal(back, text, TEXT_SIZE);
		for (size_t j = 0; j < 8 * sizeof(data); j++) {
			memcpy(changed, data, sizeof(data));
			changed[j / 8] ^= 1 << j % 8;
			sl_unseal(e, &result, blob.bytes, blob.size, changed,
				sizeof(data), back, MOST, &size);
			assert_int_equal(result, OE_UNSUPPORTED);
		}
		sl_unseal(e, &result, blob.bytes, blob.size, data,
			sizeof(data) - 1, back, MOST, &size);
		assert_int_equal(result, OE_UNSUPPORTED);
		assert_int_equal(open_by(e, &blob), OE_UNSUPPORTED);
		assert_int_equal(sl_flip(e, &bit, blob.bytes, blob.size, data,
			sizeof(data)), OE_OK);
		assert_int_equal(bit, -1);
		stop(e);
	}
}

/* Each library opens what the other has sealed, whatever the size. */
void test_sizes(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 255, 256, 4095, 4096,
		65537, 1 << 20 };
	const size_t most = 1 << 20;
	oe_enclave_t *e[2] = { start(USUAL), start(MBEDTLS) };
	uint8_t *in = malloc(most), *back = malloc(most);
	uint8_t *blob = malloc(most + HEADER);
	size_t blob_size, size;
	oe_result_t result;

	(void)state;
	for (size_t i = 0; i < most; i++)
		in[i] = (uint8_t)(i * i >> 5);
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t want = sizes[i / 2];

		assert_int_equal(sl_seal(e[i % 2], &result, NULL, 0,
			want ? in : NULL, want, NULL, 0, blob, most + HEADER,
			&blob_size), OE_OK);
		assert_int_equal(result, OE_OK);
		assert_int_equal(blob_size, HEADER + want);
		for (int by = 0; by < 2; by++) {
			assert_int_equal(sl_unseal(e[by], &result, blob,
				blob_size, NULL, 0, back, most, &size), OE_OK);
			assert_int_equal(result, OE_OK);
			assert_int_equal(size, want);
			assert_memory_equal(back, in, want);
		}
	}
	stop(e[0]);
	stop(e[1]);
	free(in);
	free(back);
	free(blob);
}

void test_from_outside(void **state)
{
	oe_enclave_t *e = start(USUAL);
	uint8_t back[MOST];
	struct blob *blob = malloc(sizeof(*blob));
	oe_result_t result;
	size_t size;

	(void)state;
	seal_by(e, OE_SEAL_POLICY_UNIQUE, blob);
	assert_int_equal(sl_unseal_outside(e, &result, blob->bytes, blob->size,
		back, MOST, &size), OE_OK);
	assert_int_equal(result, OE_OK);
	assert_int_equal(size, TEXT_SIZE);
	assert_memory_equal(back, text, TEXT_SIZE);
	blob->bytes[HEADER] ^= 1;
	assert_int_equal(sl_unseal_outside(e, &result, blob->bytes, blob->size,
		back, MOST, &size), OE_OK);
	assert_int_equal(result, OE_UNSUPPORTED);
	stop(e);
	free(blob);
}
