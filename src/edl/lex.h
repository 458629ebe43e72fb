/* SPDX-License-Identifier: MIT */
/*
 * Tokens of EDL.
 *
 *   name     a letter or '_', then letters, digits and '_'
 *   number   decimal digits
 *   text     "..." on one line, no escapes
 *   sign     one of { } ( ) [ ] * , ; = #
 *
 * White space and comments (two slashes to the end of the line, or the C
 * form) separate tokens.
 */
#ifndef COFFER_EDL_LEX_H
#define COFFER_EDL_LEX_H

#include "ctx.h"
#include "source.h"

enum edl_token_kind {
	EDL_END,
	EDL_NAME,
	EDL_NUMBER,
	EDL_STRING,
	EDL_SIGN,
	EDL_BAD		/* what is wrong is in text */
};

struct edl_token {
	enum edl_token_kind kind;
	char sign;		/* of EDL_SIGN, else 0 */
	struct edl_loc loc;
	/* Interned: the name, the digits without leading zeros, the string
	 * without quotes, the sign. */
	const char *text;
};

struct edl_lexer {
	struct edl_ctx *ctx;
	const char *at, *end;
	struct edl_loc loc;
};

void edl_lex_init(struct edl_lexer *l, struct edl_ctx *c,
		  const struct edl_source *s);

/*
 * The next token. What cannot be a token comes as EDL_BAD, so that a part
 * of the file that is switched off may hold anything.
 */
struct edl_token edl_lex_next(struct edl_lexer *l);

#endif
