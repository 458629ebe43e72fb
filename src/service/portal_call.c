/* SPDX-License-Identifier: MIT */
/* Who is let in, and from where. */
#include "service/portal.h"

#include "common/log.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ARM_PREFIX "/subscriptions"
#define HOST_MAX 300u /* a name of 255, a port */

struct portal_route {
	struct portal_route *next;
	struct portal *portal;
	const struct portal_verb *verb;
};

/* --- headers ------------------------------------------------------------ */

void portal_headers(struct http_answer *answer, bool page)
{
	http_answer_header(answer, "Content-Security-Policy", page ?
		"default-src 'none'; script-src 'self'; style-src 'self'; "
		"img-src 'self'; connect-src 'self'; base-uri 'none'; "
		"form-action 'none'; frame-ancestors 'none'" :
		"default-src 'none'; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'");
	http_answer_header(answer, "Referrer-Policy", "no-referrer");
	http_answer_header(answer, "Cross-Origin-Opener-Policy",
		"same-origin");
	http_answer_header(answer, "Cross-Origin-Resource-Policy",
		"same-origin");
}

static void finish(const struct http_request *request,
	struct http_answer *answer)
{
	portal_headers(answer, false);
	http_answer_header(answer, "Cache-Control", "no-store");
	http_answer_header(answer, "x-ms-request-id", request->id);
}

/* A name that a client has given to what it does, to be said again. */
static bool name_ok(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM"
		"NOPQRSTUVWXYZ0123456789-_.");

	return size && size <= 64 && !name[size];
}

static void finish_arm(const struct http_request *request,
	struct http_answer *answer)
{
	const char *correlation = http_header(request,
		"x-ms-correlation-request-id");
	const char *client = http_header(request, "x-ms-client-request-id");
	const char *again = http_header(request,
		"x-ms-return-client-request-id");

	finish(request, answer);
	http_answer_header(answer, "x-ms-correlation-request-id",
		correlation && name_ok(correlation) ? correlation :
		request->id);
	if (client && name_ok(client) && again && !strcasecmp(again, "true"))
		http_answer_header(answer, "x-ms-client-request-id", client);
}

static const char *const prefixes[] = { "/portal", NULL };
static const char *const arm_prefixes[] = { ARM_PREFIX, NULL };

static const struct http_interface interface = {
	.name = "portal", .prefixes = prefixes, .finish = finish,
};
/* Azure Resource Manager's paths are the same in any case. */
static const struct http_interface arm_interface = {
	.name = "arm", .any_case = true, .prefixes = arm_prefixes,
	.finish = finish_arm,
};

/* --- the place ---------------------------------------------------------- */

/* The name in "name:port" or "[address]:port", without brackets. */
static bool host_split(const char *host, char name[HOST_MAX])
{
	size_t size = strcspn(host, ":");
	const char *port = host + size;

	if (*host == '[') {
		host++;
		size = strcspn(host, "]");
		if (host[size] != ']')
			return false;
		port = host + size + 1;
	}
	if (!size || size >= HOST_MAX || (*port && (*port != ':' ||
			strspn(port + 1, "0123456789") != strlen(port + 1) ||
			strlen(port + 1) > 5)))
		return false;
	memcpy(name, host, size);
	name[size] = '\0';
	return true;
}

/* One of a list with commas and spaces between? */
static bool listed(const char *list, const char *name)
{
	size_t size;

	for (; *list; list += size) {
		list += strspn(list, ", \t");
		size = strcspn(list, ", \t");
		if (size == strlen(name) && !strncasecmp(list, name, size))
			return size > 0;
	}
	return false;
}

/* Scheme, host and port of an address: what comes before its path. */
static size_t origin_size(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") :
		strlen(url);
}

/* A name that is ours, or an address: whoever can make a foreign name point
 * here cannot make an address one. */
static bool host_ok(const struct portal *portal, const char *host)
{
	const char *url = portal->service->url, *own = strstr(url, "://");
	char name[HOST_MAX], of_url[HOST_MAX], text[HOST_MAX];
	struct in6_addr address;
	size_t size;

	if (!host_split(host, name))
		return false;
	if (!strcasecmp(name, "localhost") ||
			inet_pton(AF_INET, name, &address) == 1 ||
			inet_pton(AF_INET6, name, &address) == 1 ||
			listed(config_text(portal->service->config,
				"tls_names"), name))
		return true;
	size = own ? strcspn(own + 3, "/") : 0;
	if (!size || size >= sizeof(text))
		return false;
	memcpy(text, own + 3, size);
	text[size] = '\0';
	return host_split(text, of_url) && !strcasecmp(of_url, name);
}

static bool origin_ok(const struct portal *portal, const char *origin,
	const char *url)
{
	const char *own = portal->service->url;

	return (strlen(origin) == origin_size(own) &&
		!strncasecmp(origin, own, origin_size(own))) ||
		!strcasecmp(origin, url);
}

