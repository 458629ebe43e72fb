/* SPDX-License-Identifier: MIT */
/*
 * Deep copies: loops over what the pointers in structs point to.
 *
 * One walk serves all steps, so that every step visits the same pointers in
 * the same order; that order is the layout of the buffers. For a parameter
 * s whose struct has the sized pointers p and q, p to another such struct:
 *
 *   if (s) for each element s[_i1]:
 *       if (s[_i1].p) { visit s[_i1].p; for each element s[_i1].p[_i2]: ... }
 *       if (s[_i1].q) { visit s[_i1].q; }
 *
 * The wrapper takes sizes and addresses from its caller's memory and from
 * its own variables only, never from the buffer that the other side can
 * change meanwhile: _c<n> are the addresses of its copies in the input
 * buffer, _r<n> of what came back in the output buffer.
 */
#include "gen.h"

struct walk {
	struct edl_gen *g;
	enum edl_deep what;
	const char *buffer;
};

struct edl_user_type *edl_deep_param(const struct edl_gen *g,
				     const struct edl_decl *d)
{
	return edl_goes_in(d) || edl_goes_out(d)
		? edl_deep_type(&g->unit->types, d) : NULL;
}

bool edl_has_deep_out(const struct edl_gen *g, const struct edl_function *f)
{
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (edl_goes_out(d) && !edl_goes_in(d) && edl_deep_param(g, d))
			return true;
	}
	return false;
}

/* "struct point" of "const struct point *". */
static const char *target_text(struct edl_ctx *c, const struct edl_decl *d)
{
	struct edl_type t = d->type;

	t.is_const = false;
	t.pointers--;
	return edl_type_text(c, &t);
}

static void check_line(struct edl_out *o, const char *in, const char *what,
		       const char *result)
{
	edl_line(o, "%sif (!%s)", in, what);
	edl_line(o, "%s{", in);
	edl_line(o, "%s    _result = %s;", in, result);
	edl_line(o, "%s    goto done;", in);
	edl_line(o, "%s}", in);
}

static void elements(const struct walk *w, const struct edl_decl *d,
		     const char *expr, const char *base, unsigned level,
		     unsigned depth);

/* The visit of EXPR, the pointer D; ELEMENT leads to its siblings. */
static void visit(const struct walk *w, const struct edl_decl *d,
		  const char *expr, const char *element, unsigned level,
		  unsigned depth)
{
	struct edl_ctx *c = w->g->ctx;
	struct edl_out *o = &w->g->out;
	const char *in = edl_indent(depth);
	const char *type = edl_type_text(c, &d->type);
	const char *what = edl_text(c, "%s,\n%s    %s",
		edl_count_text(c, d, element), in,
		edl_size_text(c, d, element));

	switch (w->what) {
	case EDL_DEEP_SIZE:
	case EDL_DEEP_OUT_SIZE:
		edl_line(o, "%sOE_ADD_ARG_SIZE(%s, %s);", in, w->buffer, what);
		break;
	case EDL_DEEP_PACK:
		edl_line(o, "%s%s *_c%u = (%s *)oe_edger8r_pack(", in,
			 target_text(c, d), level + 1, target_text(c, d));
		edl_line(o, "%s    _input_buffer, _input_buffer_size, "
			 "&_input_buffer_offset,", in);
		edl_line(o, "%s    %s, %s);", in, expr, what);
		check_line(o, in, edl_text(c, "_c%u", level + 1),
			   "OE_UNEXPECTED");
		edl_line(o, "%s_c%u[%s].%s = (%s)_c%u;", in, level,
			 edl_text(c, "_i%u", level), d->name, type,
			 level + 1);
		break;
	case EDL_DEEP_POINT:
		edl_line(o, "%s%s = (%s)oe_edger8r_place(", in, expr, type);
		edl_line(o, "%s    (uint8_t *)input_buffer, "
			 "input_buffer_size, &_input_buffer_offset,", in);
		edl_line(o, "%s    %s);", in, what);
		check_line(o, in, expr, "OE_BUFFER_TOO_SMALL");
		break;
	case EDL_DEEP_MOVE:
		edl_line(o, "%s%s = (%s)oe_edger8r_pack(", in, expr, type);
		edl_line(o, "%s    output_buffer, output_buffer_size, "
			 "&_output_buffer_offset,", in);
		edl_line(o, "%s    %s, %s);", in, expr, what);
		check_line(o, in, expr, "OE_BUFFER_TOO_SMALL");
		break;
	case EDL_DEEP_OUT_PACK:
		edl_line(o, "%sif (!oe_edger8r_pack(", in);
		edl_line(o, "%s    _deepcopy_out_buffer, "
			 "_deepcopy_out_buffer_size,", in);
		edl_line(o, "%s    &_deepcopy_out_buffer_offset, %s, %s))",
			 in, expr, what);
		edl_line(o, "%s    goto done;", in);
		break;
	case EDL_DEEP_OUT_TAKE:
		edl_line(o, "%svoid *_p%u = NULL;", in, level);
		edl_line(o, "%s_result = oe_edger8r_take(", in);
		edl_line(o, "%s    _deepcopy_out_buffer, "
			 "_deepcopy_out_buffer_size,", in);
		edl_line(o, "%s    &_deepcopy_out_buffer_offset, &_p%u, %s);",
			 in, level, what);
		edl_line(o, "%sif (_result != OE_OK)", in);
		edl_line(o, "%s    goto done;", in);
		edl_line(o, "%s_result = OE_FAILURE;", in);
		edl_line(o, "%s%s = (%s)_p%u;", in, expr, type, level);
		edl_line(o, "%s_deepcopy_taken++;", in);
		break;
	case EDL_DEEP_READ:
		if (edl_deep_type(&w->g->unit->types, d))
			break;
		edl_line(o, "%sif (!oe_edger8r_unpack(", in);
		edl_line(o, "%s    _output_buffer, _output_buffer_size, "
			 "&_output_buffer_offset,", in);
		edl_line(o, "%s    (void *)%s, %s))", in, expr, what);
		edl_line(o, "%s    goto done;", in);
		break;
	case EDL_DEEP_OUT_FREE:
	case EDL_DEEP_OUT_DROP:
		break;
	}
}

