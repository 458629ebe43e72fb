/* SPDX-License-Identifier: MIT */
/*
 * Hosts that lie to enclaves which make and verify quotes. The functions here
 * take the place of the host library's; what the enclave is told is `lie`.
 */
#include "scene.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "host/quoting.h"
#include "support/world.h"

static enum {
	HONEST, NO_FORMATS, MANY_FORMATS, TARGET_OF_NOBODY, ANOTHER_BODY,
	QUOTE_TOO_LONG, QUOTE_EMPTY, QUOTE_CUT, QUOTE_UNSIGNED, REFUSES,
	STRANGE_RESULT, COLLATERAL_HUGE, COLLATERAL_GROWS, COLLATERAL_LONGER,
	COLLATERAL_EMPTY, COLLATERAL_GARBAGE, COLLATERAL_SWAPPED, LIES
} lie;
static unsigned asked;

oe_result_t oe_get_supported_attester_format_ids_ocall(void *format_ids,
	size_t format_ids_size, size_t *format_ids_size_out)
{
	static const oe_uuid_t ecdsa = { OE_FORMAT_UUID_SGX_ECDSA };

	memcpy(format_ids, &ecdsa, sizeof(ecdsa));
	*format_ids_size_out = lie == NO_FORMATS ? 0
		: lie == MANY_FORMATS ? SIZE_MAX : sizeof(ecdsa);
	return OE_OK;
}

oe_result_t oe_get_qetarget_info_ocall(const oe_uuid_t *format_id,
	const void *opt_params, size_t opt_params_size,
	sgx_target_info_t *target_info)
{
	if (lie == TARGET_OF_NOBODY) {
		memset(target_info, 0xff, sizeof(target_info->mrenclave));
		return OE_OK;
	}
	return quoting_target_info((uint8_t *)target_info, NULL)
		? OE_QUOTE_PROVIDER_CALL_ERROR : OE_OK;
}

oe_result_t oe_get_quote_ocall(const oe_uuid_t *format_id,
	const void *opt_params, size_t opt_params_size,
	const sgx_report_t *sgx_report, void *quote, size_t quote_size,
	size_t *quote_size_out)
{
	uint8_t *made = NULL;
	size_t size = 0;

	asked++;
	if (lie == REFUSES)
		return OE_BUSY;
	if (lie == STRANGE_RESULT)
		return (oe_result_t)0x12345678;
	if (quoting_quote((const uint8_t *)sgx_report, &made, &size, NULL))
		return OE_QUOTE_PROVIDER_CALL_ERROR;
	assert_true(size <= quote_size);
	memcpy(quote, made, size);
	free(made);
	*quote_size_out = lie == QUOTE_TOO_LONG ? quote_size + 1
		: lie == QUOTE_EMPTY ? 0 : lie == QUOTE_CUT ? 500 : size;
	if (lie == ANOTHER_BODY)
		((uint8_t *)quote)[48 + 64] ^= 1;
	if (lie == QUOTE_UNSIGNED)
		((uint8_t *)quote)[436] ^= 1;
	return OE_OK;
}

oe_result_t oe_get_quote_verification_collateral_ocall(
	uint8_t fmspc[6], uint8_t collateral_provider, void *tcb_info,
	size_t tcb_info_size, size_t *tcb_info_size_out,
	void *tcb_info_issuer_chain, size_t tcb_info_issuer_chain_size,
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,
	size_t qe_identity_size, size_t *qe_identity_size_out,
	void *qe_identity_issuer_chain, size_t qe_identity_issuer_chain_size,
	size_t *qe_identity_issuer_chain_size_out)
{
	/* In the order of struct attest_collateral. */
	void *const to[] = { tcb_info, tcb_info_issuer_chain, pck_crl,
		pck_crl_issuer_chain, root_ca_crl, qe_identity,
		qe_identity_issuer_chain };
	const size_t room[] = { tcb_info_size, tcb_info_issuer_chain_size,
		pck_crl_size, pck_crl_issuer_chain_size, root_ca_crl_size,
		qe_identity_size, qe_identity_issuer_chain_size };
	size_t *const sizes[] = { tcb_info_size_out,
		tcb_info_issuer_chain_size_out, pck_crl_size_out,
		pck_crl_issuer_chain_size_out, root_ca_crl_size_out,
		qe_identity_size_out, qe_identity_issuer_chain_size_out };
	struct quoting_collateral got;
	size_t size;

	asked++;
	if (lie == COLLATERAL_EMPTY)
		return OE_OK;
	if (lie == COLLATERAL_HUGE || lie == COLLATERAL_GROWS) {
		for (int i = 0; i < 7; i++)
			*sizes[i] = lie == COLLATERAL_HUGE ? SIZE_MAX / 2
				: room[i] + 1;
		return OE_BUFFER_TOO_SMALL;
	}
	assert_int_equal(quoting_collateral(fmspc,
		(enum quoting_ca)collateral_provider, 4, &got, NULL), 0);
	for (unsigned i = 0; i < 7; i++) {
		unsigned from = lie == COLLATERAL_SWAPPED && i < 2 ? 1 - i : i;
		const struct attest_bytes *part = attest_collateral_part(
			&got.view, from);

		size = part->size < room[i] ? part->size : room[i];
		memcpy(to[i], part->data, size);
		if (lie == COLLATERAL_GARBAGE)
			memset(to[i], 'A', size);
		*sizes[i] = lie == COLLATERAL_LONGER ? room[i] + 4096 : size;
	}
	quoting_collateral_free(&got);
	return OE_OK;
}

