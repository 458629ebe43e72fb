/* SPDX-License-Identifier: MIT */
/*
 * Every route of every module, asked badly: bodies of noise, of broken and of
 * well-formed JSON that is not what the route wants, huge numbers and depths,
 * wrong types, odd parameters and queries, with and without the
 * administrator's token.  No answer may be missing, an internal error, or in
 * another form than its interface's.
 */
#include "common/log.h"
#include "service/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 40 /* of noise, for each route */

static struct {
	char folder[64];
	struct service service;
	struct config *config;
	struct http_server *server;
	uint64_t random;
} g;

static uint32_t chance(void)
{
	g.random = g.random * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(g.random >> 33);
}

static int open_all(void **state)
{
	struct why why = { "" };
	int r = 0;

	log_open("test", -1, LOG_LEVEL_ERROR);
	strcpy(g.folder, "/tmp/coffer-unit-XXXXXX");
	if (!mkdtemp(g.folder) || setenv("COFFER_STATE_DIR", g.folder, 1))
		return -1;
	g.random = 20261122;
	g.config = config_new();
	g.server = http_server_new();
	g.service.config = g.config;
	snprintf(g.service.folder, sizeof(g.service.folder), "%s/serve",
		g.folder);
	snprintf(g.service.url, sizeof(g.service.url),
		"https://localhost:8081");
	if (!g.config || !g.server)
		return -1;
	r = mkdir(g.service.folder, 0700);
	if (!r)
		r = db_open(&g.service.db, ":memory:", &why);
	if (!r)
		r = service_master_key(&g.service, &g.service.seal, &why);
	if (!r)
		r = service_token(g.service.folder, "admin.token",
			g.service.admin_token, &why);
	if (!r)
		r = service_token(g.service.folder, "user.token",
			g.service.user_token, &why);
	for (size_t i = 0; !r && i < service_module_count; i++)
		r = service_modules[i].routes(g.server, &g.service, &why);
	if (r)
		fprintf(stderr, "%s\n", why.text);
	return r;
}

static int close_all(void **state)
{
	char command[96];

	for (size_t i = 0; i < service_module_count; i++)
		if (service_modules[i].close)
			service_modules[i].close();
	http_server_free(g.server);
	seal_at_rest_close(g.service.seal);
	db_close(g.service.db);
	config_free(g.config);
	snprintf(command, sizeof(command), "rm -rf '%s'", g.folder);
	return system(command);
}

/* --- asking, and looking at the answer ---------------------------------- */

static bool error_is_sound(const struct http_request *request,
	const struct http_view *view)
{
	json_t *body, *error;
	bool sound;

	if (!view->body_size)
		return false;
	if (request->interface && !strcmp(request->interface->name, "pccs"))
		return strnlen((const char *)view->body, view->body_size) ==
			view->body_size;
	body = json_loadb((const char *)view->body, view->body_size, 0, NULL);
	error = json_object_get(body, "error");
	sound = json_is_string(json_object_get(error, "code")) &&
		json_is_string(json_object_get(error, "message"));
	json_decref(body);
	return sound;
}

