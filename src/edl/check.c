/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <string.h>
#include <strings.h>

/*
 * The number behind size= or count= names a member or parameter beside D;
 * it has to be one that can be a number.
 */
static void check_value(struct edl_ctx *c, const struct edl_vec *beside,
			const struct edl_vec *types,
			const struct edl_value *v, bool mark,
			const char *what, const char *owner)
{
	struct edl_user_type *u;
	struct edl_decl *d;

	if (!v->text || !v->is_name)
		return;
	d = edl_find_decl(beside, v->text);
	if (!d)
		edl_fail(c, &v->loc, "could not find declaration for '%s'",
			 v->text);
	u = types && d->type.base == EDL_BASE_FOREIGN
		? edl_find_type(types, d->type.name) : NULL;
	if (d->type.pointers || d->dim_count || edl_has(d, EDL_ATTR_ISPTR) ||
	    edl_has(d, EDL_ATTR_ISARY) || d->type.base == EDL_BASE_STRUCT ||
	    d->type.base == EDL_BASE_UNION || d->type.base == EDL_BASE_VOID ||
	    d->type.base == EDL_BASE_LONG_DOUBLE ||
	    !strcmp(d->type.name, "float") ||
	    !strcmp(d->type.name, "double") ||
	    (u && u->kind != EDL_USER_ENUM))
		edl_fail(c, &v->loc, "size/count has invalid type: '%s' is "
			 "no integer", v->text);
	if (d->type.is_signed_int && what)
		edl_warn(c, EDL_WARN_SIGNED_SIZE_OR_COUNT, &v->loc,
			 "%s '%s': the size or count '%s' should not be "
			 "signed", what, owner, v->text);
	if (mark)
		d->measures = true;
}

static void check_void(struct edl_ctx *c, const struct edl_decl *d)
{
	if (d->type.base == EDL_BASE_VOID && !d->type.pointers)
		edl_fail(c, &d->type.loc, "'%s' is of type void", d->name);
}

void edl_check_struct(struct edl_ctx *c, struct edl_user_type *u)
{
	for (size_t i = 0; i < u->members.count; i++) {
		struct edl_decl *d = u->members.at[i];
		enum edl_attr a = edl_has(d, EDL_ATTR_SIZE)
			? EDL_ATTR_SIZE : EDL_ATTR_COUNT;

		check_void(c, d);
		check_value(c, &u->members, NULL, &d->attrs.size, true,
			    "struct", u->name);
		check_value(c, &u->members, NULL, &d->attrs.count, true,
			    "struct", u->name);
		if (edl_is_deep_member(d))
			u->is_deep = true;
		else if (edl_has(d, a) && d->type.pointers)
			edl_fail(c, &d->attrs.at[a], "invalid member: '%s' "
				 "is an array of pointers", d->name);
		else if (edl_has(d, a) && !d->dim_count)
			edl_fail(c, &d->attrs.at[a], "'%s' is neither a "
				 "pointer nor an array", d->name);
		else if (u->kind == EDL_USER_STRUCT && d->type.pointers)
			edl_warn(c, EDL_WARN_PTR_IN_STRUCT, &d->loc,
				 "struct '%s': the member '%s' is a pointer "
				 "that is not copied, give it size or count",
				 u->name, d->name);
	}
}

/* Count the pointers that a deep copy of U follows, levels deep. */
static void measure_deep(struct edl_ctx *c, const struct edl_unit *unit,
			 struct edl_user_type *u, unsigned level)
{
	if (u->visiting)
		edl_fail(c, &u->loc, "a deep copy of the struct '%s' would "
			 "follow pointers to itself", u->name);
	if (u->deep_pointers)
		return;
	if (level > EDL_MAX_DEEP_LEVELS)
		edl_fail(c, &u->loc, "a deep copy of the struct '%s' is more "
			 "than %d levels deep", u->name, EDL_MAX_DEEP_LEVELS);
	u->visiting = true;
	for (size_t i = 0; i < u->members.count; i++) {
		const struct edl_decl *d = u->members.at[i];
		struct edl_user_type *inner;

		if (!edl_is_deep_member(d))
			continue;
		u->deep_pointers++;
		inner = edl_deep_type(&unit->types, d);
		if (!inner)
			continue;
		if (d->attrs.size.text)
			edl_fail(c, &d->attrs.at[EDL_ATTR_SIZE], "'size' is "
				 "invalid for a pointer to the struct '%s', "
				 "use 'count'", inner->name);
		measure_deep(c, unit, inner, level + 1);
		u->deep_pointers += inner->deep_pointers;
		if (inner->deep_levels >= u->deep_levels)
			u->deep_levels = inner->deep_levels + 1;
		if (u->deep_levels > EDL_MAX_DEEP_LEVELS ||
		    u->deep_pointers > EDL_MAX_DEEP_POINTERS)
			edl_fail(c, &u->loc, "a deep copy of the struct '%s' "
				 "follows too many pointers", u->name);
	}
	u->visiting = false;
}

