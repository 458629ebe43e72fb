/* SPDX-License-Identifier: MIT */
/* Levels, convergence, dates, revocation, the quote's own bindings: every
 * status of the table from evidence that has exactly that flaw. */
#include "helper.h"

#include <errno.h>
#include <string.h>

static void sound(void **state)
{
	const struct attest_verdict *v;
	struct mint mint;
	uint8_t key[64];

	mint_init(&mint);
	mint_make(&mint);
	v = judge(&mint);
	assert_int_equal(v->status, ATTEST_OK);
	assert_true(attest_verdict_genuine(v));
	assert_memory_equal(&v->body, &mint.body, sizeof(v->body));
	assert_memory_equal(&v->qe_report, &mint.qe_report, 384);
	assert_memory_equal(&v->header, &mint.header, sizeof(v->header));
	assert_memory_equal(v->pck.ppid, mint.machine.ppid, 16);
	assert_memory_equal(v->pck.fmspc, mint.machine.fmspc, 6);
	assert_memory_equal(v->pck.components, mint.machine.components, 16);
	assert_memory_equal(v->pck.platform_instance_id,
		mint.machine.platform_instance_id, 16);
	assert_int_equal(v->pck.pcesvn, 13);
	assert_int_equal(v->pck.ca, ATTEST_CA_PLATFORM);
	assert_true(v->pck.has_platform);
	assert_int_equal(v->pck.dynamic_platform, 1);
	assert_int_equal(v->pck.cached_keys, 0);
	assert_int_equal(v->pck.smt_enabled, 1);
	mint_public(MINT_KEY_PCK, key);
	assert_memory_equal(v->pck.key, key, 64);
	mint_public(MINT_KEY_ROOT, key);
	assert_memory_equal(v->root_key, key, 64);
	assert_true(v->software_root);
	assert_true(says(v, "root of trust is software"));
	assert_false(v->debug);
	assert_int_equal(v->platform_status, ATTEST_LEVEL_UP_TO_DATE);
	assert_int_equal(v->qe_status, ATTEST_LEVEL_UP_TO_DATE);
	assert_int_equal(v->tcb_status, ATTEST_LEVEL_UP_TO_DATE);
	assert_int_equal(v->tcb_date, 1762905600); /* 2025-11-12 */
	assert_int_equal(v->advisory_count, 0);
	assert_int_equal(v->issued_first, MINT_NOW - MINT_DAY);
	assert_int_equal(v->valid_from, MINT_NOW - MINT_DAY);
	/* The QE identity ends first. */
	assert_int_equal(v->valid_until, MINT_NOW + 10 * MINT_DAY);
	assert_int_equal(v->expired, 0);
	assert_int_equal(v->not_yet_valid, 0);
	assert_int_equal(v->tcb_evaluation_number, 16); /* the lower */
	assert_int_equal(v->pck_crl_number, 4711);
	assert_int_equal(v->root_crl_number, 4711);
	mint_free(&mint);
}

static void sound_variants(void **state)
{
	struct mint mint;

	mint_init(&mint);
	mint.quote_version = 4;
	expect(&mint, ATTEST_OK, "version 4");
	mint_init(&mint);
	mint.tcb_version = 2;
	expect(&mint, ATTEST_OK, "TCB info version 2");
	for (int encoding = MINT_DER; encoding <= MINT_HEX_NUL; encoding++) {
		mint_init(&mint);
		mint.root_crl.encoding = mint.pck_crl.encoding = encoding;
		expect(&mint, ATTEST_OK, "encoding of lists");
	}
	mint_init(&mint);
	mint.no_nul = true;
	expect(&mint, ATTEST_OK, "chain without NUL");
	mint_init(&mint);
	mint.auth_size = 0;
	expect(&mint, ATTEST_OK, "no authentication data");
	mint_init(&mint);
	mint.auth_size = 64;
	expect(&mint, ATTEST_OK, "64 bytes of authentication data");
	mint_init(&mint);
	mint.ca.name = mint.crl_ca.name = mint.pck.issuer =
		mint.pck_crl.issuer = "Intel SGX PCK Processor CA";
	mint.machine.has_platform = false;
	expect(&mint, ATTEST_OK, "processor CA");
	mint_init(&mint);
	mint.pck_crl.revoked[0] = 1;
	mint.pck_crl.revoked[1] = 0xbc;
	mint.root_crl.revoked[0] = 55;
	expect(&mint, ATTEST_OK, "others are revoked");
	/* Reissued under the same key: other bytes, same authority. */
	mint_init(&mint);
	mint.crl_ca.serial = 9999;
	mint.qe_tcb.serial = 8888;
	mint.tcb_root.serial = 7777;
	mint.crl_root.serial = 6666;
	expect(&mint, ATTEST_OK, "reissued certificates");
	mint_init(&mint);
	mint.tcb_info.find = ",\"signature\":\"";
	mint.tcb_info.put = " ,\n\t\"signature\" : \"";
	expect(&mint, ATTEST_OK, "white space around what is signed");
	mint_init(&mint);
	mint.tcb_info.find_signed = "\"tcbType\":0";
	mint.tcb_info.put_signed = "\"tcbType\":0,\"more\":[{\"}\":\"]\\\"\"}]";
	expect(&mint, ATTEST_OK, "a member that is not known");
}

