/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "parse.h"

static struct edl_type integer(const char *name, enum edl_base base,
			       bool is_signed)
{
	return (struct edl_type){ .base = base, .name = name,
				  .is_signed_int = is_signed };
}

/* Words that make an integer or "long double"; false: something else. */
static bool basic_type(struct edl_parser *p, struct edl_type *t)
{
	struct edl_loc at = p->now.loc;
	bool is_unsigned = edl_accept_word(p, "unsigned");

	if (edl_accept_word(p, "long")) {
		if (edl_at_word(p, "double")) {
			if (is_unsigned)
				edl_fail(p->ctx, &at,
					 "'unsigned long double' is no type");
			edl_next(p);
			*t = integer("long double", EDL_BASE_LONG_DOUBLE,
				     false);
			return true;
		}
		if (edl_accept_word(p, "long"))
			*t = integer(is_unsigned ? "unsigned long long"
						 : "long long",
				     EDL_BASE_PLAIN, !is_unsigned);
		else
			*t = integer(is_unsigned ? "unsigned long" : "long",
				     EDL_BASE_LONG, !is_unsigned);
		edl_accept_word(p, "int");
	} else if (edl_accept_word(p, "short")) {
		*t = integer(is_unsigned ? "unsigned short" : "short",
			     EDL_BASE_PLAIN, !is_unsigned);
		edl_accept_word(p, "int");
	} else if (edl_accept_word(p, "char")) {
		*t = is_unsigned
			? integer("unsigned char", EDL_BASE_PLAIN, false)
			: integer("char", EDL_BASE_CHAR, true);
	} else if (edl_accept_word(p, "int") || is_unsigned) {
		*t = integer(is_unsigned ? "unsigned int" : "int",
			     EDL_BASE_PLAIN, !is_unsigned);
	} else {
		return false;
	}
	return true;
}

static const struct {
	const char *name;
	enum edl_base base;
	bool is_signed_int;
} builtin[] = {
	{ "void", EDL_BASE_VOID, false },
	{ "bool", EDL_BASE_PLAIN, false },
	{ "wchar_t", EDL_BASE_WCHAR, false },
	{ "size_t", EDL_BASE_PLAIN, false },
	{ "float", EDL_BASE_PLAIN, false },
	{ "double", EDL_BASE_PLAIN, false },
	{ "int8_t", EDL_BASE_PLAIN, true },
	{ "int16_t", EDL_BASE_PLAIN, true },
	{ "int32_t", EDL_BASE_PLAIN, true },
	{ "int64_t", EDL_BASE_PLAIN, true },
	{ "uint8_t", EDL_BASE_PLAIN, false },
	{ "uint16_t", EDL_BASE_PLAIN, false },
	{ "uint32_t", EDL_BASE_PLAIN, false },
	{ "uint64_t", EDL_BASE_PLAIN, false },
};

static void named_type(struct edl_parser *p, struct edl_type *t)
{
	struct edl_token word = edl_expect_name(p, "a type");

	t->name = word.text;
	t->base = EDL_BASE_FOREIGN;
	if (!strcmp(word.text, "struct"))
		t->base = EDL_BASE_STRUCT;
	else if (!strcmp(word.text, "union"))
		t->base = EDL_BASE_UNION;
	else if (!strcmp(word.text, "enum"))
		t->base = EDL_BASE_ENUM;
	if (t->base != EDL_BASE_FOREIGN) {
		t->name = edl_expect_name(p, "the name of a struct, union "
					  "or enum").text;
		return;
	}
	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++) {
		if (strcmp(word.text, builtin[i].name))
			continue;
		t->base = builtin[i].base;
		t->is_signed_int = builtin[i].is_signed_int;
		return;
	}
}

struct edl_type edl_parse_type(struct edl_parser *p)
{
	struct edl_loc loc = p->now.loc;
	bool is_const = edl_accept_word(p, "const");
	struct edl_type t = { 0 };

