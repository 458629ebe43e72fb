/* SPDX-License-Identifier: MIT */
/* Quotes: made by one enclave, verified by the other and by the host. */
#include "scene.h"

#include <coffer/attest.h>
#include <openenclave/host_verify.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/world.h"

static const oe_uuid_t formats[] = {
	{ OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION }, { OE_FORMAT_UUID_SGX_ECDSA },
	{ OE_FORMAT_UUID_LEGACY_REPORT_REMOTE },
	{ OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA },
};

static uint8_t endorsements[ENDORSEMENTS_ROOM];
static size_t endorsements_size;

/* Where the quote in ECDSA evidence ends: by its own sizes. */
static size_t quote_size(const uint8_t *quote)
{
	uint32_t size;

	memcpy(&size, quote + 432, sizeof(size));
	return 436 + size;
}

static uint32_t number_of(const oe_claim_t *claims, size_t count,
	const char *name)
{
	const oe_claim_t *claim = claim_of(claims, count, name);
	uint32_t value;

	assert_non_null(claim);
	assert_int_equal(claim->value_size, sizeof(value));
	memcpy(&value, claim->value, sizeof(value));
	return value;
}

/* The claims of a quote, beyond what check_claims looks at. */
static void check_quote_claims(const uint8_t *quote, const oe_claim_t *claims,
	size_t count)
{
	static const char *const parts[] = {
		"sgx_tcb_info", "sgx_tcb_issuer_chain", "sgx_pck_crl",
		"sgx_root_ca_crl", "sgx_crl_issuer_chain", "sgx_qe_id_info",
		"sgx_qe_id_issuer_chain"
	};
	const oe_claim_t *claim;
	oe_datetime_t from, until;
	uint8_t ueid[33] = { 1 };

	assert_int_equal(number_of(claims, count, "tcb_status"),
		OE_SGX_TCB_STATUS_UP_TO_DATE);
	memcpy(ueid + 1, quote + 28, 20);
	assert_memory_equal(claim_of(claims, count, "ueid")->value, ueid, 33);
	assert_memory_equal(claim_of(claims, count, "sgx_pce_svn")->value,
		quote + 10, 2);
	memcpy(&from, claim_of(claims, count, "validity_from")->value,
		sizeof(from));
	memcpy(&until, claim_of(claims, count, "validity_until")->value,
		sizeof(until));
	assert_true(from.year >= 2020 && from.month >= 1 && from.month <= 12);
	assert_true(until.year > from.year || (until.year == from.year
		&& (until.month > from.month || (until.month == from.month
			&& until.day >= from.day))));
	/* The endorsements as they were given, elements 1 to 7. */
	for (uint32_t i = 0; i < 7; i++) {
		uint32_t begin, end;
		const uint8_t *data = endorsements + 16 + 9 * 4;

		memcpy(&begin, endorsements + 16 + 4 * (i + 1), 4);
		memcpy(&end, endorsements + 16 + 4 * (i + 2), 4);
		claim = claim_of(claims, count, parts[i]);
		assert_int_equal(claim->value_size, end - begin);
		assert_memory_equal(claim->value, data + begin, end - begin);
	}
}

/* Made once for a case: evidence of the first enclave, with endorsements. */
static void get(int who, uint32_t flags, const char *custom,
	struct bytes *evidence)
{
	IS(prove(who, ECDSA, flags, custom, NULL, evidence, endorsements,
		&endorsements_size), OE_OK);
	assert_true(endorsements_size > 2000);
}

static void evidence(void **state)
{
	struct bytes bytes;
	struct proof proof;
	oe_claim_t *claims;
	size_t count, at;

	IS(oe_verifier_initialize(), OE_OK);
	for (int who = 0; who < 2; who++) {
		get(who, 0, "custom", &bytes);
		assert_int_equal(bytes.size, quote_size(bytes.data) + 6);
		/* The other enclave, with endorsements and without. */
		for (int given = 0; given < 2; given++) {
			IS(verify(!who, ECDSA, bytes.data, bytes.size,
				given ? endorsements : NULL,
				given ? endorsements_size : 0, NULL, &proof),
				OE_OK);
			at = check_claims(who, ECDSA, proof.claims,
				proof.count, true);
			assert_int_equal(at, 31);
			assert_int_equal(proof.count, 32);
			assert_string_equal(proof.claims[31].name,
				"custom_claims_buffer");
			assert_int_equal(proof.claims[31].value_size, 6);
			assert_memory_equal(proof.claims[31].value, "custom",
				6);
			assert_int_equal(proof.root, 1);
			if (given)
				check_quote_claims(bytes.data, proof.claims,
					proof.count);
			proof_free(&proof);
		}
		/* The host. */
		for (int given = 0; given < 2; given++) {
			uint8_t root[32], zero[32] = { 0 };
			coffer_root_t on;

			IS(oe_verify_evidence(&formats[ECDSA], bytes.data,
				bytes.size, given ? endorsements : NULL,
				given ? endorsements_size : 0, NULL, 0,
				&claims, &count), OE_OK);
			check_claims(who, ECDSA, claims, count, true);
			if (given)
				check_quote_claims(bytes.data, claims, count);
			IS(coffer_evidence_root(claims, count, &on, root),
				OE_OK);
			assert_int_equal(on, COFFER_ROOT_SOFTWARE);
			assert_memory_not_equal(root, zero, 32);
			IS(oe_free_claims(claims, count), OE_OK);
		}
		/* Without custom claims there is no such claim. */
		get(who, 1, NULL, &bytes);
		assert_int_equal(bytes.size, 32 + quote_size(bytes.data + 32));
		IS(verify(!who, WITH_HEADER, bytes.data, bytes.size,
			endorsements, endorsements_size, NULL, &proof), OE_OK);
		assert_int_equal(proof.count, 31);
		proof_free(&proof);
	}
}

