/* SPDX-License-Identifier: MIT */
/* The portal: who is let in and from where, pages, quotes, keys. */
#include "portal_world.h"

#include "service/portal_static.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const reading[] = { "/portal/keys", "/portal/audit" };

static unsigned status_of(struct portal_world *world,
	const struct world_request *request)
{
	struct http_exchange *exchange = world_send(world, request);
	struct http_view view;

	http_answer_view(http_exchange_answer(exchange), &view);
	http_exchange_end(exchange);
	return view.status;
}

/* --- tokens ------------------------------------------------------------- */

static void test_no_token_and_wrong_ones(void **state)
{
	struct portal_world *world = *state;
	char longer[64], other[64];
	const char *bad[] = { NULL, "x", longer, other, world->service.folder,
		"" };
	json_t *answer;

	snprintf(longer, sizeof(longer), "%sA", world->token.write);
	snprintf(other, sizeof(other), "%s", world->token.write);
	other[42] = other[42] == 'A' ? 'B' : 'A';
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(world_ask(world, bad[i], "GET",
				reading[k], NULL, &answer), 401);
			world_expect_code(answer, "AuthenticationFailed");
		}
	assert_int_equal(world_ask(world, world->token.read, "GET",
		reading[0], NULL, NULL), 200);
	assert_int_equal(world_ask(world, world->token.write, "GET",
		reading[0], NULL, NULL), 200);
}

static void test_the_file_of_tokens_is_private(void **state)
{
	struct portal_world *world = *state;
	struct stat status;
	char path[256];

	snprintf(path, sizeof(path), "%.200s/tokens", world->service.folder);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_string_not_equal(world->token.write, world->token.read);
	/* Others can read it: nobody is let in. */
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(world_ask(world, world->token.read, "GET",
		reading[0], NULL, NULL), 401);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(world_ask(world, world->token.read, "GET",
		reading[0], NULL, NULL), 200);
}

static void test_a_new_token_counts_at_once(void **state)
{
	struct portal_world *world = *state;
	struct portal_token_pair fresh;
	struct why why = { "" };

	assert_int_equal(portal_token_renew(world->service.folder, false,
		true, &fresh, &why), 0);
	assert_string_equal(fresh.write, world->token.write);
	assert_string_not_equal(fresh.read, world->token.read);
	assert_int_equal(world_ask(world, world->token.read, "GET",
		reading[0], NULL, NULL), 401);
	assert_int_equal(world_ask(world, fresh.read, "GET", reading[0],
		NULL, NULL), 200);
	assert_int_equal(world_ask(world, fresh.write, "GET", reading[0],
		NULL, NULL), 200);
}

