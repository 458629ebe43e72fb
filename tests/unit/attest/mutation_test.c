/* SPDX-License-Identifier: MIT */
/* Every bit of a quote, and every bit of every part of collateral, is held
 * by something: flipped, the quote is refused. */
#include "helper.h"

#include <stdlib.h>
#include <string.h>

/* The slower library does with each so many-th byte of what is long. */
#ifndef MUTATION_STEP
#define MUTATION_STEP 1
#endif

/* Which field of a quote of version 3 an offset is in, for messages. */
static const char *field(size_t at)
{
	return at < 48 ? "header" : at < 432 ? "report body" :
		at < 436 ? "size" : at < 500 ? "signature" :
		at < 564 ? "attestation key" : at < 948 ? "QE report" :
		at < 1012 ? "QE report signature" : at < 1014 ?
		"authentication data's size" : at < 1046 ?
		"authentication data" : at < 1048 ? "certification type" :
		at < 1052 ? "certification size" : "certificates";
}

/* Flips bits of a quote; where dense is false, one bit of each byte.  A
 * cache that knows the machine makes what it does not see quick. */
static void flip_all(const struct mint *mint, size_t from, size_t to,
	bool dense, struct attest_cache *cache)
{
	const struct attest_verdict *v;

	for (size_t i = from; i < to; i += MUTATION_STEP) {
		for (int bit = 0; bit < 8; bit++) {
			if (!dense && bit != (int)(i % 8))
				continue;
			mint->quote[i] ^= (uint8_t)(1 << bit);
			v = judge_with(mint, MINT_NOW, 0, cache);
			if (attest_verdict_genuine(v))
				fail_msg("byte %zu (%s), bit %d: %s", i,
					field(i), bit,
					attest_status_name(v->status));
			mint->quote[i] ^= (uint8_t)(1 << bit);
		}
	}
}

static void quote_bits(void **state)
{
	struct attest_cache *cache = attest_cache_new();
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	assert_int_equal(judge_with(&mint, MINT_NOW, 0, cache)->status,
		ATTEST_OK);
	flip_all(&mint, 0, 1052, true, cache);
	assert_int_equal(judge_with(&mint, MINT_NOW, 0, cache)->status,
		ATTEST_OK);
	mint.quote_version = 4;
	mint_make(&mint);
	assert_int_equal(judge_with(&mint, MINT_NOW, 0, cache)->status,
		ATTEST_OK);
	flip_all(&mint, 0, 1058, true, cache);
	attest_cache_free(cache);
	mint_free(&mint);
}

static void certificate_bits(void **state)
{
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	flip_all(&mint, 1052, mint.quote_size, true, NULL);
	assert_int_equal(judge(&mint)->status, ATTEST_OK);
	mint_free(&mint);
}

/* Another spelling of the same: a hexadecimal digit in the other case. */
static bool same_digit(uint8_t before, uint8_t after)
{
	return (before ^ after) == 0x20 && (before | 0x20) >= 'a' &&
		(before | 0x20) <= 'f';
}

static void collateral_bits(void **state)
{
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	for (unsigned int p = 0; p < ATTEST_COLLATERAL_PARTS; p++) {
		const struct attest_bytes *part = attest_collateral_part(
			&mint.collateral, p);
		uint8_t *bytes = (uint8_t *)part->data;

		for (size_t i = 0; i < part->size; i += MUTATION_STEP) {
			uint8_t own = bytes[i];

			bytes[i] ^= (uint8_t)(1 << (i % 8));
			if (!attest_verdict_genuine(judge(&mint))) {
				bytes[i] = own;
				continue;
			}
			if (!same_digit(own, bytes[i]))
				fail_msg("part %s, byte %zu",
					attest_collateral_part_name(p), i);
			bytes[i] = own;
		}
	}
	assert_int_equal(judge(&mint)->status, ATTEST_OK);
	mint_free(&mint);
}

static void quote_sizes(void **state)
{
	const struct attest_verdict *v;
	struct attest_policy policy = { MINT_NOW, NULL, 0 };
	struct attest_verdict verdict;
	struct mint mint;
	uint8_t *copy;

	for (int version = 3; version <= 4; version++) {
		mint_init(&mint);
		mint.quote_version = (unsigned int)version;
		mint_make(&mint);
		policy.roots = &mint.roots;
		/* In a buffer that ends where the quote does. */
		for (size_t size = 0; size < mint.quote_size; size++) {
			copy = malloc(size + !size);
			memcpy(copy, mint.quote, size);
			assert_int_equal(attest_verify(copy, size,
				&mint.collateral, &policy, NULL, &verdict), 0);
			assert_int_equal(verdict.status,
				ATTEST_UNSUPPORTED_QUOTE_FORMAT);
			free(copy);
		}
		/* What follows a quote is nobody's. */
		copy = calloc(1, mint.quote_size + 70);
		memcpy(copy, mint.quote, mint.quote_size);
		free(mint.quote);
		mint.quote = copy;
		mint.quote_size += 70;
		v = judge(&mint);
		assert_int_equal(v->status, ATTEST_OK);
		mint_free(&mint);
	}
}

static void put_u16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

/* Quotes that are none of ours, or come without a chain. */
static void quote_kinds(void **state)
{
	static const unsigned int versions[] = { 0, 1, 2, 5, 6, 0xffff };
	struct attest_quote quote;
	struct why why;
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		put_u16(mint.quote, versions[i]);
		assert_int_equal(judge(&mint)->status,
			ATTEST_UNSUPPORTED_QUOTE_FORMAT);
	}
	put_u16(mint.quote, 3);
	for (unsigned int type = 0; type < 9; type++) {
		enum attest_status want = type == 5 ? ATTEST_OK : type == 4 ?
			ATTEST_UNSUPPORTED_CERT_DATA :
			ATTEST_UNSUPPORTED_QUOTE_FORMAT;

		put_u16(mint.quote + 1046, type);
		assert_int_equal(judge(&mint)->status, want);
	}
	/* Types 1 to 3 have one size each. */
	for (unsigned int type = 1; type <= 3; type++) {
		static const unsigned int sizes[] = { 0, 36, 276, 404 };

		for (int off = -1; off <= 1; off++) {
			unsigned int size = sizes[type] + (unsigned int)off;
			uint32_t tail = 584 + 32 + size;

			put_u16(mint.quote + 1046, type);
			memcpy(mint.quote + 1048, &size, 4);
			memcpy(mint.quote + 432, &tail, 4);
			assert_int_equal(judge(&mint)->status, off ?
				ATTEST_UNSUPPORTED_QUOTE_FORMAT :
				ATTEST_UNSUPPORTED_CERT_DATA);
			if (off)
				continue;
			assert_int_equal(attest_quote_parse(mint.quote,
				mint.quote_size, &quote, &why), 0);
			assert_int_equal(quote.cert_type, type);
			assert_int_equal(quote.cert_size, sizes[type]);
		}
	}
	mint_free(&mint);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(quote_bits), cmocka_unit_test(certificate_bits),
	cmocka_unit_test(collateral_bits), cmocka_unit_test(quote_sizes),
	cmocka_unit_test(quote_kinds),
};
TEST_LIST(mutation_tests, tests);
