/* SPDX-License-Identifier: MIT */
#include "service/akv_store.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct akv_store {
	struct db *db;
	struct seal_at_rest *seal;
};

static const char *const steps[] = {
	"CREATE TABLE akv_key ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" name TEXT NOT NULL COLLATE NOCASE,"
	" version TEXT NOT NULL,"
	" kty TEXT NOT NULL,"
	" ops INTEGER NOT NULL,"
	" enabled INTEGER NOT NULL,"
	" exportable INTEGER NOT NULL,"
	" not_before INTEGER NOT NULL,"
	" expires INTEGER NOT NULL,"
	" created INTEGER NOT NULL,"
	" updated INTEGER NOT NULL,"
	" deleted INTEGER NOT NULL,"
	" policy TEXT,"
	" policy_type TEXT,"
	" immutable INTEGER NOT NULL,"
	" tags TEXT NOT NULL,"
	" public_key TEXT NOT NULL,"
	" secret BLOB NOT NULL,"
	" UNIQUE (name, version));"
	"CREATE INDEX akv_key_deleted ON akv_key (deleted, name);",
};

/* The order of read_row(). */
#define COLUMNS "id, name, version, kty, ops, enabled, exportable, " \
	"not_before, expires, created, updated, deleted, policy, " \
	"policy_type, immutable, tags, public_key"

void akv_record_wipe(struct akv_record *record)
{
	free(record->policy);
	free(record->policy_type);
	json_decref(record->tags);
	json_decref(record->public_key);
	memset(record, 0, sizeof(*record));
}

bool akv_name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return n && n <= AKV_NAME_MAX && !name[n];
}

int akv_store_open(struct db *db, struct seal_at_rest *seal,
	struct akv_store **store, struct why *why)
{
	struct akv_store *s;
	int r = db_migrate(db, "akv", steps, sizeof(steps) / sizeof(*steps),
		why);

	if (r)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return why_set(why, -ENOMEM, "out of memory");
	s->db = db;
	s->seal = seal;
	*store = s;
	return 0;
}

void akv_store_close(struct akv_store *store)
{
	free(store);
}

static char *compact(const json_t *object)
{
	return json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
}

/* What the material's seal is bound to. */
static int seal_label(const struct akv_record *record, char label[80])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	json_t *bound = json_pack("[s, s, s, i, b, b, I, I, s?, b]",
		record->name, record->version,
		akv_kty(record->kind, record->hsm), (int)record->ops,
		record->enabled, record->exportable,
		(json_int_t)record->not_before, (json_int_t)record->expires,
		record->policy, record->immutable);
	char *text = bound ? compact(bound) : NULL;

	json_decref(bound);
	if (!text)
		return -ENOMEM;
	SHA256((const unsigned char *)text, strlen(text), digest);
	free(text);
	strcpy(label, "akv key ");
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(label + 8 + 2 * i, "%02x", digest[i]);
	return 0;
}

static int no_key(struct why *why, const char *name)
{
	return why_set(why, -ENOENT, "there is no key \"%.127s\" here", name);
}

static int failed(struct why *why, int error)
{
	return why_set(why, error, "the key database failed");
}

static int seal_material(struct akv_store *store,
	const struct akv_record *record, const uint8_t *material, size_t size,
	uint8_t **blob, size_t *blob_size, struct why *why)
{
	char label[80];

	if (seal_label(record, label))
		return why_set(why, -ENOMEM, "out of memory");
	return seal_at_rest_seal(store->seal, label, material, size, blob,
		blob_size, why);
}

static int make_version(char version[AKV_VERSION_SIZE + 1])
{
	uint8_t bytes[AKV_VERSION_SIZE / 2];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		sprintf(version + 2 * i, "%02x", bytes[i]);
	return 0;
}

/* Is a deleted key in the way?  1, 0 or an error.  A key's name keeps the
 * spelling that it was made with. */
