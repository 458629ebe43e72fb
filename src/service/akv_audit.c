/* SPDX-License-Identifier: MIT */
/* Who did what with which key, when, and what came of it; no secret. */
#include "service/akv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_DEFAULT 100
#define PAGE_MAX 1000

static const char *const steps[] = {
	"CREATE TABLE akv_audit ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time INTEGER NOT NULL,"
	" client TEXT NOT NULL,"
	" caller TEXT NOT NULL,"
	" operation TEXT NOT NULL,"
	" name TEXT NOT NULL COLLATE NOCASE,"
	" version TEXT NOT NULL,"
	" verdict TEXT NOT NULL,"
	" reason TEXT,"
	" details TEXT,"
	" request TEXT NOT NULL);"
	"CREATE INDEX akv_audit_name ON akv_audit (name, id);",
};

int akv_audit_open(struct db *db, struct why *why)
{
	return db_migrate(db, "akv_audit", steps, 1, why);
}

/* Drops the oldest records above the limit, now and then. */
static void trim(struct akv_call *call)
{
	int64_t most = config_number(call->akv->service->config,
		"akv.audit_records");
	int64_t last = db_last_id(call->akv->service->db);

	if (last > most && !(last % 64))
		db_run(call->akv->service->db,
			"DELETE FROM akv_audit WHERE id <= ?", "i",
			last - most);
}

int akv_audit_write(struct akv_call *call, const char *operation,
	const char *verdict, const char *reason)
{
	struct db *db = call->akv->service->db;
	char *details = call->details ? json_dumps(call->details,
		JSON_COMPACT) : NULL;
	int r = db_begin(db);

	if (r) {
		free(details);
		return r;
	}
	r = db_run(db, "INSERT INTO akv_audit (time, client, caller, "
		"operation, name, version, verdict, reason, details, request) "
		"VALUES (?,?,?,?,?,?,?,?,?,?)", "ittttttttt",
		service_now(call->akv->service),
		call->request->client ? call->request->client : "",
		call->caller ? call->caller : "", operation,
		call->name ? call->name : "", *call->used_version ?
		call->used_version : call->version ? call->version : "",
		verdict, reason, details, call->request->id);
	free(details);
	if (r != 1) {
		db_rollback(db);
		return r < 0 ? r : -EIO;
	}
	trim(call);
	return db_commit(db);
}

/* A number of the query; false: it is none. */
static bool number(struct akv_call *call, const char *name, int64_t least,
	int64_t most, int64_t *out)
{
	const char *text = http_query(call->request, name);
	char *end;

	if (!text || !*text)
		return true;
	*out = strtoll(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *out >= least &&
		*out <= most;
}

static json_t *row_of(struct db_rows *rows)
{
	const char *details = db_text(rows, 9);
	json_t *row = json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s, "
		"s:s?, s:s}", "id", (json_int_t)db_number(rows, 0), "time",
		(json_int_t)db_number(rows, 1), "client", db_text(rows, 2),
		"caller", db_text(rows, 3), "operation", db_text(rows, 4),
		"key", db_text(rows, 5), "version", db_text(rows, 6),
		"verdict", db_text(rows, 7), "reason", db_text(rows, 8),
		"request", db_text(rows, 10));

	if (row && details)
		json_object_set_new(row, "details", json_loads(details, 0,
			NULL));
	return row;
}

int akv_audit_list(struct db *db, const char *name, int64_t before,
	unsigned count, json_t **list, int64_t *next, struct why *why)
{
	struct db_rows *rows = db_ask(db, "SELECT id, time, client, "
		"caller, operation, name, version, verdict, reason, details, "
		"request FROM akv_audit WHERE id < ?1 AND (?2 IS NULL OR "
		"name = ?2) ORDER BY id DESC LIMIT ?3", "iti", before, name,
		(int64_t)count);
	int r;

	*next = 0;
	if (!rows)
		return why_set(why, -EIO, "the key database failed");
	*list = json_array();
	while ((r = db_next(rows)) > 0) {
		*next = db_number(rows, 0);
		json_array_append_new(*list, row_of(rows));
	}
	db_done(rows);
	if (json_array_size(*list) < count)
		*next = 0;
	if (!r)
		return 0;
	json_decref(*list);
	return why_set(why, r, "the key database failed");
}

/* GET /coffer/keys/audit?name=&before=&maxresults=: newest first. */
static int audit(struct akv_call *call)
{
	const char *name = http_query(call->request, "name");
	int64_t count = PAGE_DEFAULT, before = INT64_MAX, next;
	json_t *list;
	int r;

	if (!number(call, "maxresults", 1, PAGE_MAX, &count) ||
			!number(call, "before", 1, INT64_MAX, &before))
		return why_set(&call->why, -EINVAL, "maxresults is a number "
			"from 1 to %d, before the id of a record", PAGE_MAX);
	r = akv_audit_list(call->akv->service->db, name, before,
		(unsigned)count, &list, &next, &call->why);
	if (r)
		return r;
	http_answer_json(call->answer, 200, json_pack("{s:o, s:o}", "value",
		list, "before", next ? json_integer(next) : json_null()));
	return 0;
}

static const struct akv_verb verbs[] = {
	{"audit", "GET", "/coffer/keys/audit", AKV_ADMIN, 0, true, audit},
};

int akv_audit_verbs(struct akv *akv)
{
	return akv_verbs(akv, verbs, sizeof(verbs) / sizeof(*verbs));
}