/* What comes back in the plain members of one element. */
static void read_plain(const struct walk *w, const struct edl_user_type *u,
		       const char *element, unsigned level, unsigned depth)
{
	struct edl_out *o = &w->g->out;
	const char *in = edl_indent(depth);

	for (size_t i = 0; i < u->members.count; i++) {
		const struct edl_decl *m = u->members.at[i];
		const char *to = edl_text(w->g->ctx, "%s%s", element, m->name);
		const char *from = edl_text(w->g->ctx, "_r%u[_i%u].%s",
					    level, level, m->name);

		if (edl_is_deep_member(m))
			continue;
		if (m->measures) {
			/* Its pointer's memory is as large as it was. */
			edl_line(o, "%sif (%s < %s)", in, to, from);
			edl_line(o, "%s    goto done;", in);
		} else if (m->type.is_const && !m->type.pointers) {
			continue;
		} else if (m->dim_count) {
			edl_line(o, "%s__builtin_memcpy(&%s, &%s, "
				 "sizeof(%s));", in, to, from, to);
		} else {
			edl_line(o, "%s%s = %s;", in, to, from);
		}
	}
}

/* The sized pointers of one element. */
static void members(const struct walk *w, const struct edl_user_type *u,
		    const char *element, unsigned level, unsigned depth)
{
	struct edl_ctx *c = w->g->ctx;
	struct edl_out *o = &w->g->out;
	const char *in = edl_indent(depth);

	if (w->what == EDL_DEEP_READ)
		read_plain(w, u, element, level, depth);
	for (size_t i = 0; i < u->members.count; i++) {
		const struct edl_decl *m = u->members.at[i];
		const char *expr = edl_text(c, "%s%s", element, m->name);
		bool inner = edl_deep_type(&w->g->unit->types, m);
		unsigned d = depth + 1;

		if (!edl_is_deep_member(m))
			continue;
		edl_line(o, "%sif (%s)", in, expr);
		edl_line(o, "%s{", in);
		if (w->what == EDL_DEEP_OUT_DROP) {
			edl_line(o, "%s    if (_deepcopy_taken)", in);
			edl_line(o, "%s    {", in);
			edl_line(o, "%s        _deepcopy_taken--;", in);
			d++;
		}
		visit(w, m, expr, element, level, d);
		if (inner)
			elements(w, m, expr, element, level + 1, d);
		if (w->what == EDL_DEEP_OUT_FREE ||
		    w->what == EDL_DEEP_OUT_DROP)
			edl_line(o, "%s__builtin_free((void *)%s);",
				 edl_indent(d), expr);
		if (w->what == EDL_DEEP_OUT_DROP) {
			edl_line(o, "%s    }", in);
			edl_line(o, "%s    %s = NULL;", in, expr);
		}
		edl_line(o, "%s}", in);
	}
}

/* The elements that EXPR, the pointer D, points to. */
static void elements(const struct walk *w, const struct edl_decl *d,
		     const char *expr, const char *base, unsigned level,
		     unsigned depth)
{
	struct edl_user_type *u = edl_deep_type(&w->g->unit->types, d);
	struct edl_ctx *c = w->g->ctx;
	struct edl_out *o = &w->g->out;
	const char *in = edl_indent(depth);
	const char *target = target_text(c, d);

	if (d->type.is_const)
		expr = edl_text(c, "((%s *)%s)", target, expr);
	if (w->what == EDL_DEEP_READ) {
		edl_line(o, "%sconst %s *_r%u = (const %s *)oe_edger8r_place(",
			 in, target, level, target);
		edl_line(o, "%s    _output_buffer, _output_buffer_size, "
			 "&_output_buffer_offset,", in);
		edl_line(o, "%s    %s, %s);", in, edl_count_text(c, d, base),
			 edl_size_text(c, d, base));
		edl_line(o, "%sif (!_r%u)", in, level);
		edl_line(o, "%s    goto done;", in);
	}
	edl_line(o, "%sfor (size_t _i%u = 0; _i%u < (size_t)(%s); _i%u++)",
		 in, level, level, edl_count_text(c, d, base), level);
	edl_line(o, "%s{", in);
	members(w, u, edl_text(c, "%s[_i%u].", expr, level), level,
		depth + 1);
	edl_line(o, "%s}", in);
}

void edl_gen_deep(struct edl_gen *g, enum edl_deep what,
		  const struct edl_decl *d, const char *base,
		  const char *extra)
{
	struct walk w = { g, what, extra };
	bool guarded = what == EDL_DEEP_OUT_FREE || what == EDL_DEEP_OUT_DROP;
	/* The wrapper's parameters are variables, their counts are not. */
	bool calling = base[0] == '_' && base[1] == 'a';
	const char *expr = calling ? d->name
		: edl_text(g->ctx, "%s%s", base, d->name);

	edl_line(&g->out, "    if (%s%s%s)", guarded ? extra : "",
		 guarded ? " && " : "", expr);
	edl_line(&g->out, "    {");
	if (what == EDL_DEEP_PACK)
		edl_line(&g->out, "        %s *_c1 = (%s *)_args.%s;",
			 target_text(g->ctx, d), target_text(g->ctx, d),
			 d->name);
	elements(&w, d, expr, base, 1, 2);
	edl_line(&g->out, "    }");
}
