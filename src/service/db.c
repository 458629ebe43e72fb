/* SPDX-License-Identifier: MIT */
/*
 * One connection behind a recursive lock: db_ask holds it until db_done,
 * db_begin until the transaction ends.
 */
#include "service/db.h"

#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_WAIT_MS 5000

struct db {
	sqlite3 *handle;
	pthread_mutex_t lock;
};

struct db_rows {
	struct db *db;
	sqlite3_stmt *statement;
};

static int error_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	default:
		return -EIO;
	}
}

/* SQLite's sentence names tables and columns, never values. */
static int failed(struct db *db, int code)
{
	int r = error_of(code);

	if (r != -EEXIST)
		log_error("database: %s", sqlite3_errmsg(db->handle));
	return r;
}

static int settle(struct db *db, const char *path, struct why *why)
{
	static const char *const settings[] = {
		"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
		"PRAGMA foreign_keys=ON", "PRAGMA secure_delete=ON",
		"PRAGMA trusted_schema=OFF",
		"CREATE TABLE IF NOT EXISTS modules (name TEXT PRIMARY KEY, "
		"version INTEGER NOT NULL) STRICT" };

	sqlite3_busy_timeout(db->handle, BUSY_WAIT_MS);
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (sqlite3_exec(db->handle, settings[i], NULL, NULL, NULL))
			return why_set(why, -EIO, "%s: %s", path,
				sqlite3_errmsg(db->handle));
	return 0;
}

int db_open(struct db **out, const char *path, struct why *why)
{
	pthread_mutexattr_t kind;
	struct db *db;
	int r, fd;

	*out = NULL;
	/* SQLite would make it readable to others; what it makes beside it
	 * gets the mode of this one. */
	if (strcmp(path, ":memory:")) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			0600);
		if (fd < 0)
			return why_set(why, -errno, "%s: %s", path,
				strerror(errno));
		close(fd);
	}
	db = calloc(1, sizeof(*db));
	if (!db)
		return why_set(why, -ENOMEM, "out of memory");
	pthread_mutexattr_init(&kind);
	pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&db->lock, &kind);
	pthread_mutexattr_destroy(&kind);
	r = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE |
		SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r)
		r = why_set(why, -EIO, "%s: %s", path,
			sqlite3_errmsg(db->handle));
	else
		r = settle(db, path, why);
	if (r) {
		db_close(db);
		return r;
	}
	*out = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_close(db->handle);
	pthread_mutex_destroy(&db->lock);
	free(db);
}

/* --- statements --------------------------------------------------------- */

static int bind(sqlite3_stmt *statement, const char *types, va_list values)
{
	const char *text;
	const void *blob;
	size_t size;
	int r = 0;

	for (int i = 1; *types && !r; types++, i++) {
		switch (*types) {
		case 'i':
			r = sqlite3_bind_int64(statement, i,
				va_arg(values, int64_t));
			break;
		case 't':
			text = va_arg(values, const char *);
			r = sqlite3_bind_text(statement, i, text, -1,
				SQLITE_STATIC);
			break;
		case 'b':
			blob = va_arg(values, const void *);
			size = va_arg(values, size_t);
			/* No pointer would be NULL, which an empty blob
			 * with one is not. */
			r = sqlite3_bind_blob64(statement, i, blob, size,
				SQLITE_STATIC);
			break;
		default:
			r = SQLITE_MISUSE;
		}
	}
	return r;
}

static struct db_rows *ask(struct db *db, const char *sql, const char *types,
	va_list values, int *error)
{
	struct db_rows *rows = calloc(1, sizeof(*rows));
	int r;

	if (!rows) {
		*error = -ENOMEM;
		return NULL;
	}
	pthread_mutex_lock(&db->lock);
	rows->db = db;
	r = sqlite3_prepare_v2(db->handle, sql, -1, &rows->statement, NULL);
	if (!r)
		r = bind(rows->statement, types, values);
	if (r) {
		*error = failed(db, r);
		db_done(rows);
		return NULL;
	}
	return rows;
}