static void write_tokens(struct portal_world *world, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%.200s/tokens", world->service.folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_a_broken_file_of_tokens_lets_nobody_in(void **state)
{
	struct portal_world *world = *state;
	const char *w = world->token.write, *r = world->token.read;
	char texts[6][256];

	snprintf(texts[0], sizeof(*texts), "%s", "");
	snprintf(texts[1], sizeof(*texts), "read-write %s\n", w);
	snprintf(texts[2], sizeof(*texts), "read-write %s\nread-only %s\n", w,
		w);
	snprintf(texts[3], sizeof(*texts), "read-write %s\nread-write %s\n",
		w, r);
	snprintf(texts[4], sizeof(*texts), "read-write %s\nread-only %.42s\n",
		w, r);
	snprintf(texts[5], sizeof(*texts), "read-write %s\nread-only %.42s*\n",
		w, r);
	for (size_t i = 0; i < 6; i++) {
		write_tokens(world, texts[i]);
		assert_int_equal(world_ask(world, w, "GET", reading[0], NULL,
			NULL), 401);
	}
	snprintf(texts[0], sizeof(*texts), "read-write %s\nread-only %s\n", w,
		r);
	write_tokens(world, texts[0]);
	assert_int_equal(world_ask(world, w, "GET", reading[0], NULL, NULL),
		200);
}

/* --- places ------------------------------------------------------------- */

static void test_foreign_names_are_refused(void **state)
{
	struct portal_world *world = *state;
	static const struct {
		const char *host;
		unsigned status;
	} rows[] = {
		{ "localhost", 200 }, { "LOCALHOST:9999", 200 },
		{ "127.0.0.1:9999", 200 }, { "[::1]:9999", 200 },
		{ "192.0.2.7", 200 }, { "portal.example:9999", 200 },
		{ "evil.example", 421 }, { "localhost.evil.example", 421 },
		{ "portal.example.evil.example", 421 },
		{ "localhost:9999:9999", 421 }, { "localhost:x", 421 },
		{ "[::1", 421 }, { ":9999", 421 }, { "localhost@evil", 421 },
		{ "localhost/x", 421 }, { "localhost:999999", 421 },
	};

	assert_int_equal(config_set(world->config, "tls_names",
		"other.example, portal.example", NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_request request = { .method = "GET",
			.target = reading[0], .token = world->token.read,
			.host = rows[i].host };

		if (status_of(world, &request) != rows[i].status)
			fail_msg("%s", rows[i].host);
		request.target = "/";
		request.token = NULL;
		if (status_of(world, &request) != rows[i].status)
			fail_msg("/ at %s", rows[i].host);
	}
}

static void test_other_sites_are_refused(void **state)
{
	struct portal_world *world = *state;
	static const struct {
		const char *origin, *site;
		unsigned status;
	} rows[] = {
		{ NULL, NULL, 200 }, { NULL, "same-origin", 200 },
		{ NULL, "none", 200 }, { "https://" WORLD_HOST, NULL, 200 },
		{ "https://" WORLD_HOST, "same-origin", 200 },
		{ NULL, "cross-site", 403 }, { NULL, "same-site", 403 },
		{ NULL, "anything", 403 }, { "null", NULL, 403 },
		{ "https://evil.example", NULL, 403 },
		{ "https://evil.example", "same-origin", 403 },
		{ "http://" WORLD_HOST, NULL, 403 },
		{ "https://localhost:1", NULL, 403 },
		{ "https://" WORLD_HOST ".evil.example", NULL, 403 },
		{ "https://localhost", NULL, 403 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world_request request = { .method = "GET",
			.target = reading[0], .token = world->token.write,
			.origin = rows[i].origin, .site = rows[i].site };

		if (status_of(world, &request) != rows[i].status)
			fail_msg("%s %s", rows[i].origin ? rows[i].origin :
				"-", rows[i].site ? rows[i].site : "-");
	}
}

static void test_no_answer_lets_another_site_in(void **state)
{
	struct portal_world *world = *state;
	static const char *const targets[] = { "/", "/portal/keys",
		"/portal/nothing", "/subscriptions/x" };

	for (size_t i = 0; i < 4; i++) {
		struct world_request request = { .method = "GET",
			.target = targets[i], .token = world->token.read,
			.origin = "https://evil.example" };
		struct http_exchange *exchange = world_send(world, &request);
		const struct http_answer *answer =
			http_exchange_answer(exchange);
		const char *policy = http_answer_header_value(answer,
			"Content-Security-Policy");

		assert_non_null(policy);
		assert_non_null(strstr(policy, "default-src 'none'"));
		assert_non_null(strstr(policy, "frame-ancestors 'none'"));
		assert_null(strstr(policy, "unsafe"));
		assert_null(strstr(policy, "http"));
		assert_null(http_answer_header_value(answer,
			"Access-Control-Allow-Origin"));
		assert_null(http_answer_header_value(answer, "Set-Cookie"));
		assert_string_equal(http_answer_header_value(answer,
			"Cross-Origin-Resource-Policy"), "same-origin");
		assert_string_equal(http_answer_header_value(answer,
			"Referrer-Policy"), "no-referrer");
		http_exchange_end(exchange);
	}
}

static void test_tricks_with_paths(void **state)
{
	struct portal_world *world = *state;
	static const char *const targets[] = {
		"/portal//keys", "//portal/keys", "/portal/keys/",
		"/portal/keys/..", "/portal/keys/%2e%2e", "/portal/keys/.",
		"/portal/keys/..%2fserve", "/portal/keys/%2Fetc%2Fpasswd",
		"/portal/keys/a%00b", "/portal/keys/a%0ab", "/portal/keys/%",
		"/portal/keys/%zz", "/portal/keys/%c3%28", "/page/../keys",
		"/page/..%2f..%2fserve.db", "/page/%2e%2e/%2e%2e/serve.db",
		"/page//app.js", "/page/app.js/", "/page/app.js%00",
		"/page/", "/page", "/Portal/keys", "/portal\\keys",
		"/portal/keys/a\\b",
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		struct world_request request = { .method = "GET",
			.target = targets[i], .token = world->token.read };
		unsigned status = status_of(world, &request);

		if (status != 400 && status != 404)
			fail_msg("%s gives %u", targets[i], status);
	}
}

/* --- pages -------------------------------------------------------------- */

static void test_pages(void **state)
{
	struct portal_world *world = *state;

	assert_true(portal_file_count >= 3);
	for (size_t i = 0; i < portal_file_count; i++) {
		const struct portal_file *file = &portal_files[i];
		struct world_request request = { .method = "GET",
			.target = file->path };
		struct http_exchange *exchange = world_send(world, &request);
		struct http_view view;

		http_answer_view(http_exchange_answer(exchange), &view);
		assert_int_equal(view.status, 200);
		assert_int_equal(view.body_size, file->size);
		assert_memory_equal(view.body, file->bytes, file->size);
		http_exchange_end(exchange);

		request.encoding = "br, gzip;q=0.8";
		exchange = world_send(world, &request);
		http_answer_view(http_exchange_answer(exchange), &view);
		assert_int_equal(view.body_size, file->gzip_size ?
			file->gzip_size : file->size);
		http_exchange_end(exchange);

		request.encoding = "gzip;q=0, identity";
		exchange = world_send(world, &request);
		assert_null(http_answer_header_value(http_exchange_answer(
			exchange), "Content-Encoding"));
		http_exchange_end(exchange);

		request.etag = file->etag;
		assert_int_equal(status_of(world, &request), 304);
		request.etag = "\"other\"";
		assert_int_equal(status_of(world, &request), 200);
	}
}

/* --- quotes ------------------------------------------------------------- */

static const char *verdict_of(const json_t *answer, const char *name)
{
	return json_string_value(json_object_get(json_object_get(answer,
		"verdict"), name));
}

static char *hex_of(const uint8_t *bytes, size_t size)
{
	char *text = calloc(2, size + 1);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return text;
}

static json_t *judge(struct portal_world *world, const uint8_t *bytes,
	size_t size, unsigned wanted)
{
	struct world_request request = { .method = "POST",
		.target = "/portal/quote", .token = world->token.read,
		.type = "application/octet-stream", .body = bytes,
		.size = size };
	struct http_exchange *exchange = world_send(world, &request);
	struct http_view view;
	json_t *answer;

	http_answer_view(http_exchange_answer(exchange), &view);
	assert_int_equal(view.status, wanted);
	answer = json_loadb((const char *)view.body, view.body_size, 0, NULL);
	assert_non_null(answer);
	http_exchange_end(exchange);
	return answer;
}

/* Every byte of the quote up to its certificates is in a field, once. */
static void check_fields(const json_t *fields, const uint8_t *quote)
{
	size_t next = 0, i;
	json_t *field;

	assert_true(json_array_size(fields) > 40);
	json_array_foreach(fields, i, field) {
		size_t offset = (size_t)json_integer_value(json_object_get(
			field, "offset"));
		size_t size = (size_t)json_integer_value(json_object_get(
			field, "size"));
		char *hex = hex_of(quote + offset, size);

		assert_int_equal(offset, next);
		assert_string_equal(json_string_value(json_object_get(field,
			"hex")), hex);
		next = offset + size;
		free(hex);
	}
}

static void test_a_good_quote(void **state)
{
	struct portal_world *world = *state;
	char *hex = hex_of(world->mint.quote, world->mint.quote_size);
	json_t *answer = judge(world, world->mint.quote,
		world->mint.quote_size, 200), *same, *chain;

	assert_string_equal(verdict_of(answer, "status"), "OK");
	assert_string_equal(verdict_of(answer, "severity"), "good");
	assert_string_equal(verdict_of(answer, "root"), "software");
	chain = json_object_get(answer, "chain");
	assert_int_equal(json_array_size(chain), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		chain, 2), "role")), "root");
	assert_non_null(json_object_get(answer, "machine"));
	assert_non_null(json_object_get(answer, "collateral"));
	check_fields(json_object_get(answer, "fields"), world->mint.quote);

	assert_int_equal(world_ask(world, world->token.read, "POST",
		"/portal/quote", json_pack("{s:s}", "quote", hex), &same),
		200);
	assert_true(json_equal(answer, same));
	json_decref(same);
	same = judge(world, (const uint8_t *)hex, strlen(hex), 200);
	assert_true(json_equal(answer, same));
	json_decref(same);
	json_decref(answer);
	free(hex);
}

