/* SPDX-License-Identifier: MIT */
/* The attestation service in the test's process, at the mint's time, on
 * quotes and collateral of the mint. */
#ifndef MAA_WORLD_H
#define MAA_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mint.h>

#include "service/maa.h"

#define WORLD_URL "https://maa.test:8081"
#define WORLD_BASELINE 17 /* a TCB evaluation that there is */

struct maa_world {
	struct service service;
	struct config *config;
	struct http_server *server;
	struct maa *maa;
	struct mint mint;
	char folder[64];
};

int world_begin(void **state);
int world_end(void **state);
/* Ends the service and starts another on the same database. */
void world_restart(struct maa_world *world);

/* One request; answer may be NULL.  token NULL: no Authorization. */
unsigned world_send(struct maa_world *world, const char *token,
	const char *method, const char *target, const char *type,
	const void *body, size_t size, json_t **answer);
/* Takes the reference to body. */
unsigned world_attest(struct maa_world *world, const char *target,
	json_t *body, json_t **answer);
unsigned world_admin(struct maa_world *world, const char *method,
	const char *target, const char *text, json_t **answer);

/* The claims of {"token": …}, which /certs verifies (or nobody signed);
 * takes the reference to answer.  header may be NULL. */
json_t *world_claims(struct maa_world *world, json_t *answer, bool secured,
	json_t **header);

/* The code and message of an error. */
void world_expect_error(json_t *answer, const char *code, const char *says);

/* {name: base64url of bytes}, a new reference. */
json_t *world_bytes(const char *name, const void *bytes, size_t size);
/* The request for the mint's quote: {"quote": …}. */
json_t *world_quote(struct maa_world *world);
/* Puts runtimeData or initTimeData into a request. */
void world_data(json_t *body, const char *name, const char *type,
	const char *data);
/* Binds data to the mint's quote, and makes it. */
void world_bind(struct maa_world *world, const char *data);

/* A policy as the interface wants it; signed if there is a key. */
char *world_policy(const char *text, EVP_PKEY *key, X509 *const *certs,
	size_t count);
char *world_sign(const char *payload, EVP_PKEY *key, X509 *const *certs,
	size_t count);

#endif
