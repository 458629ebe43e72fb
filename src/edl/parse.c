/* SPDX-License-Identifier: MIT */
#include "parse.h"

#include <string.h>

#include "check.h"

struct edl_token edl_next(struct edl_parser *p)
{
	struct edl_token t = p->now;

	p->now = p->after;
	if (p->after.kind != EDL_END)
		p->after = edl_prep_next(&p->prep);
	return t;
}

bool edl_at_sign(const struct edl_parser *p, char sign)
{
	return p->now.kind == EDL_SIGN && p->now.sign == sign;
}

bool edl_at_word(const struct edl_parser *p, const char *word)
{
	return p->now.kind == EDL_NAME && !strcmp(p->now.text, word);
}

bool edl_accept_sign(struct edl_parser *p, char sign)
{
	return edl_at_sign(p, sign) && (edl_next(p), true);
}

bool edl_accept_word(struct edl_parser *p, const char *word)
{
	return edl_at_word(p, word) && (edl_next(p), true);
}

void edl_expect_sign(struct edl_parser *p, char sign)
{
	if (!edl_accept_sign(p, sign))
		edl_fail(p->ctx, &p->now.loc, "expecting '%c', got '%s'",
			 sign, p->now.text);
}

static void expect_word(struct edl_parser *p, const char *word)
{
	if (!edl_accept_word(p, word))
		edl_fail(p->ctx, &p->now.loc, "expecting '%s', got '%s'",
			 word, p->now.text);
}

struct edl_token edl_expect_name(struct edl_parser *p, const char *what)
{
	if (p->now.kind != EDL_NAME)
		edl_fail(p->ctx, &p->now.loc, "expecting %s, got '%s'", what,
			 p->now.text);
	return edl_next(p);
}

struct edl_token edl_expect_new_name(struct edl_parser *p, const char *what)
{
	static const char *const keywords[] = {
		"auto", "bool", "break", "case", "char", "const", "continue",
		"default", "do", "double", "else", "enum", "extern", "float",
		"for", "goto", "if", "inline", "int", "long", "register",
		"restrict", "return", "short", "signed", "sizeof", "static",
		"struct", "switch", "typedef", "union", "unsigned", "void",
		"volatile", "while",
	};
	struct edl_token t = edl_expect_name(p, what);

	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (!strcmp(t.text, keywords[i]))
			edl_fail(p->ctx, &t.loc, "expecting %s, got the "
				 "keyword '%s'", what, t.text);
	return t;
}

struct edl_token edl_expect_string(struct edl_parser *p, const char *what)
{
	if (p->now.kind != EDL_STRING)
		edl_fail(p->ctx, &p->now.loc, "expecting %s in quotes, "
			 "got '%s'", what, p->now.text);
	return edl_next(p);
}

static void parse_enum(struct edl_parser *p)
{
	struct edl_user_type *u = edl_take(p->ctx, sizeof(*u));

	u->kind = EDL_USER_ENUM;
	u->loc = p->now.loc;
	if (p->now.kind == EDL_NAME)
		u->name = edl_expect_new_name(p, "the name of the enum").text;
	edl_expect_sign(p, '{');
	while (!edl_at_sign(p, '}')) {
		struct edl_enumerator *e = edl_take(p->ctx, sizeof(*e));
		struct edl_token t = edl_expect_new_name(p, "an enumerator");

		e->name = t.text;
		e->loc = t.loc;
		if (edl_accept_sign(p, '=')) {
			t = edl_next(p);
			if (t.kind != EDL_NAME && t.kind != EDL_NUMBER)
				edl_fail(p->ctx, &t.loc, "expecting a number "
					 "or a name, got '%s'", t.text);
			e->value = (struct edl_value){
				t.text, t.kind == EDL_NAME, t.loc };
		}
		edl_push(p->ctx, &u->members, e);
		if (!edl_accept_sign(p, ','))
			break;
	}
	edl_expect_sign(p, '}');
	edl_expect_sign(p, ';');
	if (!u->members.count)
		edl_fail(p->ctx, &u->loc, "an enum needs an enumerator");
	edl_add_type(p, u, &u->loc);
}