	if (!basic_type(p, &t))
		named_type(p, &t);
	t.loc = loc;
	t.is_const = is_const;
	while (edl_at_sign(p, '*')) {
		if (t.pointers == EDL_MAX_POINTERS)
			edl_fail(p->ctx, &p->now.loc,
				 "more than %d '*' after a type",
				 EDL_MAX_POINTERS);
		edl_next(p);
		t.pointers++;
	}
	return t;
}

static const char *const attr_names[EDL_ATTR_KINDS] = {
	[EDL_ATTR_IN] = "in",
	[EDL_ATTR_OUT] = "out",
	[EDL_ATTR_SIZE] = "size",
	[EDL_ATTR_COUNT] = "count",
	[EDL_ATTR_STRING] = "string",
	[EDL_ATTR_WSTRING] = "wstring",
	[EDL_ATTR_ISPTR] = "isptr",
	[EDL_ATTR_ISARY] = "isary",
	[EDL_ATTR_USER_CHECK] = "user_check",
};

static struct edl_value value(struct edl_parser *p, const char *what)
{
	struct edl_token t = edl_next(p);

	if (t.kind != EDL_NAME && t.kind != EDL_NUMBER)
		edl_fail(p->ctx, &t.loc, "expecting %s, got '%s'", what,
			 t.text);
	return (struct edl_value){ t.text, t.kind == EDL_NAME, t.loc };
}

static void attribute(struct edl_parser *p, struct edl_attrs *a,
		      bool in_struct)
{
	struct edl_token t = edl_expect_name(p, "an attribute");
	int kind = 0;

	while (kind < EDL_ATTR_KINDS && strcmp(t.text, attr_names[kind]))
		kind++;
	if (!strcmp(t.text, "sizefunc"))
		edl_fail(p->ctx, &t.loc, "the attribute 'sizefunc' is "
			 "deprecated, use 'size'");
	if (kind == EDL_ATTR_KINDS)
		edl_fail(p->ctx, &t.loc, "unknown attribute: '%s'", t.text);
	if (in_struct && kind != EDL_ATTR_SIZE && kind != EDL_ATTR_COUNT)
		edl_fail(p->ctx, &t.loc, "only 'size' and 'count' can be "
			 "attributes of struct members, not '%s'", t.text);
	if (a->has[kind])
		edl_fail(p->ctx, &t.loc, "duplicated attribute: '%s'",
			 t.text);
	a->has[kind] = true;
	a->at[kind] = t.loc;
	if (kind == EDL_ATTR_SIZE || kind == EDL_ATTR_COUNT) {
		struct edl_value *v = kind == EDL_ATTR_SIZE ? &a->size
							    : &a->count;

		edl_expect_sign(p, '=');
		*v = value(p, "a number or a name");
	}
}

struct edl_decl *edl_parse_decl(struct edl_parser *p, bool in_struct)
{
	struct edl_decl *d = edl_take(p->ctx, sizeof(*d));
	struct edl_value dims[EDL_MAX_DIMS];
	struct edl_token name;

	if (edl_accept_sign(p, '[')) {
		d->attrs.any = true;
		do
			attribute(p, &d->attrs, in_struct);
		while (edl_accept_sign(p, ',') && !edl_at_sign(p, ']'));
		edl_expect_sign(p, ']');
	}
	d->type = edl_parse_type(p);
	name = edl_expect_new_name(p, "a name");
	d->name = name.text;
	d->loc = name.loc;
	while (edl_at_sign(p, '[')) {
		struct edl_loc loc = edl_next(p).loc;

		if (d->dim_count == EDL_MAX_DIMS)
			edl_fail(p->ctx, &loc, "an array with more than %d "
				 "dimensions", EDL_MAX_DIMS);
		dims[d->dim_count++] = value(p, "an array dimension");
		edl_expect_sign(p, ']');
	}
	d->dims = edl_take(p->ctx, (size_t)d->dim_count * sizeof(*dims));
	memcpy(d->dims, dims, (size_t)d->dim_count * sizeof(*dims));
	return d;
}
