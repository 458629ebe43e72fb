/* SPDX-License-Identifier: MIT */
/* What the files of `coffer key` share. */
#ifndef COFFER_CLI_KEY_H
#define COFFER_CLI_KEY_H

#include "cli.h"
#include "host/services/client.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define KEY_API "api-version=7.4"
#define KEY_URL_MAX 512

struct key_options {
	const char *url, *ca, *token; /* NULL: this user's service */
	const char *type, *curve, *file, *version;
	const char *policy_file;
	const char *mrsigner, *mrenclave, *authority; /* of a policy made here */
	uint64_t size, product, svn, count;
	bool with_product, with_svn, debuggable;
	bool immutable, deleted, json;
};

struct key_service {
	struct client client;
	char url[KEY_URL_MAX]; /* without a slash at the end */
};

/* The service that the options name; to be given to client_close() in any
 * case.  CLI_OK, or CLI_FAILED after a message. */
int key_open(const struct key_options *options, struct key_service *service);

/* One request; path begins with a slash and may have a query.  body is
 * stolen.  The JSON of a 200, the caller's, or NULL when the service said
 * something else: then a message has been printed.  *empty (may be NULL) is
 * set when the answer had no body, which is no error. */
json_t *key_ask(const struct key_service *service, const char *method,
	const char *path, json_t *body, bool *empty);

/* All pages of a listing in one array, which is the caller's; NULL after a
 * message. */
json_t *key_pages(const struct key_service *service, const char *path);

/* The name in https://host/keys/NAME/VERSION; "" when there is none. */
void key_name(const char *kid, char name[128]);

/* base64url; the caller's to free(). */
char *key_base64url(const void *bytes, size_t size);

/* {"contentType", "data", "immutable"} of the policy that the options want:
 * that of a file, or one made of --mrsigner and its like.  CLI_OK with NULL
 * where they want none. */
int key_policy(const struct key_options *options,
	const struct key_service *service, json_t **policy);

/* The JWK of a file's key: a private key in PEM, or else the file's bytes as
 * a symmetric key. */
int key_from_file(const struct key_options *options, json_t **jwk);

/* `coffer key pin`. */
int key_pin(const struct key_options *options,
	const struct key_service *service);

#endif