static void parse_struct(struct edl_parser *p, bool is_struct)
{
	struct edl_user_type *u = edl_take(p->ctx, sizeof(*u));
	struct edl_token name = edl_expect_new_name(p, is_struct
		? "the name of the struct" : "the name of the union");

	u->kind = is_struct ? EDL_USER_STRUCT : EDL_USER_UNION;
	u->name = name.text;
	u->loc = name.loc;
	edl_expect_sign(p, '{');
	while (!edl_at_sign(p, '}')) {
		struct edl_decl *d;

		if (u->members.count == EDL_MAX_MEMBERS)
			edl_fail(p->ctx, &p->now.loc, "%s has more than %d "
				 "members", u->name, EDL_MAX_MEMBERS);
		if (!is_struct && edl_at_sign(p, '['))
			edl_fail(p->ctx, &p->now.loc,
				 "attributes are not allowed in unions");
		d = edl_parse_decl(p, is_struct);
		if (edl_find_decl(&u->members, d->name))
			edl_fail(p->ctx, &d->loc, "duplicate member '%s' in "
				 "%s", d->name, u->name);
		edl_push(p->ctx, &u->members, d);
		edl_expect_sign(p, ';');
	}
	edl_expect_sign(p, '}');
	edl_expect_sign(p, ';');
	edl_add_type(p, u, &u->loc);
	edl_check_struct(p->ctx, u);
}

static void parse_params(struct edl_parser *p, struct edl_function *f)
{
	edl_expect_sign(p, '(');
	if (edl_at_word(p, "void") && p->after.kind == EDL_SIGN &&
	    p->after.sign == ')')
		edl_next(p);
	while (!edl_at_sign(p, ')')) {
		struct edl_decl *d;

		if (f->params.count == EDL_MAX_MEMBERS)
			edl_fail(p->ctx, &p->now.loc, "function %s has more "
				 "than %d parameters", f->name,
				 EDL_MAX_MEMBERS);
		d = edl_parse_decl(p, false);
		if (edl_find_decl(&f->params, d->name))
			edl_fail(p->ctx, &d->loc, "duplicate parameter '%s' "
				 "of function %s", d->name, f->name);
		edl_push(p->ctx, &f->params, d);
		if (!edl_accept_sign(p, ','))
			break;
	}
	edl_expect_sign(p, ')');
}

/* "allow" "(" names ")"; accepted for an ocall, without effect. */
static void parse_allow(struct edl_parser *p, const struct edl_function *f)
{
	struct edl_loc loc = p->now.loc;

	if (!edl_accept_word(p, "allow"))
		return;
	if (f->trusted)
		edl_fail(p->ctx, &loc, "function %s: an allow list is only "
			 "for untrusted functions", f->name);
	edl_expect_sign(p, '(');
	while (!edl_at_sign(p, ')')) {
		edl_expect_name(p, "the name of a trusted function");
		if (!edl_accept_sign(p, ','))
			break;
	}
	edl_expect_sign(p, ')');
	edl_warn(p->ctx, EDL_WARN_UNSUPPORTED_ALLOW, &loc,
		 "function %s: the allow list has no effect", f->name);
}

static void parse_suffixes(struct edl_parser *p, struct edl_function *f)
{
	for (;;) {
		struct edl_loc loc = p->now.loc;
		bool *flag;

		if (edl_at_word(p, "transition_using_threads"))
			flag = &f->switchless;
		else if (edl_at_word(p, "propagate_errno"))
			flag = &f->propagate_errno;
		else
			return;
		if (*flag)
			edl_fail(p->ctx, &loc, "function %s: duplicated '%s'",
				 f->name, p->now.text);
		if (f->trusted && flag == &f->propagate_errno)
			edl_fail(p->ctx, &loc, "function %s: propagate_errno "
				 "is only for untrusted functions", f->name);
		*flag = true;
		edl_next(p);
	}
}

static void parse_function(struct edl_parser *p, bool trusted)
{
	struct edl_function *f = edl_take(p->ctx, sizeof(*f));
	struct edl_loc start = p->now.loc;
	bool is_public = edl_accept_word(p, "public");
	bool is_private = !is_public && edl_accept_word(p, "private");
	struct edl_token name;

	f->trusted = trusted;
	f->returns = edl_parse_type(p);
	name = edl_expect_new_name(p, "the name of a function");
	f->name = name.text;
	f->loc = name.loc;
	if (trusted && !is_public)
		edl_fail(p->ctx, &start, "Function '%s': 'private' specifier "
			 "is not supported by oeedger8r, write 'public'",
			 f->name);
	if (!trusted && (is_public || is_private))
		edl_fail(p->ctx, &start, "Function '%s': 'public' and "
			 "'private' are only for trusted functions", f->name);
	parse_params(p, f);
	parse_allow(p, f);
	parse_suffixes(p, f);
	edl_expect_sign(p, ';');
	edl_add_function(p, trusted ? &p->unit->trusted : &p->unit->untrusted,
			 f, &f->loc);
}

