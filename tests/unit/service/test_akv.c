/* SPDX-License-Identifier: MIT */
/* The key service: policies, who may do what, what lies in the database. */
#include "akv_world.h"

#include "service/akv_key.h"
#include "service/akv_policy.h"
#include "service/akv_wrap.h"
#include "service/jws.h"
#include <arpa/inet.h>
#include <openssl/rand.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- policies ----------------------------------------------------------- */

static const char claims_text[] = "{\"text\":\"abc\",\"number\":7,"
	"\"real\":7.5,\"yes\":true,\"no\":false,\"null\":null,"
	"\"list\":[1,2],\"in\":{\"side\":{\"deep\":3},\"x\":\"y\"},"
	"\"a.b\":1}";

/* One condition; is it met? */
static bool met(const char *condition)
{
	json_t *claims = json_loads(claims_text, 0, NULL), *policy;
	struct why why = {""};
	char *text;
	int r;

	assert_true(asprintf(&text, "{\"version\":\"1.0.0\",\"anyOf\":"
		"[{\"authority\":\"https://a\",\"allOf\":[%s]}]}",
		condition) > 0);
	policy = akv_policy_parse(text, strlen(text), &why);
	if (!policy)
		fail_msg("%s: %s", condition, why.text);
	r = akv_policy_met(policy, "https://a", claims, &why);
	if (r)
		assert_true(*why.text);
	json_decref(policy);
	json_decref(claims);
	free(text);
	return !r;
}

