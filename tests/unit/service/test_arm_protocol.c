/* SPDX-License-Identifier: MIT */
/* What clients of Azure Resource Manager expect besides machines: paths in
 * any case, conditions, versions, names of requests, codes. */
#include "portal_world.h"

#include "service/arm.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "api-version=2024-07-01"
#define LOCATED "{\"location\": \"coffer-local\"}"

/* One request, and what of its answer is looked at. */
struct look {
	unsigned status;
	char code[64], etag[64];
	json_t *body; /* the caller's */
};

static struct look look_at(struct portal_world *world,
	const struct world_request *request)
{
	struct http_exchange *exchange = world_send(world, request);
	const struct http_answer *answer = http_exchange_answer(exchange);
	const char *etag = http_answer_header_value(answer, "ETag"), *code;
	struct look look = { .status = 0 };
	struct http_view view;

	http_answer_view(answer, &view);
	look.status = view.status;
	look.body = json_loadb((const char *)view.body, view.body_size, 0,
		NULL);
	code = json_string_value(json_object_get(json_object_get(look.body,
		"error"), "code"));
	snprintf(look.code, sizeof(look.code), "%s", code ? code : "");
	snprintf(look.etag, sizeof(look.etag), "%s", etag ? etag : "");
	http_exchange_end(exchange);
	return look;
}

/* With one header more. */
static struct look ask(struct portal_world *world, const char *method,
	const char *target, const char *body, const char *name,
	const char *value)
{
	struct world_request request = { .method = method, .target = target,
		.token = world->token.write, .type = body ?
		"application/json" : NULL, .body = body ? body : "",
		.size = body ? strlen(body) : 0,
		.extra = { { name, value } } };

	return look_at(world, &request);
}

static void expect(struct look look, unsigned status, const char *code)
{
	if (look.status != status || strcmp(look.code, code))
		fail_msg("%u %s instead of %u %s", look.status, look.code,
			status, code);
	json_decref(look.body);
}

/* --- paths -------------------------------------------------------------- */

static void test_paths_are_the_same_in_any_case(void **state)
{
	struct portal_world *world = *state;
	char target[512], version[] = "?" VERSION;

	world_add(world, "one", "Web", 2);
	for (int upper = 0; upper < 2; upper++) {
		snprintf(target, sizeof(target), "%s", world_target(world,
			"wEB", "virtualMachines/"));
		for (char *at = target; *at; at++)
			*at = (char)(upper ? toupper(*at) : tolower(*at));
		strcat(target, "one");
		strcat(target, upper ? "/INSTANCEVIEW" : "/instanceview");
		strcat(target, version);
		expect(ask(world, "GET", target, NULL, NULL, NULL), 200, "");
		/* What is refused is so too. */
		strcat(target, "-nothing");
		expect(ask(world, "GET", target, NULL, NULL, NULL), 400,
			"InvalidApiVersionParameter");
	}
	expect(ask(world, "POST", "/SUBSCRIPTIONS?" VERSION, "", NULL, NULL),
		405, "MethodNotAllowed");
	/* Names of machines and the portal's own paths keep theirs. */
	expect(ask(world, "GET", world_target(world, "web",
		"virtualMachines/ONE?" VERSION), NULL, NULL, NULL), 400,
		"InvalidParameter");
	expect(ask(world, "GET", "/Portal/keys", NULL, NULL, NULL), 404,
		"NotFound");
}

static void test_versions(void **state)
{
	struct portal_world *world = *state;
	static const char *const good[] = { "2024-07-01",
		"2024-07-01-preview", "2024-07-01-Preview",
		"2024-07-01-privatepreview", "2024-07-01-beta" };
	static const char *const bad[] = { "", "2024-7-1", "latest",
		"2024-07-01-", "2024-07-01-preview2", "2024-07-01%0a" };
	char target[256];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(target, sizeof(target),
			"/subscriptions?API-Version=%s", good[i]);
		expect(ask(world, "GET", target, NULL, NULL, NULL), 200, "");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(target, sizeof(target),
			"/subscriptions?api-version=%s", bad[i]);
		expect(ask(world, "GET", target, NULL, NULL, NULL), 400,
			strchr(bad[i], '%') ? "BadRequest" :
			"InvalidApiVersionParameter");
	}
	expect(ask(world, "GET", "/subscriptions", NULL, NULL, NULL), 400,
		"MissingApiVersionParameter");
}

