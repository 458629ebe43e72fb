/* SPDX-License-Identifier: MIT */
/*
 * The server on the network: libmicrohttpd, with GnuTLS unless plain HTTP on
 * a loopback address was asked for.  Worker threads run the handlers.
 *
 * Limits (config.h has the keys): connections in all and per address,
 * requests per second and address, bytes of bodies held at once, seconds
 * until a connection must have got one whole answer.
 */
#ifndef COFFER_SERVICE_LISTEN_H
#define COFFER_SERVICE_LISTEN_H

#include "common/why.h"
#include "service/config.h"
#include "service/http.h"

struct listener;

/* Listens; key and chain are PEM, NULL for plain HTTP (refused unless the
 * address is a loopback one).  *port gets the port, which matters where the
 * configuration says 0.  Requests are served from listener_start() on. */
int listener_open(struct listener **, const struct http_server *,
	const struct config *, const char *key, const char *chain,
	unsigned *port, struct why *why);
int listener_start(struct listener *, struct why *why);

/* Lets requests that run finish, closes everything. */
void listener_close(struct listener *);

#endif
