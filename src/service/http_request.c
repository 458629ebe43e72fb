/* SPDX-License-Identifier: MIT */
/* A request taken apart: target, headers, body. */
#include "service/http_priv.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- memory ------------------------------------------------------------- */

struct http_block {
	struct http_block *next;
	size_t size;
	max_align_t bytes[];
};

void *memory_take(struct http_memory *memory, size_t size)
{
	struct http_block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	block->next = memory->blocks;
	memory->blocks = block;
	return block->bytes;
}

char *memory_copy(struct http_memory *memory, const char *text, size_t size)
{
	char *copy = memory_take(memory, size + 1);

	if (copy && size)
		memcpy(copy, text, size);
	return copy;
}

char *memory_vprintf(struct http_memory *memory, const char *format,
	va_list arguments)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, arguments);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = n < 0 ? NULL : memory_take(memory, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, format, arguments);
	return text;
}

/* Tokens and keys pass through here, so nothing stays behind. */
void memory_free(struct http_memory *memory)
{
	struct http_block *block = memory->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		explicit_bzero(block->bytes, block->size);
		free(block);
	}
	memory->blocks = NULL;
}

void *http_alloc(struct http_request *request, size_t size)
{
	return memory_take(request->memory, size);
}

char *http_printf(struct http_request *request, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = memory_vprintf(request->memory, format, arguments);
	va_end(arguments);
	return text;
}

/* --- text --------------------------------------------------------------- */