/* Each pair of levels, against the table in Intel's documents. */
static void convergence(void **state)
{
	static const struct {
		const char *platform, *qe;
		enum attest_tcb_status level;
		enum attest_status status;
	} rows[] = {
#define ROW(p, q, l, s) { p, q, ATTEST_LEVEL_##l, ATTEST_##s }
		ROW("UpToDate", "UpToDate", UP_TO_DATE, OK),
		ROW("UpToDate", "OutOfDate", OUT_OF_DATE, TCB_OUT_OF_DATE),
		ROW("UpToDate", "Revoked", REVOKED, TCB_REVOKED),
		ROW("SWHardeningNeeded", "UpToDate", SW_HARDENING_NEEDED,
			TCB_SW_HARDENING_NEEDED),
		ROW("SWHardeningNeeded", "OutOfDate", OUT_OF_DATE,
			TCB_OUT_OF_DATE),
		ROW("SWHardeningNeeded", "Revoked", REVOKED, TCB_REVOKED),
		ROW("ConfigurationNeeded", "UpToDate", CONFIGURATION_NEEDED,
			TCB_CONFIGURATION_NEEDED),
		ROW("ConfigurationNeeded", "OutOfDate",
			OUT_OF_DATE_CONFIGURATION_NEEDED,
			TCB_OUT_OF_DATE_CONFIGURATION_NEEDED),
		ROW("ConfigurationNeeded", "Revoked", REVOKED, TCB_REVOKED),
		ROW("ConfigurationAndSWHardeningNeeded", "UpToDate",
			CONFIGURATION_AND_SW_HARDENING_NEEDED,
			TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED),
		ROW("ConfigurationAndSWHardeningNeeded", "OutOfDate",
			OUT_OF_DATE_CONFIGURATION_NEEDED,
			TCB_OUT_OF_DATE_CONFIGURATION_NEEDED),
		ROW("ConfigurationAndSWHardeningNeeded", "Revoked", REVOKED,
			TCB_REVOKED),
		ROW("OutOfDate", "UpToDate", OUT_OF_DATE, TCB_OUT_OF_DATE),
		ROW("OutOfDate", "OutOfDate", OUT_OF_DATE, TCB_OUT_OF_DATE),
		ROW("OutOfDate", "Revoked", REVOKED, TCB_REVOKED),
		ROW("OutOfDateConfigurationNeeded", "UpToDate",
			OUT_OF_DATE_CONFIGURATION_NEEDED,
			TCB_OUT_OF_DATE_CONFIGURATION_NEEDED),
		ROW("OutOfDateConfigurationNeeded", "OutOfDate",
			OUT_OF_DATE_CONFIGURATION_NEEDED,
			TCB_OUT_OF_DATE_CONFIGURATION_NEEDED),
		ROW("OutOfDateConfigurationNeeded", "Revoked", REVOKED,
			TCB_REVOKED),
		ROW("Revoked", "UpToDate", REVOKED, TCB_REVOKED),
		ROW("Revoked", "OutOfDate", REVOKED, TCB_REVOKED),
		ROW("Revoked", "Revoked", REVOKED, TCB_REVOKED),
		ROW("HardlyEver", "UpToDate", UNKNOWN,
			TCB_UNRECOGNIZED_STATUS),
		ROW("UpToDate", "HardlyEver", UNKNOWN,
			TCB_UNRECOGNIZED_STATUS),
		/* No status that a quoting enclave can have. */
		ROW("UpToDate", "SWHardeningNeeded", UNKNOWN,
			TCB_UNRECOGNIZED_STATUS),
	};
	const struct attest_verdict *v;
	struct mint mint;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		mint_init(&mint);
		mint.tcb_info.level[0].status = rows[i].platform;
		mint.qe_identity.level[0].status = rows[i].qe;
		mint_make(&mint);
		v = judge(&mint);
		if (v->status != rows[i].status ||
				v->tcb_status != rows[i].level)
			fail_msg("%s with %s: %s, %s", rows[i].platform,
				rows[i].qe, attest_status_name(v->status),
				attest_level_name(v->tcb_status));
		assert_int_equal(attest_verdict_genuine(v),
			rows[i].status != ATTEST_TCB_REVOKED &&
			rows[i].status != ATTEST_TCB_UNRECOGNIZED_STATUS);
		mint_free(&mint);
	}
}

