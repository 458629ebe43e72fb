/* SPDX-License-Identifier: MIT */
/* Machines over Azure Resource Manager's paths: what is shown, and what is
 * refused before anything is done. */
#include "portal_world.h"

#include "service/arm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "api-version=2024-07-01"

static unsigned ask(struct portal_world *world, const char *method,
	const char *target, json_t *body, json_t **answer)
{
	return world_ask(world, world->token.write, method, target, body,
		answer);
}

static void expect(struct portal_world *world, const char *method,
	const char *target, const char *body, unsigned status,
	const char *code)
{
	json_t *answer = NULL;
	unsigned is = ask(world, method, target, body ? json_loads(body, 0,
		NULL) : NULL, &answer);

	if (is != status)
		fail_msg("%s %s: %u", method, target, is);
	world_expect_code(answer, code);
}

/* --- what is shown ------------------------------------------------------ */

static void test_one(void **state)
{
	struct portal_world *world = *state;
	json_t *answer, *properties;

	world_add(world, "one", "Web", 2);
	assert_int_equal(ask(world, "GET", world_target(world, "web",
		"virtualMachines/one?$expand=instanceView&" VERSION), NULL,
		&answer), 200);
	properties = json_object_get(answer, "properties");
	assert_string_equal(json_string_value(json_object_get(answer,
		"location")), ARM_LOCATION);
	assert_non_null(strstr(json_string_value(json_object_get(answer,
		"id")), "/resourceGroups/Web/"));
	assert_string_equal(json_string_value(json_array_get(json_object_get(
		answer, "zones"), 0)), "2");
	assert_int_equal(json_object_size(json_object_get(answer, "tags")),
		1);
	assert_string_equal(json_string_value(json_object_get(properties,
		"provisioningState")), "Succeeded");
	assert_string_equal(json_string_value(json_object_get(properties,
		"timeCreated")), "2026-01-01T00:00:00+00:00");
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		json_object_get(json_object_get(properties, "instanceView"),
		"statuses"), 1), "code")), "PowerState/stopped");
	json_decref(answer);
	expect(world, "GET", world_target(world, "other",
		"virtualMachines/one?" VERSION), NULL, 404,
		"ResourceNotFound");
	expect(world, "GET", world_target(world, "web",
		"virtualMachines/two?" VERSION), NULL, 404,
		"ResourceNotFound");
	expect(world, "GET", world_target(world, "web",
		"virtualMachines/One?" VERSION), NULL, 400,
		"InvalidParameter");
}

static const char *state_of(json_t *vm)
{
	return json_string_value(json_object_get(json_object_get(vm,
		"properties"), "provisioningState"));
}

