/* SPDX-License-Identifier: MIT */
#include "gen.h"

static void head(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	bool ecall = g->side == EDL_TRUSTED;

	edl_line(o, "static void %s_%s(", ecall ? "ecall" : "ocall", f->name);
	edl_line(o, "    const uint8_t *input_buffer,");
	edl_line(o, "    size_t input_buffer_size,");
	edl_line(o, "    uint8_t *output_buffer,");
	edl_line(o, "    size_t output_buffer_size,");
	edl_line(o, "    size_t *output_bytes_written)");
	edl_line(o, "{");
	edl_line(o, "    oe_result_t _result = OE_FAILURE;");
	edl_line(o, "    %s_args_t *_pargs_in = (%s_args_t *)input_buffer;",
		 f->name, f->name);
	edl_line(o, "    %s_args_t *_pargs_out = (%s_args_t *)output_buffer;",
		 f->name, f->name);
	edl_line(o, "    size_t _input_buffer_offset = 0;");
	edl_line(o, "    size_t _output_buffer_offset = 0;");
	if (edl_has_deep_out(g, f)) {
		edl_line(o, "    uint8_t *_deepcopy_out_buffer = NULL;");
		edl_line(o, "    size_t _deepcopy_out_buffer_size = 0;");
		edl_line(o, "    size_t _deepcopy_out_buffer_offset = 0;");
		edl_line(o, "    int _called = 0;");
	}
	edl_line(o, "%s", "");
	edl_line(o, "    *output_bytes_written = 0;");
	if (ecall) {
		edl_line(o, "    if (input_buffer_size < sizeof(*_pargs_in) ||");
		edl_line(o, "        output_buffer_size < sizeof(*_pargs_out) "
			 "||");
		edl_line(o, "        !oe_is_within_enclave(input_buffer, "
			 "input_buffer_size) ||");
		edl_line(o, "        !oe_is_within_enclave(output_buffer, "
			 "output_buffer_size))");
	} else {
		edl_line(o, "    if (!input_buffer || input_buffer_size < "
			 "sizeof(*_pargs_in) ||");
		edl_line(o, "        !output_buffer || output_buffer_size < "
			 "sizeof(*_pargs_out))");
	}
	edl_line(o, "        return;");
	edl_line(o, "    OE_ADD_SIZE(_input_buffer_offset, "
		 "sizeof(*_pargs_in));");
	edl_line(o, "    OE_ADD_SIZE(_output_buffer_offset, "
		 "sizeof(*_pargs_out));\n");
}

/* "COMMAND(name, count, size, type);" */
static void set(struct edl_gen *g, const char *command,
		const struct edl_decl *d)
{
	edl_line(&g->out, "    %s(%s, %s,\n        %s, %s);", command,
		 d->name, edl_count_text(g->ctx, d, "_pargs_in->"),
		 edl_size_text(g->ctx, d, "_pargs_in->"),
		 edl_arg_type(g->ctx, d));
}

static void point(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;

	edl_line(o, "    /* What came in is in the input buffer. */");
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (!edl_goes_in(d))
			continue;
		set(g, edl_goes_out(d) ? "OE_SET_IN_OUT_POINTER"
				       : "OE_SET_IN_POINTER", d);
		if (edl_deep_param(g, d))
			edl_gen_deep(g, EDL_DEEP_POINT, d, "_pargs_in->",
				     NULL);
	}
	edl_line(o, "    /* What goes out has its place in the output "
		 "buffer. */");
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (!edl_goes_out(d))
			continue;
		if (edl_goes_in(d)) {
			set(g, "OE_COPY_AND_SET_IN_OUT_POINTER", d);
			if (edl_deep_param(g, d))
				edl_gen_deep(g, EDL_DEEP_MOVE, d,
					     "_pargs_in->", NULL);
		} else {
			set(g, g->side == EDL_TRUSTED
				? "OE_SET_OUT_POINTER"
				: "OE_SET_AND_CLEAR_OUT_POINTER", d);
		}
	}
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (edl_is_string(d))
			edl_line(o, "    OE_CHECK_NULL_TERMINATOR%s("
				 "_pargs_in->%s, _pargs_in->%s_len);",
				 edl_has(d, EDL_ATTR_WSTRING) ? "_WIDE" : "",
				 d->name, d->name);
	}
}

