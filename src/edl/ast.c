/* SPDX-License-Identifier: MIT */
#include "ast.h"

struct edl_user_type *edl_find_type(const struct edl_vec *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++) {
		struct edl_user_type *t = v->at[i];

		if (t->name && t->name == name)
			return t;
	}
	return NULL;
}

struct edl_function *edl_find_function(const struct edl_vec *v,
				       const char *name)
{
	for (size_t i = 0; i < v->count; i++) {
		struct edl_function *f = v->at[i];

		if (f->name == name)
			return f;
	}
	return NULL;
}

struct edl_decl *edl_find_decl(const struct edl_vec *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++) {
		struct edl_decl *d = v->at[i];

		if (d->name == name)
			return d;
	}
	return NULL;
}

const char *edl_type_text(struct edl_ctx *c, const struct edl_type *t)
{
	static const char *const prefix[] = {
		[EDL_BASE_STRUCT] = "struct ",
		[EDL_BASE_UNION] = "union ",
		[EDL_BASE_ENUM] = "enum ",
		[EDL_BASE_FOREIGN] = NULL,
	};

	return edl_text(c, "%s%s%s%s%.*s", t->is_const ? "const " : "",
			prefix[t->base] ? prefix[t->base] : "", t->name,
			t->pointers ? " " : "", t->pointers, "********");
}

bool edl_is_deep_member(const struct edl_decl *d)
{
	return d->type.pointers && !d->dim_count &&
	       (d->attrs.size.text || d->attrs.count.text);
}

struct edl_user_type *edl_deep_type(const struct edl_vec *types,
				    const struct edl_decl *d)
{
	struct edl_user_type *u;

	if (d->type.pointers != 1 || d->dim_count ||
	    (d->type.base != EDL_BASE_STRUCT &&
	     d->type.base != EDL_BASE_FOREIGN))
		return NULL;
	u = edl_find_type(types, d->type.name);
	return u && u->kind == EDL_USER_STRUCT && u->is_deep ? u : NULL;
}