static void parse_section(struct edl_parser *p, bool trusted)
{
	edl_expect_sign(p, '{');
	while (!edl_at_sign(p, '}')) {
		if (p->now.kind == EDL_END)
			edl_expect_sign(p, '}');
		parse_function(p, trusted);
	}
	edl_expect_sign(p, '}');
	edl_expect_sign(p, ';');
}

static void parse_item(struct edl_parser *p)
{
	struct edl_token t = edl_next(p);
	const char *w = t.kind == EDL_NAME ? t.text : "";

	if (!strcmp(w, "trusted"))
		parse_section(p, true);
	else if (!strcmp(w, "untrusted"))
		parse_section(p, false);
	else if (!strcmp(w, "include"))
		edl_add_include(p, edl_expect_string(p,
				"the name of a header file").text);
	else if (!strcmp(w, "import"))
		edl_parse_import(p);
	else if (!strcmp(w, "from"))
		edl_parse_from(p);
	else if (!strcmp(w, "enum"))
		parse_enum(p);
	else if (!strcmp(w, "struct") || !strcmp(w, "union"))
		parse_struct(p, w[0] == 's');
	else
		edl_fail(p->ctx, &t.loc, "unexpected '%s', expecting one of "
			 "trusted, untrusted, include, import, from, enum, "
			 "struct, union or '}'", t.text);
}

static const char *base_name(struct edl_ctx *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *start = slash ? slash + 1 : path;
	const char *dot = strrchr(start, '.');

	return edl_name(c, start, dot ? (size_t)(dot - start)
				      : strlen(start));
}

static void append(struct edl_ctx *c, struct edl_vec *to,
		   const struct edl_vec *from)
{
	for (size_t i = 0; i < from->count; i++)
		edl_push(c, to, from->at[i]);
}

static void parse_unit(struct edl_parser *p)
{
	expect_word(p, "enclave");
	edl_expect_sign(p, '{');
	while (!edl_at_sign(p, '}'))
		parse_item(p);
	edl_next(p);
	edl_accept_sign(p, ';');
	if (p->now.kind != EDL_END)
		edl_fail(p->ctx, &p->now.loc, "unexpected '%s' after the end "
			 "of the enclave definition", p->now.text);
	append(p->ctx, &p->unit->trusted, &p->trusted);
	append(p->ctx, &p->unit->untrusted, &p->untrusted);
}

static void check_cycle(struct edl_ctx *c, const struct edl_source *s,
			const struct edl_loc *loc)
{
	for (size_t i = 0; i < c->chain.count; i++) {
		const struct edl_unit *u = c->chain.at[i];
		const char *path = "";

		if (u->id != s->id)
			continue;
		for (; i < c->chain.count; i++)
			path = edl_text(c, "%s%s -> ", path,
				((struct edl_unit *)c->chain.at[i])->path);
		edl_fail(c, loc, "recursive import detected: %s%s", path,
			 s->path);
	}
	if (c->chain.count == EDL_MAX_IMPORT_DEPTH)
		edl_fail(c, loc, "imports are nested more than %d deep",
			 EDL_MAX_IMPORT_DEPTH);
}

struct edl_unit *edl_parse_file(struct edl_ctx *c, const char *name,
				const struct edl_loc *loc)
{
	struct edl_source *s = edl_source_open(c, name, loc);
	struct edl_parser *p;

	check_cycle(c, s, loc);
	for (size_t i = 0; i < c->units.count; i++) {
		struct edl_unit *u = c->units.at[i];

		if (u->id == s->id)
			return u;
	}
	if (c->log)
		fprintf(c->log, "Processing %s.\n", s->path);
	p = edl_take(c, sizeof(*p));
	p->ctx = c;
	p->unit = edl_take(c, sizeof(*p->unit));
	p->unit->path = s->path;
	p->unit->id = s->id;
	p->unit->name = base_name(c, s->path);
	edl_push(c, &c->chain, p->unit);
	edl_prep_init(&p->prep, c, s);
	p->now = edl_prep_next(&p->prep);
	p->after = p->now.kind == EDL_END ? p->now : edl_prep_next(&p->prep);
	parse_unit(p);
	edl_check_unit(c, p->unit);
	c->chain.count--;
	edl_push(c, &c->units, p->unit);
	return p->unit;
}