static void test_a_damaged_one_is_shown_as_failed(void **state)
{
	struct portal_world *world = *state;
	json_t *answer, *status;
	char path[256];
	FILE *f;

	world_add(world, "one", "web", 2);
	world_add(world, "two", "web", 2);
	snprintf(path, sizeof(path), "%s/vm/one/vm.conf", world->state);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs("nonsense\n", f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(ask(world, "GET", world_target(world, "web",
		"virtualMachines?" VERSION), NULL, &answer), 200);
	assert_string_equal(state_of(json_array_get(json_object_get(answer,
		"value"), 0)), "Failed");
	assert_string_equal(state_of(json_array_get(json_object_get(answer,
		"value"), 1)), "Succeeded");
	json_decref(answer);
	assert_int_equal(ask(world, "GET", world_target(world, "web",
		"virtualMachines/one?$expand=instanceView&" VERSION), NULL,
		&answer), 200);
	assert_string_equal(state_of(answer), "Failed");
	status = json_array_get(json_object_get(json_object_get(
		json_object_get(answer, "properties"), "instanceView"),
		"statuses"), 0);
	assert_string_equal(json_string_value(json_object_get(status,
		"code")), "ProvisioningState/failed");
	assert_non_null(strstr(json_string_value(json_object_get(status,
		"message")), "no key=value"));
	json_decref(answer);
	expect(world, "PATCH", world_target(world, "web",
		"virtualMachines/one?" VERSION), "{\"tags\":{\"a\":\"b\"}}",
		409, "OperationNotAllowed");
}

static size_t count_of(struct portal_world *world, const char *target,
	json_t **next)
{
	json_t *answer;
	size_t count;

	assert_int_equal(ask(world, "GET", target, NULL, &answer), 200);
	count = json_array_size(json_object_get(answer, "value"));
	if (next)
		*next = json_incref(json_object_get(answer, "nextLink"));
	json_decref(answer);
	return count;
}

static void test_pages_have_every_machine_once(void **state)
{
	struct portal_world *world = *state;
	size_t all = 0, pages = 0;
	char target[600], name[32];
	json_t *next;

	for (unsigned i = 0; i < 25; i++) {
		snprintf(name, sizeof(name), "vm-%u", i);
		world_add(world, name, i % 5 ? NULL : "fifth", 1 + i % 3);
	}
	snprintf(target, sizeof(target), "%s", world_target(world, NULL,
		"virtualMachines?$top=10&" VERSION));
	for (;;) {
		all += count_of(world, target, &next);
		pages++;
		if (!next)
			break;
		assert_int_equal(strncmp(json_string_value(next), "https://"
			WORLD_HOST, strlen("https://" WORLD_HOST)), 0);
		snprintf(target, sizeof(target), "%s", json_string_value(next)
			+ strlen("https://" WORLD_HOST));
		json_decref(next);
	}
	assert_int_equal(all, 25);
	assert_int_equal(pages, 3);
	assert_int_equal(count_of(world, world_target(world, "fifth",
		"virtualMachines?" VERSION), NULL), 5);
	assert_int_equal(count_of(world, world_target(world, "coffer",
		"virtualMachines?" VERSION), NULL), 20);
	assert_int_equal(count_of(world, world_target(world, NULL,
		"locations/Coffer%20Local/virtualMachines?" VERSION), NULL),
		25);
}

static void test_sizes_and_usages(void **state)
{
	struct portal_world *world = *state;
	json_t *answer, *first;

	world_add(world, "one", NULL, 1);
	assert_int_equal(count_of(world, world_target(world, NULL,
		"locations/coffer-local/vmSizes?" VERSION), NULL), 20);
	assert_int_equal(count_of(world, world_target(world, "coffer",
		"virtualMachines/one/vmSizes?" VERSION), NULL), 8);
	assert_int_equal(count_of(world, world_target(world, NULL, "skus?"
		VERSION), NULL), 20);
	assert_int_equal(ask(world, "GET", world_target(world, NULL,
		"locations/coffer-local/usages?" VERSION), NULL, &answer),
		200);
	first = json_array_get(json_object_get(answer, "value"), 1);
	assert_string_equal(json_string_value(json_object_get(json_object_get(
		first, "name"), "value")), "standardDCSv3Family");
	assert_int_equal(json_integer_value(json_object_get(first,
		"currentValue")), 1);
	json_decref(answer);
	expect(world, "GET", world_target(world, NULL,
		"locations/westeurope/vmSizes?" VERSION), NULL, 404,
		"LocationNotFound");
}

/* --- what is refused ---------------------------------------------------- */

static void test_places_that_there_are_not(void **state)
{
	struct portal_world *world = *state;
	static const char *const versions[] = { "", "?api-version=",
		"?api-version=2024", "?api-version=2024-07-01x",
		"?api-version=abcd-ef-gh", "?api-version=2024-07-01-previeww" };
	char target[256];

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		snprintf(target, sizeof(target), "/subscriptions%s",
			versions[i]);
		expect(world, "GET", target, NULL, 400, i ?
			"InvalidApiVersionParameter" :
			"MissingApiVersionParameter");
	}
	expect(world, "GET", "/subscriptions/00000000-0000-0000-0000-"
		"000000000000/providers/Microsoft.Compute/virtualMachines?"
		VERSION, NULL, 404, "SubscriptionNotFound");
	expect(world, "GET", world_target(world, "a%20b", "virtualMachines?"
		VERSION), NULL, 400, "InvalidResourceGroup");
	expect(world, "GET", world_target(world, "dot.", "virtualMachines?"
		VERSION), NULL, 400, "InvalidResourceGroup");
	expect(world, "GET", world_target(world, "%2e%2e", "virtualMachines?"
		VERSION), NULL, 400, "InvalidParameter");
	expect(world, "GET", world_target(world, "web",
		"virtualMachines/%2e%2e?" VERSION), NULL, 400,
		"InvalidParameter");
	expect(world, "GET", world_target(world, "web",
		"virtualMachines/a%2Fb?" VERSION), NULL, 400,
		"InvalidParameter");
	expect(world, "GET", world_target(world, NULL,
		"virtualMachines?$top=0&" VERSION), NULL, 400,
		"InvalidParameter");
	expect(world, "GET", world_target(world, NULL,
		"virtualMachines?$filter=x&" VERSION), NULL, 400,
		"InvalidParameter");
	expect(world, "GET", world_target(world, NULL,
		"locations/coffer-local/operations/0?" VERSION), NULL, 404,
		"ResourceNotFound");
}

