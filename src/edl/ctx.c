/* SPDX-License-Identifier: MIT */
#include "ctx.h"

#include <stdint.h>
#include <string.h>

#include "limits.h"

#define NAME_SLOTS 4096

bool edl_run(struct edl_ctx *c, void (*body)(struct edl_ctx *, void *),
	     void *arg)
{
	c->names = NULL;
	c->units = c->chain = (struct edl_vec){ 0 };
	if (setjmp(c->failed))
		return false;
	body(c, arg);
	return true;
}

static void print(FILE *f, const char *kind, const struct edl_loc *loc,
		  const char *format, va_list args)
{
	fprintf(f, "%s: ", kind);
	if (loc)
		fprintf(f, "%s:%d:%d ", loc->file, loc->line, loc->col);
	vfprintf(f, format, args);
}

void edl_fail(struct edl_ctx *c, const struct edl_loc *loc,
	      const char *format, ...)
{
	if (c->err) {
		va_list args;

		va_start(args, format);
		print(c->err, "error", loc, format, args);
		va_end(args);
		fputc('\n', c->err);
	}
	longjmp(c->failed, 1);
}

void edl_warn(struct edl_ctx *c, enum edl_warning id,
	      const struct edl_loc *loc, const char *format, ...)
{
	enum edl_warn_action action = edl_warnings_action(&c->warnings, id);
	va_list args;

	if (action == EDL_WARN_SILENT)
		return;
	if (c->err) {
		va_start(args, format);
		print(c->err, action == EDL_WARN_FAIL ? "error" : "warning",
		      loc, format, args);
		va_end(args);
		fprintf(c->err, " [-W%s]\n", edl_warning_name(id));
	}
	if (action == EDL_WARN_FAIL)
		longjmp(c->failed, 1);
}

void *edl_take(struct edl_ctx *c, size_t size)
{
	void *p = edl_arena_take(&c->arena, size);

	if (!p)
		edl_fail(c, NULL, "out of memory");
	return p;
}

void edl_push(struct edl_ctx *c, struct edl_vec *v, void *item)
{
	if (v->count == v->room) {
		size_t room = v->room ? 2 * v->room : 8;
		void **at = edl_take(c, room * sizeof(*at));

		if (v->count)
			memcpy(at, v->at, v->count * sizeof(*at));
		v->at = at;
		v->room = room;
	}
	v->at[v->count++] = item;
}

const char *edl_name(struct edl_ctx *c, const char *text, size_t size)
{
	uint32_t hash = 2166136261u;
	struct edl_vec *slot;
	char *copy;

	if (!c->names)
		c->names = edl_take(c, NAME_SLOTS * sizeof(*c->names));
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	slot = &c->names[hash % NAME_SLOTS];
	for (size_t i = 0; i < slot->count; i++) {
		const char *name = slot->at[i];

		if (!strncmp(name, text, size) && !name[size])
			return name;
	}
	copy = edl_take(c, size + 1);
	memcpy(copy, text, size);
	edl_push(c, slot, copy);
	return copy;
}

const char *edl_text(struct edl_ctx *c, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		edl_fail(c, NULL, "out of memory");
	text = edl_take(c, (size_t)n + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)n + 1, format, args);
	va_end(args);
	return text;
}
