/* SPDX-License-Identifier: MIT */
/*
 * The key service's keys, to look at: what each is, who it may be released to,
 * who did what with it.  Nothing here uses, changes or releases a key.
 */
#include "service/portal.h"

#include "service/akv.h"
#include "service/akv_policy.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000

struct portal_keys {
	struct akv_store *store;
};

/* null where there is none; {"text"} where it is not JSON. */
static json_t *policy_json(const struct akv_record *record)
{
	const char *why;
	json_t *rules;

	if (!record->policy)
		return json_null();
	rules = http_json_parse(record->policy, strlen(record->policy), &why);
	return json_pack("{s:b, s:o, s:s}", "immutable", record->immutable,
		"rules", rules ? rules : json_null(), "text", record->policy);
}

static json_t *time_json(int64_t time)
{
	return time == AKV_NEVER ? json_null() : json_integer(time);
}

static json_t *key_json(const struct akv_record *record)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:I, s:I, s:o, s:o, "
		"s:o, s:o, s:O, s:O}", "name", record->name, "version",
		record->version, "type", akv_kty(record->kind, record->hsm),
		"enabled", record->enabled, "exportable", record->exportable,
		"operations", akv_ops_list(record->ops), "created",
		(json_int_t)record->created, "updated",
		(json_int_t)record->updated, "not_before",
		time_json(record->not_before), "expires",
		time_json(record->expires), "deleted",
		time_json(record->deleted), "policy", policy_json(record),
		"tags", record->tags, "public_key", record->public_key);
}

struct listing {
	json_t *list;
	int64_t last; /* row */
};

static bool add(void *context, const struct akv_record *record)
{
	struct listing *listing = context;

	listing->last = record->row;
	return !json_array_append_new(listing->list, key_json(record));
}

/* A page of keys, deleted ones, or the versions of one. */
static int answer_list(struct portal_call *call, enum akv_listing what,
	const char *name)
{
	struct listing listing = { json_array(), 0 };
	int64_t count = PAGE_DEFAULT, after = 0;
	int r;

	if (!portal_number(call->request, "count", 1, PAGE_MAX, &count) ||
			!portal_number(call->request, "after", 0, INT64_MAX,
			&after)) {
		json_decref(listing.list);
		return why_set(&call->why, -EINVAL, "count is a number from 1 "
			"to %d, after what the page before gave", PAGE_MAX);
	}
	r = akv_store_list(call->portal->keys->store, what, name, after,
		(unsigned)count, add, &listing, &call->why);
	if (!r && name && !after && !json_array_size(listing.list))
		r = why_set(&call->why, -ENOENT, "there is no key \"%.127s\"",
			name);
	if (r) {
		json_decref(listing.list);
		return r;
	}
	http_answer_json(call->answer, 200, json_pack("{s:o, s:o}", "next",
		(int64_t)json_array_size(listing.list) < count ? json_null() :
		json_integer(listing.last), "keys", listing.list));
	return 0;
}

static int list(struct portal_call *call)
{
	const char *deleted = http_query(call->request, "deleted");

	return answer_list(call, deleted && !strcmp(deleted, "true") ?
		AKV_DELETED : AKV_KEYS, NULL);
}

static int name_of(struct portal_call *call, const char **name)
{
	*name = http_parameter(call->request, "name");
	return akv_name_ok(*name) ? 0 : why_set(&call->why, -EINVAL,
		"a key's name is 1 to %u of a-z, A-Z, 0-9 and '-'",
		AKV_NAME_MAX);
}

static int versions(struct portal_call *call)
{
	const char *name;
	int r = name_of(call, &name);

	return r ? r : answer_list(call, AKV_VERSIONS, name);
}

static int audit_of(struct portal_call *call, const char *name)
{
	int64_t count = PAGE_DEFAULT, before = INT64_MAX, next;
	json_t *records;
	int r;

	if (!portal_number(call->request, "count", 1, PAGE_MAX, &count) ||
			!portal_number(call->request, "before", 1, INT64_MAX,
			&before))
		return why_set(&call->why, -EINVAL, "count is a number from 1 "
			"to %d, before the id of a record", PAGE_MAX);
	r = akv_audit_list(call->portal->service->db, name, before,
		(unsigned)count, &records, &next, &call->why);
	if (r)
		return r;
	http_answer_json(call->answer, 200, json_pack("{s:o, s:o}", "before",
		next ? json_integer(next) : json_null(), "records", records));
	return 0;
}

static int audit(struct portal_call *call)
{
	return audit_of(call, NULL);
}

static int key_audit(struct portal_call *call)
{
	const char *name;
	int r = name_of(call, &name);

	return r ? r : audit_of(call, name);
}

static const struct portal_verb verbs[] = {
	{ "GET", "/portal/keys", PORTAL_READ, 0, list },
	{ "GET", "/portal/keys/{name}", PORTAL_READ, 0, versions },
	{ "GET", "/portal/keys/{name}/audit", PORTAL_READ, 0, key_audit },
	{ "GET", "/portal/audit", PORTAL_READ, 0, audit },
};

int portal_keys_open(struct portal *portal, struct why *why)
{
	struct service *service = portal->service;
	int r;

	portal->keys = calloc(1, sizeof(*portal->keys));
	if (!portal->keys)
		return why_set(why, -ENOMEM, "out of memory");
	r = akv_store_open(service->db, service->seal, &portal->keys->store,
		why);
	if (!r)
		r = akv_audit_open(service->db, why);
	if (!r && (r = portal_verbs(portal, verbs,
			sizeof(verbs) / sizeof(*verbs))))
		why_set(why, r, "the portal's routes do not fit in");
	return r;
}

void portal_keys_close(struct portal *portal)
{
	if (!portal->keys)
		return;
	akv_store_close(portal->keys->store);
	free(portal->keys);
	portal->keys = NULL;
}
