/* SPDX-License-Identifier: MIT */
/*
 * Finding and reading EDL files.
 */
#ifndef COFFER_EDL_SOURCE_H
#define COFFER_EDL_SOURCE_H

#include "ctx.h"

struct edl_source {
	const char *path;	/* as found, for messages */
	const char *id;		/* interned; equal for the same file */
	const char *text;	/* not terminated */
	size_t size;
};

/*
 * Find NAME as it is written, then in each directory of --search-path, and
 * read it. LOC: where it is asked for, NULL for the command line.
 */
struct edl_source *edl_source_open(struct edl_ctx *c, const char *name,
				   const struct edl_loc *loc);

/* Loader for files of the system. */
extern const struct edl_loader edl_loader_files;

#endif
