/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "gen.h"

static bool wants(const struct edl_decl *d, bool input)
{
	return input ? edl_goes_in(d) : edl_goes_out(d);
}

static void variables(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;

	edl_line(o, "    oe_result_t _result = OE_FAILURE;");
	if (g->side == EDL_UNTRUSTED)
		edl_line(o, "    static uint64_t _global_id = "
			 "OE_GLOBAL_ECALL_ID_NULL;");
	edl_line(o, "    %s_args_t _args;", f->name);
	if (g->side == EDL_TRUSTED)
		edl_line(o, "    %s_args_t _args_out;", f->name);
	edl_line(o, "    const %s_args_t *_pargs_out = NULL;", f->name);
	edl_line(o, "    size_t _input_buffer_size = 0;");
	edl_line(o, "    size_t _output_buffer_size = 0;");
	edl_line(o, "    size_t _total_buffer_size = 0;");
	edl_line(o, "    uint8_t *_buffer = NULL;");
	edl_line(o, "    uint8_t *_input_buffer = NULL;");
	edl_line(o, "    uint8_t *_output_buffer = NULL;");
	edl_line(o, "    size_t _input_buffer_offset = 0;");
	edl_line(o, "    size_t _output_buffer_offset = 0;");
	edl_line(o, "    size_t _output_bytes_written = 0;");
	if (edl_has_deep_out(g, f)) {
		edl_line(o, "    uint8_t *_deepcopy_out_buffer = NULL;");
		edl_line(o, "    size_t _deepcopy_out_buffer_size = 0;");
		edl_line(o, "    size_t _deepcopy_out_buffer_offset = 0;");
		edl_line(o, "    size_t _deepcopy_taken = 0;");
		edl_line(o, "    unsigned _deepcopy_params = 0;");
	}
	edl_line(o, "%s", "");
	if (g->side == EDL_TRUSTED) {
		edl_line(o, "    /* A crashed enclave calls nobody. */");
		edl_line(o, "    _result = oe_get_enclave_status();");
		edl_line(o, "    if (_result != OE_OK)");
		edl_line(o, "        return _result;");
		edl_line(o, "    _result = OE_FAILURE;\n");
	}
}

static void fill_args(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;

	edl_line(o, "    __builtin_memset(&_args, 0, sizeof(_args));");
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];
		const char *type = edl_arg_type(g->ctx, d);

		if (d->type.pointers || d->dim_count ||
		    !strcmp(type, "void *"))
			edl_line(o, "    _args.%s = (%s)%s;", d->name, type,
				 d->name);
		else
			edl_line(o, "    _args.%s = %s;", d->name, d->name);
		if (edl_is_string(d))
			edl_line(o, "    _args.%s_len = %s ? %s(%s) + 1 : 0;",
				 d->name, d->name,
				 edl_has(d, EDL_ATTR_WSTRING) ? "oe_wcslen"
							      : "oe_strlen",
				 d->name);
	}
	edl_line(o, "%s", "");
}

static void buffer_size(struct edl_gen *g, const struct edl_function *f,
			bool input)
{
	const char *buffer = input ? "_input_buffer_size"
				   : "_output_buffer_size";
	struct edl_out *o = &g->out;

	edl_line(o, "    /* Size of the %s buffer. */",
		 input ? "input" : "output");
	edl_line(o, "    OE_ADD_SIZE(%s, sizeof(_args));", buffer);
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (!wants(d, input))
			continue;
		edl_line(o, "    if (%s)", d->name);
		edl_line(o, "        OE_ADD_ARG_SIZE(%s, %s,\n"
			 "            %s);", buffer,
			 edl_count_text(g->ctx, d, "_args."),
			 edl_size_text(g->ctx, d, "_args."));
		if (edl_deep_param(g, d) && edl_goes_in(d))
			edl_gen_deep(g, EDL_DEEP_SIZE, d, "_args.", buffer);
	}
	edl_line(o, "%s", "");
}

static const char *allocate(const struct edl_gen *g,
			    const struct edl_function *f)
{
	if (g->side == EDL_UNTRUSTED)
		return "oe_host_shared_malloc";
	return f->switchless ? "oe_allocate_switchless_ocall_buffer"
			     : "oe_allocate_ocall_buffer";
}