static void reports(void **state)
{
	static const uint8_t data[64] = "sixty-four bytes at most";
	struct bytes report;
	struct proof proof;
	oe_report_t parsed;
	uint8_t *by_host;
	size_t size;

	for (int who = 0; who < 2; who++) {
		IS(ASK(pr_report(provers[who], &answer, data, sizeof(data),
			report.data, sizeof(report.data), &report.size)),
			OE_OK);
		IS(ASK(pr_verify_report(provers[!who], &answer, report.data,
			report.size)), OE_OK);
		IS(oe_verify_report(NULL, report.data, report.size, &parsed),
			OE_OK);
		assert_int_equal(parsed.identity.attributes, 3);
		assert_int_equal(parsed.identity.security_version, 7);
		assert_memory_equal(parsed.report_data, data, 64);
		IS(oe_verify_report(provers[!who], report.data, report.size,
			NULL), OE_OK);
		IS(oe_verify_remote_report(report.data, report.size, NULL, 0,
			&parsed), OE_OK);
		/* As evidence: by its format, by its look, and without its
		 * own header. */
		for (int how = 0; how < 3; how++) {
			IS(verify(!who, how == 0 ? LEGACY
				: how == 1 ? WITH_HEADER : RAW,
				report.data + (how == 2 ? 16 : 0),
				report.size - (how == 2 ? 16 : 0), NULL, 0,
				NULL, &proof), OE_OK);
			assert_int_equal(check_claims(who, how == 2 ? RAW
				: LEGACY, proof.claims, proof.count, true),
				31);
			assert_int_equal(proof.count, 32);
			assert_string_equal(proof.claims[31].name,
				"sgx_report_data");
			assert_int_equal(proof.claims[31].value_size, 64);
			assert_memory_equal(proof.claims[31].value, data, 64);
			proof_free(&proof);
		}
		for (size_t bit = 0; bit < 8 * 1012u; bit += 41) {
			report.data[16 + bit / 8] ^= 1 << bit % 8;
			assert_int_not_equal(oe_verify_report(NULL,
				report.data, report.size, NULL), OE_OK);
			report.data[16 + bit / 8] ^= 1 << bit % 8;
		}
	}
	IS(oe_get_report(provers[0], OE_REPORT_FLAGS_REMOTE_ATTESTATION, NULL,
		0, &by_host, &size), OE_OK);
	IS(oe_verify_report(NULL, by_host, size, &parsed), OE_OK);
	/* A size that makes the sum of both a small one. */
	IS(oe_verify_remote_report(by_host, size, by_host, SIZE_MAX - 64,
		&parsed), OE_INVALID_PARAMETER);
	oe_free_report(by_host);
	IS(oe_get_report(provers[0], 0, NULL, 0, &by_host, &size), OE_OK);
	IS(oe_verify_remote_report(by_host, size, NULL, 0, &parsed),
		OE_UNSUPPORTED);
	oe_free_report(by_host);
}

