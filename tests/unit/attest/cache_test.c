/* SPDX-License-Identifier: MIT */
/* The cache changes how long verification takes, and nothing else. */
#include "helper.h"

#include <errno.h>
#include <string.h>

static void same_verdict(void **state)
{
	struct attest_cache *cache = attest_cache_new();
	struct attest_verdict cold;
	struct mint mint;

	assert_non_null(cache);
	mint_init(&mint);
	mint.tcb_info.level[0].status = "SWHardeningNeeded";
	mint.tcb_info.level[0].advisories = "\"INTEL-SA-00009\"";
	mint.qe_report.isv_svn = 7;
	mint_make(&mint);
	cold = *judge(&mint);
	assert_int_equal(cold.status, ATTEST_TCB_OUT_OF_DATE);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(judge_with(&mint, MINT_NOW, 0, cache),
			&cold, sizeof(cold));
	attest_cache_free(cache);
	mint_free(&mint);
}

/* Dates, and every byte that was judged, are looked at each time. */
static void nothing_stale(void **state)
{
	struct attest_cache *cache = attest_cache_new();
	struct attest_roots own;
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	assert_int_equal(judge_with(&mint, MINT_NOW, 0, cache)->status,
		ATTEST_OK);
	assert_int_equal(judge_with(&mint, MINT_NOW + 40 * MINT_DAY, 0,
		cache)->status, ATTEST_CRL_EXPIRED);
	assert_int_equal(judge_with(&mint, MINT_NOW - 2 * MINT_DAY, 0,
		cache)->status, ATTEST_NOT_YET_VALID);
	own = mint.roots;
	memset(&mint.roots, 0, sizeof(mint.roots));
	assert_int_equal(judge_with(&mint, MINT_NOW, 0, cache)->status,
		ATTEST_ROOT_UNTRUSTED);
	mint.roots = own;
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part = attest_collateral_part(
			&mint.collateral, i);
		uint8_t *byte = (uint8_t *)part->data + part->size / 2;

		*byte ^= 1;
		assert_false(attest_verdict_genuine(judge_with(&mint,
			MINT_NOW, 0, cache)));
		*byte ^= 1;
		assert_int_equal(judge_with(&mint, MINT_NOW, 0,
			cache)->status, ATTEST_OK);
	}
	/* A machine that has been revoked since. */
	mint.pck_crl.revoked[0] = mint.pck.serial;
	mint_make(&mint);
	assert_int_equal(judge_with(&mint, MINT_NOW, 0, cache)->status,
		ATTEST_PCK_REVOKED);
	attest_cache_free(cache);
	mint_free(&mint);
}

/* The machine stays, its quoting enclave takes another key, and back. */
static void other_key(void **state)
{
	static const enum mint_key keys[] = { MINT_KEY_ATTESTATION,
		MINT_KEY_OTHER, MINT_KEY_ATTESTATION };
	struct attest_cache *cache = attest_cache_new();
	struct mint mint;

	mint_init(&mint);
	for (int i = 0; i < 3; i++) {
		mint.attestation_key = mint.quote_signer = keys[i];
		mint_make(&mint);
		for (int again = 0; again < 2; again++)
			assert_int_equal(judge_with(&mint, MINT_NOW, 0,
				cache)->status, ATTEST_OK);
		/* By the key that was good before. */
		mint.quote_signer = keys[(i + 1) % 2];
		mint_make(&mint);
		assert_int_equal(judge_with(&mint, MINT_NOW, 0,
			cache)->status, ATTEST_QUOTE_INVALID_SIGNATURE);
	}
	attest_cache_free(cache);
	mint_free(&mint);
}

/* What the chain says is the same, from the cache or from the chain. */
static void pck(void **state)
{
	struct attest_cache *cache = attest_cache_new();
	struct attest_pck cold, known;
	struct attest_quote quote;
	struct mint mint;
	struct why why;

	mint_init(&mint);
	for (int i = 0; i < 2; i++) {
		mint.pck.serial += 1;
		mint.machine.fmspc[0] ^= 1;
		mint_make(&mint);
		assert_int_equal(attest_quote_parse(mint.quote,
			mint.quote_size, &quote, &why), 0);
		assert_int_equal(attest_pck_of_quote(&quote, &cold, &why), 0);
		for (int again = 0; again < 2; again++) {
			memset(&known, 0xaa, sizeof(known));
			assert_int_equal(attest_pck_cached(cache, &quote,
				&known, &why), 0);
			assert_memory_equal(&known, &cold, sizeof(cold));
			assert_int_equal(judge_with(&mint, MINT_NOW, 0,
				cache)->status, ATTEST_OK);
		}
	}
	assert_int_equal(attest_pck_cached(NULL, &quote, &known, &why), 0);
	quote.cert_type = ATTEST_CERT_PPID_CLEAR;
	assert_int_equal(attest_pck_cached(cache, &quote, &known, &why),
		-ENOTSUP);
	attest_cache_free(cache);
	mint_free(&mint);
}

/* More machines than entries. */
static void many(void **state)
{
	static struct mint mint[ATTEST_CACHE_ENTRIES + 3];
	struct attest_cache *cache = attest_cache_new();
	int count = ATTEST_CACHE_ENTRIES + 3;

	for (int i = 0; i < count; i++) {
		mint_init(&mint[i]);
		mint[i].pck.serial = 1000 + (unsigned int)i;
		if (i % 2)
			mint[i].tcb_info.level[0].status = "OutOfDate";
		mint_make(&mint[i]);
	}
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < count; i++)
			assert_int_equal(judge_with(&mint[i], MINT_NOW, 0,
				cache)->status, i % 2 ?
				ATTEST_TCB_OUT_OF_DATE : ATTEST_OK);
	for (int i = 0; i < count; i++)
		mint_free(&mint[i]);
	attest_cache_free(cache);
	attest_cache_free(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(same_verdict), cmocka_unit_test(nothing_stale),
	cmocka_unit_test(many), cmocka_unit_test(other_key),
	cmocka_unit_test(pck),
};
TEST_LIST(cache_tests, tests);