static void operators(void **state)
{
	static const struct {
		const char *condition;
		bool met;
	} rows[] = {
		{"{\"claim\":\"text\",\"equals\":\"abc\"}", true},
		{"{\"claim\":\"text\",\"equals\":\"ABC\"}", false},
		{"{\"claim\":\"text\",\"equals\":\"abcd\"}", false},
		{"{\"claim\":\"text\",\"notEquals\":\"abd\"}", true},
		{"{\"claim\":\"text\",\"notEquals\":\"abc\"}", false},
		{"{\"claim\":\"number\",\"equals\":7}", true},
		{"{\"claim\":\"number\",\"equals\":7.0}", true},
		{"{\"claim\":\"number\",\"equals\":\"7\"}", false},
		{"{\"claim\":\"number\",\"notEquals\":\"7\"}", false},
		{"{\"claim\":\"number\",\"less\":8}", true},
		{"{\"claim\":\"number\",\"less\":7}", false},
		{"{\"claim\":\"number\",\"lessOrEquals\":7}", true},
		{"{\"claim\":\"number\",\"lessOrEquals\":6}", false},
		{"{\"claim\":\"number\",\"greater\":6}", true},
		{"{\"claim\":\"number\",\"greater\":7}", false},
		{"{\"claim\":\"number\",\"greaterOrEquals\":7}", true},
		{"{\"claim\":\"number\",\"greaterOrEquals\":8}", false},
		{"{\"claim\":\"real\",\"greater\":7}", true},
		{"{\"claim\":\"text\",\"greater\":7}", false},
		{"{\"claim\":\"yes\",\"equals\":true}", true},
		{"{\"claim\":\"yes\",\"equals\":\"true\"}", false},
		{"{\"claim\":\"yes\",\"equals\":1}", false},
		{"{\"claim\":\"no\",\"notEquals\":true}", true},
		{"{\"claim\":\"no\",\"exists\":true}", true},
		{"{\"claim\":\"none\",\"exists\":true}", false},
		{"{\"claim\":\"none\",\"exists\":false}", true},
		{"{\"claim\":\"text\",\"exists\":false}", false},
		{"{\"claim\":\"none\",\"equals\":false}", false},
		{"{\"claim\":\"none\",\"notEquals\":\"x\"}", false},
		{"{\"claim\":\"none\",\"less\":9}", false},
		{"{\"claim\":\"null\",\"equals\":false}", false},
		{"{\"claim\":\"list\",\"notEquals\":1}", false},
		{"{\"claim\":\"list.0\",\"equals\":1}", false},
		{"{\"claim\":\"in.side.deep\",\"equals\":3}", true},
		{"{\"claim\":\"in.side\",\"exists\":true}", true},
		{"{\"claim\":\"in.none.deep\",\"exists\":true}", false},
		{"{\"claim\":\"text.deep\",\"exists\":true}", false},
		{"{\"claim\":\"in.\",\"exists\":true}", false},
		{"{\"claim\":\".in\",\"exists\":true}", false},
		/* A dot leads inside, always. */
		{"{\"claim\":\"a.b\",\"exists\":true}", false},
		{"{\"anyOf\":[{\"claim\":\"no\",\"equals\":true},"
			"{\"claim\":\"yes\",\"equals\":true}]}", true},
		{"{\"anyOf\":[{\"claim\":\"no\",\"equals\":true},"
			"{\"claim\":\"yes\",\"equals\":false}]}", false},
		{"{\"allOf\":[{\"claim\":\"yes\",\"equals\":true},"
			"{\"anyOf\":[{\"claim\":\"in.x\",\"equals\":\"y\"}]}]}",
			true},
		{"{\"claim\":\"yes\",\"equals\":true},"
			"{\"claim\":\"no\",\"equals\":true}", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (met(rows[i].condition) != rows[i].met)
			fail_msg("%s is %smet", rows[i].condition,
				rows[i].met ? "not " : "");
}

static void no_policies(void **state)
{
	static const char *const texts[] = {
		"", "{}", "[]", "null", "{\"version\":\"1.0.0\"}",
		"{\"version\":\"1.0\",\"anyOf\":[]}",
		"{\"version\":\"1.0.0\",\"anyOf\":[]}",
		"{\"version\":\"1.0.0\",\"allOf\":[]}",
		"{\"version\":\"1.0.0\",\"anyOf\":[{}]}",
#define WITH(inside) "{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":" \
	"\"https://a\"," inside "}]}"
		WITH("\"allOf\":[]"), WITH("\"allOf\":{}"), WITH("\"x\":1"),
		WITH("\"allOf\":[{}]"), WITH("\"allOf\":[1]"),
		WITH("\"allOf\":[{\"claim\":\"a\"}]"),
		WITH("\"allOf\":[{\"claim\":\"\",\"exists\":true}]"),
		WITH("\"allOf\":[{\"claim\":1,\"exists\":true}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"equal\":true}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"equals\":{}}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"equals\":null}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"equals\":[1]}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"less\":\"1\"}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"exists\":1}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"less\":1,\"greater\":0}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"claim\":\"b\","
			"\"exists\":true}]"),
		WITH("\"allOf\":[{\"anyOf\":[],\"allOf\":[]}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"exists\":true}],"
			"\"anyOf\":[{\"claim\":\"a\",\"exists\":true}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"exists\":true}],"
			"\"more\":1"),
		WITH("\"allOf\":[{\"allOf\":[{\"allOf\":[{\"allOf\":["
			"{\"allOf\":[{\"allOf\":[{\"allOf\":[{\"allOf\":["
			"{\"allOf\":["
			"{\"claim\":\"a\",\"exists\":true}]}]}]}]}]}]}]}]}]"),
		WITH("\"allOf\":[{\"claim\":\"a\",\"exists\":true}]") "x",
		("{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"a\","
			"\"allOf\":[{\"claim\":\"a\",\"exists\":true}]}]}"),
	};
	struct why why;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		*why.text = '\0';
		if (akv_policy_parse(texts[i], strlen(texts[i]), &why))
			fail_msg("%s is no policy", texts[i]);
		assert_true(*why.text);
	}
}

static void authorities(void **state)
{
	static const char text[] = "{\"version\":\"1.0.0\",\"anyOf\":["
		"{\"authority\":\"https://a/\",\"allOf\":[{\"claim\":\"x\","
		"\"equals\":1}]},"
		"{\"authority\":\"https://b\",\"anyOf\":[{\"claim\":\"x\","
		"\"equals\":2},{\"claim\":\"x\",\"equals\":3}]}]}";
	struct why why = {""};
	json_t *policy = akv_policy_parse(text, strlen(text), &why);
	static const struct {
		const char *issuer;
		int x;
		bool met;
	} rows[] = {
		{"https://a", 1, true}, {"https://a/", 1, true},
		{"https://a", 2, false}, {"https://b", 3, true},
		{"https://b", 1, false}, {"https://c", 1, false},
		{"https://", 1, false}, {"", 1, false},
		{"https://ab", 1, false},
	};

	assert_non_null(policy);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *claims = json_pack("{s:i}", "x", rows[i].x);

		assert_int_equal(!akv_policy_met(policy, rows[i].issuer,
			claims, &why), rows[i].met);
		json_decref(claims);
	}
	assert_true(akv_policy_names(policy, "https://b/"));
	assert_false(akv_policy_names(policy, "https://c"));
	json_decref(policy);
}

