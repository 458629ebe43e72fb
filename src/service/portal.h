/* SPDX-License-Identifier: MIT */
/*
 * The portal: machines over Azure Resource Manager's paths (arm.h), what they
 * do live, quotes, keys, and the page that shows it all.  This header is for
 * its own files; docs/portal-api.md has every path and its JSON.
 *
 * A route that needs a token is a verb: a row with the right it needs and a
 * function.  portal_call.c lets a request through to it when
 *
 *   its Host is a name of this service (else a foreign name may have been
 *     made to point here), 421;
 *   it does not come from another site's page (Sec-Fetch-Site, Origin), 403;
 *   it carries a token (portal_token.h) that has the right, 401 or 403;
 *   no part of its path is a dot, two dots or holds a slash, 400.
 *
 * Nothing is ever taken from a cookie and no CORS header is sent, so another
 * site's page cannot act here in its visitor's name.
 */
#ifndef COFFER_SERVICE_PORTAL_H
#define COFFER_SERVICE_PORTAL_H

#include "service/portal_token.h"
#include "service/service.h"

struct portal_route;
struct portal_keys;
struct portal_quotes;
struct portal_live;
struct arm;

struct portal {
	struct service *service;
	struct http_server *server;
	struct portal_tokens *tokens;
	struct portal_keys *keys;
	struct portal_quotes *quotes;
	struct portal_live *live;
	struct arm *arm;
	struct portal_route *routes; /* freed when the service ends */
};

/* Registers everything; portal_free() after the last request. */
int portal_open(struct http_server *, struct service *, struct portal **,
	struct why *why);
void portal_free(struct portal *); /* also NULL */

struct portal_call {
	struct portal *portal;
	struct http_request *request;
	struct http_answer *answer;
	enum portal_right right; /* of the token */
	/* What the client calls us, without a slash at the end; lives as long
	 * as the request. */
	const char *url;
	struct why why; /* run()'s, for the error */
};

struct portal_verb {
	const char *method, *pattern;
	enum portal_right right;
	size_t body_max; /* 0: reads no body */
	/* Answers and gives 0, or gives a negative errno with the reason in
	 * call->why: -EINVAL 400, -ENOENT 404, -EBUSY 429, others 500. */
	int (*run)(struct portal_call *call);
};

int portal_verbs(struct portal *, const struct portal_verb *verbs,
	size_t count);
void portal_verbs_free(struct portal *);

/* The headers that keep a browser from doing more with an answer than show
 * it: for pages with what the portal's own need, for data nothing at all. */
void portal_headers(struct http_answer *, bool page);

/* May this request come from where it says: Host, Sec-Fetch-Site, Origin?
 * false: refused, answered.  data: also Origin and Sec-Fetch-Site, which do
 * not matter for what everybody may see.  *url: as in struct portal_call. */
bool portal_place_ok(const struct portal *, struct http_request *,
	struct http_answer *, bool data, const char **url);

/* A number of the query; what it was when the query has none.  false: it is
 * no number from least to most. */
bool portal_number(const struct http_request *, const char *name,
	int64_t least, int64_t most, int64_t *out);

/* Lower-case hexadecimal as a JSON string. */
json_t *portal_hex(const uint8_t *bytes, size_t size);

/* --- parts: each registers its verbs ------------------------------------- */

int portal_static_routes(struct portal *); /* portal_static.c */
int portal_quote_open(struct portal *, struct why *why); /* portal_quote.c */
void portal_quote_close(struct portal *);
int portal_keys_open(struct portal *, struct why *why); /* portal_keys.c */
void portal_keys_close(struct portal *);
int portal_live_open(struct portal *, struct why *); /* portal_live.c */
void portal_live_close(struct portal *);

#endif
