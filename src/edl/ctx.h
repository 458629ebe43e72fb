/* SPDX-License-Identifier: MIT */
/*
 * One run of the EDL compiler: memory, names, options and diagnostics.
 *
 * The first error ends the run: edl_fail prints it and jumps back to
 * edl_run, which frees everything. No function in this folder therefore
 * owns anything but arena memory across a call that can fail.
 */
#ifndef COFFER_EDL_CTX_H
#define COFFER_EDL_CTX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "arena.h"
#include "warn.h"

/* A growing array of pointers. */
struct edl_vec {
	void **at;
	size_t count, room;
};

/* A place in a source file; lines and columns (of bytes) count from 1. */
struct edl_loc {
	const char *file;
	int line, col;
};

/*
 * Where sources come from. OPEN finds PATH and sets *TEXT and *SIZE to its
 * content (arena memory, or memory that outlives the run) and *ID to
 * something that is equal exactly for the same file. It returns NULL, or
 * why it failed in a static text; "" means that there is no such file.
 */
struct edl_ctx;
struct edl_loader {
	const char *(*open)(struct edl_ctx *c, void *user, const char *path,
			    const char **text, size_t *size,
			    const char **id);
	void *user;
};

struct edl_ctx {
	struct edl_arena arena;
	struct edl_warnings warnings;
	struct edl_loader loader;
	struct edl_vec search;	/* char *, as given by --search-path */
	struct edl_vec defines;	/* interned char *, of -D */
	FILE *log, *err;	/* progress, diagnostics; NULL: drop */

	/* Below: the run's own. */
	jmp_buf failed;
	struct edl_vec *names;	/* hash table of interned names */
	struct edl_vec units;	/* struct edl_unit * read so far */
	struct edl_vec chain;	/* struct edl_unit * being read */
};

/*
 * Call BODY(c, arg). True if it came back, false if it failed; what it
 * printed is on c->err. The arena is left for the caller.
 */
bool edl_run(struct edl_ctx *c, void (*body)(struct edl_ctx *, void *),
	     void *arg);

/* Print "error: file:line:col text" and end the run. LOC may be NULL. */
void edl_fail(struct edl_ctx *c, const struct edl_loc *loc,
	      const char *format, ...)
	__attribute__((noreturn, nonnull(3), format(printf, 3, 4)));

/* Print "warning: file:line:col text [-W...]", or fail, as ID is set. */
void edl_warn(struct edl_ctx *c, enum edl_warning id,
	      const struct edl_loc *loc, const char *format, ...)
	__attribute__((nonnull(4), format(printf, 4, 5)));

/* Zeroed arena memory; fails the run instead of returning NULL. */
void *edl_take(struct edl_ctx *c, size_t size);

/* The one copy of the SIZE bytes at TEXT; equal texts, equal pointers. */
const char *edl_name(struct edl_ctx *c, const char *text, size_t size);

/* A formatted text in the arena. */
const char *edl_text(struct edl_ctx *c, const char *format, ...)
	__attribute__((nonnull(2), format(printf, 2, 3)));

/* Append ITEM to V. */
void edl_push(struct edl_ctx *c, struct edl_vec *v, void *item);

#endif
