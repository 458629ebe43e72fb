/* SPDX-License-Identifier: MIT */
/*
 * The common part of JSON, read fast: jansson takes strings apart a byte at a
 * time, and requests are mostly one long string of base64.
 */
#ifndef COFFER_SERVICE_JSON_PLAIN_H
#define COFFER_SERVICE_JSON_PLAIN_H

#include <jansson.h>
#include <stddef.h>

#define JSON_PLAIN_DEPTH 32u /* nested objects and arrays */

/*
 * The value that json_loadb gives with JSON_REJECT_DUPLICATES and
 * JSON_DECODE_ANY, a new reference.  NULL for everything out of the common:
 * strings with a backslash, numbers that are no integers of at most 18 digits,
 * deep nesting, what is no JSON, no memory.  Then jansson has the word.
 */
json_t *json_plain(const char *text, size_t size);

#endif
