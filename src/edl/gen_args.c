/* SPDX-License-Identifier: MIT */
#include "gen.h"

static void members(struct edl_gen *g, const struct edl_user_type *u)
{
	for (size_t i = 0; i < u->members.count; i++)
		edl_line(&g->out, "    %s;",
			 edl_decl_text(g->ctx, u->members.at[i]));
}

static void enumerators(struct edl_gen *g, const struct edl_user_type *u)
{
	for (size_t i = 0; i < u->members.count; i++) {
		const struct edl_enumerator *e = u->members.at[i];

		edl_line(&g->out, "    %s%s%s,", e->name,
			 e->value.text ? " = " : "",
			 e->value.text ? e->value.text : "");
	}
}

static const char *const words[] = { "enum", "struct", "union" };

/* The name of a struct or union first, so that all can point to it. */
static void forward(struct edl_gen *g, const struct edl_user_type *u)
{
	const char *word = words[u->kind];
	const char *guard = edl_text(g->ctx, "EDGER8R_%s_%s",
				     edl_upper(g->ctx, word),
				     edl_upper(g->ctx, u->name));

	edl_line(&g->out, "#if !defined(%s) && !defined(%s_NAME)", guard,
		 guard);
	edl_line(&g->out, "#define %s_NAME", guard);
	edl_line(&g->out, "typedef %s %s %s;", word, u->name, u->name);
	edl_line(&g->out, "#endif\n");
}

static void user_type(struct edl_gen *g, const struct edl_user_type *u)
{
	const char *word = words[u->kind];
	/* An enum without a name goes by its first enumerator. */
	const char *name = u->name ? u->name : edl_text(g->ctx, "OF_%s",
		((struct edl_enumerator *)u->members.at[0])->name);
	const char *guard = edl_text(g->ctx, "EDGER8R_%s_%s",
				     edl_upper(g->ctx, word),
				     edl_upper(g->ctx, name));
	struct edl_out *o = &g->out;

	edl_line(o, "#ifndef %s", guard);
	edl_line(o, "#define %s", guard);
	if (u->kind == EDL_USER_ENUM) {
		edl_line(o, "%s%s", u->name ? "typedef enum " : "enum",
			 u->name ? u->name : "");
		edl_line(o, "{");
		enumerators(g, u);
		edl_line(o, "}%s%s;", u->name ? " " : "",
			 u->name ? u->name : "");
	} else {
		edl_line(o, "%s %s", word, u->name);
		edl_line(o, "{");
		members(g, u);
		edl_line(o, "};");
	}
	edl_line(o, "#endif /* %s */", guard);
	edl_line(o, "%s", "");
}

void edl_gen_args(struct edl_gen *g)
{
	const struct edl_unit *u = g->unit;
	const char *guard = edl_text(g->ctx, "EDGER8R_%s_ARGS_H",
				     edl_upper(g->ctx, u->name));
	struct edl_out *o = &g->out;

	edl_line(o, "/* Made by oeedger8r from %s.edl; changes get lost. */",
		 u->name);
	edl_line(o, "#ifndef %s", guard);
	edl_line(o, "#define %s\n", guard);
	edl_line(o, "#include <openenclave/bits/result.h>");
	edl_line(o, "#include <openenclave/bits/types.h>\n");
	edl_line(o, "#include <stdint.h>");
	edl_line(o, "#include <stdlib.h> /* wchar_t */\n");
	for (size_t i = 0; i < u->includes.count; i++)
		edl_line(o, "#include \"%s\"", (char *)u->includes.at[i]);
	edl_line(o, "%s", "");
	for (size_t i = 0; i < u->types.count; i++) {
		const struct edl_user_type *t = u->types.at[i];

		if (t->kind != EDL_USER_ENUM)
			forward(g, t);
	}
	for (size_t i = 0; i < u->types.count; i++)
		user_type(g, u->types.at[i]);
	edl_line(o, "#endif /* %s */", guard);
}
