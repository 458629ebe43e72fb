/* SPDX-License-Identifier: MIT */
#include "service/http.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- an interface that tells what reached it ---------------------------- */

static void say(struct http_request *request, struct http_answer *answer)
{
	json_t *out = json_object();

	json_object_set_new(out, "pattern", json_string(request->pattern));
	for (size_t i = 0; i < request->parameter_count; i++)
		json_object_set_new(out, request->parameters[i].name,
			json_string(request->parameters[i].value));
	for (size_t i = 0; i < request->query_count; i++)
		json_object_set_new(out, request->query[i].name,
			json_string(request->query[i].value));
	json_object_set_new(out, "body", json_integer(
		(json_int_t)request->body_size));
	http_answer_json(answer, 200, out);
}

static void parse(struct http_request *request, struct http_answer *answer)
{
	json_t *body = http_body_json(request, answer);

	if (body)
		http_answer_json(answer, 200, json_incref(body));
}

static void bearer(struct http_request *request, struct http_answer *answer)
{
	const char *token = http_bearer(request);

	http_answer_text(answer, 200, "text/plain", token ? token : "-");
}

static void nothing(struct http_request *request, struct http_answer *answer)
{
}

static void split(struct http_request *request, struct http_answer *answer)
{
	http_answer_text(answer, 200, "text/plain", "x");
	http_answer_header(answer, "Name", "value\r\nOther: header");
}

static void own_error(struct http_answer *answer, unsigned status,
	const char *code, const char *message)
{
	http_answer_text(answer, status, "text/plain", "own");
}

static void own_finish(const struct http_request *request,
	struct http_answer *answer)
{
	http_answer_header(answer, "X-Own", "yes");
}

static const char *const own_prefixes[] = { "/own/", NULL };
static const struct http_interface plain = { .name = "plain" };
static const struct http_interface own = { .name = "own",
	.prefixes = own_prefixes, .error = own_error, .finish = own_finish };

static struct http_server *server_new(void)
{
	static const char *const patterns[] = { "/keys", "/keys/{name}",
		"/keys/{name}/{version}", "/keys/{name}/versions",
		"/keys/{name}/{version}/release", "/policies/{type}",
		"/policies/{type}:reset", "/" };
	struct http_server *server = http_server_new();

	assert_non_null(server);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		assert_int_equal(http_route(server, &plain, NULL, "GET",
			patterns[i], 0, say), 0);
	assert_int_equal(http_route(server, &plain, NULL, "POST", "/json",
		1000, parse), 0);
	assert_int_equal(http_route(server, &plain, NULL, "GET", "/bearer", 0,
		bearer), 0);
	assert_int_equal(http_route(server, &plain, NULL, "PUT", "/keys", 10,
		say), 0);
	assert_int_equal(http_route(server, &own, NULL, "GET", "/own/thing",
		0, nothing), 0);
	assert_int_equal(http_route(server, &own, NULL, "GET", "/own/split",
		0, split), 0);
	return server;
}

/* --- asking ------------------------------------------------------------- */

struct asked {
	struct http_exchange *exchange;
	struct http_view view;
};

static struct asked ask(struct http_server *server, const char *method,
	const char *target, const struct http_field *headers, size_t count,
	const char *body)
{
	struct asked asked;

	asked.exchange = http_dispatch(server, method, target, headers, count,
		body, strlen(body), NULL);
	assert_non_null(asked.exchange);
	assert_non_null(http_exchange_answer(asked.exchange));
	http_answer_view(http_exchange_answer(asked.exchange), &asked.view);
	return asked;
}

static const char *header(const struct http_view *view, const char *name)
{
	for (size_t i = 0; i < view->header_count; i++)
		if (!strcasecmp(view->headers[i].name, name))
			return view->headers[i].value;
	return NULL;
}

static void expect(struct http_server *server, const char *method,
	const char *target, unsigned status, const char *body)
{
	struct asked a = ask(server, method, target, NULL, 0, "");

	assert_int_equal(a.view.status, status);
	if (body)
		assert_string_equal((const char *)a.view.body, body);
	http_exchange_end(a.exchange);
}