static int name_taken(struct akv_store *store, struct akv_record *record)
{
	struct db_rows *rows = db_ask(store->db, "SELECT name, deleted FROM "
		"akv_key WHERE name = ? ORDER BY id LIMIT 1", "t",
		record->name);
	int r = rows ? db_next(rows) : -EIO;

	if (r > 0) {
		const char *name = db_text(rows, 0);

		r = db_number(rows, 1) != AKV_NEVER;
		if (name && akv_name_ok(name))
			strcpy(record->name, name);
	}
	db_done(rows);
	return r;
}

static int insert(struct akv_store *store, const struct akv_record *record,
	const uint8_t *blob, size_t blob_size, struct why *why)
{
	char *tags = compact(record->tags);
	char *public = compact(record->public_key);
	int r = -ENOMEM;

	if (tags && public)
		r = db_run(store->db, "INSERT INTO akv_key (name, version, "
			"kty, ops, enabled, exportable, not_before, expires, "
			"created, updated, deleted, policy, policy_type, "
			"immutable, tags, public_key, secret) VALUES "
			"(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			"tttiiiiiiiittittb", record->name, record->version,
			akv_kty(record->kind, record->hsm),
			(int64_t)record->ops, (int64_t)record->enabled,
			(int64_t)record->exportable, record->not_before,
			record->expires, record->created, record->updated,
			(int64_t)AKV_NEVER, record->policy,
			record->policy_type, (int64_t)record->immutable, tags,
			public, (const void *)blob, blob_size);
	free(tags);
	free(public);
	return r == 1 ? 0 : failed(why, r < 0 ? r : -EIO);
}

