/* SPDX-License-Identifier: MIT */
#include "service/akv.h"

#include "common/log.h"
#include "service/base64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct akv_route {
	struct akv_route *next;
	struct akv *akv;
	const struct akv_verb *verb;
};

static const char *const prefixes[] = {
	"/keys", "/deletedkeys", "/rng", "/coffer/keys", NULL,
};

static void finish(const struct http_request *request,
	struct http_answer *answer)
{
	http_answer_header(answer, "x-ms-request-id", request->id);
	http_answer_header(answer, "Cache-Control", "no-store");
}

static const struct http_interface interface = {
	.name = "akv", .prefixes = prefixes, .finish = finish,
};

/* What a client of Azure's does with a 401: it reads where a token comes from
 * and what it is for.  Coffer's tokens come from a file; the addresses only
 * have to be well-formed. */
static void challenge(struct akv_call *call)
{
	const char *url = call->akv->service->url;
	const char *text = http_printf(call->request, "Bearer "
		"authorization=\"%s/coffer\", resource=\"%s\"", url, url);

	http_answer_error(call->answer, 401, "Unauthorized", "Show the "
		"service's token as Authorization: Bearer: that of "
		"admin.token, or to have keys released that of "
		"release.token");
	if (text)
		http_answer_header(call->answer, "WWW-Authenticate", text);
}

static bool admit(struct akv_call *call, enum akv_permission permission)
{
	const char *bearer = http_bearer(call->request);

	if (service_is_admin(call->akv->service, call->request, NULL)) {
		call->caller = "admin";
		return true;
	}
	if (!bearer || !service_same(bearer, call->akv->release_token)) {
		challenge(call);
		return false;
	}
	call->caller = "release";
	if (permission == AKV_RELEASE)
		return true;
	why_set(&call->why, -EACCES, "this token may only have keys released");
	http_answer_error(call->answer, 403, "Forbidden", "%s",
		call->why.text);
	return false;
}

/* 7.3 to 7.9, and the dated ones after those. */
static bool version_ok(const char *version)
{
	if (!strncmp(version, "7.", 2))
		return version[2] >= '3' && version[2] <= '9' &&
			(!version[3] || !strncmp(version + 3, "-preview", 8));
	return !strncmp(version, "202", 3) && strspn(version,
		"0123456789-previw") == strlen(version) &&
		strlen(version) <= 20;
}

static bool check_request(struct akv_call *call, const struct akv_verb *verb)
{
	const char *version = http_query_any_case(call->request,
		"api-version");
	const char *name = http_parameter(call->request, "name");
	const char *of_key = http_parameter(call->request, "version");

	call->api_version = version;
	call->name = name ? name : "";
	call->version = of_key ? of_key : "";
	if (!version || !version_ok(version)) {
		http_answer_error(call->answer, 400, "BadParameter",
			"%s: api-version must be 7.3 or later", version ?
			"This api-version is not supported" :
			"api-version is missing");
		return false;
	}
	if (name && !akv_name_ok(name)) {
		call->name = "";
		http_answer_error(call->answer, 400, "BadParameter", "A key's "
			"name is 1 to %u of a-z, A-Z, 0-9 and '-'",
			AKV_NAME_MAX);
		return false;
	}
	if (strlen(call->version) > AKV_VERSION_SIZE) {
		http_answer_error(call->answer, 404, "KeyNotFound",
			"There is no such version of a key here");
		return false;
	}
	if (!verb->body_max)
		return true;
	call->body = http_body_json(call->request, call->answer);
	if (call->body && !json_is_object(call->body)) {
		http_answer_error(call->answer, 400, "BadParameter",
			"The body must be a JSON object");
		call->body = NULL;
	}
	return call->body != NULL;
}

static void answer_failure(struct akv_call *call, int error)
{
	static const struct {
		int error;
		unsigned status;
		const char *code;
	} rows[] = {
		{EINVAL, 400, "BadParameter"}, {EACCES, 403, "Forbidden"},
		{ENOENT, 404, "KeyNotFound"}, {EEXIST, 409, "Conflict"},
		{EAGAIN, 409, "Conflict"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].error == -error) {
			http_answer_error(call->answer, rows[i].status,
				rows[i].code, "%s", call->why.text);
			return;
		}
	log_error("akv: %s", call->why.text);
	http_answer_error(call->answer, 500, "InternalServerError", "%s",
		call->why.text);
}

static void run(struct http_request *request, struct http_answer *answer)
{
	const struct akv_route *route = request->context;
	const struct akv_verb *verb = route->verb;
	struct akv_call call = {.akv = route->akv, .request = request,
		.answer = answer};
	int r;

	if (!admit(&call, verb->permission)) {
		if (!call.caller) /* nobody: not in the books, in the log */
			return;
		call.name = http_parameter(request, "name");
		if (!call.name || !akv_name_ok(call.name))
			call.name = "";
		akv_audit_write(&call, verb->operation, "refused",
			call.why.text);
		return;
	}
	if (!check_request(&call, verb))
		return;
	r = verb->run(&call);
	if (r)
		answer_failure(&call, r);
	if ((r || !verb->quiet) && akv_audit_write(&call, verb->operation,
			!r ? "done" : r == -EACCES ? "refused" : "failed",
			r ? call.why.text : NULL))
		http_answer_error(answer, 500, "InternalServerError",
			"The audit log cannot be written: nothing is given");
	json_decref(call.details);
}

int akv_verbs(struct akv *akv, const struct akv_verb *verbs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct akv_route *route = calloc(1, sizeof(*route));
		int r;

		if (!route)
			return -ENOMEM;
		route->akv = akv;
		route->verb = &verbs[i];
		route->next = akv->routes;
		akv->routes = route;
		r = http_route(akv->server, &interface, route,
			verbs[i].method, verbs[i].pattern, verbs[i].body_max,
			run);
		if (r)
			return r;
	}
	return 0;
}

void akv_verbs_free(struct akv *akv)
{
	while (akv->routes) {
		struct akv_route *next = akv->routes->next;

		free(akv->routes);
		akv->routes = next;
	}
}

int akv_call_record(struct akv_call *call, unsigned ops,
	struct akv_record *record)
{
	int64_t now = service_now(call->akv->service);
	int r = akv_store_get(call->akv->store, call->name, call->version,
		false, record, &call->why);

	if (r)
		return r;
	memcpy(call->used_version, record->version,
		sizeof(call->used_version));
	if (!record->enabled)
		r = why_set(&call->why, -EACCES,
			"the key \"%.127s\" is disabled", record->name);
	else if (record->not_before != AKV_NEVER && record->not_before > now)
		r = why_set(&call->why, -EACCES,
			"the key \"%.127s\" is not valid yet", record->name);
	else if (record->expires != AKV_NEVER && record->expires <= now)
		r = why_set(&call->why, -EACCES,
			"the key \"%.127s\" has expired", record->name);
	else if ((record->ops & ops) != ops)
		r = why_set(&call->why, -EACCES, "the key \"%.127s\" is not "
			"for this operation", record->name);
	if (r)
		akv_record_wipe(record);
	return r;
}

int akv_call_bytes(struct akv_call *call, const char *name, bool needed,
	uint8_t **bytes, size_t *size)
{
	const json_t *member = json_object_get(call->body, name);
	const char *text = json_string_value(member);

	*bytes = NULL;
	*size = 0;
	if ((!member || json_is_null(member)) && !needed)
		return 0;
	if (!text || base64url_decode(text, json_string_length(member), bytes,
			size))
		return why_set(&call->why, -EINVAL,
			"\"%s\" must be base64url", name);
	return 0;
}
