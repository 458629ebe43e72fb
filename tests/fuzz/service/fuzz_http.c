/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a request: method, target and headers, a line each, an empty
 * line, the body; the body arrives in two pieces.
 */
#include "service/http.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer_json(struct http_request *request,
	struct http_answer *answer)
{
	json_t *body = http_body_json(request, answer);

	if (body)
		http_answer_json(answer, 200, json_incref(body));
}

static void answer_parts(struct http_request *request,
	struct http_answer *answer)
{
	json_t *out = json_object();

	for (size_t i = 0; i < request->parameter_count; i++)
		json_object_set_new(out, request->parameters[i].name,
			json_string(request->parameters[i].value));
	for (size_t i = 0; i < request->query_count; i++)
		json_object_set_new(out, request->query[i].name,
			json_string(request->query[i].value));
	if (http_bearer(request))
		http_answer_header(answer, "X-Token", http_bearer(request));
	http_answer_json(answer, 200, out);
}

static struct http_server *server_new(void)
{
	static const struct http_interface interface = { .name = "fuzz" };
	struct http_server *server = http_server_new();

	http_route(server, &interface, NULL, "POST", "/json", 4096,
		answer_json);
	http_route(server, &interface, NULL, "GET", "/a/{b}/{c}:d", 0,
		answer_parts);
	http_route(server, &interface, NULL, "PUT", "/a/{b}", 100,
		answer_parts);
	http_route(server, &interface, NULL, "GET", "/", 0, answer_parts);
	return server;
}

/* The next line of a text that is cut into lines. */
static char *take(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	*at = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_server *server;
	struct http_field headers[HTTP_FIELDS_MAX + 8];
	struct http_exchange *exchange;
	const char *method, *target;
	struct http_view view;
	char text[65537], *at = text, *line, *colon;
	size_t count = 0, left;

	if (!server)
		server = server_new();
	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	method = take(&at);
	target = take(&at);
	while (count < sizeof(headers) / sizeof(*headers) &&
	       *(line = take(&at))) {
		colon = strchr(line, ':');
		if (colon)
			*colon = '\0';
		headers[count].name = line;
		headers[count++].value = colon ? colon + 1 : "";
	}
	exchange = http_exchange_begin(server, method, target, headers, count,
		NULL);
	assert(exchange);
	left = (size_t)(text + size - at);
	http_exchange_body(exchange, at, left / 2);
	http_exchange_body(exchange, at + left / 2, left - left / 2);
	http_exchange_finish(exchange);
	assert(http_exchange_answer(exchange));
	http_answer_view(http_exchange_answer(exchange), &view);
	assert(view.status >= 200 && view.status < 600);
	http_exchange_end(exchange);
	return 0;
}