/* Every part of evidence and endorsements, some bits of each. */
static void changed(void **state)
{
	struct bytes bytes;
	struct proof proof;
	size_t tried = 0, quote;

	IS(oe_verifier_initialize(), OE_OK);
	get(0, 0, "custom", &bytes);
	quote = quote_size(bytes.data);
	/* Up to the certification data; certificates by their bytes later. */
	for (size_t bit = 0; bit < 8 * bytes.size; bit += 97, tried++) {
		oe_result_t got;

		/* PEM has room that says nothing at line ends. */
		if (bit / 8 >= 1052 && bit / 8 < quote)
			continue;
		bytes.data[bit / 8] ^= 1 << bit % 8;
		got = verify(1, ECDSA, bytes.data, bytes.size, endorsements,
			endorsements_size, NULL, &proof);
		if (!got || got == OE_TCB_LEVEL_INVALID)
			fail_msg("bit %zu: %s", bit, oe_result_str(got));
		bytes.data[bit / 8] ^= 1 << bit % 8;
	}
	assert_true(tried > 200);
	/* Custom claims of another length. */
	IS(verify(1, ECDSA, bytes.data, bytes.size - 1, endorsements,
		endorsements_size, NULL, &proof), OE_QUOTE_HASH_MISMATCH);
	bytes.data[bytes.size] = 0;
	IS(verify(1, ECDSA, bytes.data, bytes.size + 1, endorsements,
		endorsements_size, NULL, &proof), OE_QUOTE_HASH_MISMATCH);
	IS(verify(1, ECDSA, bytes.data, quote - 1, endorsements,
		endorsements_size, NULL, &proof), OE_REPORT_PARSE_ERROR);
	/* Endorsements: the container, and what is signed in it. */
	for (size_t bit = 0; bit < 8 * 52; bit += 5) {
		oe_result_t got;

		endorsements[bit / 8] ^= 1 << bit % 8;
		got = verify(1, ECDSA, bytes.data, bytes.size, endorsements,
			endorsements_size, NULL, &proof);
		if (!got)
			fail_msg("endorsements, bit %zu", bit);
		endorsements[bit / 8] ^= 1 << bit % 8;
	}
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size - 1, NULL, &proof), OE_INVALID_ENDORSEMENT);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_OK);
	proof_free(&proof);
}

static void time_policy(void **state)
{
	static const oe_datetime_t long_ago = { 2019, 1, 1, 0, 0, 0 };
	static const oe_datetime_t far = { 2099, 1, 1, 0, 0, 0 };
	static const oe_datetime_t none = { 2024, 13, 1, 0, 0, 0 };
	oe_policy_t two[2] = {
		{ OE_POLICY_ENDORSEMENTS_TIME, (void *)&far, sizeof(far) },
		{ OE_POLICY_ENDORSEMENTS_TIME, (void *)&far, sizeof(far) },
	};
	oe_policy_t baseline = {
		OE_POLICY_ENDORSEMENTS_BASELINE, (void *)"17", 3
	};
	oe_datetime_t within;
	struct bytes bytes;
	struct proof proof;

	IS(oe_verifier_initialize(), OE_OK);
	get(0, 0, NULL, &bytes);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_OK);
	memcpy(&within, claim_of(proof.claims, proof.count,
		"validity_from")->value, sizeof(within));
	proof_free(&proof);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, &within, &proof), OE_OK);
	proof_free(&proof);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, &long_ago, &proof),
		OE_VERIFY_FAILED_TO_FIND_VALIDITY_PERIOD);
	assert_int_not_equal(verify(1, ECDSA, bytes.data, bytes.size,
		endorsements, endorsements_size, &far, &proof), OE_OK);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, &none, &proof), OE_INVALID_UTC_DATE_TIME);
	IS(oe_verify_evidence(&formats[ECDSA], bytes.data, bytes.size,
		endorsements, endorsements_size, two, 2, NULL, NULL),
		OE_INVALID_PARAMETER);
	two[0].policy_size--;
	IS(oe_verify_evidence(&formats[ECDSA], bytes.data, bytes.size,
		endorsements, endorsements_size, two, 1, NULL, NULL),
		OE_INVALID_PARAMETER);
	IS(oe_verify_evidence(&formats[ECDSA], bytes.data, bytes.size,
		endorsements, endorsements_size, &baseline, 1, NULL, NULL),
		OE_INVALID_PARAMETER);
}