static void test_bodies_that_mean_nothing_here(void **state)
{
	struct portal_world *world = *state;
	static const char *const bodies[] = {
		"[]", "{}", "{\"location\": 1}",
		"{\"location\": \"coffer-local\"}",
		"{\"location\": \"coffer-local\", \"properties\": []}",
		"{\"location\": \"coffer-local\", \"properties\": "
			"{\"hardwareProfile\": {\"vmSize\": \"big\"}}}",
		"{\"location\": \"coffer-local\", \"properties\": "
			"{\"hardwareProfile\": {\"vmSize\": 1}}}",
		"{\"location\": \"coffer-local\", \"properties\": "
			"{\"hardwareProfile\": \"x\"}}",
		"{\"location\": \"coffer-local\", \"properties\": "
			"{\"securityProfile\": {}}}",
		"{\"location\": \"coffer-local\", \"zones\": [1]}",
		"{\"location\": \"coffer-local\", \"zones\": [\"1\", \"2\"]}",
		"{\"location\": \"coffer-local\", \"zones\": \"1\"}",
		"{\"location\": \"coffer-local\", \"tags\": {\"a\": 1}}",
		"{\"location\": \"coffer-local\", \"tags\": "
			"{\"Resource-Group\": \"x\"}}",
		"{\"location\": \"coffer-local\", \"identity\": {}}",
	};
	const char *target = world_target(world, "web", "virtualMachines/new?"
		VERSION);
	struct world_request request = { .method = "PUT", .target = target,
		.token = world->token.write, .type = "text/plain",
		.body = "{}", .size = 2 };
	struct http_exchange *exchange;
	struct http_view view;
	char *large;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		expect(world, "PUT", target, bodies[i], 400,
			"InvalidParameter");
	expect(world, "PUT", target, "{\"location\": \"westeurope\"}", 400,
		"LocationNotAvailableForResourceType");
	exchange = world_send(world, &request);
	http_answer_view(http_exchange_answer(exchange), &view);
	assert_int_equal(view.status, 415);
	http_exchange_end(exchange);

	large = malloc(ARM_BODY_MAX + 1);
	assert_non_null(large);
	memset(large, ' ', ARM_BODY_MAX + 1);
	request.type = "application/json";
	request.body = large;
	request.size = ARM_BODY_MAX + 1;
	exchange = world_send(world, &request);
	http_answer_view(http_exchange_answer(exchange), &view);
	assert_int_equal(view.status, 413);
	http_exchange_end(exchange);
	free(large);
	assert_int_equal(count_of(world, world_target(world, NULL,
		"virtualMachines?" VERSION), NULL), 0);
}

static void test_who_may_only_read_changes_nothing(void **state)
{
	struct portal_world *world = *state;
	static const struct {
		const char *method, *rest;
	} rows[] = {
		{ "PUT", "" }, { "PATCH", "" }, { "DELETE", "" },
		{ "POST", "/start" }, { "POST", "/powerOff" },
		{ "POST", "/deallocate" }, { "POST", "/restart" },
	};
	char target[512], rest[128];

	world_add(world, "one", "web", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const tokens[] = { world->token.read, NULL,
			"wrong" };

		snprintf(rest, sizeof(rest), "virtualMachines/one%s?" VERSION,
			rows[i].rest);
		snprintf(target, sizeof(target), "%s", world_target(world, "web",
			rest));
		for (size_t k = 0; k < 3; k++) {
			unsigned status = world_ask(world, tokens[k],
				rows[i].method, target, *rows[i].method ==
				'P' ? json_object() : NULL, NULL);

			if (status != (k ? 401 : 403))
				fail_msg("%s %s: %u", rows[i].method,
					rows[i].rest, status);
		}
	}
	assert_int_equal(count_of(world, world_target(world, "web",
		"virtualMachines?" VERSION), NULL), 1);
}

