/* SPDX-License-Identifier: MIT */
#include "service/akv.h"

#include "service/akv_policy.h"
#include "service/base64.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RECOVERABLE_DAYS 90 /* what clients are told; nothing purges alone */
#define TAGS_MAX 15u
#define TAG_MAX 256u
#define TYPE_DEFAULT "application/json; charset=utf-8"
#define TYPE_MAX 128u
#define TIME_MAX 253402300799 /* year 9999 */

/* --- writing ------------------------------------------------------------ */

const char *akv_kid(struct akv_call *call, const struct akv_record *record)
{
	const char *kid = http_printf(call->request, "%s/keys/%s/%s",
		call->akv->service->url, record->name, record->version);

	return kid ? kid : "";
}

json_t *akv_attributes(struct akv_call *call, const struct akv_record *record)
{
	json_t *a = json_pack("{s:b, s:I, s:I, s:s, s:i, s:b}", "enabled",
		record->enabled, "created", (json_int_t)record->created,
		"updated", (json_int_t)record->updated, "recoveryLevel",
		"Recoverable+Purgeable", "recoverableDays", RECOVERABLE_DAYS,
		"exportable", record->exportable);

	if (a && record->not_before != AKV_NEVER)
		json_object_set_new(a, "nbf",
			json_integer(record->not_before));
	if (a && record->expires != AKV_NEVER)
		json_object_set_new(a, "exp", json_integer(record->expires));
	return a;
}

json_t *akv_release_policy(const struct akv_record *record)
{
	char *data;
	json_t *policy;

	if (!record->policy)
		return NULL;
	data = base64url_encode(record->policy, strlen(record->policy));
	policy = data ? json_pack("{s:s, s:s, s:b}", "contentType",
		record->policy_type ? record->policy_type : TYPE_DEFAULT,
		"data", data, "immutable", record->immutable) : NULL;
	free(data);
	return policy;
}

static void add_deleted(struct akv_call *call,
	const struct akv_record *record, json_t *object)
{
	if (!object || record->deleted == AKV_NEVER)
		return;
	json_object_set_new(object, "recoveryId", json_sprintf(
		"%s/deletedkeys/%s", call->akv->service->url, record->name));
	json_object_set_new(object, "deletedDate",
		json_integer(record->deleted));
	json_object_set_new(object, "scheduledPurgeDate", json_integer(
		record->deleted + RECOVERABLE_DAYS * INT64_C(86400)));
}

json_t *akv_bundle(struct akv_call *call, const struct akv_record *record)
{
	json_t *key = json_pack("{s:s}", "kid", akv_kid(call, record));
	json_t *policy = akv_release_policy(record), *bundle;

	if (key) {
		json_object_update(key, record->public_key);
		json_object_set_new(key, "key_ops",
			akv_ops_list(record->ops));
	}
	bundle = json_pack("{s:o, s:o, s:O}", "key", key, "attributes",
		akv_attributes(call, record), "tags", record->tags);
	if (bundle && policy)
		json_object_set(bundle, "release_policy", policy);
	json_decref(policy);
	add_deleted(call, record, bundle);
	return bundle;
}

json_t *akv_item(struct akv_call *call, const struct akv_record *record)
{
	json_t *item = json_pack("{s:s, s:o, s:O}", "kid",
		akv_kid(call, record), "attributes",
		akv_attributes(call, record), "tags", record->tags);

	add_deleted(call, record, item);
	return item;
}

/* --- reading ------------------------------------------------------------ */

static bool present(const json_t *member)
{
	return member && !json_is_null(member);
}

static int read_time(struct akv_call *call, const json_t *attributes,
	const char *name, int64_t *time)
{
	const json_t *member = json_object_get(attributes, name);

	if (!present(member))
		return 0;
	if (!json_is_integer(member) || json_integer_value(member) < 0 ||
			json_integer_value(member) > TIME_MAX)
		return why_set(&call->why, -EINVAL,
			"\"%s\" must be a time in seconds since 1970", name);
	*time = json_integer_value(member);
	return 0;
}

static int read_yes(struct akv_call *call, const json_t *attributes,
	const char *name, bool *yes)
{
	const json_t *member = json_object_get(attributes, name);

	if (!present(member))
		return 0;
	if (!json_is_boolean(member))
		return why_set(&call->why, -EINVAL,
			"\"%s\" must be true or false", name);
	*yes = json_is_true(member);
	return 0;
}

static int read_attributes(struct akv_call *call, bool fresh,
	struct akv_record *record)
{
	const json_t *attributes = json_object_get(call->body, "attributes");
	bool exportable = record->exportable;
	int r;

	if (!present(attributes))
		return 0;
	if (!json_is_object(attributes))
		return why_set(&call->why, -EINVAL,
			"\"attributes\" must be an object");
	r = read_yes(call, attributes, "enabled", &record->enabled);
	if (!r)
		r = read_yes(call, attributes, "exportable", &exportable);
	if (!r)
		r = read_time(call, attributes, "nbf", &record->not_before);
	if (!r)
		r = read_time(call, attributes, "exp", &record->expires);
	if (r)
		return r;
	if (!fresh && exportable != record->exportable)
		return why_set(&call->why, -EINVAL, "\"exportable\" is "
			"settled when a key is made; make a new version");
	record->exportable = exportable;
	if (record->not_before != AKV_NEVER && record->expires != AKV_NEVER &&
			record->not_before >= record->expires)
		return why_set(&call->why, -EINVAL,
			"the key would expire before it is valid");
	return 0;
}

