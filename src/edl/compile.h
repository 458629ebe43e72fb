/* SPDX-License-Identifier: MIT */
/*
 * The compiler as a whole, for the program and for tests.
 */
#ifndef COFFER_EDL_COMPILE_H
#define COFFER_EDL_COMPILE_H

#include "gen.h"

/* The files that can be made from one EDL file. */
enum edl_file {
	EDL_FILE_ARGS_H,
	EDL_FILE_T_H,
	EDL_FILE_T_C,
	EDL_FILE_U_H,
	EDL_FILE_U_C
};

/* What follows the base name, "_args.h"; static text. */
const char *edl_file_suffix(enum edl_file which);

/* Read and check the file NAME; fails unless its base name can be part of
 * the names of C. */
struct edl_unit *edl_compile(struct edl_ctx *c, const char *name);

/* The text of one file; USE_PREFIX: see --use-prefix. */
struct edl_out edl_generate(struct edl_ctx *c, const struct edl_unit *u,
			    enum edl_file which, bool use_prefix);

#endif
