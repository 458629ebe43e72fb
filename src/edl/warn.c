/* SPDX-License-Identifier: MIT */
#include "warn.h"

#include <string.h>

static const struct {
	const char *name;
	bool by_default;
	const char *about;
} table[EDL_WARN_COUNT] = {
	[EDL_WARN_FOREIGN_TYPE_PTR] = {
		"foreign-type-ptr", false,
		"a pointer to a type that the EDL file does not define" },
	[EDL_WARN_NON_PORTABLE_TYPE] = {
		"non-portable-type", true,
		"a type whose size differs between Windows and Linux" },
	[EDL_WARN_PTR_IN_STRUCT] = {
		"ptr-in-struct", false,
		"a pointer in a struct without size or count" },
	[EDL_WARN_PTR_IN_FUNCTION] = {
		"ptr-in-function", false,
		"a pointer parameter without an attribute" },
	[EDL_WARN_RETURN_PTR] = {
		"return-ptr", false,
		"a function that returns a pointer" },
	[EDL_WARN_SIGNED_SIZE_OR_COUNT] = {
		"signed-size-or-count", true,
		"a size or count that is a signed integer" },
	[EDL_WARN_UNSUPPORTED_ALLOW] = {
		"unsupported-allow", false,
		"an allow list, which has no effect" },
};

void edl_warnings_init(struct edl_warnings *w)
{
	memset(w, 0, sizeof(*w));
	for (int i = 0; i < EDL_WARN_COUNT; i++)
		w->on[i] = table[i].by_default;
}

static int find(const char *name)
{
	for (int i = 0; i < EDL_WARN_COUNT; i++)
		if (!strcmp(table[i].name, name))
			return i;
	return -1;
}

bool edl_warnings_option(struct edl_warnings *w, const char *text)
{
	int i;

	if (!strcmp(text, "all"))
		return w->all = true;
	if (!strcmp(text, "error"))
		return w->error = true;
	if (!strncmp(text, "error=", 6)) {
		i = find(text + 6);
		return i >= 0 && (w->fatal[i] = true);
	}
	if (!strncmp(text, "no-", 3)) {
		i = find(text + 3);
		return i >= 0 && (w->off[i] = true);
	}
	i = find(text);
	return i >= 0 && (w->on[i] = true);
}

enum edl_warn_action edl_warnings_action(const struct edl_warnings *w,
					 enum edl_warning id)
{
	if (w->off[id])
		return EDL_WARN_SILENT;
	if (w->fatal[id])
		return EDL_WARN_FAIL;
	if (!w->on[id] && !w->all)
		return EDL_WARN_SILENT;
	return w->error ? EDL_WARN_FAIL : EDL_WARN_PRINT;
}

const char *edl_warning_name(enum edl_warning id)
{
	return table[id].name;
}

const char *edl_warning_about(enum edl_warning id)
{
	return table[id].about;
}