static int read_tags(struct akv_call *call, struct akv_record *record)
{
	json_t *tags = json_object_get(call->body, "tags"), *value;
	const char *name;

	if (!present(tags))
		return 0;
	if (!json_is_object(tags) || json_object_size(tags) > TAGS_MAX)
		return why_set(&call->why, -EINVAL,
			"\"tags\" must be an object of at most %u strings",
			TAGS_MAX);
	json_object_foreach(tags, name, value)
		if (strlen(name) > TAG_MAX || !json_is_string(value) ||
				json_string_length(value) > TAG_MAX)
			return why_set(&call->why, -EINVAL, "a tag and its "
				"value are strings of at most %u bytes",
				TAG_MAX);
	json_decref(record->tags);
	record->tags = json_incref(tags);
	return 0;
}

/* The text of a release policy, checked; the caller's. */
static int read_policy_text(struct akv_call *call, const json_t *member,
	char **text)
{
	const json_t *data = json_object_get(member, "data");
	json_t *parsed;
	uint8_t *bytes;
	size_t size;

	if (!json_is_string(data) || base64url_decode(json_string_value(data),
			json_string_length(data), &bytes, &size))
		return why_set(&call->why, -EINVAL, "\"release_policy\" needs "
			"\"data\": the policy's text, base64url");
	parsed = memchr(bytes, 0, size) ? NULL :
		akv_policy_parse((char *)bytes, size, &call->why);
	if (!parsed) {
		if (!*call->why.text)
			why_set(&call->why, -EINVAL,
				"the release policy is no text");
		free(bytes);
		return -EINVAL;
	}
	json_decref(parsed);
	*text = (char *)bytes;
	return 0;
}

static int read_policy(struct akv_call *call, struct akv_record *record)
{
	const json_t *member = json_object_get(call->body, "release_policy");
	const json_t *type = json_object_get(member, "contentType");
	bool immutable = record->immutable;
	char *text = NULL, *type_text;
	int r;

	if (!present(member))
		return 0;
	if (record->policy && record->immutable)
		return why_set(&call->why, -EACCES, "the release policy of "
			"\"%.127s\" is immutable: make a new key",
			record->name);
	if (present(type) && (!json_is_string(type) ||
			json_string_length(type) > TYPE_MAX ||
			strncmp(json_string_value(type), "application/json",
				16)))
		return why_set(&call->why, -EINVAL, "the release policy's "
			"contentType must be application/json");
	r = read_yes(call, member, "immutable", &immutable);
	if (!r)
		r = read_policy_text(call, member, &text);
	if (r)
		return r;
	type_text = strdup(present(type) ? json_string_value(type)
					 : TYPE_DEFAULT);
	if (!type_text) {
		free(text);
		return why_set(&call->why, -ENOMEM, "out of memory");
	}
	free(record->policy);
	free(record->policy_type);
	record->policy = text;
	record->policy_type = type_text;
	record->immutable = immutable;
	return 0;
}

static int read_ops(struct akv_call *call, struct akv_record *record)
{
	const json_t *list = json_object_get(call->body, "key_ops");
	unsigned ops, all = akv_ops_default(record->kind) | AKV_OP_IMPORT |
		AKV_OP_EXPORT;

	if (!present(list) || (json_is_array(list) && !json_array_size(list)))
		return 0;
	if (!akv_ops_parse(list, &ops))
		return why_set(&call->why, -EINVAL, "\"key_ops\" is a list of "
			"encrypt, decrypt, sign, verify, wrapKey, unwrapKey, "
			"import, export");
	if (ops & ~all)
		return why_set(&call->why, -EINVAL, "a key of type %s cannot "
			"do all of these \"key_ops\"",
			akv_kty(record->kind, record->hsm));
	record->ops = ops;
	return 0;
}

int akv_bundle_read(struct akv_call *call, bool fresh,
	struct akv_record *record)
{
	int r = read_ops(call, record);

	if (!r)
		r = read_attributes(call, fresh, record);
	if (!r)
		r = read_tags(call, record);
	if (!r)
		r = read_policy(call, record);
	if (r)
		return r;
	if (record->exportable && !record->policy)
		return why_set(&call->why, -EINVAL, "an exportable key needs "
			"a \"release_policy\"");
	if (!record->exportable && record->policy)
		return why_set(&call->why, -EINVAL, "a key with a "
			"\"release_policy\" must be exportable: attributes "
			"{\"exportable\": true}");
	if (record->exportable && !record->hsm)
		return why_set(&call->why, -EINVAL, "only keys of the types "
			"RSA-HSM, EC-HSM and oct-HSM can be released");
	record->ops &= ~(unsigned)AKV_OP_EXPORT;
	if (record->exportable)
		record->ops |= AKV_OP_EXPORT;
	return 0;
}
