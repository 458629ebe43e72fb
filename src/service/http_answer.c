/* SPDX-License-Identifier: MIT */
#include "service/http_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_answer_bytes(struct http_answer *answer, unsigned status,
	const char *type, const void *bytes, size_t size)
{
	uint8_t *body = memory_take(answer->request->memory, size + 1);

	answer->status = status;
	if (!body) {
		answer->broken = true;
		return;
	}
	if (size)
		memcpy(body, bytes, size);
	answer->body = body;
	answer->body_size = size;
	if (type)
		http_answer_header(answer, "Content-Type", type);
}

void http_answer_text(struct http_answer *answer, unsigned status,
	const char *type, const char *text)
{
	http_answer_bytes(answer, status, type, text, strlen(text));
}

void http_answer_empty(struct http_answer *answer, unsigned status)
{
	http_answer_bytes(answer, status, NULL, NULL, 0);
}

void http_answer_json(struct http_answer *answer, unsigned status,
	json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT |
		JSON_ENCODE_ANY) : NULL;

	json_decref(value);
	answer->status = status;
	if (!text) {
		answer->broken = true;
		return;
	}
	http_answer_text(answer, status, "application/json; charset=utf-8",
		text);
	explicit_bzero(text, strlen(text));
	free(text);
}

static void error_default(struct http_answer *answer, unsigned status,
	const char *code, const char *message)
{
	http_answer_json(answer, status, json_pack("{s:{s:s, s:s}}", "error",
		"code", code ? code : "Error", "message",
		message ? message : ""));
}

void http_answer_error(struct http_answer *answer, unsigned status,
	const char *code, const char *format, ...)
{
	const struct http_interface *interface = answer->request->interface;
	char *message = NULL;
	va_list arguments;

	if (format) {
		va_start(arguments, format);
		message = memory_vprintf(answer->request->memory, format,
			arguments);
		va_end(arguments);
	}
	answer->status = status;
	if (interface && interface->error)
		interface->error(answer, status, code, message);
	else
		error_default(answer, status, code, message);
}

static bool header_ok(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return false;
	return true;
}

void http_answer_header(struct http_answer *answer, const char *name,
	const char *value)
{
	struct http_memory *memory = answer->request->memory;
	size_t i;

	for (i = 0; i < answer->header_count; i++)
		if (!strcasecmp(answer->headers[i].name, name))
			break;
	if (i == ANSWER_FIELDS_MAX || !header_ok(value)) {
		answer->broken = true;
		return;
	}
	answer->headers[i].name = memory_copy(memory, name, strlen(name));
	answer->headers[i].value = memory_copy(memory, value, strlen(value));
	if (!answer->headers[i].name || !answer->headers[i].value)
		answer->broken = true;
	else if (i == answer->header_count)
		answer->header_count++;
}

unsigned http_answer_status(const struct http_answer *answer)
{
	return answer->broken ? 500 : answer->status;
}

const struct http_request *http_answer_request(
	const struct http_answer *answer)
{
	return answer->request;
}

const char *http_answer_header_value(const struct http_answer *answer,
	const char *name)
{
	for (size_t i = 0; i < answer->header_count; i++)
		if (!strcasecmp(answer->headers[i].name, name))
			return answer->headers[i].value;
	return NULL;
}

void http_answer_view(const struct http_answer *answer,
	struct http_view *view)
{
	static const struct http_field type = { "Content-Type",
		"application/json; charset=utf-8" };
	static const char body[] = "{\"error\":{\"code\":"
		"\"InternalServerError\",\"message\":\"internal error\"}}";

	if (answer->broken || !answer->status)
		*view = (struct http_view){ 500, &type, 1,
			(const uint8_t *)body, sizeof(body) - 1 };
	else
		*view = (struct http_view){ answer->status, answer->headers,
			answer->header_count, answer->body,
			answer->body_size };
}