/* --- conditions --------------------------------------------------------- */

static void test_conditions(void **state)
{
	struct portal_world *world = *state;
	char one[512], two[512], list[160];
	const char *tags = "{\"tags\": {\"owner\": \"tests\"}}";
	struct look first, other;

	world_add(world, "one", "web", 1);
	world_add(world, "other", "web", 1);
	snprintf(one, sizeof(one), "%s", world_target(world, "web",
		"virtualMachines/one?" VERSION));
	snprintf(two, sizeof(two), "%s", world_target(world, "web",
		"virtualMachines/two?" VERSION));
	first = ask(world, "GET", one, NULL, NULL, NULL);
	other = ask(world, "GET", world_target(world, "web",
		"virtualMachines/other?" VERSION), NULL, NULL, NULL);
	assert_int_equal(strlen(first.etag), ARM_ETAG_SIZE - 1);
	assert_string_not_equal(first.etag, other.etag);
	/* The body has the same. */
	assert_string_equal(json_string_value(json_object_get(first.body,
		"etag")), first.etag);
	json_decref(first.body);
	json_decref(other.body);

	/* These tags it has already, so that nothing happens. */
	expect(ask(world, "PATCH", one, tags, "If-Match", first.etag), 200,
		"");
	expect(ask(world, "PATCH", one, tags, "if-match", "*"), 200, "");
	snprintf(list, sizeof(list), "\"x\", %s", first.etag);
	expect(ask(world, "PATCH", one, tags, "If-Match", list), 200, "");
	snprintf(list, sizeof(list), "%.32s", first.etag + 1);
	expect(ask(world, "PATCH", one, tags, "If-Match", list), 200, "");
	expect(ask(world, "PATCH", one, tags, "If-Match", other.etag), 412,
		"PreconditionFailed");
	expect(ask(world, "PATCH", one, tags, "If-Match", ""), 412,
		"PreconditionFailed");
	expect(ask(world, "PATCH", one, tags, "If-None-Match", "*"), 412,
		"PreconditionFailed");
	expect(ask(world, "PATCH", one, tags, "If-None-Match", first.etag),
		400, "InvalidParameter");
	expect(ask(world, "PUT", one, LOCATED, "If-None-Match", "*"), 412,
		"PreconditionFailed");
	expect(ask(world, "PUT", two, LOCATED, "If-Match", "*"), 412,
		"PreconditionFailed");
	expect(ask(world, "PUT", two, LOCATED, "If-Match", first.etag), 412,
		"PreconditionFailed");
	expect(ask(world, "DELETE", one, NULL, "If-Match", other.etag), 412,
		"PreconditionFailed");
	expect(ask(world, "DELETE", two, NULL, "If-Match", "*"), 412,
		"PreconditionFailed");
	expect(ask(world, "DELETE", two, NULL, NULL, NULL), 204, "");
	expect(ask(world, "GET", one, NULL, NULL, NULL), 200, "");
}

/* What changes a machine changes its tag, and a change that asked for the old
 * one is refused: also by the operation, when it comes to it. */
