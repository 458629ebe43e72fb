/* SPDX-License-Identifier: MIT */
/* What the functions say to callers that are wrong. */
#include "check.h"
#include "prover_t.h"

#include <coffer/attest.h>
#include <openenclave/attestation/attester.h>
#include <openenclave/attestation/custom_claims.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/attestation/sgx/report.h>
#include <openenclave/attestation/verifier.h>
#include <openenclave/internal/plugin.h>
#include <stdlib.h>
#include <string.h>

static const oe_uuid_t local = { OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION };
static const oe_uuid_t ecdsa = { OE_FORMAT_UUID_SGX_ECDSA };
static const oe_uuid_t epid = { OE_FORMAT_UUID_SGX_EPID_LINKABLE };
static const oe_uuid_t raw = { OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA };

static int before_and_after(void)
{
	uint8_t *evidence = (uint8_t *)1, target[512] = { 0 }, *settings;
	size_t size = 1, count;
	oe_uuid_t *formats, chosen;

	/* Nothing is there before, and nothing after. */
	CODE(oe_attester_shutdown(), OE_OK);
	CODE(oe_verifier_shutdown(), OE_OK);
	CODE(oe_get_evidence(&local, 0, NULL, 0, target, 512, &evidence,
		&size, NULL, NULL), OE_NOT_FOUND);
	CHECK(!evidence && !size);
	CODE(oe_attester_select_format(&local, 1, &chosen), OE_NOT_FOUND);
	CODE(oe_verifier_get_formats(&formats, &count), OE_NOT_FOUND);
	CODE(oe_verifier_get_format_settings(&local, &settings, &size),
		OE_NOT_FOUND);
	CODE(oe_verify_evidence(&local, target, sizeof(target), NULL, 0, NULL,
		0, NULL, NULL), OE_NOT_FOUND);
	for (int i = 0; i < 3; i++) {
		CODE(oe_attester_initialize(), OE_OK);
		CODE(oe_verifier_initialize(), OE_OK);
	}
	CODE(oe_verifier_get_formats(&formats, &count), OE_OK);
	CHECK(count == 4 && !memcmp(&formats[0], &ecdsa, sizeof(ecdsa))
		&& !memcmp(&formats[3], &local, sizeof(local)));
	CODE(oe_verifier_free_formats(formats), OE_OK);
	return 0;
}

static int attesters(void)
{
	const oe_uuid_t wishes[] = { epid, local, ecdsa };
	uint8_t target[512] = { 0 }, *evidence, *endorsements = NULL;
	size_t size, endorsements_size = 0;
	oe_uuid_t chosen;

	CODE(oe_attester_select_format(wishes, 3, &chosen), OE_OK);
	CHECK(!memcmp(&chosen, &local, sizeof(local)));
	CODE(oe_attester_select_format(wishes, 1, &chosen), OE_NOT_FOUND);
	CODE(oe_attester_select_format(NULL, 1, &chosen),
		OE_INVALID_PARAMETER);
	CODE(oe_attester_select_format(wishes, 0, &chosen),
		OE_INVALID_PARAMETER);
	CODE(oe_attester_select_format(wishes, 1, NULL),
		OE_INVALID_PARAMETER);

	CODE(oe_get_evidence(NULL, 0, NULL, 0, target, 512, &evidence, &size,
		NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 2, NULL, 0, target, 512, &evidence,
		&size, NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 0, NULL, 1, target, 512, &evidence,
		&size, NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 0, NULL, 0, NULL, 0, &evidence, &size,
		NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 0, NULL, 0, target, 511, &evidence,
		&size, NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 0, NULL, 0, target, 512, NULL, &size,
		NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 0, NULL, 0, target, 512, &evidence, NULL,
		NULL, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&local, 0, NULL, 0, target, 512, &evidence,
		&size, &endorsements, NULL), OE_INVALID_PARAMETER);
	CODE(oe_get_evidence(&epid, 0, NULL, 0, NULL, 0, &evidence, &size,
		NULL, NULL), OE_NOT_FOUND);

	/* Local evidence has no endorsements, with a header either. */
	CODE(oe_get_evidence(&local, OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID, NULL,
		0, target, 512, &evidence, &size, &endorsements,
		&endorsements_size), OE_OK);
	CHECK(size == 32 + 432 && !endorsements && !endorsements_size);
	CODE(oe_free_evidence(evidence), OE_OK);
	CODE(oe_free_evidence(NULL), OE_OK);
	CODE(oe_free_endorsements(NULL), OE_OK);
	return 0;
}