int akv_store_add(struct akv_store *store, struct akv_record *record,
	const struct akv_key *key, int64_t now, struct why *why)
{
	uint8_t *material = NULL, *blob = NULL;
	size_t size = 0, blob_size = 0;
	int r;

	record->created = record->updated = now;
	record->deleted = AKV_NEVER;
	json_decref(record->public_key);
	record->public_key = akv_key_public(key);
	if (!record->public_key || make_version(record->version) ||
			akv_key_write(key, &material, &size))
		return why_set(why, -EIO, "the key cannot be written down");
	r = db_begin(store->db);
	if (r) {
		OPENSSL_clear_free(material, size);
		return failed(why, r);
	}
	r = name_taken(store, record);
	if (r > 0)
		r = why_set(why, -EEXIST, "the name \"%.127s\" belongs to a "
			"deleted key: recover or purge that one first",
			record->name);
	else if (r < 0)
		r = failed(why, r);
	if (!r)
		r = seal_material(store, record, material, size, &blob,
			&blob_size, why);
	OPENSSL_clear_free(material, size);
	if (!r)
		r = insert(store, record, blob, blob_size, why);
	free(blob);
	if (r) {
		db_rollback(store->db);
		return r;
	}
	record->row = db_last_id(store->db);
	r = db_commit(store->db);
	return r ? failed(why, r) : 0;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* A record from a row of COLUMNS. */
static int read_row(struct db_rows *rows, struct akv_record *record)
{
	const char *name = db_text(rows, 1), *tags;

	memset(record, 0, sizeof(*record));
	record->row = db_number(rows, 0);
	if (!name || !akv_name_ok(name))
		return -EIO;
	strcpy(record->name, name);
	snprintf(record->version, sizeof(record->version), "%s",
		db_text(rows, 2));
	if (!akv_kty_parse(db_text(rows, 3), &record->kind, &record->hsm))
		return -EIO;
	record->ops = (unsigned)db_number(rows, 4);
	record->enabled = db_number(rows, 5);
	record->exportable = db_number(rows, 6);
	record->not_before = db_number(rows, 7);
	record->expires = db_number(rows, 8);
	record->created = db_number(rows, 9);
	record->updated = db_number(rows, 10);
	record->deleted = db_number(rows, 11);
	record->policy = copy(db_text(rows, 12));
	record->policy_type = copy(db_text(rows, 13));
	record->immutable = db_number(rows, 14);
	tags = db_text(rows, 15);
	record->tags = json_loads(tags ? tags : "{}", 0, NULL);
	record->public_key = json_loads(db_text(rows, 16) ?
		db_text(rows, 16) : "", 0, NULL);
	if (!record->tags || !record->public_key) {
		akv_record_wipe(record);
		return -EIO;
	}
	return 0;
}

int akv_store_get(struct akv_store *store, const char *name,
	const char *version, bool deleted, struct akv_record *record,
	struct why *why)
{
	const char *any = version && *version ? version : "%";
	struct db_rows *rows = db_ask(store->db, "SELECT " COLUMNS " FROM "
		"akv_key WHERE name = ?1 AND (deleted != ?2) = ?3 AND "
		"(?4 = '%' OR version = ?4) ORDER BY id DESC LIMIT 1", "tiit",
		name, (int64_t)AKV_NEVER, (int64_t)deleted, any);
	int r;

	memset(record, 0, sizeof(*record));
	if (!rows)
		return failed(why, -EIO);
	r = db_next(rows);
	if (r > 0)
		r = read_row(rows, record) ? failed(why, -EIO) : 0;
	else if (!r && version && *version)
		r = why_set(why, -ENOENT, "there is no version %.40s of a "
			"key \"%.127s\" here", version, name);
	else
		r = r ? failed(why, r) : no_key(why, name);
	db_done(rows);
	return r;
}

/* The record's sealed material, the caller's. */
static int fetch_secret(struct akv_store *store, int64_t row, uint8_t **blob,
	size_t *size)
{
	struct db_rows *rows = db_ask(store->db,
		"SELECT secret FROM akv_key WHERE id = ?", "i", row);
	int r = rows ? db_next(rows) : -EIO;
	const void *bytes;

	*blob = NULL;
	if (r > 0) {
		bytes = db_blob(rows, 0, size);
		*blob = bytes ? malloc(*size ? *size : 1) : NULL;
		if (*blob)
			memcpy(*blob, bytes, *size);
	}
	db_done(rows);
	return *blob ? 0 : r < 0 ? r : -ENOENT;
}

static int open_secret(struct akv_store *store,
	const struct akv_record *record, uint8_t **material, size_t *size,
	struct why *why)
{
	char label[80];
	uint8_t *blob;
	size_t blob_size;
	int r = fetch_secret(store, record->row, &blob, &blob_size);

	if (r)
		return failed(why, r);
	r = seal_label(record, label);
	if (!r)
		r = seal_at_rest_unseal(store->seal, label, blob, blob_size,
			material, size, NULL);
	free(blob);
	return r ? why_set(why, r, "the key \"%.127s\" does not open: another "
		"master key, or its record was changed behind the service's "
		"back", record->name) : 0;
}

/* The seal knows nothing of the public members: it is to them that clients
 * encrypt. */
static bool is_public_half(const struct akv_key *key, const json_t *public)
{
	json_t *own = akv_key_public(key);
	bool same = own && json_equal(own, (json_t *)public);

	json_decref(own);
	return same;
}

int akv_store_key(struct akv_store *store, const struct akv_record *record,
	struct akv_key *key, struct why *why)
{
	uint8_t *material;
	size_t size;
	int r = open_secret(store, record, &material, &size, why);

	memset(key, 0, sizeof(*key));
	if (r)
		return r;
	r = akv_key_read(record->kind, record->hsm, material, size, key);
	seal_at_rest_wipe(material, size);
	if (!r && !is_public_half(key, record->public_key)) {
		akv_key_wipe(key);
		r = -EBADMSG;
	}
	return r ? why_set(why, r, "the key \"%.127s\" is damaged, or its "
		"record was changed behind the service's back",
		record->name) : 0;
}

int akv_store_check(struct akv_store *store, const struct akv_record *record,
	struct why *why)
{
	struct akv_key key;
	int r = akv_store_key(store, record, &key, why);

	akv_key_wipe(&key);
	return r;
}

int akv_store_update(struct akv_store *store, const struct akv_record *old,
	struct akv_record *changed, int64_t now, struct why *why)
{
	uint8_t *material, *blob;
	size_t size, blob_size;
	char *tags;
	int r = open_secret(store, old, &material, &size, why);

	if (r)
		return r;
	changed->updated = now;
	r = seal_material(store, changed, material, size, &blob, &blob_size,
		why);
	seal_at_rest_wipe(material, size);
	if (r)
		return r;
	tags = compact(changed->tags);
	/* An attribute that somebody changed meanwhile would not fit the seal:
	 * the row must still be the one that was read. */
	r = tags ? db_run(store->db, "UPDATE akv_key SET ops = ?, enabled = ?, "
		"exportable = ?, not_before = ?, expires = ?, updated = ?, "
		"policy = ?, policy_type = ?, immutable = ?, tags = ?, "
		"secret = ? WHERE id = ? AND ops = ? AND enabled = ? AND "
		"exportable = ? AND not_before = ? AND expires = ? AND "
		"immutable = ? AND policy IS ? AND deleted = ?",
		"iiiiiittitbiiiiiiiti", (int64_t)changed->ops,
		(int64_t)changed->enabled, (int64_t)changed->exportable,
		changed->not_before, changed->expires, changed->updated,
		changed->policy, changed->policy_type,
		(int64_t)changed->immutable, tags, (const void *)blob,
		blob_size, old->row, (int64_t)old->ops, (int64_t)old->enabled,
		(int64_t)old->exportable, old->not_before, old->expires,
		(int64_t)old->immutable, old->policy, (int64_t)AKV_NEVER)
		: -ENOMEM;
	free(tags);
	free(blob);
	if (r < 0)
		return failed(why, r);
	return r == 1 ? 0 : why_set(why, -EAGAIN, "the key \"%.127s\" was "
		"changed by somebody else meanwhile: try again", old->name);
}

int akv_store_list(struct akv_store *store, enum akv_listing what,
	const char *name, int64_t after, unsigned count,
	bool (*each)(void *context, const struct akv_record *record),
	void *context, struct why *why)
{
	static const char newest[] = "SELECT " COLUMNS " FROM akv_key k WHERE "
		"(deleted != ?1) = ?2 AND id > ?3 AND ?4 = ?4 AND id = "
		"(SELECT max(id) FROM akv_key WHERE name = k.name) "
		"ORDER BY id LIMIT ?5";
	static const char versions[] = "SELECT " COLUMNS " FROM akv_key "
		"WHERE (deleted != ?1) = ?2 AND id > ?3 AND name = ?4 "
		"ORDER BY id LIMIT ?5";
	struct db_rows *rows = db_ask(store->db,
		what == AKV_VERSIONS ? versions : newest, "iiiti",
		(int64_t)AKV_NEVER, (int64_t)(what == AKV_DELETED), after,
		name ? name : "", (int64_t)count);
	struct akv_record record;
	bool more = true;
	int r;

	if (!rows)
		return failed(why, -EIO);
	while (more && (r = db_next(rows)) > 0) {
		r = read_row(rows, &record);
		if (r)
			break;
		more = each(context, &record);
		akv_record_wipe(&record);
		r = 0;
	}
	db_done(rows);
	return r < 0 ? failed(why, r) : 0;
}

static int set_deleted(struct akv_store *store, const char *name, int64_t when,
	bool from, struct why *why)
{
	int r = db_run(store->db, "UPDATE akv_key SET deleted = ?1 WHERE name "
		"= ?2 AND (deleted != ?3) = ?4", "itii", when, name,
		(int64_t)AKV_NEVER, (int64_t)from);

	if (r < 0)
		return failed(why, r);
	return r ? 0 : no_key(why, name);
}

int akv_store_delete(struct akv_store *store, const char *name, int64_t now,
	struct why *why)
{
	return set_deleted(store, name, now, false, why);
}

int akv_store_recover(struct akv_store *store, const char *name,
	struct why *why)
{
	return set_deleted(store, name, AKV_NEVER, true, why);
}

int akv_store_purge(struct akv_store *store, const char *name,
	struct why *why)
{
	int r = db_run(store->db, "DELETE FROM akv_key WHERE name = ? AND "
		"deleted != ?", "ti", name, (int64_t)AKV_NEVER);

	if (r < 0)
		return failed(why, r);
	return r ? 0 : no_key(why, name);
}
