/* SPDX-License-Identifier: MIT */
#include "attested.h"

#include <openenclave/attestation/attester.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/attestation/verifier.h>
#include <openenclave/enclave.h>
#include <stdio.h>
#include <string.h>

#define PRODUCT 1     /* enclaves that we talk to: ProductID */
#define LEAST_VERSION 1 /* SecurityVersion */

static int generate(void *context, unsigned char *out, size_t size)
{
	return oe_random(out, size) == OE_OK ? 0 : -1;
}

/* What the host says is believed as far as it can be true. */
static int put(void *context, const unsigned char *bytes, size_t size)
{
	int64_t n = -1;

	if (carry_out(&n, *(int *)context, bytes, size) || n <= 0
			|| (uint64_t)n > size)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)n;
}

static int get(void *context, unsigned char *bytes, size_t size)
{
	int64_t n = -1;

	if (carry_in(&n, *(int *)context, bytes, size) || n < 0
			|| (uint64_t)n > size)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)n;
}

static const oe_claim_t *find(const oe_claim_t *claims, size_t count,
	const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(claims[i].name, name))
			return claims[i].value_size == size ? &claims[i]
				: NULL;
	return NULL;
}

/* Of our own signer, the right product, new enough, and open to debuggers
 * only if we are, too. */
static const char *objection(const oe_claim_t *claims, size_t count)
{
	const oe_claim_t *signer, *product, *version, *attributes;
	uint64_t flags;
	uint32_t svn;
	oe_report_t own;
	uint8_t *report;
	const char *why = NULL;
	size_t size;

	signer = find(claims, count, OE_CLAIM_SIGNER_ID, OE_SIGNER_ID_SIZE);
	product = find(claims, count, OE_CLAIM_PRODUCT_ID,
		OE_PRODUCT_ID_SIZE);
	version = find(claims, count, OE_CLAIM_SECURITY_VERSION, sizeof(svn));
	attributes = find(claims, count, OE_CLAIM_ATTRIBUTES, sizeof(flags));
	if (!signer || !product || !version || !attributes)
		return "claims are missing";
	memcpy(&svn, version->value, sizeof(svn));
	memcpy(&flags, attributes->value, sizeof(flags));
	if (oe_get_report(0, NULL, 0, NULL, 0, &report, &size))
		return "this enclave does not know who it is";
	if (oe_parse_report(report, size, &own))
		why = "this enclave does not know who it is";
	else if (memcmp(signer->value, own.identity.signer_id,
			OE_SIGNER_ID_SIZE))
		why = "an enclave of another signer";
	else if (product->value[0] != PRODUCT || product->value[1])
		why = "an enclave of another product";
	else if (svn < LEAST_VERSION)
		why = "an enclave that is too old";
	else if (!(flags & OE_EVIDENCE_ATTRIBUTES_SGX_REMOTE))
		why = "no quote";
	else if (flags & ~own.identity.attributes
			& OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG)
		why = "an enclave that is open to debuggers";
	oe_free_report(report);
	return why;
}

/* mbedTLS asks for each certificate; there is one, signed by itself, and
 * what makes it good is the evidence in it. */
static int judge(void *context, mbedtls_x509_crt *certificate, int depth,
	uint32_t *flags)
{
	struct attested *end = context;
	const char *why = NULL;
	oe_claim_t *claims = NULL;
	oe_result_t result;
	size_t count = 0;

	result = depth ? OE_VERIFY_FAILED
		: oe_verify_attestation_certificate_with_evidence_v2(
			certificate->raw.p, certificate->raw.len, NULL, 0,
			NULL, 0, &claims, &count);
	if (!result)
		why = objection(claims, count);
	oe_free_claims(claims, count);
	end->peer_attested = !result && !why;
	*flags = end->peer_attested ? 0 : MBEDTLS_X509_BADCERT_OTHER;
	if (!end->peer_attested)
		snprintf(end->why, sizeof(end->why), "%s",
			why ? why : oe_result_str(result));
	return 0;
}