static unsigned ask(const char *method, const char *target,
	const char *type, bool admin, const void *body, size_t size)
{
	char bearer[80];
	struct http_field headers[4] = {
		{ "Content-Type", type }, { "metadata", "true" },
		{ "user-token", g.service.user_token },
		{ "Authorization", bearer } };
	struct timespec before, after;
	struct http_exchange *e;
	struct http_view view;

	snprintf(bearer, sizeof(bearer), "Bearer %s", g.service.admin_token);
	clock_gettime(CLOCK_MONOTONIC, &before);
	e = http_dispatch(g.server, method, target, headers, admin ? 4 : 2,
		body, size, NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_non_null(e);
	assert_non_null(http_exchange_answer(e));
	http_answer_view(http_exchange_answer(e), &view);
	if (view.status < 200 || view.status > 599 || view.status == 500)
		fail_msg("%s %s: %u: %.200s", method, target, view.status,
			(const char *)view.body);
	if (view.status >= 400 &&
	    !error_is_sound(http_exchange_request(e), &view))
		fail_msg("%s %s: %u with \"%.*s\"", method, target,
			view.status, (int)view.body_size,
			(const char *)view.body);
	if (after.tv_sec - before.tv_sec > 200)
		fail_msg("%s %s took %ld s", method, target,
			(long)(after.tv_sec - before.tv_sec));
	http_exchange_end(e);
	return view.status;
}

/* A pattern with something in place of each parameter. */
static void fill(const char *pattern, const char *value, char *out,
	size_t size)
{
	size_t used = 0;

	while (*pattern && used + 1 < size) {
		if (*pattern == '{') {
			/* Behind a version that it does not know nothing
			 * would be tried. */
			bool pccs = used > 14 && !memcmp(out + used - 14,
				"certification/", 14);

			used += (size_t)snprintf(out + used, size - used,
				"%s", pccs ? chance() % 2 ? "v3" : "v4" :
				value);
			pattern = strchr(pattern, '}') + 1;
		} else {
			out[used++] = *pattern++;
		}
	}
	assert_true(used < size);
	out[used] = '\0';
}

static void each_route(void (*attack)(const char *method,
	const char *pattern, size_t most))
{
	const char *method, *pattern;
	size_t most, i;

	for (i = 0; http_route_at(g.server, i, &method, &pattern, &most); i++)
		attack(method, pattern, most);
	assert_true(i > 0);
}

/* --- attacks ------------------------------------------------------------ */

static const char *const values[] = { "", "a", "..", "%2e%2e%2f%2e%2e", "%20",
	"%27%3B--", "%F0%9F%94%91", "-1", "99999999999999999999",
	"v4", "SgxEnclave", "%25s%25n" };

static void odd_parameters(const char *method, const char *pattern,
	size_t most)
{
	char target[1024], longer[8300], value[7001];

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		fill(pattern, values[i], target, sizeof(target));
		ask(method, target, "application/json", true, "{}",
			most ? 2 : 0);
		ask(method, target, "application/json", false, "", 0);
	}
	memset(value, 'a', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	if (!strchr(pattern, '{') || strchr(strchr(pattern, '{') + 1, '{'))
		return;
	fill(pattern, value, longer, sizeof(longer));
	ask(method, longer, "application/json", true, "", 0);
}

static void odd_queries(const char *method, const char *pattern, size_t most)
{
	static const char *const names[] = { "api-version", "fmspc", "qeid",
		"cpusvn", "pcesvn", "pceid", "encrypted_ppid", "ca",
		"encoding", "uri", "update", "tcbEvaluationDataNumber",
		"source", "type", "maxresults", "$skiptoken", "platform" };
	static const char *const odd[] = { "", "zz", "00", "[", "[]", "[A]",
		"0000000000000000000000000000000000000000", "-1", "1e9",
		"99999999999999999999", "https%3A%2F%2Fx", "http://",
		"https%3A%2F%2Fa%2Fpckcrl%3Fca%3D", "%27%22%3C" };
	char target[1024];
	size_t used;

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		fill(pattern, "v4", target, 200);
		used = strlen(target);
		for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
			used += (size_t)snprintf(target + used,
				sizeof(target) - used, "%c%s=%s",
				n ? '&' : '?', names[n],
				odd[(i + n * (i & 1)) %
				(sizeof(odd) / sizeof(*odd))]);
		assert_true(used < sizeof(target));
		ask(method, target, "application/json", true, "{}",
			most ? 2 : 0);
		for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
			char one[300];

			fill(pattern, "v4", one, 200);
			snprintf(one + strlen(one), 100, "?%s=%s", names[n],
				odd[i]);
			ask(method, one, "application/json", true, "", 0);
		}
	}
}