oe_result_t oe_get_quote_verification_collateral_with_baseline_ocall(
	uint8_t fmspc[6], uint8_t collateral_provider, void *baseline,
	size_t baseline_size, void *tcb_info, size_t tcb_info_size,
	size_t *tcb_info_size_out, void *tcb_info_issuer_chain,
	size_t tcb_info_issuer_chain_size,
	size_t *tcb_info_issuer_chain_size_out, void *pck_crl,
	size_t pck_crl_size, size_t *pck_crl_size_out, void *root_ca_crl,
	size_t root_ca_crl_size, size_t *root_ca_crl_size_out,
	void *pck_crl_issuer_chain, size_t pck_crl_issuer_chain_size,
	size_t *pck_crl_issuer_chain_size_out, void *qe_identity,
	size_t qe_identity_size, size_t *qe_identity_size_out,
	void *qe_identity_issuer_chain, size_t qe_identity_issuer_chain_size,
	size_t *qe_identity_issuer_chain_size_out)
{
	return OE_UNSUPPORTED;
}

static oe_result_t make(struct bytes *evidence)
{
	return prove(0, ECDSA, 0, "claims", NULL, evidence, NULL, NULL);
}

static oe_result_t check(const struct bytes *evidence)
{
	struct proof proof;
	oe_result_t result = verify(1, ECDSA, evidence->data, evidence->size,
		NULL, 0, NULL, &proof);

	proof_free(&proof);
	return result;
}

static void lies(void **state)
{
	static const oe_result_t wanted[LIES] = {
		[NO_FORMATS] = OE_NOT_FOUND, [MANY_FORMATS] = OE_NOT_FOUND,
		[TARGET_OF_NOBODY] = OE_QUOTE_PROVIDER_CALL_ERROR,
		[ANOTHER_BODY] = OE_UNEXPECTED,
		[QUOTE_TOO_LONG] = OE_UNEXPECTED,
		[QUOTE_EMPTY] = OE_UNEXPECTED, [QUOTE_CUT] = OE_UNEXPECTED,
		[REFUSES] = OE_BUSY,
		[COLLATERAL_HUGE] = OE_INVALID_ENDORSEMENT,
		[COLLATERAL_GROWS] = OE_BUFFER_TOO_SMALL,
		[COLLATERAL_LONGER] = OE_UNEXPECTED,
	};
	struct bytes good, evidence;

	/* What says nothing is found before there is a good target. */
	for (lie = NO_FORMATS; lie <= REFUSES; lie++) {
		if (lie == QUOTE_UNSIGNED)
			continue;
		IS(make(&evidence), wanted[lie]);
	}
	lie = HONEST;
	IS(make(&good), OE_OK);
	IS(check(&good), OE_OK);
	/* The same when the target is known. */
	for (lie = ANOTHER_BODY; lie <= REFUSES; lie++)
		if (lie != QUOTE_UNSIGNED)
			IS(make(&evidence), wanted[lie]);
	/* No result that is none is taken for success. */
	lie = STRANGE_RESULT;
	assert_int_not_equal(make(&evidence), OE_OK);
	/* An attester does not verify signatures; verifiers do. */
	lie = QUOTE_UNSIGNED;
	IS(make(&evidence), OE_OK);
	lie = HONEST;
	IS(check(&evidence), OE_VERIFY_FAILED);

	for (lie = COLLATERAL_HUGE; lie < LIES; lie++) {
		oe_result_t got;

		asked = 0;
		got = check(&good);
		if (wanted[lie])
			IS(got, wanted[lie]);
		else
			assert_int_not_equal(got, OE_OK);
		assert_true(asked >= 1 && asked <= 2);
	}
	lie = HONEST;
	IS(check(&good), OE_OK);
}

static int run(struct world *world)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lies, provers_start,
			provers_end),
	};

	return cmocka_run_group_tests_name("attestation-liar", tests, NULL,
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
