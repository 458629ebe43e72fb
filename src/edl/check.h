/* SPDX-License-Identifier: MIT */
/*
 * Rules that hold beyond the grammar.
 */
#ifndef COFFER_EDL_CHECK_H
#define COFFER_EDL_CHECK_H

#include "ast.h"

/* A struct or union by itself; sets is_deep and the members' measures. */
void edl_check_struct(struct edl_ctx *c, struct edl_user_type *u);

/*
 * A whole file with what it imports: types against each other, functions
 * against types. Computes deep_pointers of every type. Warnings are given
 * for what the file itself defines only.
 */
void edl_check_unit(struct edl_ctx *c, struct edl_unit *u);

#endif
