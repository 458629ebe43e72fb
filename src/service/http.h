/* SPDX-License-Identifier: MIT */
/*
 * Requests, answers and the table of routes, without a network: http_dispatch
 * takes a request as bytes and gives an answer as bytes.  listen.h carries
 * both over TLS.
 *
 * A module registers an interface (how its errors look) and routes:
 *
 *	static void get_key(struct http_request *request,
 *		struct http_answer *answer)
 *	{
 *		struct akv *akv = request->context;
 *		const char *name = http_parameter(request, "name");
 *		...
 *		http_answer_json(answer, 200, json_pack(...));
 *	}
 *	http_route(server, &akv_interface, akv, "GET", "/keys/{name}", 0,
 *		get_key);
 *
 * Patterns: a segment is literal text, or {name} with literal text after it
 * ("/policies/{type}:reset").  Literal segments win over parameters, longer
 * text after a parameter wins over shorter.  A parameter takes whatever the
 * segment holds, also nothing: "/keys/a/" fits "/keys/{name}/{version}" with
 * an empty version.  Paths are compared after percent-decoding of each
 * segment, so an escaped slash never becomes a separator.  Case counts, unless
 * the interface says that it does not.  GET routes answer HEAD too.
 *
 * Handlers run in several threads at once.  What a request owns lives until
 * its answer has been sent; http_alloc() takes from the same purse.  Strings
 * are UTF-8 without NUL: a request whose path, query or headers decode to
 * something else has been refused before the handler runs.
 *
 * No function here prints what a client sent.
 */
#ifndef COFFER_SERVICE_HTTP_H
#define COFFER_SERVICE_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define HTTP_URI_MAX 8192u /* bytes, path and query together */
#define HTTP_HEADERS_MAX 32768u /* bytes, names and values together */
#define HTTP_FIELDS_MAX 64u /* headers; also query parameters */
#define HTTP_PARAMETERS_MAX 8u /* of one pattern */
#define HTTP_JSON_DEPTH 32u /* nested objects and arrays */
#define HTTP_BODY_MAX (1u << 20) /* a route may not ask for more */

struct http_server;
struct http_answer;
struct http_memory;

struct http_field {
	const char *name, *value;
};

struct http_request {
	const char *method; /* "GET", also for HEAD */
	const char *path; /* as sent, escaped, without the query */
	struct http_field parameters[HTTP_PARAMETERS_MAX];
	size_t parameter_count;
	const struct http_field *query; /* decoded; '+' is a space */
	size_t query_count;
	const struct http_field *headers;
	size_t header_count;
	const uint8_t *body; /* a NUL follows its last byte */
	size_t body_size;
	const char *client; /* address in words, for the audit */
	const char *pattern; /* of the route, for logs */
	const char *id; /* 32 hex digits, new for each request */
	json_t *json; /* of http_body_json() */
	void *context; /* of the route */
	const struct http_interface *interface;
	struct http_memory *memory;
};

/* How one interface speaks.  Constant, lives as long as the server. */
struct http_interface {
	const char *name; /* for logs: "akv" */
	/* Is the literal text of its patterns, and of its prefixes, the same
	 * in any case? */
	bool any_case;
	/* Paths that begin so and fit no route get this interface's errors. */
	const char *const *prefixes; /* NULL at the end; NULL: none */
	/* Writes the body (and headers) of an error; status is set.  code and
	 * message may be NULL.  NULL: {"error":{"code":…,"message":…}} */
	void (*error)(struct http_answer *answer, unsigned status,
		const char *code, const char *message);
	/* Adds to every answer, errors too; NULL: nothing. */
	void (*finish)(const struct http_request *request,
		struct http_answer *answer);
};

typedef void http_handler(struct http_request *request,
	struct http_answer *answer);

/* --- the server --------------------------------------------------------- */

/* NULL: out of memory. */
struct http_server *http_server_new(void);
void http_server_free(struct http_server *);

/* Registers a route, before the first request; strings are kept, not copied.
 * body_max: most bytes of a body, 0: none is read.  0, or -ENOMEM, -EINVAL
 * (a pattern that makes no sense, or is there already). */
int http_route(struct http_server *, const struct http_interface *,
	void *context, const char *method, const char *pattern,
	size_t body_max, http_handler *);

/* The registered routes, in order: for tests and --print-routes.  False when
 * index is too large. */
