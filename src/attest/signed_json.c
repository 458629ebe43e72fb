/* SPDX-License-Identifier: MIT */
#include "signed_json_priv.h"

#include "attest/crypto.h"
#include "attest/dates.h"
#include "attest/verify.h"
#include "text_priv.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { DEPTH_MAX = 16 }; /* collateral has 6; parsers recurse */

static void skip_space(struct attest_bytes *text)
{
	while (text->size && strchr(" \t\r\n", *text->data) && *text->data) {
		text->data++;
		text->size--;
	}
}

/* The character c, after white space. */
static bool skip_char(struct attest_bytes *text, char c)
{
	skip_space(text);
	if (!text->size || *text->data != (uint8_t)c)
		return false;
	text->data++;
	text->size--;
	return true;
}

static bool skip_name(struct attest_bytes *text, const char *name)
{
	size_t size = strlen(name);

	if (!skip_char(text, '"') || text->size < size ||
			memcmp(text->data, name, size))
		return false;
	text->data += size;
	text->size -= size;
	return text->size && *text->data == '"' && skip_char(text, '"') &&
		skip_char(text, ':');
}

/* The size of the object at the front, braces counted outside of strings;
 * 0 if it does not end or is too deep. */
static size_t object_size(const struct attest_bytes *text)
{
	bool in_string = false;
	int depth = 0;

	if (!text->size || *text->data != '{')
		return 0;
	for (size_t i = 0; i < text->size; i++) {
		uint8_t c = text->data[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return 0;
		} else if (c == '}' || c == ']') {
			if (!--depth)
				return c == '}' ? i + 1 : 0;
		}
	}
	return 0;
}

int attest_signed_json_split(struct attest_bytes text, const char *name,
	struct signed_json *out, struct why *why)
{
	struct attest_bytes rest = attest_text_trim(text);
	size_t size;

	memset(out, 0, sizeof(*out));
	if (!skip_char(&rest, '{') || !skip_name(&rest, name))
		return why_set(why, -EINVAL,
			"JSON that does not begin with \"%s\"", name);
	skip_space(&rest);
	size = object_size(&rest);
	if (!size)
		return why_set(why, -EINVAL, "\"%s\" is no object", name);
	out->object = (struct attest_bytes){ rest.data, size };
	rest.data += size;
	rest.size -= size;
	if (!skip_char(&rest, ',') || !skip_name(&rest, "signature") ||
			!skip_char(&rest, '"') || rest.size < 128 ||
			!attest_text_hex((const char *)rest.data, 128,
				out->signature, sizeof(out->signature)))
		return why_set(why, -EINVAL, "\"%s\" is not followed by a "
			"signature of 128 hexadecimal digits", name);
	rest.data += 128;
	rest.size -= 128;
	if (!rest.size || *rest.data != '"' || !skip_char(&rest, '"') ||
			!skip_char(&rest, '}'))
		return why_set(why, -EINVAL, "something else follows the "
			"signature of \"%s\"", name);
	skip_space(&rest);
	if (rest.size)
		return why_set(why, -EINVAL, "something follows the JSON of "
			"\"%s\"", name);
	return 0;
}

int attest_signed_json_verify(const struct signed_json *json,
	const uint8_t key[64])
{
	uint8_t digest[32];
	int error = attest_sha256(json->object.data, json->object.size,
		digest);

	return error ? error : attest_p256_verify(key, digest,
		json->signature);
}

json_t *attest_signed_json_parse(const struct signed_json *json)
{
	json_error_t error;
	json_t *object = json_loadb((const char *)json->object.data,
		json->object.size, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

bool attest_json_get_number(const json_t *object, const char *name,
	uint64_t max,
	uint64_t *out)
{
	const json_t *value = json_object_get(object, name);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || (uint64_t)number > max)
		return false;
	*out = (uint64_t)number;
	return true;
}

const char *attest_json_get_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

bool attest_json_get_hex(const json_t *object, const char *name, uint8_t *out,
	size_t size)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) &&
		attest_text_hex(json_string_value(value),
		json_string_length(value), out, size);
}

bool attest_json_get_date(const json_t *object, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) && !attest_date_parse(
		json_string_value(value), json_string_length(value), out);
}

bool attest_json_get_advisories(const json_t *object, json_t **out)
{
	json_t *list = json_object_get(object, "advisoryIDs"), *item;
	size_t index;

	*out = list;
	if (!list)
		return true;
	if (!json_is_array(list) ||
			json_array_size(list) > ATTEST_ADVISORIES_MAX)
		return false;
	json_array_foreach(list, index, item) {
		if (!json_is_string(item) || json_string_length(item) >=
				ATTEST_ADVISORY_SIZE)
			return false;
		for (const char *c = json_string_value(item); *c; c++)
			if (*c <= ' ' || *c > '~')
				return false;
	}
	return true;
}

bool attest_json_get_level(const json_t *object, int64_t *date,
	enum attest_tcb_status *status)
{
	const char *name = attest_json_get_text(object, "tcbStatus");

	if (!name || !attest_json_get_date(object, "tcbDate", date))
		return false;
	*status = attest_level_parse(name);
	return true;
}
