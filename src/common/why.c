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

/* A text that did not fit, in UTF-8, does not end within a character. */
static void drop_half(char *text, size_t length)
{
	size_t at = length;
	unsigned char first;

	while (at > 0 && length - at < 3 && (text[at - 1] & 0xc0) == 0x80)
		at--;
	first = at > 0 ? (unsigned char)text[at - 1] : 0;
	if (first >= 0xc0 && length - at < (first < 0xe0 ? 1u :
			first < 0xf0 ? 2u : 3u))
		text[at - 1] = '\0';
}

int why_set(struct why *why, int error, const char *format, ...)
{
	va_list arguments;
	int length;

	if (!why)
		return error;
	va_start(arguments, format);
	length = vsnprintf(why->text, sizeof(why->text), why_words(format),
		arguments);
	va_end(arguments);
	if (length >= (int)sizeof(why->text))
		drop_half(why->text, sizeof(why->text) - 1);
	return error;
}
