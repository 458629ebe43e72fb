/* SPDX-License-Identifier: MIT */
/*
 * Self-signed certificates with evidence, or with a report as they had it
 * before.  mbedTLS writes them, whatever else the enclave links.
 */
#include "attest/crypto.h"
#include "evidence/extension.h"

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <openenclave/attestation/attester.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#define SUBJECT "CN=Open Enclave SDK,O=OESDK TLS,C=US"
#define NOT_BEFORE "20190501000000"
#define NOT_AFTER "20501231235959"
/* Everything in a certificate but the extension, in bytes: RSA of 8192 bits
 * takes 4,000 with a long name. */
#define REST_MAX (8 * 1024)

struct wanted {
	const char *subject, *not_before, *not_after;
	mbedtls_pk_context key, public_key;
	enum extension_kind kind;
	const uint8_t *content;
	size_t content_size;
};

static int generate(void *context, unsigned char *out, size_t size)
{
	(void)context;
	return oe_random(out, size) ? -1 : 0;
}

/* PEM texts with their NUL, which belong together. */
static oe_result_t take_keys(struct wanted *wanted,
	const uint8_t *private_key, size_t private_key_size,
	const uint8_t *public_key, size_t public_key_size)
{
	if (!private_key || !private_key_size || !public_key
			|| !public_key_size)
		return OE_INVALID_PARAMETER;
	if (mbedtls_pk_parse_key(&wanted->key, private_key, private_key_size,
			NULL, 0)
		|| mbedtls_pk_parse_public_key(&wanted->public_key,
			public_key, public_key_size)
		|| mbedtls_pk_check_pair(&wanted->public_key, &wanted->key))
		return OE_FAILURE;
	return OE_OK;
}

