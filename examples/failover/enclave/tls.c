/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <openenclave/attestation/attester.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#include "ledger_t.h"

struct tls {
	mbedtls_ssl_config config;
	mbedtls_ssl_context ssl;
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	int connection;
};

static uint8_t *g_key, *g_certificate;
static size_t g_key_size, g_certificate_size;

static int generate(void *context, unsigned char *out, size_t size)
{
	return oe_random(out, size) == OE_OK ? 0 : -1;
}

/* What the host says is believed as far as it can be true. */
static int put(void *context, const unsigned char *bytes, size_t size)
{
	int64_t n = -1;

	if (carry_out(&n, *(int *)context, bytes, size) || n <= 0 ||
		(uint64_t)n > size)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)n;
}

static int get(void *context, unsigned char *bytes, size_t size)
{
	int64_t n = -1;

	if (carry_in(&n, *(int *)context, bytes, size) || n < 0 ||
		(uint64_t)n > size)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)n;
}

int tls_open(void)
{
	static const oe_uuid_t format = { OE_FORMAT_UUID_SGX_ECDSA };
	char purpose[] = "failover member";
	const oe_asymmetric_key_params_t params = {
		OE_ASYMMETRIC_KEY_EC_SECP256P1, OE_ASYMMETRIC_KEY_PEM,
		purpose, sizeof(purpose)
	};
	uint8_t *public_key = NULL;
	size_t public_size = 0;
	int error = -1;

	if (!oe_get_public_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params,
			&public_key, &public_size, NULL, NULL) &&
		!oe_get_private_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params,
			&g_key, &g_key_size, NULL, NULL) &&
		!oe_attester_initialize() &&
		!oe_get_attestation_certificate_with_evidence_v2(&format,
			(const unsigned char *)"CN=Ledger,O=Example", g_key,
			g_key_size, public_key, public_size, NULL, 0,
			&g_certificate, &g_certificate_size))
		error = 0;
	oe_free_key(public_key, public_size, NULL, 0);
	return error;
}

/* A connection has its own copy of the key: mbedTLS keeps tables with it. */
static bool set_up(struct tls *t)
{
	if (mbedtls_x509_crt_parse_der(&t->certificate, g_certificate,
			g_certificate_size) ||
		mbedtls_pk_parse_key(&t->key, g_key, g_key_size, NULL, 0) ||
		mbedtls_ssl_config_defaults(&t->config,
			MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
			MBEDTLS_SSL_PRESET_DEFAULT) ||
		mbedtls_ssl_conf_own_cert(&t->config, &t->certificate,
			&t->key))
		return false;
	mbedtls_ssl_conf_rng(&t->config, generate, NULL);
	mbedtls_ssl_conf_authmode(&t->config, MBEDTLS_SSL_VERIFY_NONE);
	if (mbedtls_ssl_setup(&t->ssl, &t->config))
		return false;
	mbedtls_ssl_set_bio(&t->ssl, &t->connection, put, get, NULL);
	return true;
}

struct tls *tls_accept(int connection)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->connection = connection;
	mbedtls_ssl_config_init(&t->config);
	mbedtls_ssl_init(&t->ssl);
	mbedtls_x509_crt_init(&t->certificate);
	mbedtls_pk_init(&t->key);
	if (set_up(t) && !mbedtls_ssl_handshake(&t->ssl))
		return t;
	tls_close(t);
	return NULL;
}

bool tls_read(struct tls *t, void *bytes, size_t size)
{
	unsigned char *at = bytes;

	while (size) {
		int n = mbedtls_ssl_read(&t->ssl, at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

bool tls_write(struct tls *t, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	while (size) {
		int n = mbedtls_ssl_write(&t->ssl, at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

void tls_close(struct tls *t)
{
	mbedtls_ssl_free(&t->ssl);
	mbedtls_ssl_config_free(&t->config);
	mbedtls_x509_crt_free(&t->certificate);
	mbedtls_pk_free(&t->key);
	free(t);
}
