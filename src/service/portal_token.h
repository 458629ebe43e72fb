/* SPDX-License-Identifier: MIT */
/*
 * The bearer tokens of the portal and of its API: <folder>/tokens, 0600, made
 * at first use.
 *
 *   read-write <43 characters>
 *   read-only <43 characters>
 *
 * The running service notices when the file changes, so a new token counts,
 * and the old one stops to, with the next request.
 */
#ifndef COFFER_SERVICE_PORTAL_TOKEN_H
#define COFFER_SERVICE_PORTAL_TOKEN_H

#include "common/why.h"
#include "service/service.h"

enum portal_right { PORTAL_NOTHING, PORTAL_READ, PORTAL_WRITE };

struct portal_token_pair {
	char write[SERVICE_TOKEN_CHARS + 1];
	char read[SERVICE_TOKEN_CHARS + 1];
};

/* Reads the file, making it if it is not there.  -errno. */
int portal_token_read(const char *folder, struct portal_token_pair *,
	struct why *why);
/* New ones for those named; the file changes whole. */
int portal_token_renew(const char *folder, bool write, bool read,
	struct portal_token_pair *, struct why *why);

struct portal_tokens; /* for several threads */
int portal_tokens_open(const char *folder, struct portal_tokens **,
	struct why *why);
void portal_tokens_close(struct portal_tokens *);
/* What its bearer may do; NULL: there is no bearer.  When the file cannot be
 * read, nothing, and a line in the log. */
enum portal_right portal_tokens_right(struct portal_tokens *,
	const char *bearer);

#endif