static void levels(void **state)
{
	const struct attest_verdict *v;
	struct mint mint;

	/* Each single component, and PCESVN, pulls a machine down. */
	for (int i = 0; i < 17; i++) {
		mint_init(&mint);
		if (i == 16) {
			mint.tcb_info.level[0].pcesvn++;
		} else {
			mint.tcb_info.level[0].components[i]++;
			mint.tcb_info.level[0].components[i] |= i == 4;
			if (i == 4) /* 255 is as high as it gets */
				mint.machine.components[i] = 0;
			mint.tcb_info.level[1].components[4] = 0;
		}
		expect(&mint, ATTEST_TCB_OUT_OF_DATE, "one SVN short");
	}
	/* The QE's level and the machine's bring their advisories, once. */
	mint_init(&mint);
	mint.machine.components[0]--;
	mint.qe_report.isv_svn = 7;
	mint_make(&mint);
	v = judge(&mint);
	assert_int_equal(v->status, ATTEST_TCB_OUT_OF_DATE);
	assert_int_equal(v->tcb_date, 1605139200); /* 2020-11-12 */
	assert_int_equal(v->advisory_count, 3);
	assert_string_equal(v->advisory[0], "INTEL-SA-00001");
	assert_string_equal(v->advisory[1], "INTEL-SA-00002");
	assert_string_equal(v->advisory[2], "INTEL-SA-00003");
	assert_true(says(v, "quoting enclave is OutOfDate"));
	mint_free(&mint);
	/* Highest first, wherever it stands. */
	mint_init(&mint);
	struct mint_level swap = mint.tcb_info.level[0];
	mint.tcb_info.level[0] = mint.tcb_info.level[1];
	mint.tcb_info.level[1] = swap;
	swap = mint.qe_identity.level[0];
	mint.qe_identity.level[0] = mint.qe_identity.level[1];
	mint.qe_identity.level[1] = swap;
	expect(&mint, ATTEST_OK, "levels the wrong way round");
	mint_init(&mint);
	mint.machine.components[0] = 4;
	expect(&mint, ATTEST_TCB_NOT_SUPPORTED, "below all levels");
	mint_init(&mint);
	mint.machine.pcesvn = 4;
	expect(&mint, ATTEST_TCB_NOT_SUPPORTED, "PCESVN below all levels");
	mint_init(&mint);
	mint.qe_report.isv_svn = 3;
	expect(&mint, ATTEST_QE_SVN_NOT_SUPPORTED, "QE below all levels");
	/* What the quote says of its CPUSVN counts for nothing. */
	mint_init(&mint);
	memset(mint.body.cpusvn, 0, 16);
	mint.header.pce_svn = 0;
	expect(&mint, ATTEST_OK, "raw CPUSVN of zero");
}

