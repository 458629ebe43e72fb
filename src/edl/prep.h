/* SPDX-License-Identifier: MIT */
/*
 * The preprocessor: #ifdef NAME, #ifndef NAME, #else and #endif over tokens.
 * Only names given with -D are defined; nothing is expanded.
 */
#ifndef COFFER_EDL_PREP_H
#define COFFER_EDL_PREP_H

#include "lex.h"
#include "limits.h"

struct edl_prep {
	struct edl_lexer lexer;
	struct {
		struct edl_loc loc;	/* of the #ifdef or #ifndef */
		bool taken;		/* tokens of this part count */
		bool in_else;
	} open[EDL_MAX_IFDEF_DEPTH];
	int depth;
};

void edl_prep_init(struct edl_prep *p, struct edl_ctx *c,
		   const struct edl_source *s);

/* The next token that counts; fails the run on a wrong directive. */
struct edl_token edl_prep_next(struct edl_prep *p);

#endif
