/* SPDX-License-Identifier: MIT */
/* The attestation service as a module of coffer-serve, on this state
 * directory's CA. */
#include <string.h>

#include "service/maa.h"

/* The module's one instance: what maa_close() closes. */
static struct maa *opened;
static struct maa_source source;

int maa_routes(struct http_server *server, struct service *service,
	struct why *why)
{
	int r = maa_source_open(&source, why);

	if (!r)
		r = maa_open(server, service, &source, &opened, why);
	if (r)
		maa_source_close(&source);
	return r;
}

void maa_close(void)
{
	maa_free(opened);
	opened = NULL;
	maa_source_close(&source);
}
