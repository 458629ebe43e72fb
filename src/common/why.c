/* SPDX-License-Identifier: MIT */
#include "common/why.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef OE_BUILD_ENCLAVE
const char *why_words(const char *text)
{
	return text;
}
#else
static const char *(*g_lookup)(const char *text);

void why_language(const char *(*lookup)(const char *text))
{
	g_lookup = lookup;
}

/* gettext has the catalogue's own head under "". */
const char *why_words(const char *text)
{
	return g_lookup && *text ? g_lookup(text) : text;
}
#endif

int why_set(struct why *why, int error, const char *format, ...)
{
	va_list arguments;

	if (!why)
		return error;
	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), why_words(format),
		arguments);
	va_end(arguments);
	return error;
}
