/* SPDX-License-Identifier: MIT */
/* The page's files: those of the table that the build makes, no others. */
#include "service/portal_static.h"

#include "service/portal.h"
#include <string.h>

static const struct portal *g_portal; /* set before the first request */

static void finish(const struct http_request *request,
	struct http_answer *answer)
{
	portal_headers(answer, true);
}

static const struct http_interface interface = {
	.name = "page", .finish = finish,
};

/* Is a word in a header like "gzip;q=1.0, br"?  One with weight 0 is not. */
static bool accepts(const char *header, const char *word)
{
	size_t size = strlen(word);

	for (; header && *header; header += strcspn(header, ",")) {
		const char *after;

		header += strspn(header, ", \t");
		after = header + size;
		if (strncmp(header, word, size) || !strchr(";, \t", *after))
			continue;
		after += strspn(after, " \t");
		return *after != ';' || !strstr(after, "q=0") ||
			strstr(after, "q=0.") != NULL;
	}
	return false;
}

static void get(struct http_request *request, struct http_answer *answer)
{
	const struct portal_file *file = request->context;
	const char *known = http_header(request, "If-None-Match"), *url;
	bool gzip = file->gzip_size && accepts(http_header(request,
		"Accept-Encoding"), "gzip");

	if (!portal_place_ok(g_portal, request, answer, false, &url))
		return;
	if (known && strstr(known, file->etag))
		http_answer_empty(answer, 304);
	else
		http_answer_bytes(answer, 200, file->type, gzip ? file->gzip :
			file->bytes, gzip ? file->gzip_size : file->size);
	if (gzip)
		http_answer_header(answer, "Content-Encoding", "gzip");
	http_answer_header(answer, "Vary", "Accept-Encoding");
	http_answer_header(answer, "ETag", file->etag);
	http_answer_header(answer, "Cache-Control", "no-cache");
}

int portal_static_routes(struct portal *portal)
{
	g_portal = portal;
	for (size_t i = 0; i < portal_file_count; i++) {
		int r = http_route(portal->server, &interface,
			(void *)(uintptr_t)&portal_files[i], "GET",
			portal_files[i].path, 0, get);

		if (r)
			return r;
	}
	return 0;
}
