/* SPDX-License-Identifier: MIT */
/* Patterns, and which of them a path fits best. */
#include "service/http_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_server *http_server_new(void)
{
	return calloc(1, sizeof(struct http_server));
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	free(server->routes);
	free(server);
}

static bool segment_parse(const char *text, size_t size, struct segment *s)
{
	const char *end;

	*s = (struct segment){ .text = text, .text_size = size };
	if (!size || *text != '{')
		return !memchr(text, '{', size) && !memchr(text, '}', size);
	end = memchr(text, '}', size);
	if (!end || end == text + 1)
		return false;
	s->name = text + 1;
	s->name_size = (size_t)(end - s->name);
	s->text = end + 1;
	s->text_size = size - (size_t)(s->text - text);
	return !memchr(s->text, '{', s->text_size);
}

static bool pattern_parse(const char *pattern, struct route *route)
{
	size_t size, parameters = 0;

	for (; *pattern == '/'; pattern += size) {
		struct segment *s = &route->segments[route->segment_count];

		pattern++;
		size = strcspn(pattern, "/");
		if (route->segment_count == SEGMENTS_MAX ||
		    !segment_parse(pattern, size, s))
			return false;
		parameters += s->name != NULL;
		route->segment_count++;
	}
	return !*pattern && route->segment_count &&
		parameters <= HTTP_PARAMETERS_MAX;
}

int http_route(struct http_server *server,
	const struct http_interface *interface, void *context,
	const char *method, const char *pattern, size_t body_max,
	http_handler *handler)
{
	struct route route = { interface, context, method, pattern, body_max,
		handler, { { 0 } }, 0 }, *more;

	if (!interface || !handler || body_max > HTTP_BODY_MAX ||
	    !strcmp(method, "HEAD") || !pattern_parse(pattern, &route))
		return -EINVAL;
	for (size_t i = 0; i < server->route_count; i++)
		if (!strcmp(server->routes[i].method, method) &&
		    !strcmp(server->routes[i].pattern, pattern))
			return -EINVAL;
	more = reallocarray(server->routes, server->route_count + 1,
		sizeof(*more));
	if (!more)
		return -ENOMEM;
	server->routes = more;
	more[server->route_count++] = route;
	return 0;
}

bool http_route_at(const struct http_server *server, size_t index,
	const char **method, const char **pattern, size_t *body_max)
{
	if (index >= server->route_count)
		return false;
	*method = server->routes[index].method;
	*pattern = server->routes[index].pattern;
	*body_max = server->routes[index].body_max;
	return true;
}

static bool same(const char *a, const char *b, size_t size, bool any_case)
{
	return any_case ? !strncasecmp(a, b, size) : !memcmp(a, b, size);
}

static bool segment_fits(const struct segment *s, const char *text,
	bool any_case)
{
	size_t size = strlen(text);

	if (!s->name)
		return size == s->text_size && same(text, s->text, size,
			any_case);
	return size >= s->text_size && same(text + size - s->text_size,
		s->text, s->text_size, any_case);
}

static bool route_fits(const struct route *route, const struct path *path)
{
	if (route->segment_count != path->count)
		return false;
	for (size_t i = 0; i < path->count; i++)
		if (!segment_fits(&route->segments[i], path->segments[i],
				route->interface->any_case))
			return false;
	return true;
}

/* Is a closer than b?  Both fit the same path. */
static bool route_closer(const struct route *a, const struct route *b)
{
	for (size_t i = 0; i < a->segment_count; i++) {
		const struct segment *x = &a->segments[i];
		const struct segment *y = &b->segments[i];

		if (!x->name != !y->name)
			return !x->name;
		if (x->text_size != y->text_size)
			return x->text_size > y->text_size;
	}
	return false;
}

static void allow_add(char *allow, size_t size, const char *method)
{
	size_t used = strlen(allow);

	if (strstr(allow, method))
		return;
	snprintf(allow + used, size - used, "%s%s%s", used ? ", " : "",
		method, strcmp(method, "GET") ? "" : ", HEAD");
}

const struct route *route_find(const struct http_server *server,
	const char *method, const struct path *path, char *allow,
	size_t allow_size)
{
	const struct route *best = NULL;

	*allow = '\0';
	for (size_t i = 0; i < server->route_count; i++) {
		const struct route *route = &server->routes[i];

		if (!route_fits(route, path))
			continue;
		allow_add(allow, allow_size, route->method);
		if (!strcmp(route->method, method) &&
		    (!best || route_closer(route, best)))
			best = route;
	}
	return best;
}

const struct http_interface *route_interface(const struct http_server *server,
	const char *target)
{
	const struct http_interface *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < server->route_count; i++) {
		const struct http_interface *one = server->routes[i].interface;

		for (size_t k = 0; one->prefixes && one->prefixes[k]; k++) {
			size_t size = strlen(one->prefixes[k]);

			if (size > longest &&
			    strlen(target) >= size &&
			    same(target, one->prefixes[k], size,
				one->any_case)) {
				longest = size;
				best = one;
			}
		}
	}
	return best;
}

bool route_parameters(const struct route *route, const struct path *path,
	struct http_request *request)
{
	request->parameter_count = 0;
	for (size_t i = 0; i < route->segment_count; i++) {
		const struct segment *s = &route->segments[i];
		struct http_field *field =
			&request->parameters[request->parameter_count];
		const char *text = path->segments[i];

		if (!s->name)
			continue;
		field->name = memory_copy(request->memory, s->name,
			s->name_size);
		field->value = memory_copy(request->memory, text,
			strlen(text) - s->text_size);
		if (!field->name || !field->value)
			return false;
		request->parameter_count++;
	}
	return true;
}
