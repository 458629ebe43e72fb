/* SPDX-License-Identifier: MIT */
#include "prover_t.h"

#include <coffer/attest.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <openenclave/attestation/attester.h>
#include <openenclave/attestation/custom_claims.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/attestation/verifier.h>
#include <string.h>

static const oe_uuid_t formats[] = {
	{ OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION }, { OE_FORMAT_UUID_SGX_ECDSA },
	{ OE_FORMAT_UUID_LEGACY_REPORT_REMOTE },
	{ OE_FORMAT_UUID_RAW_SGX_QUOTE_ECDSA },
	{ OE_FORMAT_UUID_SGX_EPID_LINKABLE }, { OE_FORMAT_UUID_SGX_UNKNOWN },
};

static const oe_uuid_t *format_of(int format)
{
	return format < 0 ? NULL : &formats[format];
}

/* To an out buffer of the EDL. */
static oe_result_t give(const uint8_t *from, size_t from_size, uint8_t *to,
	size_t room, size_t *size)
{
	*size = from_size;
	if (from_size > room)
		return OE_BUFFER_TOO_SMALL;
	if (from_size)
		memcpy(to, from, from_size);
	return OE_OK;
}

oe_result_t pr_settings(int format, uint8_t *settings, size_t room,
	size_t *size)
{
	oe_result_t result;
	uint8_t *got;
	size_t got_size;

	oe_verifier_initialize();
	result = oe_verifier_get_format_settings(format_of(format), &got,
		&got_size);
	if (!result)
		result = give(got, got_size, settings, room, size);
	oe_verifier_free_format_settings(got);
	return result;
}

oe_result_t pr_evidence(int format, uint32_t flags, const uint8_t *custom,
	size_t custom_size, const uint8_t *target, size_t target_size,
	uint8_t *evidence, size_t room, size_t *size, uint8_t *endorsements,
	size_t endorsements_room, size_t *endorsements_size)
{
	uint8_t *got = NULL, *more = NULL;
	size_t got_size = 0, more_size = 0;
	oe_result_t result;

	result = oe_attester_initialize();
	if (!result)
		result = oe_get_evidence(format_of(format), flags, custom,
			custom_size, target, target_size, &got, &got_size,
			endorsements ? &more : NULL,
			endorsements ? &more_size : NULL);
	if (!result)
		result = give(got, got_size, evidence, room, size);
	if (!result && endorsements)
		result = give(more, more_size, endorsements,
			endorsements_room, endorsements_size);
	oe_free_evidence(got);
	oe_free_endorsements(more);
	return result;
}

oe_result_t pr_verify(int format, const uint8_t *evidence, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	const uint8_t *date, size_t date_size, uint8_t *claims, size_t room,
	size_t *claims_size, int *root)
{
	oe_policy_t policy = {
		OE_POLICY_ENDORSEMENTS_TIME, (void *)date, date_size
	};
	oe_result_t result, sent = OE_OK;
	oe_claim_t *list = NULL;
	uint8_t *bytes = NULL;
	size_t count = 0, bytes_size = 0;
	coffer_root_t on;

	*root = -1;
	*claims_size = 0;
	oe_verifier_initialize();
	result = oe_verify_evidence(format_of(format), evidence, size,
		endorsements, endorsements_size, date ? &policy : NULL,
		date ? 1 : 0, &list, &count);
	if (count && !coffer_evidence_root(list, count, &on, NULL))
		*root = (int)on;
	if (count)
		sent = oe_serialize_custom_claims(list, count, &bytes,
			&bytes_size);
	if (count && !sent)
		sent = give(bytes, bytes_size, claims, room, claims_size);
	oe_free_serialized_custom_claims(bytes);
	oe_free_claims(list, count);
	return sent ? sent : result;
}

static int random_bytes(void *context, unsigned char *out, size_t size)
{
	(void)context;
	return oe_random(out, size) ? -1 : 0;
}

/* A fresh P-256 key pair in PEM. */
static oe_result_t make_keys(uint8_t private_key[512],
	uint8_t public_key[512])
{
	mbedtls_pk_context pk;
	int failed;

	mbedtls_pk_init(&pk);
	failed = mbedtls_pk_setup(&pk,
			mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY))
		|| mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
			mbedtls_pk_ec(pk), random_bytes, NULL)
		|| mbedtls_pk_write_key_pem(&pk, private_key, 512)
		|| mbedtls_pk_write_pubkey_pem(&pk, public_key, 512);
	mbedtls_pk_free(&pk);
	return failed ? OE_CRYPTO_ERROR : OE_OK;
}