static void test_a_tag_goes_with_what_it_names(void **state)
{
	struct portal_world *world = *state;
	struct arm_work work = { .kind = ARM_UPDATE, .name = "one",
		.group = "web", .set_tags = true };
	char one[512], id[33], old[64];
	struct why why = { "" };
	struct arm_op op;
	struct look look;

	world_add(world, "one", "web", 1);
	snprintf(one, sizeof(one), "%s", world_target(world, "web",
		"virtualMachines/one?" VERSION));
	look = ask(world, "GET", one, NULL, NULL, NULL);
	strcpy(old, look.etag);
	json_decref(look.body);
	expect(ask(world, "PATCH", one, "{\"tags\": {\"owner\": \"me\"}}",
		"If-Match", old), 200, "");
	look = ask(world, "GET", one, NULL, NULL, NULL);
	assert_string_not_equal(old, look.etag);
	json_decref(look.body);
	expect(ask(world, "PATCH", one, "{\"tags\": {}}", "If-Match", old),
		412, "PreconditionFailed");

	strcpy(work.etag, old);
	work.tags = json_pack("{s:s}", ARM_GROUP_TAG, "web");
	assert_int_equal(arm_op_begin(world->portal->arm->ops, &work, id,
		&why), 0);
	json_decref(work.tags);
	assert_int_equal(arm_op_wait(world->portal->arm->ops, id, true, 60000,
		&op), 0);
	assert_true(op.ended);
	assert_string_equal(op.code, "PreconditionFailed");
	look = ask(world, "GET", one, NULL, NULL, NULL);
	assert_string_equal(json_string_value(json_object_get(json_object_get(
		look.body, "tags"), "owner")), "me");
	json_decref(look.body);
}

/* --- names of requests -------------------------------------------------- */

static const char *header_of(struct http_exchange *exchange,
	const char *name)
{
	return http_answer_header_value(http_exchange_answer(exchange), name);
}

static void test_names_of_requests(void **state)
{
	struct portal_world *world = *state;
	struct world_request request = { .method = "GET",
		.target = "/subscriptions?" VERSION,
		.token = world->token.read,
		.extra = { { "x-ms-correlation-request-id", "c0ffee-1" },
			{ "x-ms-client-request-id", "mine" },
			{ "x-ms-return-client-request-id", "True" } } };
	struct http_exchange *exchange = world_send(world, &request);

	assert_string_equal(header_of(exchange,
		"x-ms-correlation-request-id"), "c0ffee-1");
	assert_string_equal(header_of(exchange, "x-ms-client-request-id"),
		"mine");
	assert_string_equal(header_of(exchange, "x-ms-request-id"),
		http_exchange_request(exchange)->id);
	http_exchange_end(exchange);

	/* Refusals have them too; nobody's text comes back that is none of a
	 * name. */
	request.token = NULL;
	request.extra[0].value = "<b>";
	request.extra[2].value = "false";
	exchange = world_send(world, &request);
	assert_int_equal(http_answer_status(http_exchange_answer(exchange)),
		401);
	assert_string_equal(header_of(exchange,
		"x-ms-correlation-request-id"),
		http_exchange_request(exchange)->id);
	assert_null(header_of(exchange, "x-ms-client-request-id"));
	assert_non_null(header_of(exchange, "x-ms-request-id"));
	http_exchange_end(exchange);

	request.target = "/Subscriptions/%zz";
	exchange = world_send(world, &request);
	assert_non_null(header_of(exchange, "x-ms-correlation-request-id"));
	http_exchange_end(exchange);
}

/* --- bodies ------------------------------------------------------------- */

static void test_bodies_that_are_no_json(void **state)
{
	struct portal_world *world = *state;
	static const char *const bodies[] = { "{", "\xff", "{} {}",
		"{\"location\": \"coffer-local\", \"location\": \"x\"}", " " };
	const char *target = world_target(world, "web",
		"virtualMachines/new?" VERSION);

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		expect(ask(world, "PUT", target, bodies[i], NULL, NULL), 400,
			"InvalidRequestContent");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_paths_are_the_same_in_any_case),
		EACH(test_versions),
		EACH(test_conditions),
		EACH(test_a_tag_goes_with_what_it_names),
		EACH(test_names_of_requests),
		EACH(test_bodies_that_are_no_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