static const char *release(const struct edl_gen *g,
			   const struct edl_function *f)
{
	if (g->side == EDL_UNTRUSTED)
		return "oe_host_shared_free";
	return f->switchless ? "oe_free_switchless_ocall_buffer"
			     : "oe_free_ocall_buffer";
}

static void pack(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;

	edl_line(o, "    /* One buffer holds both. */");
	edl_line(o, "    _total_buffer_size = _input_buffer_size;");
	edl_line(o, "    OE_ADD_SIZE(_total_buffer_size, "
		 "_output_buffer_size);");
	edl_line(o, "    _buffer = (uint8_t *)%s(_total_buffer_size);",
		 allocate(g, f));
	edl_line(o, "    if (!_buffer)");
	edl_line(o, "    {");
	edl_line(o, "        _result = OE_OUT_OF_MEMORY;");
	edl_line(o, "        goto done;");
	edl_line(o, "    }");
	edl_line(o, "    _input_buffer = _buffer;");
	edl_line(o, "    _output_buffer = _buffer + _input_buffer_size;\n");
	edl_line(o, "    /* Pack what goes in. */");
	edl_line(o, "    OE_ADD_SIZE(_input_buffer_offset, sizeof(_args));");
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (!edl_goes_in(d))
			continue;
		edl_line(o, "    %s(%s, %s,\n        %s, %s);",
			 edl_goes_out(d) ? "OE_WRITE_IN_OUT_PARAM"
					 : "OE_WRITE_IN_PARAM", d->name,
			 edl_count_text(g->ctx, d, "_args."),
			 edl_size_text(g->ctx, d, "_args."),
			 edl_arg_type(g->ctx, d));
		if (edl_deep_param(g, d))
			edl_gen_deep(g, EDL_DEEP_PACK, d, "_args.", NULL);
	}
	edl_line(o, "    __builtin_memcpy(_input_buffer, &_args, "
		 "sizeof(_args));\n");
}

static void call(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	const char *name = g->unit->name;

	if (g->side == EDL_UNTRUSTED) {
		edl_line(o, "    _result = %s(", f->switchless
			 ? "oe_switchless_call_enclave_function"
			 : "oe_call_enclave_function");
		edl_line(o, "        enclave,");
		edl_line(o, "        &_global_id,");
		edl_line(o, "        _%s_ecall_info_table[%s_fcn_id_%s].name,",
			 name, name, f->name);
	} else {
		edl_line(o, "    _result = %s(", f->switchless
			 ? "oe_switchless_call_host_function"
			 : "oe_call_host_function");
		edl_line(o, "        %s_fcn_id_%s,", name, f->name);
	}
	edl_line(o, "        _input_buffer,");
	edl_line(o, "        _input_buffer_size,");
	edl_line(o, "        _output_buffer,");
	edl_line(o, "        _output_buffer_size,");
	edl_line(o, "        &_output_bytes_written);");
	edl_line(o, "    if (_result != OE_OK)");
	edl_line(o, "        goto done;\n");
	if (g->side == EDL_UNTRUSTED) {
		edl_line(o, "    _pargs_out = (const %s_args_t *)"
			 "_output_buffer;", f->name);
	} else {
		edl_line(o, "    /* The host can change its memory any time: "
			 "read it once. */");
		edl_line(o, "    __builtin_memcpy(&_args_out, _output_buffer, "
			 "sizeof(_args_out));");
		edl_line(o, "    _pargs_out = &_args_out;");
	}
	edl_line(o, "    _result = _pargs_out->oe_result;");
	edl_line(o, "    if (_result != OE_OK)");
	edl_line(o, "        goto done;");
	edl_line(o, "    _result = OE_FAILURE;");
}

/* Take over, and in the enclave check, where the out buffer is. */
static void deep_buffer(struct edl_gen *g)
{
	struct edl_out *o = &g->out;

	if (g->side == EDL_UNTRUSTED) {
		edl_line(o, "    _deepcopy_out_buffer = "
			 "_pargs_out->deepcopy_out_buffer;");
		edl_line(o, "    _deepcopy_out_buffer_size = "
			 "_pargs_out->deepcopy_out_buffer_size;");
		return;
	}
	edl_line(o, "    if (_pargs_out->deepcopy_out_buffer)");
	edl_line(o, "    {");
	edl_line(o, "        if (!oe_is_outside_enclave(");
	edl_line(o, "                _pargs_out->deepcopy_out_buffer,");
	edl_line(o, "                _pargs_out->deepcopy_out_buffer_size))");
	edl_line(o, "            goto done;");
	edl_line(o, "        _deepcopy_out_buffer = "
		 "_pargs_out->deepcopy_out_buffer;");
	edl_line(o, "        _deepcopy_out_buffer_size =");
	edl_line(o, "            _pargs_out->deepcopy_out_buffer_size;");
	edl_line(o, "    }");
}

