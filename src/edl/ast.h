/* SPDX-License-Identifier: MIT */
/*
 * What an EDL file says, as a tree.
 *
 * All texts are interned (edl_name), so names compare by pointer. Types and
 * functions are made once, by the file that defines them; files that import
 * them share the nodes.
 */
#ifndef COFFER_EDL_AST_H
#define COFFER_EDL_AST_H

#include "ctx.h"
#include "limits.h"

enum edl_base {
	EDL_BASE_VOID,
	EDL_BASE_CHAR,		/* without "unsigned" */
	EDL_BASE_WCHAR,
	EDL_BASE_LONG,		/* signed or unsigned */
	EDL_BASE_LONG_DOUBLE,
	EDL_BASE_PLAIN,		/* every other built-in type */
	EDL_BASE_STRUCT,	/* with the keyword in front */
	EDL_BASE_UNION,
	EDL_BASE_ENUM,
	EDL_BASE_FOREIGN	/* a bare name */
};

struct edl_type {
	enum edl_base base;
	bool is_const;		/* of what the stars point to */
	bool is_signed_int;
	const char *name;	/* "unsigned long", or the user's name */
	int pointers;		/* stars */
	struct edl_loc loc;
};

/* Something that is a number or the name of one; text NULL: absent. */
struct edl_value {
	const char *text;
	bool is_name;
	struct edl_loc loc;
};

enum edl_attr {
	EDL_ATTR_IN,
	EDL_ATTR_OUT,
	EDL_ATTR_SIZE,
	EDL_ATTR_COUNT,
	EDL_ATTR_STRING,
	EDL_ATTR_WSTRING,
	EDL_ATTR_ISPTR,
	EDL_ATTR_ISARY,
	EDL_ATTR_USER_CHECK,
	EDL_ATTR_KINDS
};

struct edl_attrs {
	bool any;			/* a list was given */
	bool has[EDL_ATTR_KINDS];
	struct edl_loc at[EDL_ATTR_KINDS];
	struct edl_value size, count;
};

/* A parameter, or a member of a struct or union. */
struct edl_decl {
	struct edl_loc loc;
	const char *name;
	struct edl_type type;
	struct edl_attrs attrs;
	struct edl_value *dims;	/* dim_count of them */
	int dim_count;
	bool measures;	/* size or count of another member of the struct */
};

struct edl_enumerator {
	struct edl_loc loc;
	const char *name;
	struct edl_value value;
};

enum edl_user_kind { EDL_USER_ENUM, EDL_USER_STRUCT, EDL_USER_UNION };

struct edl_user_type {
	enum edl_user_kind kind;
	struct edl_loc loc;
	const char *name;		/* NULL: an enum without a name */
	struct edl_vec members;		/* edl_decl, or edl_enumerator */
	bool is_deep;	/* a struct with a pointer that has size or count */
	/* Pointers that a deep copy of it follows; 0 until computed. */
	unsigned deep_pointers, deep_levels;
	bool visiting;
};

struct edl_function {
	struct edl_loc loc;
	const char *name;
	bool trusted;			/* an ecall */
	struct edl_type returns;
	struct edl_vec params;		/* edl_decl */
	bool switchless;		/* transition_using_threads */
	bool propagate_errno;
};

/* One EDL file. */
struct edl_unit {
	const char *path, *id;
	const char *name;		/* base name without the suffix */
	struct edl_vec includes;	/* interned texts */
	struct edl_vec types;		/* edl_user_type, imported ones too */
	struct edl_vec trusted, untrusted;	/* edl_function, own first */
};

/* The enum, struct or union called NAME (interned) in V, or NULL. */
struct edl_user_type *edl_find_type(const struct edl_vec *v,
				    const char *name);

/* The function called NAME (interned) in V, or NULL. */
struct edl_function *edl_find_function(const struct edl_vec *v,
				       const char *name);

/* The parameter or member called NAME (interned) in V, or NULL. */
struct edl_decl *edl_find_decl(const struct edl_vec *v, const char *name);

static inline bool edl_has(const struct edl_decl *d, enum edl_attr a)
{
	return d->attrs.has[a];
}

/* The direction of D, each false for what passes as it is. */
static inline bool edl_goes_in(const struct edl_decl *d)
{
	return edl_has(d, EDL_ATTR_IN);
}

static inline bool edl_goes_out(const struct edl_decl *d)
{
	return edl_has(d, EDL_ATTR_OUT);
}

/* A string or wide string, whose length travels along. */
static inline bool edl_is_string(const struct edl_decl *d)
{
	return edl_has(d, EDL_ATTR_STRING) || edl_has(d, EDL_ATTR_WSTRING);
}

/* T as C writes it, "const struct point **". Arena or static text. */
const char *edl_type_text(struct edl_ctx *c, const struct edl_type *t);

/* The struct that a deep copy of D (a parameter or member) follows; NULL:
 * D is not one pointer to a struct with sized pointers. */
struct edl_user_type *edl_deep_type(const struct edl_vec *types,
				    const struct edl_decl *d);

/* Whether D, a member of a deep struct, is a pointer that is followed. */
bool edl_is_deep_member(const struct edl_decl *d);

#endif
