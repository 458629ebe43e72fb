/* SPDX-License-Identifier: MIT */
/* Making, reading, changing and removing keys. */
#include "service/akv.h"

#include "service/base64.h"
#include <errno.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 65536
#define PAGE_DEFAULT 25
#define PAGE_MAX 25
#define RANDOM_MAX 128

static int answer_bundle(struct akv_call *call,
	const struct akv_record *record)
{
	memcpy(call->used_version, record->version,
		sizeof(call->used_version));
	http_answer_json(call->answer, 200, akv_bundle(call, record));
	return 0;
}

static void begin_record(struct akv_call *call, enum akv_kind kind, bool hsm,
	struct akv_record *record)
{
	memset(record, 0, sizeof(*record));
	strcpy(record->name, call->name);
	record->kind = kind;
	record->hsm = hsm;
	record->ops = akv_ops_default(kind);
	record->enabled = true;
	record->not_before = record->expires = AKV_NEVER;
	record->tags = json_object();
}

/* An optional number of the body: 0 when it is not there. */
static int read_number(struct akv_call *call, const char *name,
	unsigned *number)
{
	const json_t *member = json_object_get(call->body, name);

	*number = 0;
	if (!member || json_is_null(member))
		return 0;
	if (!json_is_integer(member) || json_integer_value(member) < 1 ||
			json_integer_value(member) > 1 << 20)
		return why_set(&call->why, -EINVAL, "\"%s\" must be a number",
			name);
	*number = (unsigned)json_integer_value(member);
	return 0;
}

/* What was made (r: whether) is stored and answered with; both are wiped. */
static int keep(struct akv_call *call, int r, struct akv_record *record,
	struct akv_key *key)
{
	if (!r)
		r = akv_store_add(call->akv->store, record, key,
			service_now(call->akv->service), &call->why);
	if (!r)
		r = answer_bundle(call, record);
	akv_key_wipe(key);
	akv_record_wipe(record);
	return r;
}

static int create(struct akv_call *call)
{
	const char *kty = json_string_value(
		json_object_get(call->body, "kty"));
	const char *curve = json_string_value(
		json_object_get(call->body, "crv"));
	struct akv_record record;
	struct akv_key key = {0};
	unsigned bits, exponent;
	enum akv_kind kind;
	bool hsm;
	int r;

	if (!akv_kty_parse(kty, &kind, &hsm))
		return why_set(&call->why, -EINVAL, "\"kty\" must be RSA, EC "
			"or oct, each with -HSM behind it or without");
	r = read_number(call, "key_size", &bits);
	if (!r)
		r = read_number(call, "public_exponent", &exponent);
	if (r)
		return r;
	begin_record(call, kind, hsm, &record);
	r = akv_bundle_read(call, true, &record);
	if (!r)
		r = akv_key_make(kind, hsm, bits, curve, exponent, &key,
			&call->why);
	return keep(call, r, &record, &key);
}

static int import(struct akv_call *call)
{
	const json_t *jwk = json_object_get(call->body, "key");
	/* Azure's pages write the one, its clients send the other. */
	bool hsm = json_is_true(json_object_get(call->body, "hsm")) ||
		json_is_true(json_object_get(call->body, "Hsm"));
	const json_t *ops = json_object_get(jwk, "key_ops");
	struct akv_record record;
	struct akv_key key = {0};
	int r = akv_key_import(jwk, &key, &call->why);

	if (r)
		return r;
	key.hsm = key.hsm || hsm;
	begin_record(call, key.kind, key.hsm, &record);
	if (ops && !json_object_get(call->body, "key_ops"))
		json_object_set(call->body, "key_ops", (json_t *)ops);
	r = akv_bundle_read(call, true, &record);
	return keep(call, r, &record, &key);
}

/* A new version like the newest. */
static int rotate(struct akv_call *call)
{
	const char *curve = NULL;
	struct akv_record record;
	struct akv_key key = {0};
	unsigned bits = 0;
	int r = akv_call_record(call, 0, &record);

	if (r)
		return r;
	r = akv_store_key(call->akv->store, &record, &key, &call->why);
	if (!r) {
		bits = key.pair ? (unsigned)EVP_PKEY_get_bits(key.pair)
				: (unsigned)(8 * key.oct_size);
		curve = json_string_value(json_object_get(record.public_key,
			"crv"));
		akv_key_wipe(&key);
		r = akv_key_make(record.kind, record.hsm, bits, curve, 0,
			&key, &call->why);
	}
	return keep(call, r, &record, &key);
}

/* The record that the call names.  checked: unless its key does not open, as
 * who asks for a public key trusts it. */
static int show(struct akv_call *call, bool deleted, bool checked)
{
	struct akv_record record;
	int r = akv_store_get(call->akv->store, call->name, deleted ? NULL :
		call->version, deleted, &record, &call->why);

	if (!r && checked)
		r = akv_store_check(call->akv->store, &record, &call->why);
	if (!r)
		r = answer_bundle(call, &record);
	akv_record_wipe(&record);
	return r;
}

static int get(struct akv_call *call)
{
	return show(call, false, true);
}

static int update(struct akv_call *call)
{
	struct akv_record old, changed = {0};
	int r = akv_store_get(call->akv->store, call->name, call->version,
		false, &old, &call->why);

	if (r)
		return r;
	r = akv_store_check(call->akv->store, &old, &call->why);
	if (!r)
		r = akv_store_get(call->akv->store, call->name, old.version,
			false, &changed, &call->why);
	if (!r)
		r = akv_bundle_read(call, false, &changed);
	if (!r)
		r = akv_store_update(call->akv->store, &old, &changed,
			service_now(call->akv->service), &call->why);
	if (!r)
		r = answer_bundle(call, &changed);
	akv_record_wipe(&old);
	akv_record_wipe(&changed);
	return r;
}

