/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

const char *provers_image[2];
oe_enclave_t *provers[2];

int provers_start(void **state)
{
	for (int i = 0; i < 2; i++)
		if (oe_create_prover_enclave(provers_image[i],
				OE_ENCLAVE_TYPE_AUTO, OE_ENCLAVE_FLAG_DEBUG,
				NULL, 0, &provers[i]))
			return -1;
	return 0;
}

int provers_end(void **state)
{
	int failed = 0;

	for (int i = 0; i < 2; i++)
		failed |= oe_terminate_enclave(provers[i]) != OE_OK;
	return failed;
}

oe_result_t prove(int who, int format, uint32_t flags, const char *custom,
	const struct bytes *target, struct bytes *evidence,
	uint8_t *endorsements, size_t *endorsements_size)
{
	return ASK(pr_evidence(provers[who], &answer, format, flags,
		(const uint8_t *)custom, custom ? strlen(custom) : 0,
		target ? target->data : NULL, target ? target->size : 0,
		evidence->data, sizeof(evidence->data), &evidence->size,
		endorsements, endorsements ? ENDORSEMENTS_ROOM : 0,
		endorsements_size));
}

oe_result_t verify(int who, int format, const uint8_t *evidence, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	const oe_datetime_t *date, struct proof *proof)
{
	static uint8_t room[128 * 1024];
	size_t claims_size = 0;
	oe_result_t result;

	memset(proof, 0, sizeof(*proof));
	result = ASK(pr_verify(provers[who], &answer, format, evidence, size,
		endorsements, endorsements_size, (const uint8_t *)date,
		date ? sizeof(*date) : 0, room, sizeof(room), &claims_size,
		&proof->root));
	if (claims_size)
		IS(oe_deserialize_custom_claims(room, claims_size,
			&proof->claims, &proof->count), OE_OK);
	/* Claims are there exactly when something was proved. */
	assert_int_equal(proof->count != 0,
		!result || result == OE_TCB_LEVEL_INVALID);
	return result;
}

void proof_free(struct proof *proof)
{
	oe_free_custom_claims(proof->claims, proof->count);
	memset(proof, 0, sizeof(*proof));
}

void target_of(int who, struct bytes *target)
{
	IS(ASK(pr_settings(provers[who], &answer, LOCAL, target->data,
		sizeof(target->data), &target->size)), OE_OK);
	assert_int_equal(target->size, 512);
}

const oe_claim_t *claim_of(const oe_claim_t *claims, size_t count,
	const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(claims[i].name, name))
			return &claims[i];
	return NULL;
}

/* Name and size, and where in the report body the value stands. */
static const struct {
	const char *name;
	size_t size;
	int offset; /* -1: looked at by the caller */
} wanted[] = {
	{ "id_version", 4, -1 }, { "security_version", 4, -1 },
	{ "attributes", 8, -1 }, { "unique_id", 32, 64 },
	{ "signer_id", 32, 128 }, { "product_id", 16, -1 },
	{ "format_uuid", 16, -1 }, { "sgx_pf_gp_exit_info_enabled", 1, -1 },
	{ "sgx_isv_extended_product_id", 16, 32 },
	{ "sgx_is_mode64bit", 1, -1 }, { "sgx_has_provision_key", 1, -1 },
	{ "sgx_has_einittoken_key", 1, -1 }, { "sgx_uses_kss", 1, -1 },
	{ "sgx_config_id", 64, 192 }, { "sgx_config_svn", 2, 260 },
	{ "sgx_isv_family_id", 16, 304 }, { "sgx_cpu_svn", 16, 0 },
	/* Of quotes; a size of 0 is any but that. */
	{ "tcb_status", 4, -1 }, { "tcb_date", 24, -1 },
	{ "validity_from", 24, -1 }, { "validity_until", 24, -1 },
	{ "ueid", 33, -1 }, { "hardware_model", 6, -1 },
	{ "sgx_tcb_info", 0, -1 }, { "sgx_tcb_issuer_chain", 0, -1 },
	{ "sgx_pck_crl", 0, -1 }, { "sgx_root_ca_crl", 0, -1 },
	{ "sgx_crl_issuer_chain", 0, -1 }, { "sgx_qe_id_info", 0, -1 },
	{ "sgx_qe_id_issuer_chain", 0, -1 }, { "sgx_pce_svn", 2, -1 },
};

static void is(const oe_claim_t *claim, const void *value, size_t size)
{
	assert_int_equal(claim->value_size, size);
	assert_memory_equal(claim->value, value, size);
}

size_t check_claims(int who, int format, const oe_claim_t *claims,
	size_t count, bool remote)
{
	static const oe_uuid_t formats[] = {
		{ OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION },
		{ OE_FORMAT_UUID_SGX_ECDSA },
		{ OE_FORMAT_UUID_LEGACY_REPORT_REMOTE },
		{ OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA },
	};
	/* ProductID and SecurityVersion of prover.conf. */
	static const uint8_t product[16] = { 1, 2 };
	static const uint8_t family[16] = { 0x00, 0x11, 0x22, 0x33, 0x44,
		0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
		0xff };
	size_t all = remote ? OE_COUNTOF(wanted) : 17;
	uint64_t attributes = 1 | (remote ? 2 : 0);
	uint32_t zero = 0, svn = 7;
	uint8_t yes = 1, no = 0, *report;
	const uint8_t *body;
	size_t size;

	IS(oe_get_report(provers[who], 0, NULL, 0, &report, &size), OE_OK);
	body = report + 16;
	assert_true(count >= all);
	for (size_t i = 0; i < all; i++) {
		assert_string_equal(claims[i].name, wanted[i].name);
		if (wanted[i].size)
			assert_int_equal(claims[i].value_size,
				wanted[i].size);
		else
			assert_true(claims[i].value_size > 16);
		if (wanted[i].offset >= 0)
			assert_memory_equal(claims[i].value,
				body + wanted[i].offset, wanted[i].size);
	}
	is(&claims[0], &zero, 4);
	is(&claims[1], &svn, 4);
	is(&claims[2], &attributes, 8);
	is(&claims[5], product, 16);
	is(&claims[6], &formats[format], 16);
	/* MISCSELECT, as the machine granted it. */
	is(&claims[7], body[16] & 1 ? &yes : &no, 1);
	is(&claims[9], &yes, 1);
	is(&claims[10], &no, 1);
	is(&claims[11], &no, 1);
	is(&claims[12], &yes, 1);
	is(&claims[15], family, 16);
	oe_free_report(report);
	return all;
}
