/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the EDL compiler, from text to all five files.
 *
 * The input holds one file or several, put apart by lines "@@@ NAME"; the
 * first one is main.edl, the others are there to be imported. Bytes after
 * "@@@@" at the very front choose options.
 */
#include "compile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *text;
	size_t size;
	struct { const char *name, *text; size_t name_size, size; } file[16];
	size_t files;
	bool prefix;
};

static void split(struct input *in)
{
	const char *at = in->text, *end = in->text + in->size;

	in->file[0].name = "main.edl";
	in->file[0].name_size = 8;
	in->file[0].text = at;
	in->files = 1;
	while (in->files < 16) {
		const char *mark = memmem(at, (size_t)(end - at), "\n@@@ ", 5);
		const char *line;

		in->file[in->files - 1].size =
			(size_t)((mark ? mark : end) - at);
		if (!mark)
			return;
		line = memchr(mark + 5, '\n', (size_t)(end - mark - 5));
		if (!line)
			return;
		in->file[in->files].name = mark + 5;
		in->file[in->files].name_size = (size_t)(line - mark - 5);
		in->file[in->files].text = at = line + 1;
		in->file[in->files++].size = (size_t)(end - at);
	}
}

static const char *open_part(struct edl_ctx *c, void *user, const char *path,
			     const char **text, size_t *size,
			     const char **id)
{
	struct input *in = user;

	for (size_t i = 0; i < in->files; i++) {
		char *copy;

		if (strlen(path) != in->file[i].name_size ||
		    memcmp(path, in->file[i].name, in->file[i].name_size))
			continue;
		if (in->file[i].size > EDL_MAX_FILE)
			return "the file is too large";
		/* A block of its own: one byte too much is seen. */
		copy = edl_take(c, in->file[i].size + 1);
		memcpy(copy, in->file[i].text, in->file[i].size);
		*text = copy;
		*size = in->file[i].size;
		*id = edl_name(c, path, strlen(path));
		return NULL;
	}
	return "";
}

static void compile(struct edl_ctx *c, void *arg)
{
	struct input *in = arg;
	struct edl_unit *u = edl_compile(c, "main.edl");

	for (enum edl_file f = EDL_FILE_ARGS_H; f <= EDL_FILE_U_C; f++)
		if (!edl_generate(c, u, f, in->prefix).size)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	struct input in = { .text = (const char *)data, .size = size };
	struct edl_ctx c = {
		.loader = { open_part, &in },
	};
	char define[] = "A";
	void *defines[] = { define };

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	c.log = c.err = nowhere;
	edl_warnings_init(&c.warnings);
	c.warnings.all = true;
	if (size > 5 && !memcmp(data, "@@@@", 4)) {
		in.text += 5;
		in.size -= 5;
		in.prefix = data[4] & 1;
		if (data[4] & 2)
			c.defines = (struct edl_vec){ defines, 1, 1 };
		c.warnings.error = data[4] & 4;
	}
	split(&in);
	edl_run(&c, compile, &in);
	edl_arena_free(&c.arena);
	return 0;
}