/* Dates: what ends, which status, which bits. */
static void dates(void **state)
{
	enum { PAST = -2, FUTURE = 2 };
	static const char *const past = "2025-12-31T23:59:59Z";
	const struct attest_verdict *v;
	struct mint mint;

	for (int part = 0; part < 12; part++) {
		static const struct {
			uint32_t bits;
			enum attest_status status;
		} want[12] = {
			{ ATTEST_DATED_PCK_CHAIN | ATTEST_DATED_PCK_CRL_CHAIN |
				ATTEST_DATED_TCB_INFO_CHAIN |
				ATTEST_DATED_QE_IDENTITY_CHAIN,
				ATTEST_PCK_CERT_CHAIN_EXPIRED },
			{ ATTEST_DATED_PCK_CHAIN,
				ATTEST_PCK_CERT_CHAIN_EXPIRED },
			{ ATTEST_DATED_PCK_CHAIN,
				ATTEST_PCK_CERT_CHAIN_EXPIRED },
			{ ATTEST_DATED_PCK_CRL_CHAIN,
				ATTEST_PCK_CERT_CHAIN_EXPIRED },
			{ ATTEST_DATED_TCB_INFO_CHAIN,
				ATTEST_SIGNING_CERT_CHAIN_EXPIRED },
			{ ATTEST_DATED_QE_IDENTITY_CHAIN,
				ATTEST_SIGNING_CERT_CHAIN_EXPIRED },
			{ ATTEST_DATED_PCK_CRL, ATTEST_CRL_EXPIRED },
			{ ATTEST_DATED_ROOT_CRL, ATTEST_CRL_EXPIRED },
			{ ATTEST_DATED_TCB_INFO, ATTEST_TCB_INFO_EXPIRED },
			{ ATTEST_DATED_QE_IDENTITY,
				ATTEST_QE_IDENTITY_EXPIRED },
			{ ATTEST_DATED_PCK_CRL | ATTEST_DATED_TCB_INFO,
				ATTEST_CRL_EXPIRED },
			{ 0, ATTEST_OK },
		};

		mint_init(&mint);
		switch (part) {
		case 0:
			mint.root.until = mint.crl_root.until =
				mint.tcb_root.until = mint.qe_root.until =
				MINT_NOW - 1;
			break;
		case 1: mint.ca.until = MINT_NOW - 1; break;
		case 2: mint.pck.until = MINT_NOW - 1; break;
		case 3: mint.crl_ca.until = MINT_NOW - 1; break;
		case 4: mint.tcb.until = MINT_NOW - 1; break;
		case 5: mint.qe_tcb.until = MINT_NOW - 1; break;
		case 6: mint.pck_crl.until = MINT_NOW - 1; break;
		case 7: mint.root_crl.until = MINT_NOW - 1; break;
		case 8: mint.tcb_info.until = past; break;
		case 9: mint.qe_identity.until = past; break;
		case 10:
			mint.pck_crl.until = MINT_NOW - 1;
			mint.tcb_info.until = past;
			break;
		case 11: /* the last second counts */
			mint.pck.until = mint.pck_crl.until = MINT_NOW;
			mint.tcb_info.until = "2026-01-01T00:00:00Z";
			break;
		}
		mint_make(&mint);
		v = judge(&mint);
		if (v->status != want[part].status ||
				v->expired != want[part].bits)
			fail_msg("part %d: %s, %#x", part,
				attest_status_name(v->status), v->expired);
		assert_int_equal(v->tcb_status, ATTEST_LEVEL_UP_TO_DATE);
		assert_true(attest_verdict_genuine(v));
		v = judge_with(&mint, MINT_NOW, ATTEST_ALLOW_EXPIRED, NULL);
		assert_int_equal(v->status, ATTEST_OK);
		assert_int_equal(v->expired, want[part].bits);
		assert_int_equal(says(v, "expired on"), part != 11);
		mint_free(&mint);
	}
}

static void dates_to_come(void **state)
{
	const struct attest_verdict *v;
	struct mint mint;

	mint_init(&mint);
	mint.tcb_info.from = "2026-01-01T00:00:01Z";
	mint.pck.from = MINT_NOW + 1;
	mint_make(&mint);
	v = judge(&mint);
	assert_int_equal(v->status, ATTEST_NOT_YET_VALID);
	assert_int_equal(v->not_yet_valid, ATTEST_DATED_PCK_CHAIN |
		ATTEST_DATED_TCB_INFO);
	assert_int_equal(v->valid_from, MINT_NOW + 1);
	assert_int_equal(v->issued_first, MINT_NOW - MINT_DAY);
	assert_true(says(v, "issued later, on 2026-01-01T00:00:01Z"));
	v = judge_with(&mint, MINT_NOW + 1, 0, NULL);
	assert_int_equal(v->status, ATTEST_OK);
	/* A level speaks besides dates, revocation before them. */
	v = judge_with(&mint, MINT_NOW + 3651L * MINT_DAY, 0, NULL);
	assert_int_equal(v->status, ATTEST_PCK_CERT_CHAIN_EXPIRED);
	assert_int_equal(v->expired, 0xff);
	mint.pck_crl.revoked[0] = mint.pck.serial;
	mint_make(&mint);
	v = judge_with(&mint, MINT_NOW + 3651L * MINT_DAY, 0, NULL);
	assert_int_equal(v->status, ATTEST_PCK_REVOKED);
	mint_free(&mint);
}