static void check_types(struct edl_ctx *c, struct edl_unit *unit)
{
	const struct edl_vec *v = &unit->types;

	for (size_t i = 0; i < v->count; i++) {
		struct edl_user_type *u = v->at[i];

		u->deep_pointers = u->deep_levels = 0;
		u->visiting = false;
		/* The guards in the generated header are in upper case. */
		for (size_t j = 0; j < i && u->name; j++) {
			const struct edl_user_type *o = v->at[j];

			if (o->name && o->kind == u->kind &&
			    !strcasecmp(o->name, u->name))
				edl_fail(c, &u->loc, "the types '%s' and "
					 "'%s' differ only in upper and lower "
					 "case", o->name, u->name);
		}
	}
	for (size_t i = 0; i < v->count; i++) {
		struct edl_user_type *u = v->at[i];

		if (u->is_deep)
			measure_deep(c, unit, u, 1);
	}
}

/* Attributes of the parameter D among themselves and with its type. */
static void check_attrs(struct edl_ctx *c, const struct edl_unit *unit,
			const struct edl_decl *d)
{
	const struct edl_loc *at = d->attrs.at;
	const char *type = edl_type_text(c, &d->type);
	bool directed = edl_goes_in(d) || edl_goes_out(d);
	bool user_check = edl_has(d, EDL_ATTR_USER_CHECK);
	bool isptr = edl_has(d, EDL_ATTR_ISPTR);
	bool isary = edl_has(d, EDL_ATTR_ISARY);
	bool sized = d->attrs.size.text || d->attrs.count.text;
	enum edl_attr a;

	if (isptr && isary)
		edl_fail(c, &at[EDL_ATTR_ISARY],
			 "'isary' cannot be used together with 'isptr'");
	if (isptr || isary) {
		a = isptr ? EDL_ATTR_ISPTR : EDL_ATTR_ISARY;
		if (!directed && !user_check)
			edl_fail(c, &at[a], "'%s' needs a direction or "
				 "'user_check'", isptr ? "isptr" : "isary");
		if (d->type.base != EDL_BASE_FOREIGN || d->type.pointers)
			edl_fail(c, &at[a], "'%s' is only valid for user "
				 "defined types, not for '%s'",
				 isptr ? "isptr" : "isary", type);
		if (d->dim_count)
			edl_fail(c, &at[a], "invalid parameter: '%s' is an "
				 "array of %s", d->name,
				 isptr ? "pointers" : "arrays");
	}
	for (int i = 0; i < 2; i++) {
		a = i ? EDL_ATTR_WSTRING : EDL_ATTR_STRING;
		if (!edl_has(d, a))
			continue;
		if (edl_goes_out(d) && !edl_goes_in(d))
			edl_fail(c, &at[a], "string/wstring cannot be 'out' "
				 "alone, add 'in'");
		if (!directed)
			edl_fail(c, &at[a], "string/wstring needs a "
				 "direction");
		if (sized)
			edl_fail(c, &at[a], "size and count cannot be used "
				 "together with string/wstring");
		if (edl_has(d, EDL_ATTR_STRING) &&
		    edl_has(d, EDL_ATTR_WSTRING))
			edl_fail(c, &at[a], "'string' and 'wstring' are "
				 "mutually exclusive");
		if (d->type.pointers != 1 || d->dim_count ||
		    d->type.base != (i ? EDL_BASE_WCHAR : EDL_BASE_CHAR))
			edl_fail(c, &at[a], "invalid '%s' attribute: '%s' is "
				 "not a pointer to %s",
				 i ? "wstring" : "string", d->name,
				 i ? "wchar_t" : "char");
	}
	if (directed && user_check)
		edl_fail(c, &at[EDL_ATTR_USER_CHECK], "'user_check' and a "
			 "direction are mutually exclusive");
	for (a = 0; a < EDL_ATTR_KINDS; a++)
		if (edl_has(d, a) && !d->type.pointers && !d->dim_count &&
		    !isptr && !isary)
			edl_fail(c, &at[a], "invalid attribute: '%s' of type "
				 "'%s' is neither a pointer nor an array",
				 d->name, type);
	if (sized && !directed)
		edl_fail(c, d->attrs.size.text ? &at[EDL_ATTR_SIZE]
					       : &at[EDL_ATTR_COUNT],
			 "size/count needs a direction");
	if (directed && d->type.pointers && d->dim_count)
		edl_fail(c, edl_goes_in(d) ? &at[EDL_ATTR_IN]
					   : &at[EDL_ATTR_OUT],
			 "invalid parameter: '%s' is an array of pointers",
			 d->name);
	if (directed && d->attrs.size.text && edl_deep_type(&unit->types, d))
		edl_fail(c, &at[EDL_ATTR_SIZE], "'size' is invalid for a "
			 "pointer to the struct '%s', use 'count'",
			 d->type.name);
}