static const char *const bodies[] = { "", "{", "null", "0", "\"\"", "[]",
	"{}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	"{\"a\":1e400}", "{\"a\":-99999999999999999999}",
	"{\"quote\":\"\"}", "{\"quote\":\"AAAA\"}", "{\"quote\":7}",
	"{\"quote\":\"%%%%\",\"runtimeData\":{\"data\":\"!!\"}}",
	"{\"report\":\"AwAAAA\",\"runtimeData\":null}",
	"{\"kty\":\"RSA\",\"key_size\":-1}",
	"{\"kty\":\"RSA\",\"key_size\":2147483648}",
	"{\"kty\":\"EC\",\"crv\":\"P-0\"}", "{\"kty\":[[]]}",
	"{\"kty\":\"oct-HSM\",\"attributes\":{\"exportable\":\"x\","
	"\"exp\":9223372036854775807}}",
	"{\"key\":{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AA\",\"d\":\"AA\"}}",
	"{\"target\":\"a.b.c\",\"enc\":\"NONE\"}", "{\"target\":\"..\"}",
	"{\"target\":\"eyJhbGciOiJub25lIn0.e30.\"}",
	"{\"alg\":\"RSA-OAEP\",\"value\":\"AAAA\"}",
	"{\"qe_id\":\"00\",\"pce_id\":\"0000\"}",
	"{\"platforms\":[],\"collaterals\":{\"pck_certs\":[],\"tcbinfos\":[],"
	"\"certificates\":{\"a\":\"%\",\"b\":{}}}}",
	"{\"policy\":\"x\",\"is_default\":true,\"fmspc\":\"00606A000000\"}",
	"eyJhbGciOiJub25lIn0..", "a.b.c", "....", "version= 1.0;",
	"\xff\xfe\xfd" };

static void odd_bodies(const char *method, const char *pattern, size_t most)
{
	static const char *const types[] = { "application/json",
		"text/plain", "application/x-www-form-urlencoded", "",
		"application/json; charset=utf-16", "multipart/form-data" };
	char target[512];

	fill(pattern, "SgxEnclave", target, 300);
	strcat(target, "?api-version=7.4");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		for (size_t t = 0; t < sizeof(types) / sizeof(*types); t++)
			ask(method, target, types[t], true, bodies[i],
				strlen(bodies[i]));
	/* Too much, by one byte and by far. */
	if (most) {
		char *large = calloc(1, most + 2);

		memset(large, '[', most + 1);
		assert_int_equal(ask(method, target, "application/json", true,
			large, most + 1), 413);
		ask(method, target, "application/json", true, large, most);
		memset(large, ' ', most);
		ask(method, target, "application/json", true, large, most);
		free(large);
	} else {
		assert_int_equal(ask(method, target, "application/json", true,
			"x", 1), 413);
	}
}

static void noise(const char *method, const char *pattern, size_t most)
{
	uint8_t body[2048];
	char target[512];

	if (!most)
		return;
	fill(pattern, "SgxEnclave", target, 300);
	strcat(target, "?api-version=7.4");
	for (unsigned round = 0; round < ROUNDS; round++) {
		const char *seed = bodies[chance() %
			(sizeof(bodies) / sizeof(*bodies))];
		size_t size = strlen(seed);

		memcpy(body, seed, size);
		if (round % 4 == 0) {
			size = chance() % sizeof(body);
			for (size_t i = 0; i < size; i++)
				body[i] = (uint8_t)chance();
		}
		for (unsigned flips = chance() % 4; size && flips; flips--)
			body[chance() % size] ^= (uint8_t)(1u << chance() % 8);
		if (size && round % 5 == 0)
			size = chance() % size;
		if (size > most)
			size = most;
		ask(method, target, round % 3 ? "application/json" :
			"text/plain", round % 2, body, size);
	}
}

static void test_parameters(void **state)
{
	each_route(odd_parameters);
}

static void test_queries(void **state)
{
	each_route(odd_queries);
}

static void test_bodies(void **state)
{
	each_route(odd_bodies);
}

static void test_noise(void **state)
{
	each_route(noise);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
