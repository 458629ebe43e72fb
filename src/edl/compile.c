/* SPDX-License-Identifier: MIT */
#include "compile.h"

#include "parse.h"

static const struct {
	const char *suffix;
	enum edl_side side;
	void (*emit)(struct edl_gen *);
} files[] = {
	[EDL_FILE_ARGS_H] = { "_args.h", EDL_TRUSTED, edl_gen_args },
	[EDL_FILE_T_H] = { "_t.h", EDL_TRUSTED, edl_gen_head },
	[EDL_FILE_T_C] = { "_t.c", EDL_TRUSTED, edl_gen_code },
	[EDL_FILE_U_H] = { "_u.h", EDL_UNTRUSTED, edl_gen_head },
	[EDL_FILE_U_C] = { "_u.c", EDL_UNTRUSTED, edl_gen_code },
};

const char *edl_file_suffix(enum edl_file which)
{
	return files[which].suffix;
}

struct edl_unit *edl_compile(struct edl_ctx *c, const char *name)
{
	struct edl_unit *u = edl_parse_file(c, name, NULL);
	bool good = u->name[0] && !(u->name[0] >= '0' && u->name[0] <= '9');

	for (const char *s = u->name; *s; s++)
		good = good && (*s == '_' || (*s >= '0' && *s <= '9') ||
				(*s >= 'a' && *s <= 'z') ||
				(*s >= 'A' && *s <= 'Z'));
	if (!good)
		edl_fail(c, &(struct edl_loc){ u->path, 1, 1 },
			 "the file's name becomes part of names in C, "
			 "'%s' cannot", u->name);
	return u;
}

struct edl_out edl_generate(struct edl_ctx *c, const struct edl_unit *u,
			    enum edl_file which, bool use_prefix)
{
	struct edl_gen g = {
		.ctx = c,
		.unit = u,
		.side = files[which].side,
		.prefix = use_prefix ? edl_text(c, "%s_", u->name) : "",
		.out = { .ctx = c },
	};

	files[which].emit(&g);
	return g.out;
}
