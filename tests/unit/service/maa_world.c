/* SPDX-License-Identifier: MIT */
#include "maa_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static int get(void *context, const struct attest_pck *machine,
	unsigned evaluation, struct maa_collateral *collateral,
	struct why *why)
{
	struct maa_world *world = context;

	if (memcmp(machine->fmspc, world->mint.machine.fmspc, 6) ||
			(evaluation && evaluation != WORLD_BASELINE))
		return -ENOENT;
	collateral->view = world->mint.collateral;
	return maa_hash_collateral(&collateral->view, &collateral->hashes);
}

static void put(void *context, struct maa_collateral *collateral)
{
	assert_non_null(context);
	memset(collateral, 0, sizeof(*collateral));
}

static void open_maa(struct maa_world *world)
{
	struct maa_source source = { .get = get, .put = put,
		.context = world, .roots = world->mint.roots };
	struct why why = { "" };

	world->server = http_server_new();
	if (maa_open(world->server, &world->service, &source, &world->maa,
			&why))
		fail_msg("%s", why.text);
}

int world_begin(void **state)
{
	struct maa_world *w = calloc(1, sizeof(*w));
	struct why why = { "" };

	assert_non_null(w);
	strcpy(w->folder, "/tmp/coffer-maa-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->config = config_new();
	w->service.config = w->config;
	w->service.time = MINT_NOW;
	strcpy(w->service.folder, w->folder);
	strcpy(w->service.url, WORLD_URL);
	if (db_open(&w->service.db, ":memory:", &why) ||
			service_token(w->folder, "admin.token",
				w->service.admin_token, &why) ||
			service_master_key(&w->service, &w->service.seal,
				&why))
		fail_msg("%s", why.text);
	mint_init(&w->mint);
	mint_make(&w->mint);
	open_maa(w);
	*state = w;
	return 0;
}

void world_restart(struct maa_world *world)
{
	http_server_free(world->server);
	maa_free(world->maa);
	open_maa(world);
}

static int remove_one(const char *path, const struct stat *about, int kind,
	struct FTW *where)
{
	return remove(path);
}

int world_end(void **state)
{
	struct maa_world *w = *state;

	http_server_free(w->server);
	maa_free(w->maa);
	mint_free(&w->mint);
	db_close(w->service.db);
	seal_at_rest_close(w->service.seal);
	config_free(w->config);
	nftw(w->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

unsigned world_send(struct maa_world *world, const char *token,
	const char *method, const char *target, const char *type,
	const void *body, size_t size, json_t **answer)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http_field headers[2];
	struct http_exchange *exchange;
	struct http_view view;
	char bearer[128];
	size_t count = 0;

	if (token) {
		snprintf(bearer, sizeof(bearer), "Bearer %s", token);
		headers[count++] = (struct http_field){ "Authorization",
			bearer };
	}
	if (type)
		headers[count++] = (struct http_field){ "Content-Type", type };
	exchange = http_dispatch(world->server, method, target, headers,
		count, body, size, (struct sockaddr *)&here);
	assert_non_null(exchange);
	http_answer_view(http_exchange_answer(exchange), &view);
	if (answer) {
		*answer = json_loadb((const char *)view.body, view.body_size,
			0, NULL);
		assert_non_null(*answer);
	}
	http_exchange_end(exchange);
	return view.status;
}

unsigned world_attest(struct maa_world *world, const char *target,
	json_t *body, json_t **answer)
{
	char *text = json_dumps(body, JSON_COMPACT);
	unsigned status = world_send(world, NULL, "POST", target,
		"application/json", text, strlen(text), answer);

	json_decref(body);
	free(text);
	return status;
}

unsigned world_admin(struct maa_world *world, const char *method,
	const char *target, const char *text, json_t **answer)
{
	return world_send(world, world->service.admin_token, method, target,
		text ? "text/plain" : NULL, text, text ? strlen(text) : 0,
		answer);
}

json_t *world_claims(struct maa_world *world, json_t *answer, bool secured,
	json_t **header)
{
	const char *token = json_string_value(json_object_get(answer,
		"token"));
	json_t *jwks, *key, *claims;
	EVP_PKEY *public;
	struct why why;
	struct jws jws;

	if (!token)
		fail_msg("%s", json_dumps(answer, 0));
	assert_int_equal(jws_parse(token, strlen(token), &jws, &why), 0);
	if (secured) {
		assert_int_equal(world_send(world, NULL, "GET", "/certs",
			NULL, NULL, 0, &jwks), 200);
		key = json_array_get(json_object_get(jwks, "keys"), 0);
		assert_string_equal(json_string_value(json_object_get(key,
			"kid")), json_string_value(json_object_get(
			jws.header, "kid")));
		public = jwk_public_key(key, &why);
		assert_int_equal(jws_verify(&jws, public, &why), 0);
		EVP_PKEY_free(public);
		/* Members n and e are the same key. */
		public = jwk_to_key(key, true, &why);
		assert_int_equal(jws_verify(&jws, public, &why), 0);
		EVP_PKEY_free(public);
		json_decref(jwks);
	} else {
		assert_true(jws_is_unsecured(&jws));
	}
	if (header)
		*header = json_incref(jws.header);
	claims = json_loadb(jws.payload, jws.payload_size,
		JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(claims);
	jws_free(&jws);
	json_decref(answer);
	return claims;
}

void world_expect_error(json_t *answer, const char *code, const char *says)
{
	const char *found_code = "", *message = "";

	if (json_unpack(answer, "{s{ssss}!}", "error", "code", &found_code,
			"message", &message) || strcmp(found_code, code) ||
			!strstr(message, says))
		fail_msg("%s: %s, not %s: %s", found_code, message, code,
			says);
	json_decref(answer);
}

json_t *world_bytes(const char *name, const void *bytes, size_t size)
{
	char *text = base64url_encode(bytes, size);
	json_t *object = json_pack("{ss}", name, text);

	free(text);
	return object;
}

json_t *world_quote(struct maa_world *world)
{
	return world_bytes("quote", world->mint.quote,
		world->mint.quote_size);
}

void world_data(json_t *body, const char *name, const char *type,
	const char *data)
{
	json_t *object = world_bytes("data", data, strlen(data));

	json_object_set_new(object, "dataType", json_string(type));
	json_object_set_new(body, name, object);
}

void world_bind(struct maa_world *world, const char *data)
{
	memset(world->mint.body.report_data, 0, 64);
	SHA256((const uint8_t *)data, strlen(data),
		world->mint.body.report_data);
	mint_make(&world->mint);
}

char *world_sign(const char *payload, EVP_PKEY *key, X509 *const *certs,
	size_t count)
{
	json_t *header = json_pack("{ss}", "alg", key ?
		jws_algorithm_of(key) : "none");
	struct why why = { "" };
	char *token;

	if (count)
		json_object_set_new(header, "x5c", jwk_x5c_from(certs, count));
	token = jws_sign(header, payload, strlen(payload), key, &why);
	if (!token)
		fail_msg("%s", why.text);
	json_decref(header);
	return token;
}

char *world_policy(const char *text, EVP_PKEY *key, X509 *const *certs,
	size_t count)
{
	char *encoded = base64url_encode(text, strlen(text)), *payload;
	char *token;

	assert_true(asprintf(&payload, "{\"AttestationPolicy\":\"%s\"}",
		encoded) > 0);
	token = world_sign(payload, key, certs, count);
	free(encoded);
	free(payload);
	return token;
}