bool portal_place_ok(const struct portal *portal,
	struct http_request *request, struct http_answer *answer, bool data,
	const char **url)
{
	const struct config *config = portal->service->config;
	const char *host = http_header(request, "Host");
	const char *site = http_header(request, "Sec-Fetch-Site");
	const char *origin = http_header(request, "Origin");
	const char *here;

	if (!host || !host_ok(portal, host)) {
		http_answer_error(answer, 421, "MisdirectedRequest",
			"this service is not known by that name: call it by "
			"its address, or name it in tls_names");
		return false;
	}
	here = http_printf(request, "http%s://%s", config_yes(config,
		"http") ? "" : "s", host);
	if (!here) {
		http_answer_error(answer, 500, NULL, "out of memory");
		return false;
	}
	if (data && ((site && strcasecmp(site, "same-origin") &&
			strcasecmp(site, "none")) ||
			(origin && !origin_ok(portal, origin, here)))) {
		http_answer_error(answer, 403, "CrossSiteRequest",
			"pages of other sites may not ask this");
		return false;
	}
	*url = *config_text(config, "url") ? portal->service->url : here;
	return true;
}

/* --- the caller --------------------------------------------------------- */

static bool admit(struct portal_call *call, enum portal_right right)
{
	const char *bearer = http_bearer(call->request);

	call->right = portal_tokens_right(call->portal->tokens, bearer);
	if (call->right == PORTAL_NOTHING) {
		http_answer_error(call->answer, 401, "AuthenticationFailed",
			"%s as Authorization: Bearer: `coffer serve token` "
			"prints it", bearer ? "This token is not valid: show "
			"the service's" : "Show the service's token");
		http_answer_header(call->answer, "WWW-Authenticate",
			"Bearer realm=\"coffer\"");
		return false;
	}
	if (call->right >= right)
		return true;
	http_answer_error(call->answer, 403, "AuthorizationFailed",
		"this token may only read: `coffer serve token --read-write` "
		"prints one that may do this");
	return false;
}

/* No part of a path has a use for these, and files are never far. */
static bool path_ok(const struct http_request *request)
{
	for (size_t i = 0; i < request->parameter_count; i++) {
		const char *part = request->parameters[i].value;

		if (!*part || !strcmp(part, ".") || !strcmp(part, "..") ||
				strpbrk(part, "/\\"))
			return false;
	}
	return true;
}

static void answer_failure(struct portal_call *call, int error)
{
	unsigned status = 500;
	const char *code = "InternalServerError";

	if (error == -EINVAL) {
		status = 400;
		code = "InvalidParameter";
	} else if (error == -ENOENT) {
		status = 404;
		code = "ResourceNotFound";
	} else if (error == -EBUSY) {
		status = 429;
		code = "TooManyRequests";
	} else {
		log_error("portal: %s", call->why.text);
	}
	http_answer_error(call->answer, status, code, "%s", call->why.text);
}

static void run(struct http_request *request, struct http_answer *answer)
{
	const struct portal_route *route = request->context;
	struct portal_call call = { .portal = route->portal,
		.request = request, .answer = answer };
	int r;

	if (!portal_place_ok(route->portal, request, answer, true,
			&call.url) || !admit(&call, route->verb->right))
		return;
	if (!path_ok(request)) {
		http_answer_error(answer, 400, "InvalidParameter",
			"a part of the path is empty, dots or has a slash");
		return;
	}
	r = route->verb->run(&call);
	if (r)
		answer_failure(&call, r);
}

int portal_verbs(struct portal *portal, const struct portal_verb *verbs,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct portal_route *route = calloc(1, sizeof(*route));
		bool arm = !strncmp(verbs[i].pattern, ARM_PREFIX,
			strlen(ARM_PREFIX));
		int r;

		if (!route)
			return -ENOMEM;
		route->portal = portal;
		route->verb = &verbs[i];
		route->next = portal->routes;
		portal->routes = route;
		r = http_route(portal->server, arm ? &arm_interface :
			&interface, route,
			verbs[i].method, verbs[i].pattern, verbs[i].body_max,
			run);
		if (r)
			return r;
	}
	return 0;
}

void portal_verbs_free(struct portal *portal)
{
	while (portal->routes) {
		struct portal_route *next = portal->routes->next;

		free(portal->routes);
		portal->routes = next;
	}
}

/* --- small things ------------------------------------------------------- */

bool portal_number(const struct http_request *request, const char *name,
	int64_t least, int64_t most, int64_t *out)
{
	const char *text = http_query_any_case(request, name);
	int64_t number;
	char *end;

	if (!text)
		return true;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < least ||
			number > most)
		return false;
	*out = number;
	return true;
}

json_t *portal_hex(const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * size + 1);
	json_t *value;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	value = json_stringn(text, 2 * size);
	free(text);
	return value;
}