static void test_bad_quotes(void **state)
{
	struct portal_world *world = *state;
	size_t size = world->mint.quote_size;
	uint8_t *quote = malloc(size);
	json_t *answer;

	assert_non_null(quote);
	memcpy(quote, world->mint.quote, size);
	quote[112] ^= 1; /* MRENCLAVE */
	answer = judge(world, quote, size, 200);
	assert_string_equal(verdict_of(answer, "status"),
		"QUOTE_INVALID_SIGNATURE");
	assert_string_equal(verdict_of(answer, "severity"), "refused");
	assert_true(json_is_false(json_object_get(json_object_get(answer,
		"verdict"), "genuine")));
	json_decref(answer);

	answer = judge(world, quote, 100, 200);
	assert_string_equal(verdict_of(answer, "status"),
		"UNSUPPORTED_QUOTE_FORMAT");
	assert_int_equal(json_array_size(json_object_get(answer, "fields")),
		0);
	json_decref(answer);
	world_expect_code(judge(world, (const uint8_t *)"no quote!", 9, 400),
		"InvalidParameter");
	world_expect_code(judge(world, quote, 0, 400), "InvalidParameter");
	free(quote);
}

static void test_a_quote_by_stale_collateral(void **state)
{
	struct portal_world *world = *state;
	const int64_t year = 366 * 86400;
	const struct {
		int64_t time;
		const char *list, *empty;
	} when[] = {
		{ MINT_NOW + 11 * year, "expired", "not_yet_valid" },
		{ MINT_NOW - year, "not_yet_valid", "expired" },
	};

	for (size_t i = 0; i < 2; i++) {
		json_t *answer, *dates;

		world->service.time = when[i].time;
		answer = judge(world, world->mint.quote,
			world->mint.quote_size, 200);
		assert_string_equal(verdict_of(answer, "severity"), "expiry");
		dates = json_object_get(answer, "collateral");
		assert_int_equal(json_array_size(json_object_get(dates,
			when[i].list)), 8);
		assert_string_equal(json_string_value(json_array_get(
			json_object_get(dates, when[i].list), 4)), "pck_crl");
		assert_int_equal(json_array_size(json_object_get(dates,
			when[i].empty)), 0);
		json_decref(answer);
	}
}