static int certify(struct attested *end)
{
	static const oe_uuid_t format = { OE_FORMAT_UUID_SGX_ECDSA };
	char purpose[] = "attested TLS";
	const oe_asymmetric_key_params_t params = {
		OE_ASYMMETRIC_KEY_EC_SECP256P1, OE_ASYMMETRIC_KEY_PEM,
		purpose, sizeof(purpose)
	};
	uint8_t *private_key = NULL, *public_key = NULL, *der = NULL;
	size_t private_size = 0, public_size = 0, der_size = 0;
	int good = 0;

	if (!oe_get_public_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params,
			&public_key, &public_size, NULL, NULL)
		&& !oe_get_private_key_by_policy(OE_SEAL_POLICY_UNIQUE,
			&params, &private_key, &private_size, NULL, NULL)
		&& !oe_attester_initialize()
		&& !oe_get_attestation_certificate_with_evidence_v2(&format,
			(const unsigned char *)"CN=Attested TLS,O=Example",
			private_key, private_size, public_key, public_size,
			NULL, 0, &der, &der_size))
		good = !mbedtls_x509_crt_parse_der(&end->certificate, der,
				der_size)
			&& !mbedtls_pk_parse_key(&end->key, private_key,
				private_size, NULL, 0);
	oe_free_attestation_certificate(der);
	oe_free_key(private_key, private_size, NULL, 0);
	oe_free_key(public_key, public_size, NULL, 0);
	return good;
}

int attested_open(struct attested *end, int endpoint)
{
	mbedtls_ssl_config *config = &end->config;

	memset(end, 0, sizeof(*end));
	mbedtls_ssl_config_init(config);
	mbedtls_ssl_init(&end->ssl);
	mbedtls_x509_crt_init(&end->certificate);
	mbedtls_pk_init(&end->key);
	if (oe_verifier_initialize() || !certify(end)
			|| mbedtls_ssl_config_defaults(config, endpoint,
				MBEDTLS_SSL_TRANSPORT_STREAM,
				MBEDTLS_SSL_PRESET_DEFAULT)
			|| mbedtls_ssl_conf_own_cert(config,
				&end->certificate, &end->key))
		return -1;
	mbedtls_ssl_conf_rng(config, generate, NULL);
	mbedtls_ssl_conf_verify(config, judge, end);
	/* mbedTLS wants to be told of an authority; judge() overrules it. */
	mbedtls_ssl_conf_ca_chain(config, &end->certificate, NULL);
	mbedtls_ssl_conf_authmode(config, endpoint == MBEDTLS_SSL_IS_CLIENT
		? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL);
	return mbedtls_ssl_setup(&end->ssl, config) ? -1 : 0;
}

void attested_close(struct attested *end)
{
	mbedtls_ssl_free(&end->ssl);
	mbedtls_ssl_config_free(&end->config);
	mbedtls_x509_crt_free(&end->certificate);
	mbedtls_pk_free(&end->key);
}

int attested_meet(struct attested *end, int connection)
{
	end->connection = connection;
	end->peer_attested = false;
	end->why[0] = 0;
	mbedtls_ssl_session_reset(&end->ssl);
	mbedtls_ssl_set_bio(&end->ssl, &end->connection, put, get, NULL);
	if (mbedtls_ssl_handshake(&end->ssl))
		return -1;
	/* Nobody may show evidence that is wrong, and none is fine. */
	return mbedtls_ssl_get_peer_cert(&end->ssl) && !end->peer_attested
		? -1 : 0;
}

void attested_part(struct attested *end)
{
	mbedtls_ssl_close_notify(&end->ssl);
}

int attested_write(struct attested *end, const char *text)
{
	size_t left = strlen(text) + 1;
	const unsigned char *at = (const unsigned char *)text;

	while (left) {
		int n = mbedtls_ssl_write(&end->ssl, at, left);

		if (n <= 0)
			return -1;
		at += n;
		left -= (size_t)n;
	}
	return 0;
}

int attested_read(struct attested *end, char *text, size_t room)
{
	for (size_t size = 0; size < room; size++) {
		if (mbedtls_ssl_read(&end->ssl, (unsigned char *)text + size,
				1) != 1)
			return -1;
		if (!text[size])
			return 0;
	}
	return -1;
}