static void unpack(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	unsigned deep = 0;

	if (edl_has_deep_out(g, f))
		deep_buffer(g);
	edl_line(o, "    if (_output_bytes_written != _output_buffer_size)");
	edl_line(o, "        goto done;");
	edl_line(o, "    OE_ADD_SIZE(_output_buffer_offset, "
		 "sizeof(_args));\n");
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];
		const char *count = edl_count_text(g->ctx, d, "_args.");
		bool is_deep = edl_deep_param(g, d);

		if (!edl_goes_out(d))
			continue;
		if (is_deep && edl_goes_in(d)) {
			edl_gen_deep(g, EDL_DEEP_READ, d, "_args.", NULL);
			continue;
		}
		edl_line(o, "    %s(%s, %s,\n        %s);",
			 edl_goes_in(d) ? "OE_READ_IN_OUT_PARAM"
					: "OE_READ_OUT_PARAM",
			 d->name, count,
			 edl_size_text(g->ctx, d, "_args."));
		if (edl_is_string(d))
			edl_line(o, "    OE_CHECK_NULL_TERMINATOR%s(%s, %s);",
				 edl_has(d, EDL_ATTR_WSTRING) ? "_WIDE" : "",
				 d->name, count);
		if (is_deep) {
			edl_line(o, "    _deepcopy_params = %u;", ++deep);
			edl_gen_deep(g, EDL_DEEP_OUT_TAKE, d, "_args.", NULL);
		}
	}
	if (deep) {
		edl_line(o, "    if (_deepcopy_out_buffer_offset != "
			 "_deepcopy_out_buffer_size)");
		edl_line(o, "        goto done;");
	}
	if (edl_return_type(g->ctx, f)) {
		edl_line(o, "    if (_retval)");
		edl_line(o, "        *_retval = _pargs_out->oe_retval;");
	}
	if (f->propagate_errno)
		edl_line(o, "    oe_errno = _pargs_out->ocall_errno;");
	edl_line(o, "    _result = OE_OK;\n");
}

static void clean_up(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	unsigned deep = 0;

	edl_line(o, "done:");
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		if (!edl_goes_out(d) || edl_goes_in(d) ||
		    !edl_deep_param(g, d))
			continue;
		/* No pointer of the other side may stay with the caller. */
		edl_gen_deep(g, EDL_DEEP_OUT_DROP, d, "_args.",
			     edl_text(g->ctx, "_result != OE_OK && "
				      "_deepcopy_params >= %u", ++deep));
	}
	if (deep) {
		edl_line(o, "    if (_deepcopy_out_buffer)");
		edl_line(o, "        %s(_deepcopy_out_buffer);",
			 g->side == EDL_TRUSTED ? "oe_host_free"
						: "oe_host_shared_free");
	}
	edl_line(o, "    if (_buffer)");
	edl_line(o, "        %s(_buffer);", release(g, f));
	edl_line(o, "    return _result;");
	edl_line(o, "}\n");
}

void edl_gen_wrapper(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	/*
	 * Several EDL files in one host may hold the same ecall. So the host
	 * has the wrapper under a name of the file, and its own name as a
	 * weak second one, of which the linker keeps any.
	 */
	const char *name = g->side == EDL_TRUSTED ? f->name
		: edl_text(g->ctx, "%s_%s%s", g->unit->name, g->prefix,
			   f->name);
	const char *prototype = edl_prototype(g->ctx, f, name, true);

	if (g->side == EDL_UNTRUSTED)
		edl_line(o, "%s;\n", prototype);
	edl_line(o, "%s", prototype);
	edl_line(o, "{");
	variables(g, f);
	fill_args(g, f);
	buffer_size(g, f, true);
	buffer_size(g, f, false);
	pack(g, f);
	call(g, f);
	unpack(g, f);
	clean_up(g, f);
	if (g->side == EDL_UNTRUSTED)
		edl_line(o, "OE_WEAK_ALIAS(%s, %s%s);\n", name, g->prefix,
			 f->name);
}