static int verifiers(void)
{
	uint8_t bytes[600] = { 0 }, *settings;
	oe_policy_t policy = { OE_POLICY_ENDORSEMENTS_TIME, NULL, 0 };
	oe_claim_t *claims = (oe_claim_t *)1;
	size_t count = 1, size;

	CODE(oe_verify_evidence(&local, NULL, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	CHECK(!claims && !count);
	CODE(oe_verify_evidence(&local, bytes, 0, NULL, 0, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(&local, bytes, 600, bytes, 0, NULL, 0,
		&claims, &count), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(&local, bytes, 600, NULL, 1, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(&local, bytes, 600, NULL, 0, &policy, 0,
		&claims, &count), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(&local, bytes, 600, NULL, 0, NULL, 0, &claims,
		NULL), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(&epid, bytes, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_NOT_FOUND);
	CODE(oe_verify_evidence(&local, bytes, 431, NULL, 0, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(&local, bytes, 432, NULL, 0, NULL, 0, &claims,
		&count), OE_VERIFY_FAILED_AES_CMAC_MISMATCH);
	CODE(oe_verify_evidence(&ecdsa, bytes, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_REPORT_PARSE_ERROR);
	CODE(oe_verify_evidence(&raw, bytes, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_REPORT_PARSE_ERROR);
	/* Headers: short, of another version, of another size. */
	CODE(oe_verify_evidence(NULL, bytes, 31, NULL, 0, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	CODE(oe_verify_evidence(NULL, bytes, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	bytes[0] = 3;
	CODE(oe_verify_evidence(NULL, bytes, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_INVALID_PARAMETER);
	bytes[24] = 8;
	CODE(oe_verify_evidence(NULL, bytes, 40, NULL, 0, NULL, 0, &claims,
		&count), OE_NOT_FOUND);
	/* It looks like a report. */
	bytes[0] = 1;
	CODE(oe_verify_evidence(NULL, bytes, 600, NULL, 0, NULL, 0, &claims,
		&count), OE_REPORT_PARSE_ERROR);

	CODE(oe_verifier_get_format_settings(NULL, &settings, &size),
		OE_INVALID_PARAMETER);
	CODE(oe_verifier_get_format_settings(&local, NULL, &size),
		OE_INVALID_PARAMETER);
	CODE(oe_verifier_get_format_settings(&ecdsa, &settings, &size),
		OE_OK);
	CHECK(!settings && !size);
	CODE(oe_verifier_get_format_settings(&raw, &settings, &size),
		OE_UNSUPPORTED);
	CODE(oe_free_claims(NULL, 0), OE_OK);
	return 0;
}

static int certificates(void)
{
	uint8_t der[64] = { 0x30, 0x3e }, *out;
	size_t size;

	CODE(oe_verify_attestation_certificate_with_evidence(NULL, 1, NULL,
		NULL), OE_INVALID_PARAMETER);
	CODE(oe_verify_attestation_certificate_with_evidence(der, 0, NULL,
		NULL), OE_INVALID_PARAMETER);
	CODE(oe_verify_attestation_certificate_with_evidence(der,
		sizeof(der), NULL, NULL), OE_FAILURE);
	CODE(oe_verify_attestation_certificate(der, sizeof(der), NULL, NULL),
		OE_FAILURE);
	CODE(oe_get_attestation_certificate_with_evidence(&local, NULL, der,
		sizeof(der), der, sizeof(der), &out, &size), OE_FAILURE);
	CODE(oe_get_attestation_certificate_with_evidence(NULL, NULL, der,
		sizeof(der), der, sizeof(der), &out, &size),
		OE_INVALID_PARAMETER);
	CODE(oe_get_attestation_certificate_with_evidence(&local, NULL, NULL,
		0, der, sizeof(der), &out, &size), OE_INVALID_PARAMETER);
	CODE(oe_generate_attestation_certificate_v2(NULL, der, sizeof(der),
		der, sizeof(der), "20200101000000", NULL, &out, &size),
		OE_INVALID_PARAMETER);
	return 0;
}

static int roots(void)
{
	uint8_t hash[32] = { 0 };

	CODE(coffer_trust_root(NULL, 4), OE_INVALID_PARAMETER);
	CODE(coffer_trust_root("text", 4), OE_INVALID_PARAMETER);
	CODE(coffer_trust_root_hash(NULL), OE_INVALID_PARAMETER);
	for (int i = 0; i < COFFER_TRUSTED_ROOTS_MAX; i++) {
		hash[0] = (uint8_t)i;
		CODE(coffer_trust_root_hash(hash), OE_OK);
		CODE(coffer_trust_root_hash(hash), OE_OK);
	}
	hash[1] = 1;
	CODE(coffer_trust_root_hash(hash), OE_OUT_OF_BOUNDS);
	CODE(coffer_trust_intel_root(), OE_OUT_OF_BOUNDS);
	return 0;
}

int pr_misuse(void)
{
	int (*const parts[])(void) = {
		before_and_after, attesters, verifiers, certificates, roots,
	};

	for (size_t i = 0; i < OE_COUNTOF(parts); i++) {
		int line = parts[i]();

		if (line)
			return line;
	}
	return 0;
}

static int registered, unregistered;

static oe_result_t on_register(oe_attestation_role_t *context,
	const void *data, size_t size)
{
	registered++;
	return size == 3 && !memcmp(data, "no", 3) ? OE_BUSY : OE_OK;
}

static oe_result_t on_unregister(oe_attestation_role_t *context)
{
	unregistered++;
	return OE_OK;
}

/* Custom claims between two plus signs. */
static oe_result_t make(oe_attester_t *context, const void *custom_claims,
	size_t custom_claims_size, const void *optional_parameters,
	size_t optional_parameters_size, uint8_t **evidence_buffer,
	size_t *evidence_buffer_size, uint8_t **endorsements_buffer,
	size_t *endorsements_buffer_size)
{
	*evidence_buffer = malloc(custom_claims_size + 2);
	if (!*evidence_buffer)
		return OE_OUT_OF_MEMORY;
	memset(*evidence_buffer, '+', custom_claims_size + 2);
	memcpy(*evidence_buffer + 1, custom_claims, custom_claims_size);
	*evidence_buffer_size = custom_claims_size + 2;
	return OE_OK;
}

static bool leave_one_out;

static oe_result_t check(oe_verifier_t *context, const uint8_t *evidence,
	size_t evidence_size, const uint8_t *endorsements,
	size_t endorsements_size, const oe_policy_t *policies,
	size_t policies_size, oe_claim_t **claims, size_t *claims_length)
{
	size_t count = OE_REQUIRED_CLAIMS_COUNT - leave_one_out;
	oe_claim_t *list;

	if (evidence_size < 2 || evidence[0] != '+'
			|| evidence[evidence_size - 1] != '+')
		return OE_VERIFY_FAILED;
	list = calloc(count, sizeof(*list));
	if (!list)
		return OE_OUT_OF_MEMORY;
	/* Names that are constants: only our own free_claims may free. */
	for (size_t i = 0; i < count; i++) {
		size_t of = i + leave_one_out;

		list[i].name = (char *)OE_REQUIRED_CLAIMS[of];
		list[i].value = (uint8_t *)&context->base.format_id;
		list[i].value_size = sizeof(oe_uuid_t);
	}
	*claims = list;
	*claims_length = count;
	return OE_OK;
}

static int freed;

static oe_result_t free_claims(oe_verifier_t *context, oe_claim_t *claims,
	size_t claims_length)
{
	freed++;
	free(claims);
	return OE_OK;
}

static const oe_uuid_t mine = { { 1, 2, 3 } };
static oe_attester_t attester = {
	.base = { { { 1, 2, 3 } }, on_register, on_unregister },
	.get_evidence = make,
};
static oe_verifier_t verifier = {
	.base = { { { 1, 2, 3 } }, on_register, on_unregister },
	.verify_evidence = check, .free_claims = free_claims,
};

int pr_plugins(void)
{
	oe_attester_t *found_attester;
	oe_verifier_t *found_verifier;
	uint8_t *evidence;
	oe_claim_t *claims;
	oe_uuid_t *formats;
	size_t size, count;

	CODE(oe_attester_initialize(), OE_OK);
	CODE(oe_verifier_initialize(), OE_OK);
	CODE(oe_register_attester_plugin(NULL, NULL, 0),
		OE_INVALID_PARAMETER);
	CODE(oe_register_attester_plugin(&attester, "no", 3), OE_BUSY);
	CODE(oe_find_attester_plugin(&mine, &found_attester), OE_NOT_FOUND);
	CODE(oe_register_attester_plugin(&attester, NULL, 0), OE_OK);
	CODE(oe_register_attester_plugin(&attester, NULL, 0),
		OE_ALREADY_EXISTS);
	CODE(oe_register_verifier_plugin(&verifier, NULL, 0), OE_OK);
	CHECK(registered == 3);
	CODE(oe_find_attester_plugin(&mine, &found_attester), OE_OK);
	CODE(oe_find_verifier_plugin(&mine, &found_verifier), OE_OK);
	CHECK(found_attester == &attester && found_verifier == &verifier);
	CODE(oe_verifier_get_formats(&formats, &count), OE_OK);
	CHECK(count == 5 && !memcmp(&formats[0], &mine, sizeof(mine)));
	oe_verifier_free_formats(formats);

	CODE(oe_get_evidence(&mine, OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID, "abc",
		3, NULL, 0, &evidence, &size, NULL, NULL), OE_OK);
	CHECK(size == 32 + 5 && !memcmp(evidence + 32, "+abc+", 5)
		&& evidence[0] == 3 && !memcmp(evidence + 4, &mine, 16));
	CODE(oe_verify_evidence(NULL, evidence, size, NULL, 0, NULL, 0,
		&claims, &count), OE_OK);
	CHECK(count == OE_REQUIRED_CLAIMS_COUNT);
	CODE(oe_free_claims(claims, count), OE_OK);
	CHECK(freed == 1);
	/* A plug-in that does not say everything. */
	leave_one_out = true;
	CODE(oe_verify_evidence(NULL, evidence, size, NULL, 0, NULL, 0,
		&claims, &count), OE_CONSTRAINT_FAILED);
	CHECK(!claims && !count && freed == 2);
	leave_one_out = false;
	evidence[32] = '-';
	CODE(oe_verify_evidence(NULL, evidence, size, NULL, 0, NULL, 0,
		&claims, &count), OE_VERIFY_FAILED);
	/* Endorsements of another format. */
	evidence[32] = '+';
	{
		uint8_t other[64];

		CHECK(size <= sizeof(other));
		memcpy(other, evidence, size);
		other[4] ^= 1;
		CODE(oe_verify_evidence(NULL, evidence, size, other, size,
			NULL, 0, &claims, &count), OE_CONSTRAINT_FAILED);
	}
	oe_free_evidence(evidence);
	CODE(oe_unregister_attester_plugin(&attester), OE_OK);
	CODE(oe_unregister_attester_plugin(&attester), OE_NOT_FOUND);
	CODE(oe_unregister_verifier_plugin(&verifier), OE_OK);
	CODE(oe_unregister_verifier_plugin(&verifier), OE_NOT_FOUND);
	CHECK(unregistered == 2);
	return 0;
}

int pr_custom_claims(void)
{
	oe_claim_t given[] = {
		{ "name", (uint8_t *)"value", 6 }, { "", NULL, 0 },
		{ "again", (uint8_t *)"\0\1\2", 3 },
	};
	static const uint8_t bytes[] = {
		1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
		5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
		'n', 'a', 'm', 'e', 0, 'v', 'a', 'l', 'u', 'e', 0,
		1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		6, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
		'a', 'g', 'a', 'i', 'n', 0, 0, 1, 2,
	};
	uint8_t *out, copy[sizeof(bytes) + 1];
	oe_claim_t *claims;
	size_t size, count;

	CODE(oe_serialize_custom_claims(given, 3, &out, &size), OE_OK);
	CHECK(size == sizeof(bytes) && !memcmp(out, bytes, size));
	CODE(oe_deserialize_custom_claims(out, size, &claims, &count), OE_OK);
	CHECK(count == 3);
	for (int i = 0; i < 3; i++)
		CHECK(!strcmp(claims[i].name, given[i].name)
			&& claims[i].value_size == given[i].value_size
			&& (!claims[i].value_size || !memcmp(claims[i].value,
				given[i].value, given[i].value_size)));
	CODE(oe_free_custom_claims(claims, count), OE_OK);
	CODE(oe_free_serialized_custom_claims(out), OE_OK);

	/* Every cut and every bit: an error, or a list that can be freed. */
	memcpy(copy, bytes, sizeof(bytes));
	copy[sizeof(bytes)] = 0;
	for (size_t cut = 0; cut < sizeof(bytes); cut++) {
		CHECK(oe_deserialize_custom_claims(bytes, cut, &claims, &count)
			!= OE_OK);
	}
	CODE(oe_deserialize_custom_claims(copy, sizeof(copy), &claims,
		&count), OE_OUT_OF_BOUNDS);
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		copy[bit / 8] ^= 1 << bit % 8;
		if (!oe_deserialize_custom_claims(copy, sizeof(bytes), &claims,
				&count))
			oe_free_custom_claims(claims, count);
		copy[bit / 8] ^= 1 << bit % 8;
	}
	copy[0] = 2;
	CODE(oe_deserialize_custom_claims(copy, sizeof(bytes), &claims,
		&count), OE_CONSTRAINT_FAILED);

	CODE(oe_serialize_custom_claims(NULL, 0, &out, &size), OE_OK);
	CHECK(size == 16);
	CODE(oe_deserialize_custom_claims(out, size, &claims, &count), OE_OK);
	CHECK(!claims && !count);
	oe_free_serialized_custom_claims(out);
	CODE(oe_serialize_custom_claims(NULL, 1, &out, &size),
		OE_INVALID_PARAMETER);
	CODE(oe_serialize_custom_claims(given, 3, NULL, &size),
		OE_INVALID_PARAMETER);
	given[1].value_size = 1;
	CODE(oe_serialize_custom_claims(given, 3, &out, &size),
		OE_INVALID_PARAMETER);
	return 0;
}

int pr_signer(const char *pem, const uint8_t *mrsigner)
{
	size_t length = strlen(pem) + 1, size = 32;
	uint8_t got[40];

	CODE(oe_sgx_get_signer_id_from_public_key(pem, length, got, &size),
		OE_OK);
	CHECK(size == 32 && !memcmp(got, mrsigner, 32));
	size = sizeof(got);
	CODE(oe_sgx_get_signer_id_from_public_key(pem, length, got, &size),
		OE_OK);
	CHECK(size == 32);
	size = 31;
	CODE(oe_sgx_get_signer_id_from_public_key(pem, length, got, &size),
		OE_BUFFER_TOO_SMALL);
	CHECK(size == 32);
	CODE(oe_sgx_get_signer_id_from_public_key(pem, length - 1, got,
		&size), OE_INVALID_PARAMETER);
	CODE(oe_sgx_get_signer_id_from_public_key("no key", 7, got, &size),
		OE_INVALID_PARAMETER);
	CODE(oe_sgx_get_signer_id_from_public_key(NULL, 7, got, &size),
		OE_INVALID_PARAMETER);
	return 0;
}
