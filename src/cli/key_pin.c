/* SPDX-License-Identifier: MIT */
/* What enclaves pin: the keys that released keys and tokens lead to. */
#include "key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERT_MAX 16384

/* SHA-256 of a certificate's SubjectPublicKeyInfo; takes the certificate. */
static bool pin_of(X509 *cert, uint8_t pin[32])
{
	unsigned char *der = NULL;
	int n = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;

	if (n > 0)
		SHA256(der, (size_t)n, pin);
	OPENSSL_free(der);
	X509_free(cert);
	return n > 0;
}

/* The last certificate of a chain in PEM: who signed the others. */
static X509 *last_of(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *last = NULL, *next;

	while (bio && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		X509_free(last);
		last = next;
	}
	BIO_free(bio);
	return last;
}

/* The certificate of the first key that the attestation service publishes. */
static X509 *issuer_of(const json_t *jwks)
{
	const char *x5c = json_string_value(json_array_get(json_object_get(
		json_array_get(json_object_get(jwks, "keys"), 0), "x5c"), 0));
	unsigned char der[CERT_MAX];
	const unsigned char *at = der;
	int n;

	if (!x5c || strlen(x5c) >= sizeof(der))
		return NULL;
	n = EVP_DecodeBlock(der, (const unsigned char *)x5c,
		(int)strlen(x5c));
	return n > 0 ? d2i_X509(NULL, &at, n) : NULL;
}

static void print_c(const char *name, const uint8_t pin[32])
{
	printf("static const unsigned char %s[32] = {", name);
	for (size_t i = 0; i < 32; i++)
		printf("%s0x%02x,", i % 8 ? " " : "\n\t", pin[i]);
	printf("\n};\n");
}

int key_pin(const struct key_options *o, const struct key_service *service)
{
	json_t *signer = key_ask(service, "GET", "/coffer/keys/signer?"
		KEY_API, NULL, NULL), *jwks = NULL;
	uint8_t service_pin[32], attest_pin[32];
	const char *chain = json_string_value(json_object_get(signer,
		"chain"));
	char a[65], b[65];
	bool ok;

	if (signer)
		jwks = key_ask(service, "GET", "/certs", NULL, NULL);
	ok = chain && jwks && pin_of(last_of(chain), service_pin) &&
		pin_of(issuer_of(jwks), attest_pin);
	json_decref(signer);
	json_decref(jwks);
	if (!ok)
		return signer && jwks ? cli_error("the services' certificates "
			"cannot be read") : CLI_FAILED;
	cli_hex(service_pin, 32, a);
	cli_hex(attest_pin, 32, b);
	if (o->json)
		return cli_print_json(json_pack("{s:s, s:s, s:s}", "url",
			service->url, "service_pin", a, "attest_pin", b));
	if (o->type && !strcmp(o->type, "c")) {
		print_c("coffer_service_pin", service_pin);
		print_c("coffer_attest_pin", attest_pin);
		return CLI_OK;
	}
	printf("service_pin %s\nattest_pin  %s\n", a, b);
	return CLI_OK;
}
