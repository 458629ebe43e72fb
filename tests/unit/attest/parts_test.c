/* SPDX-License-Identifier: MIT */
/* Pieces: dates, roots, quotes, PCK certificates, endorsements, the dates of
 * collateral, cryptography with known answers. */
#include "helper.h"

#include "attest/crypto.h"
#include "attest/dates.h"
#include "attest/endorsements.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void date(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T23:59:59Z", 951868799 },
		{ "2018-05-21T10:45:10Z", 1526899510 },
		{ "2024-12-31T23:59:59Z", 1735689599 },
		{ "2049-12-31T23:59:59Z", 2524607999 },
		{ "2100-03-01T00:00:00Z", 4107542400 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = {
		"2001-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2001-00-01T00:00:00Z", "2001-13-01T00:00:00Z",
		"2001-01-32T00:00:00Z", "2001-01-00T00:00:00Z",
		"2001-01-01T24:00:00Z", "2001-01-01T00:60:00Z",
		"2001-01-01T00:00:60Z", "2001-01-01 00:00:00Z",
		"2001-01-01T00:00:00z", "+001-01-01T00:00:00Z",
		"2001-1 -01T00:00:00Z", "2001-01-01T00:00:00", "",
	};
	char text[ATTEST_DATE_SIZE];
	int64_t time;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(attest_date_parse(good[i].text, 20, &time),
			0);
		assert_int_equal(time, good[i].time);
		assert_int_equal(attest_date_print(time, text), 0);
		assert_string_equal(text, good[i].text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(attest_date_parse(bad[i], strlen(bad[i]),
			&time), -EINVAL);
	/* Each day of 400 years there and back. */
	for (int64_t day = 0; day < 146097; day++) {
		assert_int_equal(attest_date_print(day * 86400, text), 0);
		assert_int_equal(attest_date_parse(text, 20, &time), 0);
		assert_int_equal(time, day * 86400);
	}
	assert_int_equal(attest_date_print(-1, text), -EINVAL);
	assert_int_equal(attest_date_print(INT64_C(253402300800), text),
		-EINVAL);
}

/* RFC 6979, A.2.5: P-256 with SHA-256, message "sample". */
static void known_signature(void **state)
{
	static const uint8_t scalar[32] =
		"\xC9\xAF\xA9\xD8\x45\xBA\x75\x16\x6B\x5C\x21\x57\x67\xB1\xD6"
		"\x93\x4E\x50\xC3\xDB\x36\xE8\x9B\x12\x7B\x8A\x62\x2B\x12\x0F"
		"\x67\x21";
	static const uint8_t public[64] =
		"\x60\xFE\xD4\xBA\x25\x5A\x9D\x31\xC9\x61\xEB\x74\xC6\x35\x6D"
		"\x68\xC0\x49\xB8\x92\x3B\x61\xFA\x6C\xE6\x69\x62\x2E\x60\xF2"
		"\x9F\xB6\x79\x03\xFE\x10\x08\xB8\xBC\x99\xA4\x1A\xE9\xE9\x56"
		"\x28\xBC\x64\xF2\xF1\xB2\x0C\x2D\x7E\x9F\x51\x77\xA3\xC2\x94"
		"\xD4\x46\x22\x99";
	static const uint8_t signature[64] =
		"\xEF\xD4\x8B\x2A\xAC\xB6\xA8\xFD\x11\x40\xDD\x9C\xD4\x5E\x81"
		"\xD6\x9D\x2C\x87\x7B\x56\xAA\xF9\x91\xC3\x4D\x0E\xA8\x4E\xAF"
		"\x37\x16\xF7\xCB\x1C\x94\x2D\x65\x7C\x41\xD4\x36\xC7\xA1\xB6"
		"\xE2\x9F\x65\xF3\xE9\x00\xDB\xB9\xAF\xF4\x06\x4D\xC4\xAB\x2F"
		"\x84\x3A\xCD\xA8";
	static const uint8_t order[32] =
		"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff"
		"\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63"
		"\x25\x51";
	uint8_t digest[32], own[64], key[64], zero[64] = { 0 };
	struct attest_key *ready;
	int error;

	assert_int_equal(attest_sha256("sample", 6, digest), 0);
	assert_int_equal(digest[0], 0xaf);
	assert_int_equal(attest_sha256_two("sam", 3, "ple", 3, own), 0);
	assert_memory_equal(own, digest, 32);
	assert_int_equal(attest_p256_public(scalar, key), 0);
	assert_memory_equal(key, public, 64);
	assert_int_equal(attest_p256_verify(public, digest, signature), 0);
	assert_int_equal(attest_p256_sign(scalar, digest, own), 0);
	assert_int_equal(attest_p256_verify(public, digest, own), 0);
	for (int i = 0; i < 512; i++) {
		own[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(attest_p256_verify(public, digest, own),
			-EBADMSG);
		own[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(attest_p256_verify(public, digest, zero), -EBADMSG);
	memcpy(own, order, 32);
	assert_int_equal(attest_p256_verify(public, digest, own), -EBADMSG);
	/* Points that are none. */
	assert_int_equal(attest_p256_verify(zero, digest, signature),
		-EBADMSG);
	key[63] ^= 1;
	assert_int_equal(attest_p256_verify(key, digest, signature),
		-EBADMSG);
	memset(key, 0xff, 64);
	assert_int_equal(attest_p256_verify(key, digest, signature),
		-EBADMSG);
	assert_null(attest_key_new(key, &error));
	assert_int_equal(error, -EBADMSG);
	/* One key for many signatures, good and bad in turns. */
	ready = attest_key_new(public, &error);
	assert_non_null(ready);
	assert_int_equal(error, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(attest_key_verify(ready, digest, signature),
			0);
		assert_int_equal(attest_key_verify(ready, digest, zero),
			-EBADMSG);
		assert_int_equal(attest_p256_sign(scalar, digest, own), 0);
		own[i] ^= 1;
		assert_int_equal(attest_key_verify(ready, digest, own),
			-EBADMSG);
		own[i] ^= 1;
		assert_int_equal(attest_key_verify(ready, digest, own), 0);
	}
	attest_key_free(ready);
	attest_key_free(NULL);
	assert_int_equal(attest_p256_sign(zero, digest, own), -EINVAL);
	assert_int_equal(attest_p256_sign(order, digest, own), -EINVAL);
	assert_int_equal(attest_p256_public(zero, key), -EINVAL);
	assert_int_equal(attest_p256_public(order, key), -EINVAL);
}

static void roots(void **state)
{
	struct attest_roots roots = { .count = 0 };
	uint8_t digest[32];
	struct why why;
	struct mint mint;

	assert_true(attest_root_is_intel(attest_intel_root_key));
	assert_false(attest_roots_hold(&roots, attest_intel_root_key));
	assert_int_equal(attest_roots_add_intel(&roots), 0);
	assert_true(attest_roots_hold(&roots, attest_intel_root_key));
	/* Half a digest is enough, and no less. */
	memset(&roots, 0, sizeof(roots));
	attest_sha256(attest_intel_root_key, 64, digest);
	assert_int_equal(attest_roots_add_digest(&roots, digest, 16), 0);
	assert_true(attest_roots_hold(&roots, attest_intel_root_key));
	for (size_t size = 0; size < 34; size++)
		if (size != 16 && size != 32)
			assert_int_equal(attest_roots_add_digest(&roots,
				digest, size), -EINVAL);
	roots.root[0].digest[15] ^= 1;
	assert_false(attest_roots_hold(&roots, attest_intel_root_key));
	while (roots.count < ATTEST_ROOTS_MAX)
		assert_int_equal(attest_roots_add_digest(&roots, digest, 32),
			0);
	assert_int_equal(attest_roots_add_digest(&roots, digest, 32),
		-ENOSPC);
	/* Certificates. */
	mint_init(&mint);
	mint_make(&mint);
	memset(&roots, 0, sizeof(roots));
	assert_int_equal(attest_roots_add_cert(&roots,
		(uint8_t *)mint.root_pem, strlen(mint.root_pem), &why), 0);
	assert_int_equal(roots.count, 1);
	assert_memory_equal(&roots.root[0], &mint.roots.root[0],
		sizeof(roots.root[0]));
	assert_int_equal(attest_roots_add_cert(&roots,
		(uint8_t *)mint.ca_pem, strlen(mint.ca_pem), &why), -EINVAL);
	assert_int_equal(attest_roots_add_cert(&roots,
		mint.collateral.tcb_info_chain.data,
		mint.collateral.tcb_info_chain.size, &why), -EINVAL);
	assert_int_equal(attest_roots_add_cert(&roots,
		(const uint8_t *)"x", 1, &why), -EINVAL);
	assert_int_equal(attest_roots_add_cert(&roots,
		(const uint8_t *)"", 0, &why), -EINVAL);
	assert_int_equal(roots.count, 1);
	mint_free(&mint);
}

/* "Intel SGX Root CA" as Intel publishes it: a certificate not of our making,
 * whose key is the one that verifiers know. */
static void intel_root(void **state)
{
	static const char pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIICjzCCAjSgAwIBAgIUImUM1lqdNInzg7SVUr9QGzknBqwwCgYIKoZIzj0EAwIw\n"
	"aDEaMBgGA1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENv\n"
	"cnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJ\n"
	"BgNVBAYTAlVTMB4XDTE4MDUyMTEwNDUxMFoXDTQ5MTIzMTIzNTk1OVowaDEaMBgG\n"
	"A1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0\n"
	"aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJBgNVBAYT\n"
	"AlVTMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPWsCzaEKi7\n"
	"1OiOSLRFhWGjbnBVJfVnkY4u3IjkDYYL0MxO4mqsyYjlBalTVYxFP2sJBK5zlKOB\n"
	"uzCBuDAfBgNVHSMEGDAWgBQiZQzWWp00ifODtJVSv1AbOScGrDBSBgNVHR8ESzBJ\n"
	"MEegRaBDhkFodHRwczovL2NlcnRpZmljYXRlcy50cnVzdGVkc2VydmljZXMuaW50\n"
	"ZWwuY29tL0ludGVsU0dYUm9vdENBLmRlcjAdBgNVHQ4EFgQUImUM1lqdNInzg7SV\n"
	"Ur9QGzknBqwwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8CAQEwCgYI\n"
	"KoZIzj0EAwIDSQAwRgIhAOW/5QkR+S9CiSDcNoowLuPRLsWGf/Yi7GSX94BgwTwg\n"
	"AiEA4J0lrHoMs+Xo5o/sX6O9QWxHRAvZUGOdRQ7cvqRXaqI=\n"
	"-----END CERTIFICATE-----\n";
	struct attest_roots roots = { .count = 0 };
	char changed[sizeof(pem)];
	size_t accepted = 0;
	struct why why;

	assert_int_equal(attest_roots_add_cert(&roots, (const uint8_t *)pem,
		sizeof(pem), &why), 0);
	assert_true(attest_roots_hold(&roots, attest_intel_root_key));
	/* No other character anywhere in it will do. */
	memcpy(changed, pem, sizeof(pem));
	for (size_t i = 0; i < sizeof(pem) - 1; i++) {
		changed[i] ^= 1;
		roots.count = 0;
		accepted += !attest_roots_add_cert(&roots, (uint8_t *)changed,
			sizeof(pem), &why);
		changed[i] = pem[i];
	}
	assert_int_equal(accepted, 0);
}

/* Sizes of a quote seen in the field: 32 bytes of authentication data, 3548
 * of chain, 4600 in all; QE SVN 10, PCE SVN 15. */
static void quote_sizes_seen(void **state)
{
	static uint8_t bytes[4600];
	static const uint8_t header[12] = { 3, 0, 2, 0, 0, 0, 0, 0, 10, 0,
		15, 0 };
	static const uint8_t auth[2] = { 32, 0 };
	static const uint8_t cert[6] = { 5, 0, 0xdc, 0x0d, 0, 0 };
	static const uint8_t tail[4] = { 0x44, 0x10, 0, 0 };
	struct attest_quote quote;
	struct why why;

	memcpy(bytes, header, sizeof(header));
	memcpy(bytes + 12, attest_qe_vendor, 16);
	memcpy(bytes + 432, tail, sizeof(tail));
	memcpy(bytes + 1012, auth, sizeof(auth));
	memcpy(bytes + 1046, cert, sizeof(cert));
	assert_int_equal(attest_quote_parse(bytes, sizeof(bytes), &quote,
		&why), 0);
	assert_int_equal(quote.header.qe_svn, 10);
	assert_int_equal(quote.header.pce_svn, 15);
	assert_int_equal(quote.auth_size, 32);
	assert_int_equal(quote.cert_size, 3548);
	assert_int_equal(quote.size, 4600);
}

/* Offsets of version 3 and 4 as documented: written here once more, by
 * number. */
static void quote_layout(void **state)
{
	struct attest_quote quote;
	struct why why;
	struct mint mint;

	mint_init(&mint);
	mint_make(&mint);
	assert_int_equal(attest_quote_parse(mint.quote, mint.quote_size,
		&quote, &why), 0);
	assert_int_equal(quote.size, mint.quote_size);
	assert_int_equal(attest_quote_size(mint.quote, mint.quote_size),
		mint.quote_size);
	assert_int_equal(attest_quote_size(mint.quote, mint.quote_size - 1),
		0);
	assert_memory_equal(&quote.body, mint.quote + 48, 384);
	assert_memory_equal(quote.body.mrenclave, mint.quote + 112, 32);
	assert_memory_equal(quote.body.mrsigner, mint.quote + 176, 32);
	assert_memory_equal(&quote.body.isv_svn, mint.quote + 306, 2);
	assert_memory_equal(quote.body.report_data, mint.quote + 368, 64);
	assert_memory_equal(quote.signature, mint.quote + 436, 64);
	assert_memory_equal(quote.key, mint.quote + 500, 64);
	assert_memory_equal(&quote.qe_report, mint.quote + 564, 384);
	assert_memory_equal(quote.qe_report_signature, mint.quote + 948, 64);
	assert_ptr_equal(quote.signed_bytes, mint.quote);
	assert_ptr_equal(quote.auth, mint.quote + 1014);
	assert_int_equal(quote.auth_size, 32);
	assert_ptr_equal(quote.cert, mint.quote + 1052);
	assert_int_equal(quote.cert_type, ATTEST_CERT_PCK_CHAIN);
	assert_int_equal(quote.cert_size, mint.quote_size - 1052);
	mint.quote_version = 4;
	mint_make(&mint);
	assert_int_equal(attest_quote_parse(mint.quote, mint.quote_size,
		&quote, &why), 0);
	assert_memory_equal(&quote.qe_report, mint.quote + 570, 384);
	assert_memory_equal(quote.qe_report_signature, mint.quote + 954, 64);
	assert_ptr_equal(quote.auth, mint.quote + 1020);
	assert_ptr_equal(quote.cert, mint.quote + 1058);
	mint_free(&mint);
}

static void pck(void **state)
{
	struct attest_quote quote;
	struct attest_pck pck;
	struct why why;
	struct mint mint;
	uint8_t *der;
	size_t size;

	mint_init(&mint);
	mint.machine.smt_enabled = -1; /* not said */
	mint_make(&mint);
	assert_int_equal(attest_quote_parse(mint.quote, mint.quote_size,
		&quote, &why), 0);
	assert_int_equal(attest_pck_of_quote(&quote, &pck, &why), 0);
	assert_memory_equal(pck.fmspc, mint.machine.fmspc, 6);
	assert_int_equal(pck.smt_enabled, -1);
	assert_int_equal(pck.dynamic_platform, 1);
	assert_string_equal(attest_ca_name(pck.ca), "platform");
	quote.cert_type = ATTEST_CERT_PPID_CLEAR;
	assert_int_equal(attest_pck_of_quote(&quote, &pck, &why), -ENOTSUP);
	assert_int_equal(attest_pck_parse((const uint8_t *)mint.ca_pem,
		strlen(mint.ca_pem), &pck, &why), -EINVAL);
	/* The extension's bytes: each bit changes what is read, or makes it
	 * unreadable; each cut makes it unreadable. */
	der = mint_sgx_extension(&mint.machine, &size);
	assert_int_equal(attest_pck_parse_extension(der, size, &pck, &why),
		0);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		struct attest_pck other = pck;

		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Values of BOOLEAN other than 0 are all true. */
		if (!attest_pck_parse_extension(der, size, &other, &why) &&
				der[bit / 8 - 2] != 1)
			assert_memory_not_equal(&other, &pck, sizeof(pck));
		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(attest_pck_parse_extension(der, cut, &pck,
			&why), -EINVAL);
	free(der);
	mint_free(&mint);
}

static void endorsements(void **state)
{
	struct attest_collateral out, again;
	uint8_t *bytes, *copy;
	struct why why;
	struct mint mint;
	int64_t created;
	size_t size;

	mint_init(&mint);
	mint_make(&mint);
	assert_int_equal(attest_endorsements_pack(&mint.collateral, MINT_NOW,
		&bytes, &size), 0);
	/* Version 1, type 2, size, 9 elements; version at offset 0. */
	assert_memory_equal(bytes, "\1\0\0\0\2\0\0\0", 8);
	assert_int_equal(*(uint32_t *)(void *)(bytes + 8), size - 16);
	assert_int_equal(*(uint32_t *)(void *)(bytes + 12), 9);
	assert_int_equal(*(uint32_t *)(void *)(bytes + 16), 0);
	assert_int_equal(*(uint32_t *)(void *)(bytes + 20), 4);
	assert_memory_equal(bytes + 52, "\1\0\0\0{\"tcbInfo\":", 15);
	assert_string_equal((char *)bytes + size - 21,
		"2026-01-01T00:00:00Z");
	assert_int_equal(attest_endorsements_unpack(bytes, size, &out,
		&created, &why), 0);
	assert_int_equal(created, MINT_NOW);
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *a = attest_collateral_part(&out, i);
		const struct attest_bytes *b = attest_collateral_part(
			&mint.collateral, i);

		assert_true(a->size == b->size || a->size == b->size + 1);
		assert_memory_equal(a->data, b->data, b->size);
	}
	again = mint.collateral;
	mint.collateral = out;
	assert_int_equal(judge(&mint)->status, ATTEST_OK);
	mint.collateral = again;
	/* Cuts and wrong numbers are refused, in a buffer of that size. */
	for (size_t cut = 0; cut < size; cut += cut < 80 ? 1 : 97) {
		copy = malloc(cut + !cut);
		memcpy(copy, bytes, cut);
		assert_int_equal(attest_endorsements_unpack(copy, cut, &out,
			&created, &why), -EINVAL);
		free(copy);
	}
	for (size_t i = 0; i < 56; i++) {
		if (i >= 24 && i < 48)
			continue; /* where one part ends and the next begins */
		bytes[i] ^= 0x80;
		assert_int_equal(attest_endorsements_unpack(bytes, size, &out,
			NULL, &why), -EINVAL);
		bytes[i] ^= 0x80;
	}
	for (size_t i = 24; i < 52; i += 4) {
		uint32_t beyond = (uint32_t)size, own;

		memcpy(&own, bytes + i, 4);
		memcpy(bytes + i, &beyond, 4);
		assert_int_equal(attest_endorsements_unpack(bytes, size, &out,
			NULL, &why), -EINVAL);
		memcpy(bytes + i, &own, 4);
	}
	free(bytes);
	assert_int_equal(attest_endorsements_pack(&mint.collateral, -1,
		&bytes, &size), -EINVAL);
	again.tcb_info.size = ATTEST_ENDORSEMENTS_MAX + 1;
	assert_int_equal(attest_endorsements_pack(&again, MINT_NOW, &bytes,
		&size), -E2BIG);
	mint_free(&mint);
}

static void window(void **state)
{
	int64_t from, until;
	struct why why;
	struct mint mint;

	mint_init(&mint);
	mint.crl_ca.from = MINT_NOW - 100;
	mint_make(&mint);
	assert_int_equal(attest_collateral_window(&mint.collateral, &from,
		&until, &why), 0);
	assert_int_equal(from, MINT_NOW - 100);
	assert_int_equal(until, MINT_NOW + 10 * MINT_DAY);
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		struct attest_bytes *part = (struct attest_bytes *)
			attest_collateral_part(&mint.collateral, i);
		size_t own = part->size;

		part->size /= 2;
		assert_int_equal(attest_collateral_window(&mint.collateral,
			&from, &until, &why), -EINVAL);
		part->size = own;
	}
	assert_null(attest_collateral_part(&mint.collateral, 7));
	assert_null(attest_collateral_part_name(7));
	assert_string_equal(attest_collateral_part_name(4), "root_crl");
	mint_free(&mint);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(date), cmocka_unit_test(known_signature),
	cmocka_unit_test(roots), cmocka_unit_test(intel_root),
	cmocka_unit_test(quote_sizes_seen), cmocka_unit_test(quote_layout),
	cmocka_unit_test(pck), cmocka_unit_test(endorsements),
	cmocka_unit_test(window),
};
TEST_LIST(parts_tests, tests);