static void expired_and_out_of_date(void **state)
{
	const struct attest_verdict *v;
	struct mint mint;

	mint_init(&mint);
	mint.tcb_info.level[0].status = "ConfigurationNeeded";
	mint_make(&mint);
	v = judge_with(&mint, MINT_NOW + 11 * MINT_DAY, 0, NULL);
	assert_int_equal(v->status, ATTEST_QE_IDENTITY_EXPIRED);
	assert_int_equal(v->tcb_status, ATTEST_LEVEL_CONFIGURATION_NEEDED);
	assert_true(says(v, attest_status_words(
		ATTEST_TCB_CONFIGURATION_NEEDED)));
	v = judge_with(&mint, MINT_NOW + 11 * MINT_DAY, ATTEST_ALLOW_EXPIRED,
		NULL);
	assert_int_equal(v->status, ATTEST_TCB_CONFIGURATION_NEEDED);
	mint.tcb_info.level[0].status = "Revoked";
	mint_make(&mint);
	v = judge_with(&mint, MINT_NOW + 11 * MINT_DAY, 0, NULL);
	assert_int_equal(v->status, ATTEST_TCB_REVOKED);
	mint_free(&mint);
}

static void debug(void **state)
{
	const struct attest_verdict *v;
	struct mint mint;

	mint_init(&mint);
	mint.body.attributes.flags |= 2;
	mint_make(&mint);
	v = judge(&mint);
	assert_int_equal(v->status, ATTEST_OK);
	assert_true(v->debug);
	assert_true(says(v, "debug enclave"));
	v = judge_with(&mint, MINT_NOW, ATTEST_REFUSE_DEBUG, NULL);
	assert_int_equal(v->status, ATTEST_DEBUG_REFUSED);
	assert_false(attest_verdict_genuine(v));
	mint_free(&mint);
}

/* A quoting enclave that is not the one of the identity. */
static void quoting_enclave(void **state)
{
	struct mint mint;

	mint_init(&mint);
	mint.qe_report.misc_select = 1;
	expect(&mint, ATTEST_QE_IDENTITY_MISMATCH, "MISCSELECT");
	for (int bit = 0; bit < 64; bit++) {
		mint_init(&mint);
		mint.qe_report.attributes.flags ^= UINT64_C(1) << bit;
		expect(&mint, bit == 2 ? ATTEST_OK :
			ATTEST_QE_IDENTITY_MISMATCH, "ATTRIBUTES");
	}
	mint_init(&mint);
	mint.qe_report.attributes.xfrm = 3; /* masked */
	expect(&mint, ATTEST_OK, "XFRM");
	mint_init(&mint);
	mint.qe_report.mrsigner[31] ^= 1;
	expect(&mint, ATTEST_QE_IDENTITY_MISMATCH, "MRSIGNER");
	mint_init(&mint);
	mint.qe_report.isv_prod_id = 2;
	expect(&mint, ATTEST_QE_IDENTITY_MISMATCH, "ISVPRODID");
	mint_init(&mint);
	mint.qe_report_signer = MINT_KEY_OTHER;
	expect(&mint, ATTEST_QE_REPORT_INVALID_SIGNATURE, "QE report");
	mint_init(&mint);
	mint.unbound = true;
	expect(&mint, ATTEST_QE_REPORT_INVALID_DATA, "unbound key");
	mint_init(&mint);
	mint_make(&mint); /* the binding, and then 32 bytes that are not 0 */
	mint.unbound = true;
	mint.qe_report.report_data[63] = 1;
	expect(&mint, ATTEST_QE_REPORT_INVALID_DATA, "rest of report data");
	mint_init(&mint);
	mint.quote_signer = MINT_KEY_OTHER;
	expect(&mint, ATTEST_QUOTE_INVALID_SIGNATURE, "quote");
	mint_init(&mint);
	mint.attestation_key = MINT_KEY_OTHER;
	expect(&mint, ATTEST_QUOTE_INVALID_SIGNATURE, "attestation key");
}