/* --- deleted keys ------------------------------------------------------- */

static int get_deleted(struct akv_call *call)
{
	return show(call, true, true);
}

static int delete(struct akv_call *call)
{
	int r = akv_store_delete(call->akv->store, call->name,
		service_now(call->akv->service), &call->why);

	return r ? r : show(call, true, false);
}

static int recover(struct akv_call *call)
{
	int r = akv_store_recover(call->akv->store, call->name, &call->why);

	return r ? r : show(call, false, false);
}

static int purge(struct akv_call *call)
{
	int r = akv_store_purge(call->akv->store, call->name, &call->why);

	if (!r)
		http_answer_empty(call->answer, 204);
	return r;
}

/* --- listings ----------------------------------------------------------- */

struct page {
	struct akv_call *call;
	json_t *list;
	unsigned room;
	int64_t last; /* row */
	bool more;
};

static bool add_item(void *context, const struct akv_record *record)
{
	struct page *page = context;

	if (!page->room) {
		page->more = true;
		return false;
	}
	page->room--;
	page->last = record->row;
	json_array_append_new(page->list, akv_item(page->call, record));
	return true;
}

static bool query_number(struct akv_call *call, const char *name, int64_t most,
	int64_t *number)
{
	const char *text = http_query(call->request, name);
	char *end;

	if (!text || !*text)
		return true;
	*number = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *number >= 0 &&
		*number <= most;
}

static int list(struct akv_call *call, enum akv_listing what,
	const char *path)
{
	struct page page = {.call = call, .list = json_array()};
	int64_t count = PAGE_DEFAULT, after = 0;
	json_t *next = NULL;
	int r;

	if (!query_number(call, "maxresults", PAGE_MAX, &count) || !count ||
			!query_number(call, "$skiptoken", INT64_MAX, &after)) {
		json_decref(page.list);
		return why_set(&call->why, -EINVAL,
			"maxresults is a number from 1 to %d", PAGE_MAX);
	}
	page.room = (unsigned)count;
	r = akv_store_list(call->akv->store, what, call->name, after,
		(unsigned)count + 1, add_item, &page, &call->why);
	if (r) {
		json_decref(page.list);
		return r;
	}
	if (page.more)
		next = json_sprintf("%s%s?api-version=%s&$skiptoken=%" PRId64
			"&maxresults=%" PRId64, call->akv->service->url, path,
			call->api_version, page.last, count);
	http_answer_json(call->answer, 200, json_pack("{s:o, s:o}", "value",
		page.list, "nextLink", next ? next : json_null()));
	return 0;
}

static int list_keys(struct akv_call *call)
{
	return list(call, AKV_KEYS, "/keys");
}

static int list_deleted(struct akv_call *call)
{
	return list(call, AKV_DELETED, "/deletedkeys");
}

static int list_versions(struct akv_call *call)
{
	const char *path = http_printf(call->request, "/keys/%s/versions",
		call->name);

	return list(call, AKV_VERSIONS, path ? path : "/keys");
}

/* --- random bytes -------------------------------------------------------- */

static int random_bytes(struct akv_call *call)
{
	uint8_t bytes[RANDOM_MAX];
	unsigned count;
	char *text;
	int r = read_number(call, "count", &count);

	if (r || !count || count > RANDOM_MAX)
		return why_set(&call->why, -EINVAL,
			"\"count\" is a number from 1 to %d", RANDOM_MAX);
	if (RAND_priv_bytes(bytes, (int)count) != 1)
		return why_set(&call->why, -EIO, "no random numbers");
	text = base64url_encode(bytes, count);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	http_answer_json(call->answer, 200, text ? json_pack("{s:s}", "value",
		text) : NULL);
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
	return 0;
}

static const struct akv_verb verbs[] = {
	{"list", "GET", "/keys", AKV_ADMIN, 0, true, list_keys},
	{"list", "GET", "/keys/{name}/versions", AKV_ADMIN, 0, true,
		list_versions},
	{"get", "GET", "/keys/{name}", AKV_RELEASE, 0, true, get},
	{"get", "GET", "/keys/{name}/{version}", AKV_RELEASE, 0, true, get},
	{"create", "POST", "/keys/{name}/create", AKV_ADMIN, BODY_MAX, false,
		create},
	{"import", "PUT", "/keys/{name}", AKV_ADMIN, BODY_MAX, false, import},
	{"rotate", "POST", "/keys/{name}/rotate", AKV_ADMIN, 0, false,
		rotate},
	{"update", "PATCH", "/keys/{name}", AKV_ADMIN, BODY_MAX, false,
		update},
	{"update", "PATCH", "/keys/{name}/{version}", AKV_ADMIN, BODY_MAX,
		false, update},
	{"delete", "DELETE", "/keys/{name}", AKV_ADMIN, 0, false, delete},
	{"list", "GET", "/deletedkeys", AKV_ADMIN, 0, true, list_deleted},
	{"get", "GET", "/deletedkeys/{name}", AKV_ADMIN, 0, true,
		get_deleted},
	{"recover", "POST", "/deletedkeys/{name}/recover", AKV_ADMIN, 0,
		false, recover},
	{"purge", "DELETE", "/deletedkeys/{name}", AKV_ADMIN, 0, false,
		purge},
	{"random", "POST", "/rng", AKV_ADMIN, BODY_MAX, true, random_bytes},
};

int akv_keys_verbs(struct akv *akv)
{
	return akv_verbs(akv, verbs, sizeof(verbs) / sizeof(*verbs));
}
