/* SPDX-License-Identifier: MIT */
#include "service/json_plain.h"

#include <stdbool.h>
#include <string.h>

struct reader {
	const char *at, *end;
	unsigned int depth;
};

/* A string, within the text. */
struct span {
	const char *at;
	size_t size;
};

static void skip_space(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' ||
			*r->at == '\n' || *r->at == '\r'))
		r->at++;
}

/* Takes c and the space around it, if it is there. */
static bool take(struct reader *r, char c)
{
	skip_space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	skip_space(r);
	return true;
}

static bool take_string(struct reader *r, struct span *string)
{
	if (r->at == r->end || *r->at != '"')
		return false;
	string->at = ++r->at;
	for (; r->at < r->end && *r->at != '"'; r->at++)
		if ((unsigned char)*r->at < 0x20 || *r->at == '\\')
			return false;
	if (r->at == r->end)
		return false;
	string->size = (size_t)(r->at++ - string->at);
	return true;
}

static json_t *read_word(struct reader *r, const char *word, json_t *value)
{
	size_t size = strlen(word);

	if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size))
		return NULL;
	r->at += size;
	return value;
}

/* Not -0, and no leading zeros. */
static json_t *read_integer(struct reader *r)
{
	bool negative = r->at < r->end && *r->at == '-';
	const char *first = r->at + negative;
	json_int_t number = 0;

	for (r->at = first; r->at < r->end && *r->at >= '0' && *r->at <= '9' &&
			r->at - first < 18; r->at++)
		number = 10 * number + (*r->at - '0');
	if (r->at == first || (*first == '0' && (negative ||
			r->at - first > 1)))
		return NULL;
	/* More digits, or a fraction, or an exponent? */
	if (r->at < r->end && *r->at && strchr("0123456789.eE", *r->at))
		return NULL;
	return json_integer(negative ? -number : number);
}

static json_t *read_value(struct reader *r);

/* Names of objects are checked like other text, and each stands there once. */
static bool read_member(struct reader *r, json_t *object)
{
	struct span name;
	json_t *value;

	if (!take_string(r, &name) || !take(r, ':') ||
			json_object_getn(object, name.at, name.size))
		return false;
	value = read_value(r);
	return value && !json_object_setn_new(object, name.at, name.size,
		value);
}

static bool read_members(struct reader *r, json_t *object)
{
	if (take(r, '}'))
		return true;
	do {
		if (!read_member(r, object))
			return false;
	} while (take(r, ','));
	return take(r, '}');
}

static bool read_items(struct reader *r, json_t *array)
{
	if (take(r, ']'))
		return true;
	do {
		json_t *value = read_value(r);

		if (!value || json_array_append_new(array, value))
			return false;
	} while (take(r, ','));
	return take(r, ']');
}

/* What is between brackets; the first has been taken. */
static json_t *read_nested(struct reader *r, json_t *into)
{
	bool ok = into && r->depth < JSON_PLAIN_DEPTH;

	r->depth++;
	ok = ok && (json_is_object(into) ? read_members(r, into) :
		read_items(r, into));
	r->depth--;
	if (ok)
		return into;
	json_decref(into);
	return NULL;
}

/* The reader stands on its first byte. */
static json_t *read_value(struct reader *r)
{
	struct span string;

	if (r->at == r->end)
		return NULL;
	switch (*r->at) {
	case '"':
		return take_string(r, &string) ? json_stringn(string.at,
			string.size) : NULL;
	case '{':
		take(r, '{');
		return read_nested(r, json_object());
	case '[':
		take(r, '[');
		return read_nested(r, json_array());
	case 't':
		return read_word(r, "true", json_true());
	case 'f':
		return read_word(r, "false", json_false());
	case 'n':
		return read_word(r, "null", json_null());
	default:
		return read_integer(r);
	}
}

json_t *json_plain(const char *text, size_t size)
{
	struct reader r = { text, text + size, 0 };
	json_t *value;

	skip_space(&r);
	value = read_value(&r);
	skip_space(&r);
	if (value && r.at == r.end)
		return value;
	json_decref(value);
	return NULL;
}