static void mismatch(void **state)
{
	struct mint mint;

	mint_init(&mint);
	mint.tcb_info.find_signed = "C0FFE0000001";
	mint.tcb_info.put_signed = "C0FFE0000002";
	expect(&mint, ATTEST_TCB_INFO_MISMATCH, "FMSPC");
	mint_init(&mint);
	mint.tcb_info.find_signed = "\"pceId\":\"0000\"";
	mint.tcb_info.put_signed = "\"pceId\":\"0001\"";
	expect(&mint, ATTEST_TCB_INFO_MISMATCH, "PCE-ID");
	/* Little-endian in the certificate, big-endian in JSON. */
	mint_init(&mint);
	mint.machine.pceid = 0x1234;
	expect(&mint, ATTEST_OK, "PCE-ID of two bytes");
}

static void names(void **state)
{
	assert_string_equal(attest_status_name(ATTEST_OK), "OK");
	assert_string_equal(attest_status_name(ATTEST_PCK_REVOKED),
		"PCK_REVOKED");
	assert_int_equal(attest_status_severity(ATTEST_STATUSES),
		ATTEST_REFUSED);
	assert_int_equal(attest_status_severity((enum attest_status)-1),
		ATTEST_REFUSED);
	for (int i = 0; i < ATTEST_STATUSES; i++) {
		assert_non_null(attest_status_name(i));
		assert_non_null(attest_status_words(i));
	}
	for (int i = 0; i <= 6; i++)
		assert_int_equal(attest_level_parse(attest_level_name(i)), i);
	assert_int_equal(attest_level_parse("Unknown"), ATTEST_LEVEL_UNKNOWN);
	assert_string_equal(attest_level_name(7), "Unknown");
	assert_int_equal(attest_level_converge(7, ATTEST_LEVEL_UP_TO_DATE),
		ATTEST_LEVEL_UNKNOWN);
}

static void arguments(void **state)
{
	struct attest_verdict v;
	struct mint mint;
	struct attest_policy policy = { MINT_NOW, &mint.roots, 0 };
	struct attest_collateral large;

	mint_init(&mint);
	mint_make(&mint);
	assert_int_equal(attest_verify(mint.quote, mint.quote_size,
		&mint.collateral, &policy, NULL, NULL), -EINVAL);
	assert_int_equal(attest_verify(NULL, 0, &mint.collateral, &policy,
		NULL, &v), -EINVAL);
	assert_int_equal(v.status, ATTEST_UNSUPPORTED_QUOTE_FORMAT);
	assert_int_equal(attest_verify(mint.quote, mint.quote_size, NULL,
		&policy, NULL, &v), -EINVAL);
	assert_int_equal(attest_verify(mint.quote, mint.quote_size,
		&mint.collateral, NULL, NULL, &v), -EINVAL);
	policy.roots = NULL;
	assert_int_equal(attest_verify(mint.quote, mint.quote_size,
		&mint.collateral, &policy, NULL, &v), -EINVAL);
	policy.roots = &mint.roots;
	large = mint.collateral;
	large.pck_crl.size = ATTEST_COLLATERAL_PART_MAX + 1;
	assert_int_equal(attest_verify(mint.quote, mint.quote_size, &large,
		&policy, NULL, &v), -EINVAL);
	assert_false(attest_verdict_genuine(&v));
	mint_free(&mint);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(sound), cmocka_unit_test(sound_variants),
	cmocka_unit_test(convergence), cmocka_unit_test(levels),
	cmocka_unit_test(dates), cmocka_unit_test(dates_to_come),
	cmocka_unit_test(expired_and_out_of_date), cmocka_unit_test(debug),
	cmocka_unit_test(quoting_enclave), cmocka_unit_test(mismatch),
	cmocka_unit_test(names), cmocka_unit_test(arguments),
};
TEST_LIST(status_tests, tests);
