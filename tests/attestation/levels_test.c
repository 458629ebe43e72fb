/* SPDX-License-Identifier: MIT */
/* Machines that are out of date or revoked, a world for each: what verifiers
 * say, and which claims come along. */
#include "scene.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "pki/tcb.h"
#include "support/world.h"

static const struct level {
	const char *cpusvn; /* first six components; src/pki/levels.c */
	uint32_t status;    /* oe_sgx_tcb_status_t */
	oe_result_t result;
	uint32_t year; /* of tcb_date; 0: there is none */
} levels[] = {
	{ "080802020101", 0, OE_OK, 2025 },
	{ "080802020001", 5, OE_OK, 2025 },
	{ "080802020100", 3, OE_TCB_LEVEL_INVALID, 2025 },
	{ "080802020000", 6, OE_TCB_LEVEL_INVALID, 2025 },
	{ "070702020001", 1, OE_TCB_LEVEL_INVALID, 2024 },
	{ "070702020000", 4, OE_TCB_LEVEL_INVALID, 2024 },
	{ "040401010000", 2, OE_TCB_LEVEL_INVALID, 2019 },
};
static const struct level *level;

static const oe_uuid_t ecdsa = { OE_FORMAT_UUID_SGX_ECDSA };

static void check(int who, const oe_claim_t *claims, size_t count)
{
	const oe_claim_t *status = claim_of(claims, count, "tcb_status");
	const oe_claim_t *date = claim_of(claims, count, "tcb_date");
	oe_datetime_t when;

	check_claims(who, ECDSA, claims, count, true);
	assert_memory_equal(status->value, &level->status, 4);
	memcpy(&when, date->value, sizeof(when));
	assert_int_equal(when.year, level->year);
	assert_string_equal(oe_sgx_tcb_status_str(level->status),
		level->status == 0 ? "UpToDate"
		: level->status == 1 ? "OutOfDate"
		: level->status == 2 ? "Revoked"
		: level->status == 3 ? "ConfigurationNeeded"
		: level->status == 4 ? "OutOfDateConfigurationNeeded"
		: level->status == 5 ? "SWHardeningNeeded"
		: "ConfigurationAndSWHardeningNeeded");
}

static oe_result_t never(oe_claim_t *claims, size_t count, void *arg)
{
	*(int *)arg = 1;
	return OE_OK;
}

static void judged(void **state)
{
	struct bytes bytes, der;
	struct proof proof;
	oe_claim_t *claims;
	oe_report_t parsed;
	int asked = 0;
	size_t count;

	IS(oe_verifier_initialize(), OE_OK);
	for (int who = 0; who < 2; who++) {
		IS(prove(who, ECDSA, 0, "level", NULL, &bytes, NULL, NULL),
			OE_OK);
		IS(verify(!who, ECDSA, bytes.data, bytes.size, NULL, 0, NULL,
			&proof), level->result);
		check(who, proof.claims, proof.count);
		assert_int_equal(proof.count, 32);
		proof_free(&proof);
		IS(oe_verify_evidence(&ecdsa, bytes.data, bytes.size, NULL, 0,
			NULL, 0, &claims, &count), level->result);
		check(who, claims, count);
		IS(oe_free_claims(claims, count), OE_OK);
		/* A wrong quote is not excused by its machine's level. */
		bytes.data[100] ^= 1;
		IS(verify(!who, ECDSA, bytes.data, bytes.size, NULL, 0, NULL,
			&proof), OE_VERIFY_FAILED);
		bytes.data[100] ^= 1;
		bytes.data[bytes.size - 1] ^= 1;
		IS(verify(!who, ECDSA, bytes.data, bytes.size, NULL, 0, NULL,
			&proof), OE_QUOTE_HASH_MISMATCH);
	}
	IS(ASK(pr_certificate(provers[0], &answer, ECDSA, NULL, 0, der.data,
		sizeof(der.data), &der.size)), OE_OK);
	IS(oe_verify_attestation_certificate_with_evidence_v2(der.data,
		der.size, NULL, 0, NULL, 0, &claims, &count), level->result);
	check(0, claims, count);
	IS(oe_free_claims(claims, count), OE_OK);
	/* Who is asked for a last word is asked only if all is well. */
	IS(oe_verify_attestation_certificate_with_evidence(der.data, der.size,
		never, &asked), level->result);
	assert_int_equal(asked, level->result == OE_OK);
	IS(ASK(pr_report(provers[0], &answer, NULL, 0, bytes.data,
		sizeof(bytes.data), &bytes.size)), OE_OK);
	IS(oe_verify_report(NULL, bytes.data, bytes.size, &parsed),
		level->result);
	assert_int_equal(parsed.verification_result, level->result);
	IS(ASK(pr_verify_report(provers[1], &answer, bytes.data,
		bytes.size)), level->result);
}

/* Its certificate is on the list: nothing is said about the enclave. */
static void revoked(void **state)
{
	struct bytes bytes;
	struct proof proof;
	oe_report_t parsed;

	IS(oe_verifier_initialize(), OE_OK);
	IS(prove(0, ECDSA, 0, NULL, NULL, &bytes, NULL, NULL), OE_OK);
	IS(verify(1, ECDSA, bytes.data, bytes.size, NULL, 0, NULL, &proof),
		OE_VERIFY_REVOKED);
	IS(oe_verify_evidence(&ecdsa, bytes.data, bytes.size, NULL, 0, NULL,
		0, NULL, NULL), OE_VERIFY_REVOKED);
	IS(ASK(pr_report(provers[0], &answer, NULL, 0, bytes.data,
		sizeof(bytes.data), &bytes.size)), OE_OK);
	IS(oe_verify_report(NULL, bytes.data, bytes.size, &parsed),
		OE_VERIFY_REVOKED);
}

/* In a process of its own, as hosts remember collateral for a while. */
static int run(const char *name, void (*test)(void **state))
{
	const struct CMUnitTest tests[] = {
		{ name, test, provers_start, provers_end, NULL }
	};
	int status = -1;
	pid_t child = fork();

	if (!child)
		exit(cmocka_run_group_tests_name("attestation-levels", tests,
			NULL, NULL));
	waitpid(child, &status, 0);
	return status;
}

static int take_back(void)
{
	struct why why = { "" };
	struct pki *pki = NULL;
	unsigned count = 0;
	int failed = pki_open(NULL, &pki, &why)
		|| pki_revoke(pki, "default", &count, &why) || !count;

	if (failed)
		fprintf(stderr, "revoking: %s\n", why.text);
	pki_close(pki);
	return failed;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc != 4)
		return 2;
	provers_image[0] = argv[1];
	provers_image[1] = argv[2];
	for (size_t i = 0; !status && i < OE_COUNTOF(levels); i++) {
		char lines[100], name[40];
		struct world world;

		level = &levels[i];
		snprintf(lines, sizeof(lines), "cpusvn=%s%020d\n",
			level->cpusvn, 0);
		snprintf(name, sizeof(name), "judged_as_%s",
			oe_sgx_tcb_status_str(level->status));
		if (world_open(&world, -1)
				|| world_configure(&world, -1, lines))
			return 2;
		status = run(name, judged);
		if (!status && !i)
			status = take_back() || run("revoked", revoked);
		if (status)
			world_tell_logs(&world);
		world_wait_empty(WORLD_PATIENCE);
		if (world_close(&world))
			status = 1;
	}
	return status != 0;
}