/* --- requests ----------------------------------------------------------- */

static void who_may(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *method, *target;
		unsigned nobody, release;
	} rows[] = {
		{"GET", "/keys?api-version=7.4", 401, 403},
		{"GET", "/keys/k?api-version=7.4", 401, 404},
		{"POST", "/keys/k/create?api-version=7.4", 401, 403},
		{"DELETE", "/keys/k?api-version=7.4", 401, 403},
		{"POST", "/keys/k/v/decrypt?api-version=7.4", 401, 403},
		{"POST", "/keys/k/v/unwrapkey?api-version=7.4", 401, 403},
		{"GET", "/coffer/keys/audit?api-version=7.4", 401, 403},
	};
	char token[SERVICE_TOKEN_CHARS + 1];

	assert_int_equal(service_token(w->folder, "release.token", token,
		NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		/* The first request of Azure's clients has no body. */
		assert_int_equal(world_ask(w, NULL, rows[i].method,
			rows[i].target, NULL, NULL), rows[i].nobody);
		assert_int_equal(world_ask(w, "wrong", rows[i].method,
			rows[i].target, NULL, NULL), rows[i].nobody);
		assert_int_equal(world_ask(w, token, rows[i].method,
			rows[i].target, NULL, NULL), rows[i].release);
	}
}

static void wrong_requests(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *method, *target, *body;
		unsigned status;
	} rows[] = {
		{"GET", "/keys", NULL, 400},
		{"GET", "/keys?api-version=7.2", NULL, 400},
		{"GET", "/keys?api-version=7.3", NULL, 200},
		{"GET", "/keys?api-version=2025-07-01", NULL, 200},
		{"GET", "/keys?api-version=7.4&maxresults=0", NULL, 400},
		{"GET", "/keys?api-version=7.4&maxresults=26", NULL, 400},
		{"GET", "/keys?api-version=7.4&$skiptoken=-1", NULL, 400},
		{"GET", "/keys/a_b?api-version=7.4", NULL, 400},
		{"GET", "/keys/none?api-version=7.4", NULL, 404},
		{"POST", "/keys/k/create?api-version=7.4", "[]", 400},
		{"POST", "/keys/k/create?api-version=7.4", "{}", 400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"RSA\",\"key_size\":1024}", 400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"RSA\",\"key_size\":99999999999}", 400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"EC\",\"crv\":\"P-192\"}", 400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"EC\",\"key_ops\":[\"decrypt\"]}", 400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"oct\",\"tags\":{\"a\":1}}", 400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"oct\",\"attributes\":{\"exp\":\"x\"}}",
			400},
		{"POST", "/keys/k/create?api-version=7.4",
			"{\"kty\":\"oct\",\"attributes\":{\"nbf\":9,"
			"\"exp\":8}}", 400},
		{"PUT", "/keys/k?api-version=7.4", "{}", 400},
		{"PUT", "/keys/k?api-version=7.4",
			"{\"key\":{\"kty\":\"oct\",\"k\":\"AA\"}}", 400},
		{"PUT", "/keys/k?api-version=7.4", "{\"key\":{\"kty\":"
			"\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\","
			"\"d\":\"AA\"}}", 400},
		{"POST", "/keys/k//release?api-version=7.4", "{}", 400},
		{"POST", "/keys/k//release?api-version=7.4",
			"{\"target\":\"a.b.c\"}", 404},
		{"POST", "/keys/k//release?api-version=7.4",
			"{\"target\":\"a.b.c\",\"enc\":\"none\"}", 400},
		{"POST", "/rng?api-version=7.4", "{\"count\":129}", 400},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *answer = NULL;
		unsigned got = world_admin(w, rows[i].method, rows[i].target,
			rows[i].body ? json_loads(rows[i].body,
				JSON_DECODE_ANY, NULL) : NULL, &answer);
		const json_t *error = json_object_get(answer, "error");

		if (got != rows[i].status)
			fail_msg("%s %s %s: %u", rows[i].method,
				rows[i].target, rows[i].body ? rows[i].body :
				"", got);
		if (got != 200) {
			assert_true(json_is_string(json_object_get(error,
				"code")));
			assert_true(json_is_string(json_object_get(error,
				"message")));
		}
		json_decref(answer);
	}
}

