/* SPDX-License-Identifier: MIT */
/* The portal in the test's process, without a network, in a state directory
 * of its own, at the mint's time. */
#ifndef PORTAL_WORLD_H
#define PORTAL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mint.h>

#include "service/portal.h"

#define WORLD_HOST "localhost:9999"
#define WORLD_EXTRA_MAX 4

struct portal_world {
	char state[64];
	struct config *config;
	struct service service;
	struct http_server *server;
	struct portal *portal;
	struct portal_token_pair token;
	struct mint mint;
};

int world_begin(void **state);
int world_end(void **state);

struct world_request {
	const char *method, *target;
	const char *token; /* NULL: none */
	const char *host; /* NULL: WORLD_HOST */
	const char *origin, *site, *type, *encoding, *etag; /* NULL: none */
	const void *body;
	size_t size;
	struct http_field extra[WORLD_EXTRA_MAX]; /* those with a name */
};

/* The exchange, to be ended by http_exchange_end(). */
struct http_exchange *world_send(struct portal_world *world,
	const struct world_request *request);

/* The status, and where answer is not NULL the JSON that came or NULL, the
 * caller's.  body: JSON, may be NULL, is stolen. */
unsigned world_ask(struct portal_world *world, const char *token,
	const char *method, const char *target, json_t *body,
	json_t **answer);

/* A machine as a file: nothing runs.  group may be NULL, zone 0. */
void world_add(struct portal_world *world, const char *name,
	const char *group, unsigned zone);

/* What stands behind the subscription, and behind the group if there is one,
 * as a target; until the next call. */
const char *world_target(struct portal_world *world, const char *group,
	const char *rest);

/* The code of an error; takes the reference. */
void world_expect_code(json_t *answer, const char *code);

#endif
