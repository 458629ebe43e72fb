/* SPDX-License-Identifier: MIT */
#include "service/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *at;
	size_t size, room;
};

/* Not realloc: what it leaves behind would not be wiped. */
static bool make_room(struct text *text, size_t more)
{
	size_t room = 2 * (text->room + more) + 1024;
	char *at = more < SIZE_MAX / 8 ? malloc(room) : NULL;

	if (!at)
		return false;
	if (text->size)
		memcpy(at, text->at, text->size);
	if (text->at)
		explicit_bzero(text->at, text->size);
	free(text->at);
	text->at = at;
	text->room = room;
	return true;
}

static bool add(struct text *text, const char *bytes, size_t size)
{
	if (size > text->room - text->size && !make_room(text, size))
		return false;
	memcpy(text->at + text->size, bytes, size);
	text->size += size;
	return true;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

static bool add_escape(struct text *text, unsigned char c)
{
	static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *name = c ? strchr(names, c) : NULL;
	char escape[8];

	if (name)
		snprintf(escape, sizeof(escape), "\\%c", letters[name - names]);
	else
		snprintf(escape, sizeof(escape), "\\u%04X", c);
	return add(text, escape, strlen(escape));
}

static bool add_string(struct text *text, const char *string, size_t size)
{
	const char *end = string + size;

	if (!add(text, "\"", 1))
		return false;
	while (string < end) {
		const char *plain = string;

		while (string < end && is_plain((unsigned char)*string))
			string++;
		if (!add(text, plain, (size_t)(string - plain)))
			return false;
		if (string < end && !add_escape(text,
				(unsigned char)*string++))
			return false;
	}
	return add(text, "\"", 1);
}

static bool add_value(struct text *text, const json_t *value,
	unsigned int depth);

static bool add_object(struct text *text, const json_t *object,
	unsigned int depth)
{
	json_t *members = (json_t *)object, *value;
	const char *name, *comma = "";
	size_t size;

	if (!add(text, "{", 1))
		return false;
	json_object_keylen_foreach(members, name, size, value) {
		if (!add(text, comma, strlen(comma)) ||
				!add_string(text, name, size) ||
				!add(text, ":", 1) ||
				!add_value(text, value, depth))
			return false;
		comma = ",";
	}
	return add(text, "}", 1);
}

static bool add_array(struct text *text, const json_t *array,
	unsigned int depth)
{
	if (!add(text, "[", 1))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if ((i && !add(text, ",", 1)) ||
				!add_value(text, json_array_get(array, i),
					depth))
			return false;
	return add(text, "]", 1);
}

static bool add_integer(struct text *text, json_int_t number)
{
	char digits[32];
	int size = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT,
		number);

	return size > 0 && add(text, digits, (size_t)size);
}

/* How many digits it needs, and in which form, is jansson's to say. */
static bool add_real(struct text *text, const json_t *number)
{
	char digits[64];
	size_t size = json_dumpb(number, digits, sizeof(digits),
		JSON_ENCODE_ANY);

	return size && size <= sizeof(digits) && add(text, digits, size);
}

static bool add_value(struct text *text, const json_t *value,
	unsigned int depth)
{
	if (!value || depth >= JSON_TEXT_DEPTH)
		return false;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return add_object(text, value, depth + 1);
	case JSON_ARRAY:
		return add_array(text, value, depth + 1);
	case JSON_STRING:
		return add_string(text, json_string_value(value),
			json_string_length(value));
	case JSON_INTEGER:
		return add_integer(text, json_integer_value(value));
	case JSON_REAL:
		return add_real(text, value);
	case JSON_TRUE:
		return add(text, "true", 4);
	case JSON_FALSE:
		return add(text, "false", 5);
	case JSON_NULL:
		return add(text, "null", 4);
	}
	return false;
}

char *json_text(const json_t *value, size_t *size)
{
	struct text text = { NULL, 0, 0 };

	if (!add_value(&text, value, 0) || !add(&text, "", 1)) {
		if (text.at)
			explicit_bzero(text.at, text.size);
		free(text.at);
		return NULL;
	}
	if (size)
		*size = text.size - 1;
	return text.at;
}