static void keys_have_their_times(void **state)
{
	struct world *w = *state;
	int64_t now = service_now(&w->service);
	static const char use[] = "/keys/k//encrypt?api-version=7.4";
	static const char change[] = "/keys/k?api-version=7.4";

	assert_int_equal(world_admin(w, "POST",
		"/keys/k/create?api-version=7.4", json_pack("{s:s}", "kty",
		"oct"), NULL), 200);
#define USE() world_admin(w, "POST", use, json_pack("{s:s, s:s}", "alg", \
	"A256GCM", "value", "AAAA"), NULL)
#define CHANGE(name, value) assert_int_equal(world_admin(w, "PATCH", change, \
	json_pack("{s:{s:o}}", "attributes", name, value), NULL), 200)
	assert_int_equal(USE(), 200);
	CHANGE("enabled", json_false());
	assert_int_equal(USE(), 403);
	CHANGE("enabled", json_true());
	assert_int_equal(USE(), 200);
	CHANGE("nbf", json_integer(now + 100));
	assert_int_equal(USE(), 403);
	CHANGE("nbf", json_integer(now - 100));
	assert_int_equal(USE(), 200);
	CHANGE("exp", json_integer(now - 50));
	assert_int_equal(USE(), 403);
	/* What it may be used for. */
	CHANGE("exp", json_integer(now + 1000));
	assert_int_equal(world_admin(w, "PATCH", change, json_pack("{s:[s]}",
		"key_ops", "decrypt"), NULL), 200);
	assert_int_equal(USE(), 403);
}

/* --- the database ------------------------------------------------------- */

/* Who can write the database cannot loosen a policy. */
static void changed_records_do_not_open(void **state)
{
	struct world *w = *state;
	static const char *const changes[] = {
		"UPDATE akv_key SET policy = replace(policy, 'false', 'true')",
		"UPDATE akv_key SET policy = replace(policy, ':3}', ':0}')",
		"UPDATE akv_key SET ops = 0",
		"UPDATE akv_key SET expires = 99999999999",
		"UPDATE akv_key SET immutable = 1 - immutable",
		("UPDATE akv_key SET version = "
			"'00000000000000000000000000000000'"),
		"UPDATE akv_key SET name = 'elsewhere'",
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		static const char runtime[] = "{\"keys\":[{\"kty\":\"RSA\","
			"\"kid\":\"k\",\"use\":\"enc\"}]}";
		json_t *keys = json_loads(runtime, 0, NULL);
		json_t *public = jwk_from_key(w->issuer_key, false);
		char *token;
		const char *target = i == 6 ?
			"/keys/elsewhere/release?api-version=7.4" :
			"/keys/data-key/release?api-version=7.4";
		unsigned status;

		assert_true(db_run(w->service.db, "DELETE FROM akv_key", "")
			>= 0);
		world_key(w, "data-key");
		json_object_update(json_array_get(json_object_get(keys,
			"keys"), 0), public);
		token = world_token(w, keys, "n");
		if (!i)
			assert_int_equal(world_admin(w, "POST", target,
				json_pack("{s:s}", "target", token), NULL),
				200);
		assert_int_equal(db_run(w->service.db, changes[i], ""), 1);
		/* Now all claims would do. */
		if (!i)
			json_object_set_new(w->claims,
				"x-ms-sgx-is-debuggable", json_true());
		free(token);
		keys = json_loads(runtime, 0, NULL);
		json_object_update(json_array_get(json_object_get(keys,
			"keys"), 0), public);
		token = world_token(w, keys, "n");
		json_object_set_new(w->claims, "x-ms-sgx-is-debuggable",
			json_false());
		status = world_admin(w, "POST", target, json_pack("{s:s}",
			"target", token), NULL);
		if (status != 500)
			fail_msg("after %s: %u", changes[i], status);
		free(token);
		json_decref(public);
	}
}

