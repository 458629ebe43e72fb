/* SPDX-License-Identifier: MIT */
#include "parse.h"

void edl_add_include(struct edl_parser *p, const char *text)
{
	struct edl_vec *v = &p->unit->includes;

	for (size_t i = 0; i < v->count; i++)
		if (v->at[i] == text)
			return;
	edl_push(p->ctx, v, (void *)text);
}

void edl_add_type(struct edl_parser *p, struct edl_user_type *t,
		  const struct edl_loc *loc)
{
	struct edl_vec *v = &p->unit->types;

	for (size_t i = 0; i < v->count; i++) {
		struct edl_user_type *have = v->at[i];

		if (have == t)
			return;
		if (t->name && have->name == t->name)
			edl_fail(p->ctx, loc, "Duplicate type definition "
				 "detected for %s, also defined at %s:%d:%d",
				 t->name, have->loc.file, have->loc.line,
				 have->loc.col);
	}
	if (v->count == EDL_MAX_TYPES)
		edl_fail(p->ctx, loc, "more than %d types", EDL_MAX_TYPES);
	edl_push(p->ctx, v, t);
}

void edl_add_function(struct edl_parser *p, struct edl_vec *to,
		      struct edl_function *f, const struct edl_loc *loc)
{
	const struct edl_vec *all[] = { &p->unit->trusted,
		&p->unit->untrusted, &p->trusted, &p->untrusted };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct edl_function *have = edl_find_function(all[i],
							      f->name);

		if (have == f)
			return;
		if (have)
			edl_fail(p->ctx, loc, "Duplicate function definition "
				 "detected for %s, also defined at %s:%d:%d",
				 f->name, have->loc.file, have->loc.line,
				 have->loc.col);
	}
	if (to->count == EDL_MAX_FUNCTIONS)
		edl_fail(p->ctx, loc, "more than %d functions",
			 EDL_MAX_FUNCTIONS);
	edl_push(p->ctx, to, f);
}

/* Read the file and take over its types and includes. */
static struct edl_unit *import_file(struct edl_parser *p)
{
	struct edl_token t = edl_expect_string(p, "the name of an EDL file");
	struct edl_unit *u = edl_parse_file(p->ctx, t.text, &t.loc);

	for (size_t i = 0; i < u->types.count; i++)
		edl_add_type(p, u->types.at[i], &t.loc);
	for (size_t i = 0; i < u->includes.count; i++)
		edl_add_include(p, u->includes.at[i]);
	return u;
}

static void import_all(struct edl_parser *p, const struct edl_unit *u,
		       const struct edl_loc *loc)
{
	for (size_t i = 0; i < u->trusted.count; i++)
		edl_add_function(p, &p->trusted, u->trusted.at[i], loc);
	for (size_t i = 0; i < u->untrusted.count; i++)
		edl_add_function(p, &p->untrusted, u->untrusted.at[i], loc);
}

void edl_parse_import(struct edl_parser *p)
{
	struct edl_loc loc = p->now.loc;

	import_all(p, import_file(p), &loc);
	/* Some files have a ';' here. */
	edl_accept_sign(p, ';');
}

void edl_parse_from(struct edl_parser *p)
{
	struct edl_loc loc = p->now.loc;
	struct edl_unit *u = import_file(p);
	struct edl_token word = edl_expect_name(p, "'import'");

	if (word.text != edl_name(p->ctx, "import", 6))
		edl_fail(p->ctx, &word.loc, "expecting 'import', got '%s'",
			 word.text);
	if (edl_accept_sign(p, '*')) {
		import_all(p, u, &loc);
		edl_expect_sign(p, ';');
		return;
	}
	do {
		struct edl_token t = edl_expect_name(p,
						     "the name of a function");
		struct edl_function *f = edl_find_function(&u->trusted,
							   t.text);

		if (!f)
			f = edl_find_function(&u->untrusted, t.text);
		if (!f)
			edl_fail(p->ctx, &t.loc, "function %s not found in "
				 "imported edl %s", t.text, u->path);
		edl_add_function(p, f->trusted ? &p->trusted : &p->untrusted,
				 f, &t.loc);
	} while (edl_accept_sign(p, ',') && !edl_at_sign(p, ';'));
	edl_expect_sign(p, ';');
}