static void call(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;

	if (g->side == EDL_TRUSTED) {
		edl_line(o, "    /* No speculation past the checks. */");
		edl_line(o, "    oe_lfence();");
	}
	if (f->propagate_errno)
		edl_line(o, "    errno = 0;");
	edl_put(o, "\n    %s%s(", edl_return_type(g->ctx, f)
		? "_pargs_out->oe_retval = " : "", f->name);
	for (size_t i = 0; i < f->params.count; i++)
		edl_put(o, "%s\n        %s", i ? "," : "",
			edl_call_text(g->ctx, f->params.at[i],
				      "_pargs_in->"));
	edl_line(o, ");\n");
	if (f->propagate_errno)
		edl_line(o, "    _pargs_out->ocall_errno = errno;");
}

static void each_deep_out(struct edl_gen *g, const struct edl_function *f,
			  enum edl_deep what, const char *extra)
{
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (edl_goes_out(d) && !edl_goes_in(d) && edl_deep_param(g, d))
			edl_gen_deep(g, what, d, "_pargs_in->", extra);
	}
}

static void deep_out(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;

	edl_line(o, "    /* What the structs point to goes in one more "
		 "buffer. */");
	edl_line(o, "    _called = 1;");
	each_deep_out(g, f, EDL_DEEP_OUT_SIZE, "_deepcopy_out_buffer_size");
	edl_line(o, "    if (_deepcopy_out_buffer_size)");
	edl_line(o, "    {");
	edl_line(o, "        _deepcopy_out_buffer = (uint8_t *)%s("
		 "_deepcopy_out_buffer_size);", g->side == EDL_TRUSTED
			? "oe_malloc" : "oe_host_shared_malloc");
	edl_line(o, "        if (!_deepcopy_out_buffer)");
	edl_line(o, "        {");
	edl_line(o, "            _result = OE_OUT_OF_MEMORY;");
	edl_line(o, "            goto done;");
	edl_line(o, "        }");
	edl_line(o, "    }");
	each_deep_out(g, f, EDL_DEEP_OUT_PACK, NULL);
	edl_line(o, "    if (_deepcopy_out_buffer_offset != "
		 "_deepcopy_out_buffer_size)");
	edl_line(o, "        goto done;");
	edl_line(o, "    _pargs_out->deepcopy_out_buffer = "
		 "_deepcopy_out_buffer;");
	edl_line(o, "    _pargs_out->deepcopy_out_buffer_size = "
		 "_deepcopy_out_buffer_size;");
}

static void finish(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	bool deep = edl_has_deep_out(g, f);

	if (deep) {
		deep_out(g, f);
	} else {
		edl_line(o, "    _pargs_out->deepcopy_out_buffer = NULL;");
		edl_line(o, "    _pargs_out->deepcopy_out_buffer_size = 0;");
	}
	edl_line(o, "    *output_bytes_written = _output_buffer_offset;");
	edl_line(o, "    _result = OE_OK;\n");
	edl_line(o, "done:");
	if (deep) {
		edl_line(o, "    if (_result != OE_OK)");
		edl_line(o, "    {");
		edl_line(o, "        if (_deepcopy_out_buffer)");
		edl_line(o, "            %s(_deepcopy_out_buffer);",
			 g->side == EDL_TRUSTED ? "oe_free"
						: "oe_host_shared_free");
		edl_line(o, "        _pargs_out->deepcopy_out_buffer = NULL;");
		edl_line(o, "        _pargs_out->deepcopy_out_buffer_size = "
			 "0;");
		edl_line(o, "    }");
		each_deep_out(g, f, EDL_DEEP_OUT_FREE, "_called");
	}
	edl_line(o, "    _pargs_out->oe_result = _result;");
	edl_line(o, "}\n");
}

void edl_gen_forwarder(struct edl_gen *g, const struct edl_function *f)
{
	head(g, f);
	point(g, f);
	call(g, f);
	finish(g, f);
}
