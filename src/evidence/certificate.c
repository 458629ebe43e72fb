/* SPDX-License-Identifier: MIT */
/*
 * Certificates with a report or evidence: signed with their own key, and
 * the evidence says which key that is.
 */
#include "evidence/claims.h"
#include "evidence/extension.h"
#include "evidence/reports.h"
#include "evidence/sgx.h"

#include "attest/crypto.h"

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/host_verify.h>
#include <stdlib.h>
#include <string.h>

/* PEM text of a public key: RSA of 8192 bits takes 1,500. */
#define PEM_MAX 4096

struct certificate {
	mbedtls_x509_crt x509;
	enum extension_kind kind;
	const uint8_t *data; /* the extension's, inside x509 */
	size_t size;
	char pem[PEM_MAX]; /* its public key */
	size_t pem_size; /* with the NUL */
};

static bool signed_by_itself(const mbedtls_x509_crt *x509)
{
	const mbedtls_md_info_t *md = mbedtls_md_info_from_type(x509->sig_md);
	unsigned char hash[MBEDTLS_MD_MAX_SIZE];

	return md && !mbedtls_md(md, x509->tbs.p, x509->tbs.len, hash)
		&& !mbedtls_pk_verify_ext(x509->sig_pk, x509->sig_opts,
			(mbedtls_pk_context *)&x509->pk, x509->sig_md, hash,
			mbedtls_md_get_size(md), x509->sig.p, x509->sig.len);
}

/* Freed by close() whatever the result. */
static oe_result_t open(const uint8_t *der, size_t size,
	struct certificate **out)
{
	struct certificate *certificate = calloc(1, sizeof(*certificate));

	*out = certificate;
	if (!certificate)
		return OE_OUT_OF_MEMORY;
	mbedtls_x509_crt_init(&certificate->x509);
	if (mbedtls_x509_crt_parse_der(&certificate->x509, der, size)
			|| certificate->x509.raw.len != size)
		return OE_FAILURE;
	if (!extension_find(&certificate->x509, &certificate->kind,
			&certificate->data, &certificate->size))
		return OE_FAILURE;
	if (!signed_by_itself(&certificate->x509))
		return OE_VERIFY_FAILED;
	if (mbedtls_pk_write_pubkey_pem(&certificate->x509.pk,
			(unsigned char *)certificate->pem, PEM_MAX))
		return OE_CRYPTO_ERROR;
	certificate->pem_size = strlen(certificate->pem) + 1;
	return OE_OK;
}

static void close(struct certificate *certificate)
{
	if (certificate)
		mbedtls_x509_crt_free(&certificate->x509);
	free(certificate);
}

/* The key of the certificate is the one that the evidence speaks of. */
static oe_result_t bound(const struct certificate *certificate,
	const oe_claim_t *claims, size_t count)
{
	const oe_claim_t *claim = claims_find(claims, count,
		OE_CLAIM_CUSTOM_CLAIMS_BUFFER);

	if (claim)
		return claim->value_size == certificate->pem_size
			&& !memcmp(claim->value, certificate->pem,
				certificate->pem_size)
			? OE_OK : OE_VERIFY_FAILED;
	claim = claims_find(claims, count, OE_CLAIM_SGX_REPORT_DATA);
	if (!claim || claim->value_size != 64)
		return OE_VERIFY_FAILED;
	return sgx_check_custom(claim->value,
		(const uint8_t *)certificate->pem, certificate->pem_size)
		? OE_VERIFY_FAILED : OE_OK;
}

oe_result_t oe_verify_attestation_certificate_with_evidence_v2(
	uint8_t *cert_in_der, size_t cert_in_der_len,
	uint8_t *endorsements_buffer, size_t endorsements_buffer_size,
	oe_policy_t *policies, size_t policies_size, oe_claim_t **claims,
	size_t *claims_length)
{
	struct certificate *certificate;
	oe_claim_t *list = NULL;
	oe_result_t result, binding;
	size_t count = 0;

	if (claims)
		*claims = NULL;
	if (claims_length)
		*claims_length = 0;
	if (!cert_in_der || !cert_in_der_len || !claims != !claims_length)
		return OE_INVALID_PARAMETER;
	result = oe_verifier_initialize();
	if (result)
		return result;
	result = open(cert_in_der, cert_in_der_len, &certificate);
	/* A report has its own look, evidence its header. */
	if (!result)
		result = oe_verify_evidence(NULL, certificate->data,
			certificate->size, endorsements_buffer,
			endorsements_buffer_size, policies, policies_size,
			&list, &count);
	if (!result || result == OE_TCB_LEVEL_INVALID) {
		binding = bound(certificate, list, count);
		if (binding)
			result = binding;
	}
	close(certificate);
	if (claims && (!result || result == OE_TCB_LEVEL_INVALID)) {
		*claims = list;
		*claims_length = count;
	} else {
		oe_free_claims(list, count);
	}
	return result;
}

oe_result_t oe_verify_attestation_certificate_with_evidence(
	uint8_t *cert_in_der, size_t cert_in_der_len,
	oe_verify_claims_callback_t claim_verify_callback, void *arg)
{
	oe_claim_t *claims;
	oe_result_t result;
	size_t count;

	result = oe_verify_attestation_certificate_with_evidence_v2(
		cert_in_der, cert_in_der_len, NULL, 0, NULL, 0, &claims,
		&count);
	if (!result && claim_verify_callback
			&& claim_verify_callback(claims, count, arg))
		result = OE_VERIFY_FAILED;
	oe_free_claims(claims, count);
	return result;
}

oe_result_t oe_verify_attestation_certificate(uint8_t *cert_in_der,
	size_t cert_in_der_len,
	oe_identity_verify_callback_t enclave_identity_callback, void *arg)
{
	struct certificate *certificate;
	oe_report_t parsed;
	oe_result_t result;

	if (!cert_in_der || !cert_in_der_len)
		return OE_INVALID_PARAMETER;
	result = open(cert_in_der, cert_in_der_len, &certificate);
	if (!result && certificate->kind != EXTENSION_REPORT)
		result = OE_FAILURE;
	if (!result)
		result = report_verify_remote(certificate->data,
			certificate->size, NULL, 0, &parsed);
	if (!result && sgx_check_custom(parsed.report_data,
			(const uint8_t *)certificate->pem,
			certificate->pem_size))
		result = OE_VERIFY_FAILED;
	if (!result && enclave_identity_callback
			&& enclave_identity_callback(&parsed.identity, arg))
		result = OE_VERIFY_FAILED;
	close(certificate);
	return result;
}
