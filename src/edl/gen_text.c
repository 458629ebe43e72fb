/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "gen.h"

static void grow(struct edl_out *o, size_t more)
{
	size_t room = o->room ? o->room : 512;
	char *text;

	while (room - o->size < more)
		room *= 2;
	if (room == o->room)
		return;
	text = edl_take(o->ctx, room);
	if (o->size)
		memcpy(text, o->text, o->size);
	o->text = text;
	o->room = room;
}

static void append(struct edl_out *o, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(o->room ? o->text + o->size : NULL, o->room - o->size,
		      format, args);
	if (n < 0 || o->size + (size_t)n + 2 > EDL_MAX_OUTPUT)
		edl_fail(o->ctx, NULL, "the generated file is too large");
	if ((size_t)n + 2 > o->room - o->size) {
		grow(o, (size_t)n + 2);
		vsnprintf(o->text + o->size, o->room - o->size, format,
			  again);
	}
	va_end(again);
	o->size += (size_t)n;
}

void edl_put(struct edl_out *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(o, format, args);
	va_end(args);
}

void edl_line(struct edl_out *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(o, format, args);
	va_end(args);
	o->text[o->size++] = '\n';
}

const char *edl_indent(unsigned n)
{
	static char spaces[EDL_MAX_DEEP_LEVELS * 3 * 4 + 1];

	if (!spaces[0])
		memset(spaces, ' ', sizeof(spaces) - 1);
	return spaces + sizeof(spaces) - 1 - 4 * n;
}

const char *edl_upper(struct edl_ctx *c, const char *text)
{
	char *copy = edl_take(c, strlen(text) + 1);

	for (size_t i = 0; text[i]; i++)
		copy[i] = text[i] >= 'a' && text[i] <= 'z'
			? (char)(text[i] - 'a' + 'A') : text[i];
	return copy;
}

/* T with ADD stars more (or fewer), const only if KEEP_CONST. */
static const char *type_text(struct edl_ctx *c, const struct edl_type *t,
			     int add, bool keep_const)
{
	struct edl_type copy = *t;

	copy.pointers += add;
	copy.is_const = copy.is_const && keep_const;
	return edl_type_text(c, &copy);
}

/* "[2][3]" from dimension FIRST on. */
static const char *dims_text(struct edl_ctx *c, const struct edl_decl *d,
			     int first)
{
	const char *text = "";

	for (int i = first; i < d->dim_count; i++)
		text = edl_text(c, "%s[%s]", text, d->dims[i].text);
	return text;
}

static bool is_pointer(const char *type)
{
	return type[strlen(type) - 1] == '*';
}

const char *edl_decl_text(struct edl_ctx *c, const struct edl_decl *d)
{
	const char *type = edl_type_text(c, &d->type);

	return edl_text(c, "%s%s%s%s", type, is_pointer(type) ? "" : " ",
			d->name, dims_text(c, d, 0));
}

/* Whether D is a foreign type that is a pointer or an array in C. */
static bool is_opaque(const struct edl_decl *d)
{
	return edl_has(d, EDL_ATTR_ISPTR) || edl_has(d, EDL_ATTR_ISARY);
}

const char *edl_arg_type(struct edl_ctx *c, const struct edl_decl *d)
{
	if (is_opaque(d))
		return "void *";
	return type_text(c, &d->type, d->dim_count ? 1 : 0, false);
}

const char *edl_return_type(struct edl_ctx *c, const struct edl_function *f)
{
	if (f->returns.base == EDL_BASE_VOID && !f->returns.pointers)
		return NULL;
	return type_text(c, &f->returns, 0, f->returns.pointers > 0);
}

const char *edl_prototype(struct edl_ctx *c, const struct edl_function *f,
			  const char *name, bool calling)
{
	const char *returns = edl_return_type(c, f);
	const char *result = calling ? "oe_result_t"
				     : returns ? returns : "void";
	struct edl_out o = { .ctx = c };
	const char *comma = "";

	edl_put(&o, "%s%s%s(", result, is_pointer(result) ? "" : " ", name);
	if (calling && f->trusted) {
		edl_put(&o, "\n    oe_enclave_t *enclave");
		comma = ",";
	}
	if (calling && returns) {
		edl_put(&o, "%s\n    %s%s*_retval", comma, returns,
			is_pointer(returns) ? "" : " ");
		comma = ",";
	}
	for (size_t i = 0; i < f->params.count; i++) {
		edl_put(&o, "%s\n    %s", comma,
			edl_decl_text(c, f->params.at[i]));
		comma = ",";
	}
	edl_put(&o, "%s)", *comma ? "" : "void");
	return o.text;
}

static const char *value_text(struct edl_ctx *c, const struct edl_value *v,
			      const char *base)
{
	return v->is_name ? edl_text(c, "%s%s", base, v->text) : v->text;
}

const char *edl_count_text(struct edl_ctx *c, const struct edl_decl *d,
			   const char *base)
{
	if (edl_is_string(d))
		return edl_text(c, "%s%s_len", base, d->name);
	if (d->dim_count || edl_has(d, EDL_ATTR_ISARY) ||
	    !d->attrs.count.text)
		return "1";
	return value_text(c, &d->attrs.count, base);
}

const char *edl_size_text(struct edl_ctx *c, const struct edl_decl *d,
			  const char *base)
{
	if (d->dim_count)
		return edl_text(c, "sizeof(%s%s)",
				type_text(c, &d->type, 0, false),
				dims_text(c, d, 0));
	if (edl_has(d, EDL_ATTR_ISARY))
		return edl_text(c, "sizeof(%s)", d->type.name);
	if (d->attrs.size.text)
		return value_text(c, &d->attrs.size, base);
	if (edl_has(d, EDL_ATTR_ISPTR))
		return edl_text(c, "sizeof(*(%s)0)", d->type.name);
	if (d->type.base == EDL_BASE_VOID && d->type.pointers == 1)
		return "1";
	return edl_text(c, "sizeof(%s)", type_text(c, &d->type, -1, false));
}

const char *edl_call_text(struct edl_ctx *c, const struct edl_decl *d,
			  const char *base)
{
	const char *type = edl_type_text(c, &d->type);

	if (edl_has(d, EDL_ATTR_ISARY))
		return edl_text(c, "*(%s *)%s%s", type, base, d->name);
	if (d->dim_count > 1)
		return edl_text(c, "(%s (*)%s)%s%s", type,
				dims_text(c, d, 1), base, d->name);
	if (d->dim_count)
		return edl_text(c, "(%s *)%s%s", type, base, d->name);
	if (d->type.pointers || edl_has(d, EDL_ATTR_ISPTR))
		return edl_text(c, "(%s)%s%s", type, base, d->name);
	return edl_text(c, "%s%s", base, d->name);
}