bool http_route_at(const struct http_server *, size_t index,
	const char **method, const char **pattern, size_t *body_max);

/* --- a request, for handlers -------------------------------------------- */

/* Memory until the answer is sent, zeroed; NULL: out of memory. */
void *http_alloc(struct http_request *, size_t size);
char *http_printf(struct http_request *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* NULL: there is none.  Names of headers in any case; of parameters and
 * query exactly.  Query names that Azure and Intel write in several cases:
 * http_query_any_case. */
const char *http_parameter(const struct http_request *, const char *name);
const char *http_query(const struct http_request *, const char *name);
const char *http_query_any_case(const struct http_request *,
	const char *name);
const char *http_header(const struct http_request *, const char *name);

/* Is the body's media type this one ("application/json"), whatever its
 * parameters? */
bool http_body_is(const struct http_request *, const char *type);

/* The body as JSON: of type application/json or something+json, at most
 * HTTP_JSON_DEPTH deep, no name twice in an object, nothing after the value.
 * NULL: the error has been answered (415, 400).  The request owns the value:
 * no json_decref. */
json_t *http_body_json(struct http_request *, struct http_answer *);

/* The token of "Authorization: Bearer …"; NULL: none. */
const char *http_bearer(const struct http_request *);

/* Any text as JSON under the same rules; the caller owns it.  NULL, with a
 * sentence in *why. */
json_t *http_json_parse(const char *text, size_t size, const char **why);

/* --- an answer ---------------------------------------------------------- */

/* Each replaces the body that was there.  bytes are copied. */
void http_answer_bytes(struct http_answer *, unsigned status,
	const char *type, const void *bytes, size_t size);
void http_answer_text(struct http_answer *, unsigned status,
	const char *type, const char *text);
/* Takes the reference; NULL becomes a 500.  Compact, in order of insertion,
 * "application/json; charset=utf-8". */
void http_answer_json(struct http_answer *, unsigned status, json_t *);
void http_answer_empty(struct http_answer *, unsigned status);

/* In the interface's own form.  code may be NULL. */
void http_answer_error(struct http_answer *, unsigned status,
	const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Adds a header, or replaces its value.  Copied.  A value with control
 * characters turns the answer into a 500. */
void http_answer_header(struct http_answer *, const char *name,
	const char *value);

unsigned http_answer_status(const struct http_answer *);
/* The request that it answers, for error() of an interface. */
const struct http_request *http_answer_request(const struct http_answer *);
/* NULL: not set. */
const char *http_answer_header_value(const struct http_answer *,
	const char *name);

/* --- dispatch, for listen.c, tests and fuzzers --------------------------- */

struct http_exchange; /* one request with its answer */

/* Begins with what comes before the body.  target: as in the request line.
 * headers: copied; client: its address.  NULL: out of memory.  What does not
 * fit the rules is an answer already (http_exchange_answer not NULL); when it
 * has "Connection: close", nothing more may be read of the connection. */
struct http_exchange *http_exchange_begin(const struct http_server *,
	const char *method, const char *target,
	const struct http_field *headers, size_t header_count,
	const struct sockaddr *client);

/* Bytes of the body, as they come; more than the route takes is answered 413
 * at once, and what has come and what follows is dropped. */
void http_exchange_body(struct http_exchange *, const void *bytes,
	size_t size);

/* Runs the handler, unless there is an answer already. */
void http_exchange_finish(struct http_exchange *);

/* NULL: not yet. */
const struct http_answer *http_exchange_answer(const struct http_exchange *);
const struct http_request *http_exchange_request(
	const struct http_exchange *);

/* Refuses before the handler has run, whatever the answer was so far: rate
 * and memory limits. */
void http_exchange_refuse(struct http_exchange *, unsigned status,
	const char *code, const char *message);

void http_exchange_end(struct http_exchange *);

/* What an answer holds; the answer keeps it. */
struct http_view {
	unsigned status;
	const struct http_field *headers; /* Content-Type among them */
	size_t header_count;
	const uint8_t *body;
	size_t body_size;
};
void http_answer_view(const struct http_answer *, struct http_view *);

/* All of it at once. */
struct http_exchange *http_dispatch(const struct http_server *,
	const char *method, const char *target,
	const struct http_field *headers, size_t header_count,
	const void *body, size_t body_size, const struct sockaddr *client);

#endif
