/* SPDX-License-Identifier: MIT */
/*
 * The services' records: one SQLite database, one connection that threads
 * take in turns.  A row handle or a transaction holds the connection, so keep
 * them short, and never wait for a network between.
 *
 * Values are bound by letters: i int64_t, t const char * (NULL: SQL NULL),
 * b const void *, size_t (a blob; pointer NULL: SQL NULL).  They must stay as
 * they are until db_done().
 *
 * Functions return a negative errno and write the reason to the log:
 * -EIO, -ENOMEM, -EEXIST (a constraint), -EBUSY.
 */
#ifndef COFFER_SERVICE_DB_H
#define COFFER_SERVICE_DB_H

#include "common/why.h"
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_rows;

/* Opens or makes the file (0600).  ":memory:" for tests. */
int db_open(struct db **, const char *path, struct why *why);
void db_close(struct db *);

/* Brings a module's tables to their newest version: steps[i] leads from
 * version i to i + 1, each in a transaction.  A database that is newer than
 * count is refused, -EPROTO.  Name tables MODULE_noun. */
int db_migrate(struct db *, const char *module, const char *const *steps,
	unsigned count, struct why *why);

/* Runs a statement without rows; how many rows it changed, or an error. */
int db_run(struct db *, const char *sql, const char *types, ...);

/* Begins a statement with rows.  NULL: an error. */
struct db_rows *db_ask(struct db *, const char *sql, const char *types, ...);
/* 1: there is a row, 0: no more, or an error. */
int db_next(struct db_rows *);
/* Of the row; valid until the next db_next().  Text is NULL for SQL NULL. */
int64_t db_number(struct db_rows *, int column);
const char *db_text(struct db_rows *, int column);
const void *db_blob(struct db_rows *, int column, size_t *size);
/* NULL is allowed. */
void db_done(struct db_rows *);

/* A transaction of this thread; db_commit and db_rollback end it. */
int db_begin(struct db *);
int db_commit(struct db *);
void db_rollback(struct db *);

/* The row id of this thread's last insert; inside its transaction. */
int64_t db_last_id(struct db *);

#endif
