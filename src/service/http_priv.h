/* SPDX-License-Identifier: MIT */
/* What the http_*.c files know of each other. */
#ifndef COFFER_SERVICE_HTTP_PRIV_H
#define COFFER_SERVICE_HTTP_PRIV_H

#include "service/http.h"
#include <stdarg.h>

#define ANSWER_FIELDS_MAX 24u
#define SEGMENTS_MAX 16u

/* Blocks of one request, freed together. */
struct http_memory {
	struct http_block *blocks;
};
void *memory_take(struct http_memory *, size_t size); /* zeroed, or NULL */
char *memory_copy(struct http_memory *, const char *text, size_t size);
char *memory_vprintf(struct http_memory *, const char *format, va_list);
void memory_free(struct http_memory *);

struct http_answer {
	const struct http_request *request;
	unsigned status; /* 0: none yet */
	bool broken; /* no memory, or a bad header: a bare 500 */
	struct http_field headers[ANSWER_FIELDS_MAX];
	size_t header_count;
	uint8_t *body;
	size_t body_size;
};

/* One part of a pattern between slashes: text, or a parameter and then
 * text.  Not NUL-terminated. */
struct segment {
	const char *name; /* NULL: no parameter */
	size_t name_size;
	const char *text;
	size_t text_size;
};

struct route {
	const struct http_interface *interface;
	void *context;
	const char *method, *pattern;
	size_t body_max;
	http_handler *handler;
	struct segment segments[SEGMENTS_MAX];
	size_t segment_count;
};

struct http_server {
	struct route *routes;
	size_t route_count;
};

/* A decoded path. */
struct path {
	const char *segments[SEGMENTS_MAX];
	size_t count;
};

/* The best route for a path and method.  NULL: allow is empty when no route
 * has such a path, else it lists methods ("GET, HEAD"). */
const struct route *route_find(const struct http_server *, const char *method,
	const struct path *, char *allow, size_t allow_size);
/* The interface whose prefix the escaped path has, or NULL. */
const struct http_interface *route_interface(const struct http_server *,
	const char *target);
/* Fills request->parameters.  False: no memory. */
bool route_parameters(const struct route *, const struct path *,
	struct http_request *);

/* Decodes a target.  false: *status and *why say what is wrong with it. */
bool target_parse(struct http_request *, const char *target, struct path *,
	unsigned *status, const char **why);
/* Copies and checks headers, likewise. */
bool headers_take(struct http_request *, const struct http_field *headers,
	size_t count, unsigned *status, const char **why);

#endif