static void test_patterns(void **state)
{
	struct http_server *server = server_new();

	expect(server, "GET", "/keys", 200, "{\"pattern\":\"/keys\",\"body\":0}");
	expect(server, "GET", "/keys/a%2Fb", 200, "{\"pattern\":"
		"\"/keys/{name}\",\"name\":\"a/b\",\"body\":0}");
	expect(server, "GET", "/keys/a/", 200, "{\"pattern\":"
		"\"/keys/{name}/{version}\",\"name\":\"a\",\"version\":\"\","
		"\"body\":0}");
	expect(server, "GET", "/keys/a/versions", 200, "{\"pattern\":"
		"\"/keys/{name}/versions\",\"name\":\"a\",\"body\":0}");
	expect(server, "GET", "/keys/a//release", 200, "{\"pattern\":"
		"\"/keys/{name}/{version}/release\",\"name\":\"a\","
		"\"version\":\"\",\"body\":0}");
	expect(server, "GET", "/policies/Sgx:reset", 200, "{\"pattern\":"
		"\"/policies/{type}:reset\",\"type\":\"Sgx\",\"body\":0}");
	expect(server, "GET", "/policies/Sgx:other", 200, "{\"pattern\":"
		"\"/policies/{type}\",\"type\":\"Sgx:other\",\"body\":0}");
	expect(server, "GET", "/", 200, NULL);
	expect(server, "GET", "/keys/a/b/c", 404, NULL);
	expect(server, "GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r", 404,
		NULL);
	http_server_free(server);
}

static void test_registering(void **state)
{
	struct http_server *server = server_new();
	static const char *const bad[] = { "", "keys", "/{}", "/{a", "/a{b}",
		"/{a}{b}", "/keys" };
	const char *method, *pattern;
	size_t most;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_not_equal(http_route(server, &plain, NULL, "GET",
			bad[i], 0, say), 0);
	assert_int_not_equal(http_route(server, &plain, NULL, "POST", "/x",
		HTTP_BODY_MAX + 1, say), 0);
	assert_true(http_route_at(server, 0, &method, &pattern, &most));
	assert_string_equal(pattern, "/keys");
	assert_false(http_route_at(server, 100, &method, &pattern, &most));
	http_server_free(server);
}

static void test_methods(void **state)
{
	struct http_server *server = server_new();
	struct asked a = ask(server, "DELETE", "/keys", NULL, 0, "");

	assert_int_equal(a.view.status, 405);
	assert_string_equal(header(&a.view, "Allow"), "GET, HEAD, PUT");
	http_exchange_end(a.exchange);
	expect(server, "HEAD", "/keys", 200, NULL);
	expect(server, "BREW", "/keys", 405, NULL);
	http_server_free(server);
}

static void test_targets(void **state)
{
	struct http_server *server = server_new();
	static const char *const bad[] = { "", "keys", "*",
		"http://host/keys", "/keys/%", "/keys/%4", "/keys/%zz",
		"/keys/%00", "/keys/a%00b", "/keys/%ff", "/keys/%c0%af",
		"/keys/%0a", "/keys/a\tb", "/keys?a=%00", "/keys?%ff=1" };
	char *target = calloc(1, HTTP_URI_MAX + 3);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect(server, "GET", bad[i], 400, NULL);
	memset(target, 'a', HTTP_URI_MAX + 1);
	target[0] = '/';
	expect(server, "GET", target, 414, NULL);
	target[HTTP_URI_MAX] = '\0';
	expect(server, "GET", target, 404, NULL);
	strcpy(target, "/keys?");
	for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
		strcat(target, "a=1&");
	expect(server, "GET", target, 200, NULL);
	strcat(target, "a=1");
	expect(server, "GET", target, 400, NULL);
	free(target);
	expect(server, "GET", "/keys?x=a+b%20c%26&&y&z=1=2", 200,
		"{\"pattern\":\"/keys\",\"x\":\"a b c&\",\"y\":\"\","
		"\"z\":\"1=2\",\"body\":0}");
	http_server_free(server);
}