static void headers(void **state)
{
	struct bytes bytes;
	struct proof proof;

	get(0, 1, "with a header", &bytes);
	IS(verify(1, WITH_HEADER, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_OK);
	proof_free(&proof);
	/* Endorsements of another format, or without their header. */
	endorsements[4] ^= 1;
	IS(verify(1, WITH_HEADER, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_CONSTRAINT_FAILED);
	endorsements[4] ^= 1;
	IS(verify(1, WITH_HEADER, bytes.data, bytes.size, endorsements + 32,
		endorsements_size - 32, NULL, &proof), OE_INVALID_PARAMETER);
	IS(verify(1, ECDSA, bytes.data + 32, bytes.size - 32,
		endorsements + 32, endorsements_size - 32, NULL, &proof),
		OE_OK);
	proof_free(&proof);
	bytes.data[24] ^= 1;
	IS(verify(1, WITH_HEADER, bytes.data, bytes.size, NULL, 0, NULL,
		&proof), OE_INVALID_PARAMETER);
}

/* Only what is believed is believed; in the host this ends the case's
 * process, since there the wish holds for ever. */
static void roots(void **state)
{
	struct bytes bytes, root;
	struct proof proof;
	const oe_claim_t *chain;
	int status = -1;
	pid_t child;

	get(0, 0, NULL, &bytes);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_OK);
	chain = claim_of(proof.claims, proof.count, "sgx_tcb_issuer_chain");
	/* Its last certificate is the root. */
	{
		const char *text = (const char *)chain->value, *next;
		const char *begin = "-----BEGIN CERTIFICATE-----";

		while ((next = strstr(text + 1, begin)))
			text = next;
		root.size = strlen(text) + 1;
		memcpy(root.data, text, root.size);
	}
	proof_free(&proof);

	IS(ASK(pr_trust(provers[1], &answer, 3, NULL, 0)), OE_OK);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_VERIFY_FAILED);
	IS(ASK(pr_trust(provers[1], &answer, 2, NULL, 0)), OE_OK);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_VERIFY_FAILED);
	IS(ASK(pr_trust(provers[1], &answer, 0, root.data, root.size)),
		OE_OK);
	IS(verify(1, ECDSA, bytes.data, bytes.size, endorsements,
		endorsements_size, NULL, &proof), OE_OK);
	assert_int_equal(proof.root, 1);
	proof_free(&proof);

	child = fork();
	if (!child) {
		bool good;

		oe_verifier_initialize();
		coffer_trust_only_added_roots();
		good = oe_verify_evidence(&formats[ECDSA], bytes.data,
			bytes.size, endorsements, endorsements_size, NULL, 0,
			NULL, NULL) == OE_VERIFY_FAILED
			&& !coffer_trust_root(root.data, root.size)
			&& !oe_verify_evidence(&formats[ECDSA], bytes.data,
				bytes.size, endorsements, endorsements_size,
				NULL, 0, NULL, NULL);
		_exit(good ? 0 : 1);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

static oe_result_t look(oe_claim_t *claims, size_t count, void *arg)
{
	*(size_t *)arg = count;
	return OE_OK;
}

/* Both kinds of certificates, in enclaves and in the host. */
static void certificates(void **state)
{
	struct bytes der;
	uint8_t identity[96];
	oe_claim_t *claims;
	size_t count;

	for (int who = 0; who < 2; who++)
		for (int legacy = 0; legacy < 2; legacy++) {
			const uint8_t *at = der.data;
			X509 *x509;

			IS(ASK(pr_certificate(provers[who], &answer,
				legacy ? -1 : ECDSA, NULL, 0, der.data,
				sizeof(der.data), &der.size)), OE_OK);
			x509 = d2i_X509(NULL, &at, (long)der.size);
			assert_non_null(x509);
			assert_int_equal(X509_verify(x509,
				X509_get0_pubkey(x509)), 1);
			X509_free(x509);
			IS(ASK(pr_verify_certificate(provers[!who], &answer,
				legacy, der.data, der.size, OE_OK, identity)),
				OE_OK);
			assert_memory_not_equal(identity + 16, identity + 48,
				32);
			/* The newer function takes both kinds. */
			count = 0;
			IS(oe_verify_attestation_certificate_with_evidence(
				der.data, der.size, look, &count), OE_OK);
			assert_int_equal(count, 32);
			IS(oe_verify_attestation_certificate(der.data,
				der.size, NULL, NULL), legacy ? OE_OK
					: OE_FAILURE);
			IS(oe_verify_attestation_certificate_with_evidence_v2(
				der.data, der.size, NULL, 0, NULL, 0, &claims,
				&count), OE_OK);
			check_claims(who, legacy ? LEGACY : ECDSA, claims,
				count, true);
			IS(oe_free_claims(claims, count), OE_OK);
			for (size_t bit = 3; bit < 8 * der.size; bit += 997) {
				der.data[bit / 8] ^= 1 << bit % 8;
				assert_int_not_equal(
		oe_verify_attestation_certificate_with_evidence(der.data,
					der.size, NULL, NULL), OE_OK);
				der.data[bit / 8] ^= 1 << bit % 8;
			}
		}
}

static int run(struct world *world)
{
#define CASE(NAME) cmocka_unit_test_setup_teardown(NAME, provers_start, \
	provers_end)
	const struct CMUnitTest tests[] = {
		CASE(evidence), CASE(reports), CASE(changed),
		CASE(time_policy), CASE(headers), CASE(roots),
		CASE(certificates),
	};

	return cmocka_run_group_tests_name("attestation-remote", tests, NULL,
		NULL);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	provers_image[0] = argv[1];
	provers_image[1] = argv[2];
	return world_run(NULL, run);
}
