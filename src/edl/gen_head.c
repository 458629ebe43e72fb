/* SPDX-License-Identifier: MIT */
#include "gen.h"

static void prototypes(struct edl_gen *g, const struct edl_vec *functions,
		       bool calling, const char *prefix, const char *kind)
{
	edl_line(&g->out, "/* %s */", kind);
	for (size_t i = 0; i < functions->count; i++) {
		const struct edl_function *f = functions->at[i];
		const char *name = edl_text(g->ctx, "%s%s", prefix, f->name);

		edl_line(&g->out, "%s;\n",
			 edl_prototype(g->ctx, f, name, calling));
	}
	if (!functions->count)
		edl_line(&g->out, "/* none */\n");
}

static void trusted(struct edl_gen *g)
{
	struct edl_out *o = &g->out;

	edl_line(o, "/* Output of the host is always read once, into memory "
		 "of the enclave;\n * the variable is there for code that "
		 "sets it. */");
	edl_line(o, "extern bool oe_edger8r_secure_unserialize;\n");
	prototypes(g, &g->unit->trusted, false, "",
		   "Ecalls: the enclave implements them.");
	prototypes(g, &g->unit->untrusted, true, "",
		   "Ocalls: the enclave calls them.");
}

static void untrusted(struct edl_gen *g)
{
	struct edl_out *o = &g->out;

	edl_line(o, "oe_result_t oe_create_%s_enclave(\n"
		 "    const char *path,\n"
		 "    oe_enclave_type_t type,\n"
		 "    uint32_t flags,\n"
		 "    const oe_enclave_setting_t *settings,\n"
		 "    uint32_t setting_count,\n"
		 "    oe_enclave_t **enclave);\n", g->unit->name);
	prototypes(g, &g->unit->trusted, true, g->prefix,
		   "Ecalls: the host calls them.");
	prototypes(g, &g->unit->untrusted, false, "",
		   "Ocalls: the host implements them.");
}

void edl_gen_head(struct edl_gen *g)
{
	bool is_trusted = g->side == EDL_TRUSTED;
	const char *name = g->unit->name;
	const char *guard = edl_text(g->ctx, "EDGER8R_%s_%c_H",
				     edl_upper(g->ctx, name),
				     is_trusted ? 'T' : 'U');
	struct edl_out *o = &g->out;

	edl_line(o, "/* Made by oeedger8r from %s.edl; changes get lost. */",
		 name);
	edl_line(o, "#ifndef %s", guard);
	edl_line(o, "#define %s\n", guard);
	edl_line(o, "#include <openenclave/%s.h>\n",
		 is_trusted ? "enclave" : "host");
	edl_line(o, "#include \"%s_args.h\"\n", name);
	edl_line(o, "OE_EXTERNC_BEGIN\n");
	if (is_trusted)
		trusted(g);
	else
		untrusted(g);
	edl_line(o, "OE_EXTERNC_END\n");
	edl_line(o, "#endif /* %s */", guard);
}