static void expect_headers(struct http_server *server, const char *method,
	const char *target, const struct http_field *headers, size_t count,
	const char *body, unsigned status)
{
	struct asked a = ask(server, method, target, headers, count, body);

	assert_int_equal(a.view.status, status);
	http_exchange_end(a.exchange);
}

static void test_headers(void **state)
{
	struct http_server *server = server_new();
	struct http_field many[HTTP_FIELDS_MAX + 1];
	static const struct http_field twice[] = {
		{ "Authorization", "Bearer a" },
		{ "authorization", "Bearer b" } };
	static const struct http_field smuggle[] = {
		{ "Content-Length", "3" }, { "Transfer-Encoding", "chunked" } };
	static const struct http_field latin[] = { { "X", "\xe4" } };
	char *large = calloc(1, HTTP_HEADERS_MAX + 1);
	struct http_field huge = { "X", large };
	struct asked a;

	for (size_t i = 0; i <= HTTP_FIELDS_MAX; i++)
		many[i] = (struct http_field){ "X", "y" };
	expect_headers(server, "GET", "/keys", many, HTTP_FIELDS_MAX, "",
		200);
	expect_headers(server, "GET", "/keys", many, HTTP_FIELDS_MAX + 1, "",
		431);
	memset(large, 'a', HTTP_HEADERS_MAX);
	expect_headers(server, "GET", "/keys", &huge, 1, "", 431);
	free(large);
	expect_headers(server, "GET", "/keys", twice, 2, "", 400);
	expect_headers(server, "PUT", "/keys", smuggle, 2, "abc", 400);
	expect_headers(server, "GET", "/keys", latin, 1, "", 400);
	a = ask(server, "GET", "/bearer", twice, 1, "");
	assert_string_equal((const char *)a.view.body, "a");
	http_exchange_end(a.exchange);
	http_server_free(server);
}

static void test_bodies(void **state)
{
	struct http_server *server = server_new();
	static const char *const lengths[] = { "11", "-1", "", "1x",
		"99999999999999999999", "0x1" };
	struct http_field length = { "Content-Length", "10" };
	struct http_field zip = { "Content-Encoding", "gzip" };
	struct http_exchange *e;

	expect_headers(server, "PUT", "/keys", &length, 1, "0123456789", 200);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		length.value = lengths[i];
		expect_headers(server, "PUT", "/keys", &length, 1, "", 413);
	}
	expect_headers(server, "PUT", "/keys", NULL, 0, "0123456789a", 413);
	expect_headers(server, "GET", "/keys", NULL, 0, "x", 413);
	expect_headers(server, "PUT", "/keys", &zip, 1, "x", 415);
	/* In pieces, the last one too many: what follows is dropped. */
	e = http_exchange_begin(server, "PUT", "/keys", NULL, 0, NULL);
	http_exchange_body(e, "01234", 5);
	http_exchange_body(e, "56789", 5);
	assert_int_equal(http_exchange_request(e)->body_size, 10);
	assert_memory_equal(http_exchange_request(e)->body, "0123456789", 11);
	assert_null(http_exchange_answer(e));
	http_exchange_body(e, "a", 1);
	assert_int_equal(http_answer_status(http_exchange_answer(e)), 413);
	assert_int_equal(http_exchange_request(e)->body_size, 0);
	http_exchange_body(e, "b", 1);
	http_exchange_finish(e);
	assert_int_equal(http_answer_status(http_exchange_answer(e)), 413);
	http_exchange_end(e);
	http_server_free(server);
}

static void expect_json(struct http_server *server, const char *type,
	const char *body, unsigned status)
{
	struct http_field header_field = { "Content-Type", type };
	struct asked a = ask(server, "POST", "/json", &header_field, 1, body);

	if (a.view.status != status)
		fail_msg("%s: %u, not %u", body, a.view.status, status);
	if (status != 200)
		assert_non_null(strstr((const char *)a.view.body,
			"{\"error\":{\"code\":"));
	http_exchange_end(a.exchange);
}