/* Who asks for a public key is not given another one: he would encrypt to it. */
static void another_public_key_is_not_shown(void **state)
{
	static const struct {
		const char *method, *target;
	} rows[] = {
		{"GET", "/keys/pair?api-version=7.4"},
		{"PATCH", "/keys/pair?api-version=7.4"},
		{"POST", "/keys/pair//sign?api-version=7.4"},
		{"POST", "/keys/pair/rotate?api-version=7.4"},
		{"GET", "/deletedkeys/pair?api-version=7.4"},
	};
	struct world *w = *state;
	char digest[44];

	memset(digest, 'A', 43);
	digest[43] = '\0';
	for (int i = 0; i < 2; i++)
		assert_int_equal(world_admin(w, "POST", i ?
			"/keys/pair/create?api-version=7.4" :
			"/keys/thief/create?api-version=7.4", json_pack(
			"{s:s}", "kty", "EC"), NULL), 200);
	assert_int_equal(db_run(w->service.db, "UPDATE akv_key SET public_key "
		"= (SELECT public_key FROM akv_key WHERE name = 'thief') "
		"WHERE name = 'pair'", ""), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *body = *rows[i].method == 'G' ? NULL : json_pack(
			"{s:s, s:s}", "alg", "ES256", "value", digest);

		/* It can be taken away all the same. */
		if (i == 4)
			assert_int_equal(world_admin(w, "DELETE",
				"/keys/pair?api-version=7.4", NULL, NULL),
				200);
		if (i == 3) { /* reads no body */
			json_decref(body);
			body = NULL;
		}
		assert_int_equal(world_admin(w, rows[i].method,
			rows[i].target, body, NULL), 500);
	}
	assert_int_equal(world_admin(w, "GET",
		"/keys/thief?api-version=7.4", NULL, NULL), 200);
}

static void nothing_without_an_audit(void **state)
{
	struct world *w = *state;
	json_t *answer = NULL;

	assert_true(db_run(w->service.db, "DROP TABLE akv_audit", "") >= 0);
	assert_int_equal(world_admin(w, "POST",
		"/keys/k/create?api-version=7.4", json_pack("{s:s}", "kty",
		"oct"), &answer), 500);
	assert_null(json_object_get(answer, "key"));
	json_decref(answer);
}

static void secrets_are_sealed(void **state)
{
	struct world *w = *state;
	struct db_rows *rows;
	uint8_t secret[32];
	const void *blob;
	size_t size;

	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(i + 1);
	world_key(w, "data-key");
	rows = db_ask(w->service.db, "SELECT secret FROM akv_key", "");
	assert_int_equal(db_next(rows), 1);
	blob = db_blob(rows, 0, &size);
	assert_null(memmem(blob, size, secret, 8));
	assert_int_equal(size, sizeof(secret) + SEAL_AT_REST_OVERHEAD);
	db_done(rows);
}

/* --- key material ------------------------------------------------------- */

static void keys_go_round(void **state)
{
	static const struct {
		enum akv_kind kind;
		unsigned bits;
		const char *curve;
	} rows[] = {
		{AKV_RSA, 2048, NULL}, {AKV_EC, 0, "P-256"},
		{AKV_EC, 0, "P-384"}, {AKV_EC, 0, "P-521"},
		{AKV_OCT, 128, NULL}, {AKV_OCT, 192, NULL},
		{AKV_OCT, 256, NULL},
	};
	EVP_PKEY *rsa = EVP_RSA_gen(2048);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct akv_key key, back;
		uint8_t *material, *wrapped, *opened;
		size_t size, wrapped_size, opened_size;
		struct why why = {""};
		json_t *a, *b;

		if (akv_key_make(rows[i].kind, true, rows[i].bits,
				rows[i].curve, 0, &key, &why))
			fail_msg("%s", why.text);
		assert_int_equal(akv_key_write(&key, &material, &size), 0);
		assert_int_equal(akv_wrap(rsa, EVP_sha256(), material, size,
			&wrapped, &wrapped_size), 0);
		assert_int_equal(wrapped_size, 256 + (size + 7) / 8 * 8 + 8);
		assert_int_equal(akv_unwrap(rsa, EVP_sha256(), wrapped,
			wrapped_size, &opened, &opened_size), 0);
		assert_int_equal(opened_size, size);
		assert_memory_equal(opened, material, size);
		assert_int_equal(akv_key_read(rows[i].kind, true, opened,
			opened_size, &back), 0);
		a = akv_key_public(&key);
		b = akv_key_public(&back);
		assert_true(json_equal(a, b));
		wrapped[wrapped_size - 1] ^= 1;
		assert_int_equal(akv_unwrap(rsa, EVP_sha256(), wrapped,
			wrapped_size, &opened, &opened_size), -EBADMSG);
		json_decref(a);
		json_decref(b);
		OPENSSL_free(opened);
		OPENSSL_free(material);
		free(wrapped);
		akv_key_wipe(&key);
		akv_key_wipe(&back);
	}
	EVP_PKEY_free(rsa);
}