static void test_every_path_wants_a_token(void **state)
{
	struct portal_world *world = *state;
	const char *method, *pattern;
	size_t most, seen = 0;

	for (size_t i = 0; http_route_at(world->server, i, &method, &pattern,
			&most); i++) {
		char target[512] = "";

		if (strncmp(pattern, "/portal", 7) &&
				strncmp(pattern, "/subscriptions", 14))
			continue;
		/* Parameters by what may stand there. */
		for (const char *at = pattern; *at; at++) {
			size_t used = strlen(target);

			if (*at != '{') {
				target[used] = *at;
				continue;
			}
			snprintf(target + used, sizeof(target) - used, "x");
			at = strchr(at, '}');
		}
		assert_int_equal(world_ask(world, NULL, method, target, NULL,
			NULL), 401);
		assert_int_equal(world_ask(world, "wrong", method, target,
			NULL, NULL), 401);
		seen++;
	}
	assert_true(seen > 25);
}

static void test_a_change_of_what_stays(void **state)
{
	struct portal_world *world = *state;
	const char *put = "{\"location\": \"coffer-local\", \"zones\": "
		"[\"2\"], \"properties\": {\"hardwareProfile\": {\"vmSize\": "
		"\"Standard_DC1s_v3\"}}}";
	json_t *answer;

	world_add(world, "one", "web", 1);
	expect(world, "PUT", world_target(world, "web", "virtualMachines/one?"
		VERSION), put, 409, "PropertyChangeNotAllowed");
	expect(world, "PUT", world_target(world, "other", "virtualMachines/one?"
		VERSION), put, 409, "Conflict");
	/* What it has already is no change. */
	assert_int_equal(ask(world, "PATCH", world_target(world, "web",
		"virtualMachines/one?" VERSION), json_pack("{s:{s:s}}",
		"tags", "owner", "tests"), &answer), 200);
	json_decref(answer);
	/* Another group's machine is not there to be deleted. */
	assert_int_equal(ask(world, "DELETE", world_target(world, "other",
		"virtualMachines/one?" VERSION), NULL, NULL), 204);
	assert_int_equal(count_of(world, world_target(world, "web",
		"virtualMachines?" VERSION), NULL), 1);
}

static void test_live_without_machines_and_with(void **state)
{
	struct portal_world *world = *state;
	json_t *answer, *list;

	world_add(world, "one", "web", 1);
	assert_int_equal(ask(world, "GET", "/portal/live", NULL, &answer),
		200);
	list = json_object_get(answer, "machines");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		list, 0), "power")), "stopped");
	json_decref(answer);
	assert_int_equal(ask(world, "GET", "/portal/machines/one", NULL,
		&answer), 200);
	assert_int_equal(json_array_size(json_object_get(answer,
		"enclave_list")), 0);
	json_decref(answer);
	expect(world, "GET", "/portal/machines/two", NULL, 404,
		"ResourceNotFound");
	expect(world, "GET", "/portal/machines/two/events", NULL, 404,
		"ResourceNotFound");
	expect(world, "GET", "/portal/machines/one/events?after=x", NULL, 400,
		"InvalidParameter");
	assert_int_equal(ask(world, "GET",
		"/portal/machines/one/events?after=1-2", NULL, &answer), 200);
	json_decref(answer);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_one),
		EACH(test_a_damaged_one_is_shown_as_failed),
		EACH(test_pages_have_every_machine_once),
		EACH(test_sizes_and_usages),
		EACH(test_places_that_there_are_not),
		EACH(test_bodies_that_mean_nothing_here),
		EACH(test_who_may_only_read_changes_nothing),
		EACH(test_every_path_wants_a_token),
		EACH(test_a_change_of_what_stays),
		EACH(test_live_without_machines_and_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