static bool fill(mbedtls_x509write_cert *certificate,
	struct wanted *wanted, const mbedtls_mpi *serial)
{
	mbedtls_x509write_crt_set_version(certificate,
		MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(certificate, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(certificate,
		&wanted->public_key);
	mbedtls_x509write_crt_set_issuer_key(certificate, &wanted->key);
	return !mbedtls_x509write_crt_set_subject_name(certificate,
			wanted->subject)
		&& !mbedtls_x509write_crt_set_issuer_name(certificate,
			wanted->subject)
		&& !mbedtls_x509write_crt_set_serial(certificate, serial)
		&& !mbedtls_x509write_crt_set_validity(certificate,
			wanted->not_before, wanted->not_after)
		&& !mbedtls_x509write_crt_set_basic_constraints(certificate,
			0, -1)
		&& !mbedtls_x509write_crt_set_subject_key_identifier(
			certificate)
		&& !mbedtls_x509write_crt_set_authority_key_identifier(
			certificate)
		&& !mbedtls_x509write_crt_set_extension(certificate,
			extension_oid[wanted->kind], EXTENSION_OID_SIZE, 0,
			wanted->content, wanted->content_size);
}

static oe_result_t make(struct wanted *wanted, uint8_t **der,
	size_t *der_size)
{
	const size_t room = wanted->content_size + REST_MAX;
	oe_result_t result = OE_CRYPTO_ERROR;
	mbedtls_x509write_cert certificate;
	mbedtls_mpi serial;
	uint8_t *buffer = malloc(room), *out;
	int size;

	if (!buffer)
		return OE_OUT_OF_MEMORY;
	mbedtls_x509write_crt_init(&certificate);
	mbedtls_mpi_init(&serial);
	if (!mbedtls_mpi_lset(&serial, 1)
			&& fill(&certificate, wanted, &serial)) {
		/* It stands at the buffer's end. */
		size = mbedtls_x509write_crt_der(&certificate, buffer, room,
			generate, NULL);
		out = size > 0 ? malloc((size_t)size) : NULL;
		if (out) {
			memcpy(out, buffer + room - size, (size_t)size);
			*der = out;
			*der_size = (size_t)size;
			result = OE_OK;
		} else if (size > 0) {
			result = OE_OUT_OF_MEMORY;
		}
	}
	mbedtls_mpi_free(&serial);
	mbedtls_x509write_crt_free(&certificate);
	free(buffer);
	return result;
}

static void begin(struct wanted *wanted, const unsigned char *subject,
	enum extension_kind kind)
{
	*wanted = (struct wanted){
		.subject = subject ? (const char *)subject : SUBJECT,
		.not_before = NOT_BEFORE, .not_after = NOT_AFTER,
		.kind = kind,
	};
	mbedtls_pk_init(&wanted->key);
	mbedtls_pk_init(&wanted->public_key);
}

/* mbedTLS wipes the private one. */
static void end(struct wanted *wanted)
{
	mbedtls_pk_free(&wanted->key);
	mbedtls_pk_free(&wanted->public_key);
}

oe_result_t oe_get_attestation_certificate_with_evidence_v2(
	const oe_uuid_t *format_id, const unsigned char *subject_name,
	uint8_t *private_key, size_t private_key_size, uint8_t *public_key,
	size_t public_key_size, const void *optional_parameters,
	size_t optional_parameters_size, uint8_t **output_certificate,
	size_t *output_certificate_size)
{
	uint8_t *evidence = NULL;
	struct wanted wanted;
	oe_result_t result;

	if (!format_id || !output_certificate || !output_certificate_size)
		return OE_INVALID_PARAMETER;
	*output_certificate = NULL;
	*output_certificate_size = 0;
	begin(&wanted, subject_name, EXTENSION_EVIDENCE);
	result = take_keys(&wanted, private_key, private_key_size, public_key,
		public_key_size);
	if (!result)
		result = oe_attester_initialize();
	if (!result)
		result = oe_get_evidence(format_id,
			OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID, public_key,
			public_key_size, optional_parameters,
			optional_parameters_size, &evidence,
			&wanted.content_size, NULL, NULL);
	wanted.content = evidence;
	if (!result)
		result = make(&wanted, output_certificate,
			output_certificate_size);
	oe_free_evidence(evidence);
	end(&wanted);
	return result;
}

oe_result_t oe_get_attestation_certificate_with_evidence(
	const oe_uuid_t *format_id, const unsigned char *subject_name,
	uint8_t *private_key, size_t private_key_size, uint8_t *public_key,
	size_t public_key_size, uint8_t **output_certificate,
	size_t *output_certificate_size)
{
	return oe_get_attestation_certificate_with_evidence_v2(format_id,
		subject_name, private_key, private_key_size, public_key,
		public_key_size, NULL, 0, output_certificate,
		output_certificate_size);
}

oe_result_t oe_generate_attestation_certificate_v2(
	const unsigned char *subject_name, uint8_t *private_key,
	size_t private_key_size, uint8_t *public_key, size_t public_key_size,
	const char *date_not_valid_before, const char *date_not_valid_after,
	uint8_t **output_cert, size_t *output_cert_size)
{
	uint8_t *report = NULL, hash[32];
	struct wanted wanted;
	oe_result_t result;

	if (!output_cert || !output_cert_size
			|| !date_not_valid_before != !date_not_valid_after)
		return OE_INVALID_PARAMETER;
	*output_cert = NULL;
	*output_cert_size = 0;
	begin(&wanted, subject_name, EXTENSION_REPORT);
	if (date_not_valid_before) {
		wanted.not_before = date_not_valid_before;
		wanted.not_after = date_not_valid_after;
	}
	result = take_keys(&wanted, private_key, private_key_size, public_key,
		public_key_size);
	if (!result && attest_sha256(public_key, public_key_size, hash))
		result = OE_CRYPTO_ERROR;
	if (!result)
		result = oe_get_report(OE_REPORT_FLAGS_REMOTE_ATTESTATION,
			hash, sizeof(hash), NULL, 0, &report,
			&wanted.content_size);
	wanted.content = report;
	if (!result)
		result = make(&wanted, output_cert, output_cert_size);
	oe_free_report(report);
	end(&wanted);
	return result;
}

oe_result_t oe_generate_attestation_certificate(
	const unsigned char *subject_name, uint8_t *private_key,
	size_t private_key_size, uint8_t *public_key, size_t public_key_size,
	uint8_t **output_cert, size_t *output_cert_size)
{
	return oe_generate_attestation_certificate_v2(subject_name,
		private_key, private_key_size, public_key, public_key_size,
		NULL, NULL, output_cert, output_cert_size);
}

void oe_free_attestation_certificate(uint8_t *cert)
{
	free(cert);
}