static void test_a_quote_of_nobody_we_know(void **state)
{
	struct portal_world *world = *state;
	json_t *answer;

	world->mint.machine.fmspc[0] ^= 1; /* the source has none now */
	answer = judge(world, world->mint.quote, world->mint.quote_size,
		200);
	assert_string_equal(verdict_of(answer, "severity"), "refused");
	json_decref(answer);
}

static void test_what_is_asked_with_a_quote(void **state)
{
	struct portal_world *world = *state;
	char *hex = hex_of(world->mint.quote, world->mint.quote_size);
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "intel_root", "1" }, { "colateral", "{}" },
		{ "collateral", "[]" }, { "collateral", "{\"tcb_info\":\"\"}" },
	};
	json_t *answer, *given = json_object();

	for (size_t i = 0; i < 4; i++) {
		json_t *body = json_pack("{s:s, s:o}", "quote", hex,
			bad[i].name, json_loads(bad[i].value,
			JSON_DECODE_ANY, NULL));

		assert_int_equal(world_ask(world, world->token.read, "POST",
			"/portal/quote", body, NULL), 400);
	}
	/* Collateral of the request's own. */
	for (unsigned i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part = attest_collateral_part(
			&world->mint.collateral, i);
		char *text = memchr(part->data, 0, part->size) ||
			part->data[0] == 0x30 ? hex_of(part->data,
			part->size) : strndup((const char *)part->data,
			part->size);

		json_object_set_new(given, attest_collateral_part_name(i),
			json_string(text));
		free(text);
	}
	world->mint.machine.fmspc[0] ^= 1;
	assert_int_equal(world_ask(world, world->token.read, "POST",
		"/portal/quote", json_pack("{s:s, s:o}", "quote", hex,
		"collateral", given), &answer), 200);
	assert_string_equal(verdict_of(answer, "status"), "OK");
	json_decref(answer);
	free(hex);
}