static void test_json(void **state)
{
	struct http_server *server = server_new();
	char deep[2 * HTTP_JSON_DEPTH + 8] = "";

	expect_json(server, "application/json", "{\"a\":[1,2]}", 200);
	expect_json(server, "APPLICATION/JSON; charset=utf-8", "[]", 200);
	expect_json(server, "application/jose+json", "{}", 200);
	expect_json(server, "text/plain", "{}", 415);
	expect_json(server, "", "{}", 415);
	expect_json(server, "+json", "{}", 415);
	expect_json(server, "application/json", "", 400);
	expect_json(server, "application/json", "{", 400);
	expect_json(server, "application/json", "{} x", 400);
	expect_json(server, "application/json", "{\"a\":1,\"a\":2}", 400);
	expect_json(server, "application/json", "[1e999]", 400);
	expect_json(server, "application/json", "[99999999999999999999]",
		400);
	expect_json(server, "application/json", "[\"\\u0000\"]", 400);
	expect_json(server, "application/json", "[\"\xff\"]", 400);
	expect_json(server, "application/json", "[\"[[[[[[[[[[[[[[[[[[[[[[[[["
		"[[[[[[[[[[[[[[[[[[[[[[\"]", 200);
	for (unsigned i = 0; i < HTTP_JSON_DEPTH; i++) {
		deep[i] = '[';
		deep[2 * HTTP_JSON_DEPTH - 1 - i] = ']';
	}
	expect_json(server, "application/json", deep, 200);
	memmove(deep + 1, deep, sizeof(deep) - 1);
	strcat(deep, "]");
	expect_json(server, "application/json", deep, 400);
	http_server_free(server);
}

static void test_interfaces(void **state)
{
	struct http_server *server = server_new();
	struct asked a;

	/* Its own errors, for what it does not have as well. */
	a = ask(server, "GET", "/own/missing", NULL, 0, "");
	assert_int_equal(a.view.status, 404);
	assert_string_equal((const char *)a.view.body, "own");
	assert_string_equal(header(&a.view, "X-Own"), "yes");
	http_exchange_end(a.exchange);
	a = ask(server, "POST", "/own/thing", NULL, 0, "");
	assert_int_equal(a.view.status, 405);
	assert_string_equal((const char *)a.view.body, "own");
	http_exchange_end(a.exchange);
	/* A handler that forgets to answer, or splits a header. */
	expect(server, "GET", "/own/thing", 500, NULL);
	a = ask(server, "GET", "/own/split", NULL, 0, "");
	assert_int_equal(a.view.status, 500);
	assert_null(header(&a.view, "Name"));
	http_exchange_end(a.exchange);
	expect(server, "GET", "/missing", 404, "{\"error\":{\"code\":"
		"\"NotFound\",\"message\":\"there is nothing here\"}}");
	http_server_free(server);
}

static void test_refusing(void **state)
{
	struct http_server *server = server_new();
	struct http_exchange *e = http_exchange_begin(server, "PUT", "/keys",
		NULL, 0, NULL);

	http_exchange_refuse(e, 429, "TooManyRequests", "slowly");
	http_exchange_body(e, "x", 1);
	http_exchange_finish(e);
	assert_int_equal(http_answer_status(http_exchange_answer(e)), 429);
	http_exchange_end(e);
	http_server_free(server);
}

static void test_clients(void **state)
{
	struct http_server *server = server_new();
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr = { htonl(0xc0a80102) } };
	struct http_exchange *e = http_exchange_begin(server, "GET", "/keys",
		NULL, 0, (struct sockaddr *)&four), *other;

	assert_string_equal(http_exchange_request(e)->client, "192.168.1.2");
	assert_int_equal(strlen(http_exchange_request(e)->id), 32);
	other = http_exchange_begin(server, "GET", "/keys", NULL, 0, NULL);
	assert_string_not_equal(http_exchange_request(e)->id,
		http_exchange_request(other)->id);
	http_exchange_end(e);
	http_exchange_end(other);
	http_server_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_registering),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_refusing),
		cmocka_unit_test(test_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
