/* SPDX-License-Identifier: MIT */
/*
 * One exchange: what comes before the body, the body, the handler.  An
 * answer may be there after each step; then the steps that follow do nothing.
 */
#include "service/hex.h"
#include "service/http_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_exchange {
	struct http_memory memory;
	struct http_request request;
	struct http_answer answer;
	const struct route *route; /* NULL: none was found */
	uint8_t *body;
	size_t capacity;
	bool finished;
	bool ran; /* the handler */
	char client[INET6_ADDRSTRLEN];
	char id[33];
};

static bool answered(const struct http_exchange *exchange)
{
	return exchange->answer.status || exchange->answer.broken;
}

/* Once, when the answer stands. */
static void decorate(struct http_exchange *exchange)
{
	const struct http_interface *interface = exchange->request.interface;

	if (interface && interface->finish)
		interface->finish(&exchange->request, &exchange->answer);
}

static void refuse(struct http_exchange *exchange, unsigned status,
	const char *code, const char *message)
{
	http_answer_error(&exchange->answer, status, code, "%s", message);
	exchange->finished = true;
	decorate(exchange);
}

static void describe(const struct sockaddr *client, char *text, size_t size)
{
	const struct sockaddr_in6 *six = (const void *)client;
	const struct sockaddr_in *four = (const void *)client;

	snprintf(text, size, "local");
	if (client && client->sa_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, text, (socklen_t)size);
	if (client && client->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, text, (socklen_t)size);
}

static bool name_yourself(struct http_exchange *exchange)
{
	uint8_t random[16];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	hex_write(random, sizeof(random), exchange->id);
	exchange->request.id = exchange->id;
	return true;
}

/* "Content-Length: 12", within what the route takes? */
static bool length_ok(const struct http_exchange *exchange)
{
	const char *text = http_header(&exchange->request, "Content-Length");
	unsigned long long size;
	char *end;

	if (!text)
		return true;
	errno = 0;
	size = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !errno && !*end &&
		size <= exchange->route->body_max;
}

static void find_route(struct http_exchange *exchange,
	const struct http_server *server, const char *method,
	const struct path *path)
{
	struct http_request *request = &exchange->request;
	const char *encoding = http_header(request, "Content-Encoding");
	char allow[128];

	request->method = strcmp(method, "HEAD") ? method : "GET";
	request->method = memory_copy(&exchange->memory, request->method,
		strlen(request->method));
	if (!request->method) {
		exchange->answer.broken = true;
		return;
	}
	exchange->route = route_find(server, request->method, path, allow,
		sizeof(allow));
	if (!exchange->route && *allow) {
		http_answer_header(&exchange->answer, "Allow", allow);
		refuse(exchange, 405, "MethodNotAllowed",
			"this path does not know the method");
	} else if (!exchange->route) {
		refuse(exchange, 404, "NotFound", "there is nothing here");
	}
	if (!exchange->route)
		return;
	request->interface = exchange->route->interface;
	request->context = exchange->route->context;
	request->pattern = exchange->route->pattern;
	if (!route_parameters(exchange->route, path, request))
		exchange->answer.broken = true;
	else if (!length_ok(exchange))
		refuse(exchange, 413, "RequestEntityTooLarge",
			"the body is too large for this path");
	else if (encoding && strcasecmp(encoding, "identity"))
		refuse(exchange, 415, "UnsupportedMediaType",
			"a body must not be compressed");
}

struct http_exchange *http_exchange_begin(const struct http_server *server,
	const char *method, const char *target,
	const struct http_field *headers, size_t header_count,
	const struct sockaddr *client)
{
	struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	struct http_request *request;
	struct path path;
	unsigned status;
	const char *why;

	if (!exchange)
		return NULL;
	request = &exchange->request;
	request->memory = &exchange->memory;
	request->interface = route_interface(server, target);
	request->method = request->path = "";
	request->body = (const uint8_t *)"";
	request->client = exchange->client;
	exchange->answer.request = request;
	describe(client, exchange->client, sizeof(exchange->client));
	if (!name_yourself(exchange)) {
		exchange->answer.broken = true;
		return exchange;
	}
	if (!headers_take(request, headers, header_count, &status, &why)) {
		/* Where its body ends is not sure, so neither is where the
		 * next request begins. */
		http_answer_header(&exchange->answer, "Connection", "close");
		refuse(exchange, status, status == 501 ? "NotImplemented" :
			"BadRequest", why);
	} else if (!target_parse(request, target, &path, &status, &why)) {
		refuse(exchange, status, "BadRequest", why);
	} else {
		find_route(exchange, server, method, &path);
	}
	return exchange;
}

static void drop_body(struct http_exchange *exchange)
{
	if (exchange->body)
		explicit_bzero(exchange->body, exchange->capacity);
	free(exchange->body);
	exchange->body = NULL;
	exchange->capacity = 0;
	exchange->request.body = (const uint8_t *)"";
}

void http_exchange_body(struct http_exchange *exchange, const void *bytes,
	size_t size)
{
	struct http_request *request = &exchange->request;
	size_t need;
	uint8_t *more;

	if (answered(exchange) || !size)
		return;
	if (size > exchange->route->body_max - request->body_size) {
		drop_body(exchange);
		request->body_size = 0;
		refuse(exchange, 413, "RequestEntityTooLarge",
			"the body is too large for this path");
		return;
	}
	need = request->body_size + size + 1;
	if (need > exchange->capacity) {
		size_t capacity = need < 4096 ? 4096 : need * 2;

		/* Not realloc: what it leaves behind would not be wiped. */
		more = malloc(capacity);
		if (!more) {
			exchange->answer.broken = true;
			return;
		}
		if (request->body_size)
			memcpy(more, exchange->body, request->body_size);
		drop_body(exchange);
		exchange->body = more;
		exchange->capacity = capacity;
	}
	memcpy(exchange->body + request->body_size, bytes, size);
	request->body_size += size;
	exchange->body[request->body_size] = '\0';
	request->body = exchange->body;
}

void http_exchange_finish(struct http_exchange *exchange)
{
	if (exchange->finished || answered(exchange))
		return;
	exchange->finished = exchange->ran = true;
	exchange->route->handler(&exchange->request, &exchange->answer);
	if (!answered(exchange))
		exchange->answer.broken = true;
	decorate(exchange);
}

const struct http_answer *http_exchange_answer(
	const struct http_exchange *exchange)
{
	return answered(exchange) ? &exchange->answer : NULL;
}

const struct http_request *http_exchange_request(
	const struct http_exchange *exchange)
{
	return &exchange->request;
}

void http_exchange_refuse(struct http_exchange *exchange, unsigned status,
	const char *code, const char *message)
{
	if (exchange->ran)
		return;
	exchange->answer.header_count = 0;
	drop_body(exchange);
	exchange->request.body_size = 0;
	refuse(exchange, status, code, message);
}

void http_exchange_end(struct http_exchange *exchange)
{
	if (!exchange)
		return;
	json_decref(exchange->request.json);
	drop_body(exchange);
	memory_free(&exchange->memory);
	free(exchange);
}

struct http_exchange *http_dispatch(const struct http_server *server,
	const char *method, const char *target,
	const struct http_field *headers, size_t header_count,
	const void *body, size_t body_size, const struct sockaddr *client)
{
	struct http_exchange *exchange = http_exchange_begin(server, method,
		target, headers, header_count, client);

	if (!exchange)
		return NULL;
	http_exchange_body(exchange, body, body_size);
	http_exchange_finish(exchange);
	return exchange;
}
