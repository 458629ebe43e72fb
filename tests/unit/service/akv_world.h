/* SPDX-License-Identifier: MIT */
/*
 * A key service in this process, without a network, and beside it an
 * attestation service that believes everything: it puts the claims that the
 * test wants into its tokens, and signs them.
 */
#ifndef COFFER_TESTS_AKV_WORLD_H
#define COFFER_TESTS_AKV_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "service/service.h"
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define WORLD_URL "https://localhost:9999"

struct world {
	char folder[64];
	struct config *config;
	struct service service;
	struct http_server *server;
	EVP_PKEY *issuer_key;
	X509 *issuer_cert;
	json_t *claims; /* what tokens say besides; the test's to change */
	const char *issuer; /* "iss"; NULL: the service's address */
	int64_t lifetime; /* seconds */
	bool keep_nonce; /* else tokens have another than was asked for */
};

/* cmocka's set-up and tear-down of a test; *state is a struct world. */
int world_begin(void **state);
int world_end(void **state);

/* One request with the administrator's token, or another (NULL: none); body
 * may be NULL and is stolen.  The status; *answer gets the JSON of the answer
 * or NULL, the caller's. */
unsigned world_ask(struct world *world, const char *token, const char *method,
	const char *target, json_t *body, json_t **answer);
unsigned world_admin(struct world *world, const char *method,
	const char *target, json_t *body, json_t **answer);

/* A token about runtime data (JSON; stolen), as the attestation service would
 * make it; the caller's. */
char *world_token(struct world *world, json_t *runtime, const char *nonce);

/* {"contentType", "data"} of a policy; the caller's. */
json_t *world_policy(const char *text);

/* The usual claims of an enclave, and a policy that they meet. */
#define WORLD_SIGNER \
	"abababababababababababababababababababababababababababababababab"
#define WORLD_POLICY "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":" \
	"\"" WORLD_URL "\",\"allOf\":[" \
	"{\"claim\":\"x-ms-attestation-type\",\"equals\":\"sgx\"}," \
	"{\"claim\":\"x-ms-sgx-is-debuggable\",\"equals\":false}," \
	"{\"claim\":\"x-ms-sgx-mrsigner\",\"equals\":\"" WORLD_SIGNER "\"}," \
	"{\"claim\":\"x-ms-sgx-product-id\",\"equals\":7}," \
	"{\"claim\":\"x-ms-sgx-svn\",\"greaterOrEquals\":3}]}]}"

/* Makes an oct-HSM key of 32 bytes 1, 2, 3, … under that policy. */
void world_key(struct world *world, const char *name);

#endif