struct db_rows *db_ask(struct db *db, const char *sql, const char *types, ...)
{
	struct db_rows *rows;
	va_list values;
	int error;

	va_start(values, types);
	rows = ask(db, sql, types, values, &error);
	va_end(values);
	return rows;
}

int db_next(struct db_rows *rows)
{
	int r = sqlite3_step(rows->statement);

	if (r == SQLITE_ROW)
		return 1;
	return r == SQLITE_DONE ? 0 : failed(rows->db, r);
}

int64_t db_number(struct db_rows *rows, int column)
{
	return sqlite3_column_int64(rows->statement, column);
}

const char *db_text(struct db_rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->statement, column);
}

const void *db_blob(struct db_rows *rows, int column, size_t *size)
{
	const void *blob = sqlite3_column_blob(rows->statement, column);

	*size = (size_t)sqlite3_column_bytes(rows->statement, column);
	return blob;
}

void db_done(struct db_rows *rows)
{
	struct db *db;

	if (!rows)
		return;
	db = rows->db;
	sqlite3_finalize(rows->statement);
	free(rows);
	pthread_mutex_unlock(&db->lock);
}

int db_run(struct db *db, const char *sql, const char *types, ...)
{
	struct db_rows *rows;
	va_list values;
	int r = 0;

	va_start(values, types);
	rows = ask(db, sql, types, values, &r);
	va_end(values);
	if (!rows)
		return r;
	do
		r = db_next(rows);
	while (r > 0);
	if (!r)
		r = sqlite3_changes(db->handle);
	db_done(rows);
	return r;
}

/* --- transactions ------------------------------------------------------- */

int db_begin(struct db *db)
{
	int r;

	pthread_mutex_lock(&db->lock);
	r = db_run(db, "BEGIN IMMEDIATE", "");
	if (r < 0)
		pthread_mutex_unlock(&db->lock);
	return r < 0 ? r : 0;
}

int db_commit(struct db *db)
{
	int r = db_run(db, "COMMIT", "");

	if (r < 0)
		db_run(db, "ROLLBACK", "");
	pthread_mutex_unlock(&db->lock);
	return r < 0 ? r : 0;
}

void db_rollback(struct db *db)
{
	/* Some failures have ended the transaction already. */
	if (!sqlite3_get_autocommit(db->handle))
		db_run(db, "ROLLBACK", "");
	pthread_mutex_unlock(&db->lock);
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

/* --- versions ----------------------------------------------------------- */

static int version_of(struct db *db, const char *module, int64_t *version)
{
	struct db_rows *rows = db_ask(db,
		"SELECT version FROM modules WHERE name = ?", "t", module);
	int r = rows ? db_next(rows) : -EIO;

	*version = r > 0 ? db_number(rows, 0) : 0;
	db_done(rows);
	return r < 0 ? r : 0;
}

static int step(struct db *db, const char *module, const char *sql,
	int64_t version)
{
	int r = db_begin(db);

	if (r)
		return r;
	r = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	if (r)
		r = failed(db, r);
	else
		r = db_run(db, "INSERT OR REPLACE INTO modules VALUES (?, ?)",
			"ti", module, version);
	if (r < 0) {
		db_rollback(db);
		return r;
	}
	return db_commit(db);
}

int db_migrate(struct db *db, const char *module, const char *const *steps,
	unsigned count, struct why *why)
{
	int64_t version;
	int r = version_of(db, module, &version);

	if (!r && version < 0)
		return why_set(why, -EPROTO, "the database is damaged: its "
			"part \"%s\" has version %lld", module,
			(long long)version);
	if (!r && version > count)
		return why_set(why, -EPROTO, "the database is of a newer "
			"Coffer: its part \"%s\" has version %lld, known is "
			"%u", module, (long long)version, count);
	for (; !r && version < count; version++)
		r = step(db, module, steps[version], version + 1);
	return r ? why_set(why, r, "the database's part \"%s\" cannot be "
		"brought to version %lld: %s", module,
		(long long)version + 1, strerror(-r)) : 0;
}