/* --- issuers elsewhere --------------------------------------------------- */

/* An issuer that answers every request with the same bytes. */
struct elsewhere {
	int fd;
	char url[64];
	const char *answer;
};

static void *elsewhere_serve(void *context)
{
	struct elsewhere *e = context;
	char request[4096];
	int fd;

	while ((fd = accept(e->fd, NULL, NULL)) >= 0) {
		if (recv(fd, request, sizeof(request), 0) > 0)
			send(fd, e->answer, strlen(e->answer), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		while (recv(fd, request, sizeof(request), 0) > 0)
			;
		close(fd);
	}
	return NULL;
}

static void elsewhere_open(struct elsewhere *e)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	e->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(e->fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(e->fd, 8), 0);
	assert_int_equal(getsockname(e->fd, (struct sockaddr *)&address,
		&size), 0);
	snprintf(e->url, sizeof(e->url), "http://127.0.0.1:%u",
		ntohs(address.sin_port));
}

/* The key service again, with an issuer. */
static void world_with_issuer(struct world *w, const char *url)
{
	struct why why = {""};

	akv_close();
	http_server_free(w->server);
	w->server = http_server_new();
	assert_int_equal(config_set(w->config, "akv.issuers", url, &why), 0);
	if (akv_routes(w->server, &w->service, &why))
		fail_msg("%s", why.text);
}

static void issuers_that_talk_nonsense(void **state)
{
#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
	static const char *const answers[] = {
		OK, OK "this is no JSON", OK "[]", OK "{\"a\":1,\"a\":2}",
		OK "{\"jwks_uri\":7}", OK "{\"jwks_uri\":\"file:///etc/\"}",
		OK "{\"jwks_uri\":\"http://localhost:1@10.0.0.1/\"}",
		"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n{}", "nothing",
	};
	struct world *w = *state;
	struct elsewhere e;
	pthread_t thread;
	json_t *answer;
	char *token;

	world_key(w, "data-key");
	elsewhere_open(&e);
	world_with_issuer(w, e.url);
	e.answer = answers[0];
	assert_int_equal(pthread_create(&thread, NULL, elsewhere_serve, &e),
		0);
	w->issuer = e.url;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		e.answer = answers[i];
		token = world_token(w, json_object(), NULL);
		assert_int_equal(world_admin(w, "POST",
			"/keys/data-key/release?api-version=7.4",
			json_pack("{s:s}", "target", token), &answer), 500);
		assert_non_null(strstr(json_string_value(json_object_get(
			json_object_get(answer, "error"), "message")),
			i == 4 ? "jwks_uri" : i == 5 || i == 6 ?
			"no https address" : "cannot be had"));
		json_decref(answer);
		free(token);
	}
	shutdown(e.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(e.fd);
}

int main(void)
{
#define IN_WORLD(test) \
	cmocka_unit_test_setup_teardown(test, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators),
		cmocka_unit_test(no_policies),
		cmocka_unit_test(authorities),
		cmocka_unit_test(keys_go_round),
		IN_WORLD(who_may),
		IN_WORLD(wrong_requests),
		IN_WORLD(keys_have_their_times),
		IN_WORLD(changed_records_do_not_open),
		IN_WORLD(another_public_key_is_not_shown),
		IN_WORLD(nothing_without_an_audit),
		IN_WORLD(secrets_are_sealed),
		IN_WORLD(issuers_that_talk_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