#define TEXT(BYTES) (BYTES), strlen((const char *)(BYTES)) + 1

/* format -1: the older kind, with a report. */
oe_result_t pr_certificate(int format, const uint8_t *target,
	size_t target_size, uint8_t *der, size_t room, size_t *size)
{
	uint8_t private_key[512], public_key[512], other[512], *got = NULL;
	uint8_t *none = NULL;
	oe_result_t result;
	size_t got_size = 0, none_size = 0;

	result = make_keys(private_key, other);
	if (!result)
		result = make_keys(private_key, public_key);
	if (result)
		return result;
	/* Keys that do not belong together. */
	if (format >= 0) {
		if (oe_get_attestation_certificate_with_evidence_v2(
				format_of(format), NULL, TEXT(private_key),
				TEXT(other), target, target_size, &none,
				&none_size) != OE_FAILURE || none)
			return OE_UNEXPECTED;
		result = oe_get_attestation_certificate_with_evidence_v2(
			format_of(format), NULL, TEXT(private_key),
			TEXT(public_key), target, target_size, &got,
			&got_size);
	} else {
		if (oe_generate_attestation_certificate(NULL,
				TEXT(private_key), TEXT(other), &none,
				&none_size) != OE_FAILURE || none)
			return OE_UNEXPECTED;
		result = oe_generate_attestation_certificate_v2(
			(const unsigned char *)"CN=An enclave,O=Tests",
			TEXT(private_key), TEXT(public_key),
			"20200102030405", "20490102030405", &got, &got_size);
	}
	if (!result)
		result = give(got, got_size, der, room, size);
	oe_free_attestation_certificate(got);
	return result;
}

struct asked {
	oe_result_t say;
	oe_identity_t identity;
	unsigned count;
};

static oe_result_t look(oe_identity_t *identity, void *arg)
{
	struct asked *asked = arg;

	asked->identity = *identity;
	asked->count++;
	return asked->say;
}

static oe_result_t look_at_claims(oe_claim_t *claims, size_t count, void *arg)
{
	struct asked *asked = arg;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(claims[i].name, OE_CLAIM_UNIQUE_ID))
			memcpy(asked->identity.unique_id, claims[i].value,
				32);
		if (!strcmp(claims[i].name, OE_CLAIM_SIGNER_ID))
			memcpy(asked->identity.signer_id, claims[i].value,
				32);
	}
	asked->count++;
	return asked->say;
}

oe_result_t pr_verify_certificate(int legacy, uint8_t *der, size_t size,
	oe_result_t say, uint8_t *identity)
{
	struct asked asked = { .say = say };
	oe_result_t result;

	result = legacy ? oe_verify_attestation_certificate(der, size, look,
			&asked)
		: oe_verify_attestation_certificate_with_evidence(der, size,
			look_at_claims, &asked);
	if (!result && asked.count != 1)
		return OE_UNEXPECTED;
	memcpy(identity, &asked.identity, sizeof(asked.identity));
	return result;
}

oe_result_t pr_report(const uint8_t *data, size_t data_size, uint8_t *report,
	size_t room, size_t *size)
{
	oe_result_t result;
	uint8_t *got = NULL;
	size_t got_size = 0;

	result = oe_get_report(OE_REPORT_FLAGS_REMOTE_ATTESTATION, data,
		data_size, NULL, 0, &got, &got_size);
	if (!result)
		result = give(got, got_size, report, room, size);
	oe_free_report(got);
	return result;
}

oe_result_t pr_verify_report(const uint8_t *report, size_t size)
{
	oe_report_t parsed;
	oe_result_t result = oe_verify_report(report, size, &parsed);

	if (!result && (parsed.size != sizeof(parsed)
			|| parsed.enclave_report_size != 384
			|| parsed.report_data_size != 64
			|| parsed.type != OE_ENCLAVE_TYPE_SGX))
		return OE_UNEXPECTED;
	return result;
}

oe_result_t pr_trust(int how, const uint8_t *bytes, size_t size)
{
	switch (how) {
	case 0:
		return coffer_trust_root(bytes, size);
	case 1:
		return coffer_trust_root_hash(size == 32 ? bytes : NULL);
	case 2:
		return coffer_trust_intel_root();
	default:
		coffer_trust_only_added_roots();
		return OE_OK;
	}
}
