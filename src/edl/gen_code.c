/* SPDX-License-Identifier: MIT */
#include "gen.h"

static void ids(struct edl_gen *g, const struct edl_vec *functions,
		const char *last)
{
	struct edl_out *o = &g->out;

	edl_line(o, "enum");
	edl_line(o, "{");
	for (size_t i = 0; i < functions->count; i++) {
		const struct edl_function *f = functions->at[i];

		edl_line(o, "    %s_fcn_id_%s = %zu,", g->unit->name, f->name,
			 i);
	}
	edl_line(o, "    %s_fcn_id_%s = OE_ENUM_MAX", g->unit->name, last);
	edl_line(o, "};\n");
}

static void args_struct(struct edl_gen *g, const struct edl_function *f)
{
	struct edl_out *o = &g->out;
	const char *returns = edl_return_type(g->ctx, f);

	edl_line(o, "typedef struct _%s_args_t", f->name);
	edl_line(o, "{");
	edl_line(o, "    oe_result_t oe_result;");
	edl_line(o, "    uint8_t *deepcopy_out_buffer;");
	edl_line(o, "    size_t deepcopy_out_buffer_size;");
	if (returns)
		edl_line(o, "    %s oe_retval;", returns);
	for (size_t i = 0; i < f->params.count; i++) {
		const struct edl_decl *d = f->params.at[i];

		edl_line(o, "    %s %s;", edl_arg_type(g->ctx, d), d->name);
		if (edl_is_string(d))
			edl_line(o, "    size_t %s_len;", d->name);
	}
	if (f->propagate_errno)
		edl_line(o, "    int ocall_errno;");
	edl_line(o, "} %s_args_t;\n", f->name);
}

static void functions(struct edl_gen *g, const struct edl_vec *v,
		      void (*emit)(struct edl_gen *,
				   const struct edl_function *))
{
	for (size_t i = 0; i < v->count; i++) {
		args_struct(g, v->at[i]);
		emit(g, v->at[i]);
	}
}

static void trusted_tables(struct edl_gen *g)
{
	const struct edl_vec *v = &g->unit->trusted;
	struct edl_out *o = &g->out;

	edl_line(o, "oe_ecall_func_t oe_ecalls_table[] =");
	edl_line(o, "{");
	for (size_t i = 0; i < v->count; i++)
		edl_line(o, "    ecall_%s,",
			 ((struct edl_function *)v->at[i])->name);
	if (!v->count)
		edl_line(o, "    NULL");
	edl_line(o, "};\n");
	edl_line(o, "size_t oe_ecalls_table_size = %zu;\n", v->count);
	edl_line(o, "OE_WEAK bool oe_edger8r_secure_unserialize = true;\n");
}

static void name_table(struct edl_gen *g)
{
	const struct edl_vec *v = &g->unit->trusted;
	struct edl_out *o = &g->out;

	edl_line(o, "static const oe_ecall_info_t _%s_ecall_info_table[] =",
		 g->unit->name);
	edl_line(o, "{");
	for (size_t i = 0; i < v->count; i++)
		edl_line(o, "    { \"%s\" },",
			 ((struct edl_function *)v->at[i])->name);
	edl_line(o, "    { NULL }");
	edl_line(o, "};\n");
}

static void untrusted_tables(struct edl_gen *g)
{
	const struct edl_vec *v = &g->unit->untrusted;
	const char *name = g->unit->name;
	struct edl_out *o = &g->out;

	edl_line(o, "static oe_ocall_func_t _%s_ocall_function_table[] =",
		 name);
	edl_line(o, "{");
	for (size_t i = 0; i < v->count; i++)
		edl_line(o, "    ocall_%s,",
			 ((struct edl_function *)v->at[i])->name);
	edl_line(o, "    NULL");
	edl_line(o, "};\n");
	edl_line(o, "oe_result_t oe_create_%s_enclave(\n"
		 "    const char *path,\n"
		 "    oe_enclave_type_t type,\n"
		 "    uint32_t flags,\n"
		 "    const oe_enclave_setting_t *settings,\n"
		 "    uint32_t setting_count,\n"
		 "    oe_enclave_t **enclave)\n"
		 "{\n"
		 "    return oe_create_enclave(\n"
		 "        path,\n"
		 "        type,\n"
		 "        flags,\n"
		 "        settings,\n"
		 "        setting_count,\n"
		 "        _%s_ocall_function_table,\n"
		 "        %zu,\n"
		 "        _%s_ecall_info_table,\n"
		 "        %zu,\n"
		 "        enclave);\n"
		 "}\n", name, name, v->count, name, g->unit->trusted.count);
}

static bool uses_errno(const struct edl_unit *u)
{
	for (size_t i = 0; i < u->untrusted.count; i++)
		if (((struct edl_function *)u->untrusted.at[i])
			    ->propagate_errno)
			return true;
	return false;
}

void edl_gen_code(struct edl_gen *g)
{
	bool is_trusted = g->side == EDL_TRUSTED;
	const struct edl_unit *u = g->unit;
	struct edl_out *o = &g->out;

	edl_line(o, "/* Made by oeedger8r from %s.edl; changes get lost. */",
		 u->name);
	edl_line(o, "#include \"%s_%c.h\"\n", u->name, is_trusted ? 't' : 'u');
	edl_line(o, "#include <openenclave/edger8r/%s.h>",
		 is_trusted ? "enclave" : "host");
	if (uses_errno(u))
		edl_line(o, "#include <%s>", is_trusted
			 ? "openenclave/corelibc/errno.h" : "errno.h");
	edl_line(o, "\nOE_EXTERNC_BEGIN\n");
	edl_line(o, "/* Ecalls. */\n");
	ids(g, &u->trusted, "trusted_call_id_max");
	if (is_trusted) {
		functions(g, &u->trusted, edl_gen_forwarder);
		trusted_tables(g);
	} else {
		name_table(g);
		functions(g, &u->trusted, edl_gen_wrapper);
	}
	edl_line(o, "/* Ocalls. */\n");
	ids(g, &u->untrusted, "untrusted_call_max");
	if (is_trusted) {
		functions(g, &u->untrusted, edl_gen_wrapper);
	} else {
		functions(g, &u->untrusted, edl_gen_forwarder);
		untrusted_tables(g);
	}
	edl_line(o, "OE_EXTERNC_END");
}