/* UTF-8 without control characters?  By jansson, which has to know. */
static bool text_ok(const char *text)
{
	json_t *probe;

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return false;
	probe = json_string(text);
	json_decref(probe);
	return probe != NULL;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Percent-decodes into the request's memory.  NULL: bad, or no memory. */
static const char *decode(struct http_memory *memory, const char *text,
	size_t size, bool plus)
{
	char *out = memory_take(memory, size + 1), *to = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		int high, low;

		if (text[i] == '+' && plus) {
			*to++ = ' ';
			continue;
		}
		if (text[i] != '%') {
			*to++ = text[i];
			continue;
		}
		high = i + 2 < size ? nibble(text[i + 1]) : -1;
		low = i + 2 < size ? nibble(text[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return NULL;
		*to++ = (char)(high << 4 | low);
		i += 2;
	}
	return text_ok(out) ? out : NULL;
}

/* --- the target --------------------------------------------------------- */

static bool query_parse(struct http_request *request, const char *text,
	const char **why)
{
	struct http_field *fields;
	size_t count = 0, size;

	fields = http_alloc(request, HTTP_FIELDS_MAX * sizeof(*fields));
	*why = "the query does not decode to text";
	for (; fields && *text; text += size + (text[size] == '&')) {
		const char *equals;

		size = strcspn(text, "&");
		if (!size)
			continue;
		if (count == HTTP_FIELDS_MAX) {
			*why = "too many query parameters";
			return false;
		}
		equals = memchr(text, '=', size);
		if (!equals)
			equals = text + size;
		fields[count].name = decode(request->memory, text,
			(size_t)(equals - text), true);
		fields[count].value = equals == text + size ? "" :
			decode(request->memory, equals + 1,
			size - (size_t)(equals + 1 - text), true);
		if (!fields[count].name || !fields[count].value)
			return false;
		count++;
	}
	request->query = fields;
	request->query_count = count;
	return fields != NULL;
}

bool target_parse(struct http_request *request, const char *target,
	struct path *path, unsigned *status, const char **why)
{
	const char *query, *at = target;
	size_t size;

	*status = 400;
	*why = "the path does not decode to text";
	path->count = 0;
	if (strlen(target) > HTTP_URI_MAX) {
		*status = 414;
		*why = "the URL is too long";
		return false;
	}
	if (*target != '/') {
		*why = "a path begins with a slash";
		return false;
	}
	size = strcspn(target, "?");
	query = target[size] ? target + size + 1 : "";
	request->path = memory_copy(request->memory, target, size);
	while (request->path && at < target + size) {
		size_t part = strcspn(++at, "/?");

		if (path->count == SEGMENTS_MAX) {
			*status = 404;
			*why = "there is nothing here";
			return false;
		}
		path->segments[path->count] = decode(request->memory, at, part,
			false);
		if (!path->segments[path->count++])
			return false;
		at += part;
	}
	return request->path && query_parse(request, query, why);
}

/* --- headers ------------------------------------------------------------ */

/* Those that must not be there twice: which one would count? */
static bool once(const char *name)
{
	static const char *const names[] = { "Authorization",
		"Content-Length", "Content-Type", "Content-Encoding", "Host",
		"Origin", "Sec-Fetch-Site", "Transfer-Encoding",
		"admin-token", "user-token" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return false;
}

/* A token of RFC 9110: with a space before the colon it would be another
 * header for us than for others on the way. */
static bool name_ok(const char *name)
{
	size_t size = strspn(name, "!#$%&'*+-.^_`|~0123456789"
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return size && !name[size];
}

/* Where does the body end?  Nobody on the way may see it elsewhere. */
static bool framing_ok(const struct http_request *request, unsigned *status,
	const char **why)
{
	const char *length = http_header(request, "Content-Length");
	const char *coding = http_header(request, "Transfer-Encoding");

	*status = 400;
	*why = "a length and chunks exclude each other";
	if (length && coding)
		return false;
	*status = 501;
	*why = "the only Transfer-Encoding here is chunked";
	return !coding || !strcasecmp(coding, "chunked");
}

bool headers_take(struct http_request *request,
	const struct http_field *headers, size_t count, unsigned *status,
	const char **why)
{
	struct http_field *fields;
	size_t bytes = 0;

	*status = 431;
	*why = "the headers are too large";
	if (count > HTTP_FIELDS_MAX)
		return false;
	for (size_t i = 0; i < count; i++)
		bytes += strlen(headers[i].name) + strlen(headers[i].value);
	if (bytes > HTTP_HEADERS_MAX)
		return false;
	*status = 400;
	*why = "a header is no text, or there twice";
	fields = http_alloc(request, (count + 1) * sizeof(*fields));
	request->headers = fields;
	for (size_t i = 0; fields && i < count; i++) {
		if (!name_ok(headers[i].name) || !text_ok(headers[i].value) ||
		    (once(headers[i].name) &&
		     http_header(request, headers[i].name)))
			return false;
		fields[i].name = memory_copy(request->memory, headers[i].name,
			strlen(headers[i].name));
		fields[i].value = memory_copy(request->memory,
			headers[i].value, strlen(headers[i].value));
		if (!fields[i].name || !fields[i].value)
			return false;
		request->header_count++;
	}
	return fields && framing_ok(request, status, why);
}

/* --- looking things up -------------------------------------------------- */

static const char *look_up(const struct http_field *fields, size_t count,
	const char *name, int (*compare)(const char *, const char *))
{
	for (size_t i = 0; i < count; i++)
		if (!compare(fields[i].name, name))
			return fields[i].value;
	return NULL;
}

const char *http_parameter(const struct http_request *request,
	const char *name)
{
	return look_up(request->parameters, request->parameter_count, name,
		strcmp);
}

const char *http_query(const struct http_request *request, const char *name)
{
	return look_up(request->query, request->query_count, name, strcmp);
}

const char *http_query_any_case(const struct http_request *request,
	const char *name)
{
	return look_up(request->query, request->query_count, name,
		strcasecmp);
}

const char *http_header(const struct http_request *request, const char *name)
{
	return look_up(request->headers, request->header_count, name,
		strcasecmp);
}

const char *http_bearer(const struct http_request *request)
{
	const char *value = http_header(request, "Authorization");

	if (!value || strncasecmp(value, "Bearer ", 7))
		return NULL;
	value += 7;
	while (*value == ' ')
		value++;
	return *value ? value : NULL;
}

/* --- the body ----------------------------------------------------------- */

/* The media type before its parameters. */
static size_t type_size(const char *value)
{
	return strcspn(value, " \t;,");
}

bool http_body_is(const struct http_request *request, const char *type)
{
	const char *value = http_header(request, "Content-Type");

	return value && type_size(value) == strlen(type) &&
		!strncasecmp(value, type, strlen(type));
}

static bool body_is_json(const struct http_request *request)
{
	const char *value = http_header(request, "Content-Type");
	size_t size = value ? type_size(value) : 0;

	return http_body_is(request, "application/json") ||
		(size > 5 && !strncasecmp(value + size - 5, "+json", 5));
}

/* Is no part nested deeper than we take?  What is inside strings does not
 * count; whether it is JSON at all is for the parser. */
static bool depth_ok(const char *text, size_t size)
{
	bool string = false;
	unsigned depth = 0;

	for (size_t i = 0; i < size; i++) {
		if (string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				string = false;
		} else if (text[i] == '"') {
			string = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > HTTP_JSON_DEPTH)
				return false;
		} else if ((text[i] == '}' || text[i] == ']') && depth) {
			depth--;
		}
	}
	return true;
}

json_t *http_json_parse(const char *text, size_t size, const char **why)
{
	json_error_t error;
	json_t *value;

	if (!depth_ok(text, size)) {
		*why = "the JSON is nested too deeply";
		return NULL;
	}
	value = json_loadb(text, size, JSON_REJECT_DUPLICATES |
		JSON_DECODE_ANY, &error);
	if (value)
		return value;
	switch (json_error_code(&error)) {
	case json_error_duplicate_key:
		*why = "a name stands twice in a JSON object";
		break;
	case json_error_numeric_overflow:
		*why = "a number in the JSON is too large";
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		*why = "a string in the JSON has a NUL";
		break;
	case json_error_invalid_utf8:
		*why = "the JSON is not UTF-8";
		break;
	default:
		*why = "this is no JSON";
	}
	return NULL;
}

json_t *http_body_json(struct http_request *request,
	struct http_answer *answer)
{
	const char *why;
	json_t *value;

	if (request->json)
		return request->json;
	if (!body_is_json(request)) {
		http_answer_error(answer, 415, "UnsupportedMediaType",
			"the body must be application/json");
		return NULL;
	}
	value = http_json_parse((const char *)request->body,
		request->body_size, &why);
	if (!value) {
		http_answer_error(answer, 400, "BadRequest", "%s", why);
		return NULL;
	}
	request->json = value;
	return value;
}
