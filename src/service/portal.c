/* SPDX-License-Identifier: MIT */
/* The portal as a module of coffer-serve. */
#include "service/portal.h"

#include "service/arm.h"
#include <errno.h>
#include <stdlib.h>

/* The module's one instance: what portal_close() closes. */
static struct portal *opened;

void portal_free(struct portal *portal)
{
	if (!portal)
		return;
	portal_live_close(portal);
	arm_close(portal);
	portal_keys_close(portal);
	portal_quote_close(portal);
	portal_verbs_free(portal);
	portal_tokens_close(portal->tokens);
	free(portal);
}

int portal_open(struct http_server *server, struct service *service,
	struct portal **out, struct why *why)
{
	struct portal *portal = calloc(1, sizeof(*portal));
	int r;

	if (!portal)
		return why_set(why, -ENOMEM, "out of memory");
	portal->service = service;
	portal->server = server;
	r = portal_tokens_open(service->folder, &portal->tokens, why);
	if (!r && (r = portal_static_routes(portal)))
		why_set(why, r, "the portal's pages do not fit in");
	if (!r)
		r = portal_quote_open(portal, why);
	if (!r)
		r = portal_keys_open(portal, why);
	if (!r)
		r = arm_open(portal, why);
	if (!r)
		r = portal_live_open(portal, why);
	if (r) {
		portal_free(portal);
		return r;
	}
	*out = portal;
	return 0;
}

int portal_routes(struct http_server *server, struct service *service,
	struct why *why)
{
	return portal_open(server, service, &opened, why);
}

void portal_close(void)
{
	portal_free(opened);
	opened = NULL;
}
