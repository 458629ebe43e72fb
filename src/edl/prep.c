/* SPDX-License-Identifier: MIT */
#include "prep.h"

#include <string.h>

void edl_prep_init(struct edl_prep *p, struct edl_ctx *c,
		   const struct edl_source *s)
{
	edl_lex_init(&p->lexer, c, s);
	p->depth = 0;
}

static bool counts(const struct edl_prep *p)
{
	for (int i = 0; i < p->depth; i++)
		if (!p->open[i].taken)
			return false;
	return true;
}

static bool is_defined(const struct edl_ctx *c, const char *name)
{
	for (size_t i = 0; i < c->defines.count; i++)
		if (!strcmp(c->defines.at[i], name))
			return true;
	return false;
}

static void directive(struct edl_prep *p, const struct edl_loc *loc)
{
	struct edl_ctx *c = p->lexer.ctx;
	struct edl_token word = edl_lex_next(&p->lexer);
	struct edl_token name;
	bool negate;

	if (word.kind != EDL_NAME)
		edl_fail(c, loc, "expecting a directive after '#'");
	if (!strcmp(word.text, "else") || !strcmp(word.text, "endif")) {
		bool is_else = word.text[1] == 'l';

		if (!p->depth || (is_else && p->open[p->depth - 1].in_else))
			edl_fail(c, loc, "#%s without #ifdef or #ifndef",
				 word.text);
		if (is_else) {
			p->open[p->depth - 1].in_else = true;
			p->open[p->depth - 1].taken ^= true;
		} else {
			p->depth--;
		}
		return;
	}
	negate = !strcmp(word.text, "ifndef");
	if (!negate && strcmp(word.text, "ifdef"))
		edl_fail(c, loc, "unsupported directive #%s", word.text);
	name = edl_lex_next(&p->lexer);
	if (name.kind != EDL_NAME)
		edl_fail(c, loc, "#%s needs a name", word.text);
	if (p->depth == EDL_MAX_IFDEF_DEPTH)
		edl_fail(c, loc, "#ifdef and #ifndef are nested more than %d "
			 "deep", EDL_MAX_IFDEF_DEPTH);
	p->open[p->depth].loc = *loc;
	p->open[p->depth].in_else = false;
	p->open[p->depth].taken = is_defined(c, name.text) != negate;
	p->depth++;
}

struct edl_token edl_prep_next(struct edl_prep *p)
{
	for (;;) {
		struct edl_token t = edl_lex_next(&p->lexer);

		if (t.kind == EDL_END && p->depth)
			edl_fail(p->lexer.ctx, &p->open[p->depth - 1].loc,
				 "#ifdef or #ifndef without #endif");
		if (t.kind == EDL_SIGN && t.sign == '#')
			directive(p, &t.loc);
		else if (t.kind == EDL_END)
			return t;
		else if (t.kind == EDL_BAD && counts(p))
			edl_fail(p->lexer.ctx, &t.loc, "%s", t.text);
		else if (counts(p))
			return t;
	}
}