static void test_oversized_bodies(void **state)
{
	struct portal_world *world = *state;
	size_t size = HTTP_BODY_MAX + 1;
	uint8_t *body = calloc(1, size);
	struct world_request request = { .method = "POST",
		.target = "/portal/quote", .token = world->token.read,
		.type = "application/octet-stream", .body = body,
		.size = size };

	assert_non_null(body);
	assert_int_equal(status_of(world, &request), 413);
	request.size = 1 << 19;
	assert_int_equal(status_of(world, &request), 400);
	request.method = "GET";
	request.target = "/portal/keys";
	assert_int_equal(status_of(world, &request), 413);
	free(body);
}

/* --- keys --------------------------------------------------------------- */

static void test_no_keys(void **state)
{
	struct portal_world *world = *state;
	json_t *answer;

	assert_int_equal(world_ask(world, world->token.read, "GET",
		"/portal/keys", NULL, &answer), 200);
	assert_int_equal(json_array_size(json_object_get(answer, "keys")), 0);
	json_decref(answer);
	assert_int_equal(world_ask(world, world->token.read, "GET",
		"/portal/keys/none", NULL, &answer), 404);
	world_expect_code(answer, "ResourceNotFound");
	assert_int_equal(world_ask(world, world->token.read, "GET",
		"/portal/keys/a_b", NULL, &answer), 400);
	world_expect_code(answer, "InvalidParameter");
	assert_int_equal(world_ask(world, world->token.read, "GET",
		"/portal/keys?count=0", NULL, &answer), 400);
	world_expect_code(answer, "InvalidParameter");
	assert_int_equal(world_ask(world, world->token.write, "DELETE",
		"/portal/keys/none", NULL, NULL), 405);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_no_token_and_wrong_ones),
		EACH(test_the_file_of_tokens_is_private),
		EACH(test_a_new_token_counts_at_once),
		EACH(test_a_broken_file_of_tokens_lets_nobody_in),
		EACH(test_foreign_names_are_refused),
		EACH(test_other_sites_are_refused),
		EACH(test_no_answer_lets_another_site_in),
		EACH(test_tricks_with_paths),
		EACH(test_pages),
		EACH(test_a_good_quote),
		EACH(test_bad_quotes),
		EACH(test_a_quote_by_stale_collateral),
		EACH(test_a_quote_of_nobody_we_know),
		EACH(test_what_is_asked_with_a_quote),
		EACH(test_oversized_bodies),
		EACH(test_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