static void warn_param(struct edl_ctx *c, const struct edl_unit *unit,
		       const struct edl_function *f, const struct edl_decl *d)
{
	if (d->type.base == EDL_BASE_WCHAR || d->type.base == EDL_BASE_LONG ||
	    d->type.base == EDL_BASE_LONG_DOUBLE)
		edl_warn(c, EDL_WARN_NON_PORTABLE_TYPE, &d->type.loc,
			 "Function '%s': '%s' has different sizes on Windows "
			 "and Linux", f->name, d->type.name);
	if (!d->type.pointers || edl_has(d, EDL_ATTR_USER_CHECK))
		return;
	if (!d->attrs.any)
		edl_warn(c, EDL_WARN_PTR_IN_FUNCTION, &d->loc,
			 "Function '%s': '%s' is a pointer that is not "
			 "copied, give it a direction or user_check",
			 f->name, d->name);
	if ((d->type.base == EDL_BASE_FOREIGN ||
	     d->type.base == EDL_BASE_STRUCT) &&
	    !edl_find_type(&unit->types, d->type.name))
		edl_warn(c, EDL_WARN_FOREIGN_TYPE_PTR, &d->loc,
			 "Function '%s': '%s' is a pointer to the foreign "
			 "type '%s', whose own pointers are not copied; "
			 "define the type in EDL", f->name, d->name,
			 d->type.name);
}

/* Names that the generated code uses beside the parameters. */
static void check_reserved(struct edl_ctx *c, const struct edl_function *f,
			   const struct edl_decl *d)
{
	static const char *const names[] = {
		"_args", "_args_out", "_buffer", "_deepcopy_out_buffer",
		"_deepcopy_out_buffer_offset", "_deepcopy_out_buffer_size",
		"_global_id", "_input_buffer", "_input_buffer_offset",
		"_input_buffer_size", "_output_buffer",
		"_output_buffer_offset", "_output_buffer_size",
		"_output_bytes_written", "_pargs_in", "_pargs_out", "_result",
		"_retval", "_total_buffer_size",
	};
	bool bad = f->trusted && !strcmp(d->name, "enclave");

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		bad = bad || !strcmp(d->name, names[i]);
	if (bad)
		edl_fail(c, &d->loc, "Function '%s': the parameter name '%s' "
			 "is used by the generated code", f->name, d->name);
}

static void check_by_value(struct edl_ctx *c, const struct edl_unit *unit,
			   const struct edl_function *f,
			   const struct edl_decl *d)
{
	struct edl_user_type *u;

	if (d->type.pointers || (d->type.base != EDL_BASE_STRUCT &&
				 d->type.base != EDL_BASE_FOREIGN))
		return;
	u = edl_find_type(&unit->types, d->type.name);
	if (u && u->kind == EDL_USER_STRUCT && u->is_deep)
		edl_fail(c, &d->loc, "the struct '%s' asks for a deep copy "
			 "and cannot be passed by value to function '%s'",
			 u->name, f->name);
}

static void check_function(struct edl_ctx *c, const struct edl_unit *unit,
			   const struct edl_function *f)
{
	bool own = f->loc.file == unit->path;

	if (own && f->returns.pointers)
		edl_warn(c, EDL_WARN_RETURN_PTR, &f->returns.loc,
			 "Function '%s' returns a pointer, which gives the "
			 "other side an address that it may not be able to "
			 "use; consider an out parameter", f->name);
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];
		const char *what = own ? "Function" : NULL;

		check_void(c, d);
		check_reserved(c, f, d);
		check_attrs(c, unit, d);
		if (d->attrs.size.text && d->attrs.count.text)
			edl_fail(c, &d->attrs.at[EDL_ATTR_COUNT],
				 "Function '%s': simultaneous 'size' and "
				 "'count' are not supported by oeedger8r",
				 f->name);
		check_value(c, &f->params, &unit->types, &d->attrs.size,
			    false, what, f->name);
		check_value(c, &f->params, &unit->types, &d->attrs.count,
			    false, what, f->name);
		check_by_value(c, unit, f, d);
		if (own)
			warn_param(c, unit, f, d);
	}
}

void edl_check_unit(struct edl_ctx *c, struct edl_unit *u)
{
	check_types(c, u);
	for (size_t i = 0; i < u->trusted.count; i++)
		check_function(c, u, u->trusted.at[i]);
	for (size_t i = 0; i < u->untrusted.count; i++)
		check_function(c, u, u->untrusted.at[i]);
}
