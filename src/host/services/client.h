/* SPDX-License-Identifier: MIT */
/*
 * A client of the services: one HTTP request, one answer.  By libcurl.
 *
 * Nothing is followed or retried.  The bearer token goes over https, or to
 * this machine, and nowhere else; https is checked against the given
 * certificates alone.
 */
#ifndef COFFER_HOST_SERVICES_CLIENT_H
#define COFFER_HOST_SERVICES_CLIENT_H

#include "common/why.h"
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_TOKEN_MAX 4096

struct client {
	char ca[PATH_MAX]; /* "": the system's */
	char token[CLIENT_TOKEN_MAX]; /* "": none */
};

struct client_answer {
	unsigned status;
	char *body; /* malloc; a NUL follows; NULL only without an answer */
	size_t size;
};

/* NULL for a file: $COFFER_SERVICE_CA and $COFFER_SERVICE_TOKEN, else those
 * of this user's `coffer serve`: serve/tls/ca.pem and serve/default_token
 * (NULL: no token) in the state directory, where they are there.  0,
 * -ENOENT, -EINVAL. */
int client_open(struct client *client, const char *ca_file,
	const char *token_file, const char *default_token, struct why *why);

/* The address of this user's running `coffer serve`, without a slash at the
 * end.  -ENOENT when none runs. */
int client_service_url(char *url, size_t size, struct why *why);

/* body: JSON, or NULL.  At most `most` bytes of answer.  0 with whatever
 * status came, answer->body to be freed; -EIO with why when nothing came. */
int client_ask(const struct client *client, const char *method,
	const char *url, const void *body, size_t body_size, size_t most,
	struct client_answer *answer, struct why *why);

/* Wipes the token. */
void client_close(struct client *client);

#endif
