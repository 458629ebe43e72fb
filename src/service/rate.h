/* SPDX-License-Identifier: MIT */
/*
 * How often a client may ask: a bucket per address (IPv4 address or IPv6
 * /64) that holds one second's requests and fills again as time goes.
 */
#ifndef COFFER_SERVICE_RATE_H
#define COFFER_SERVICE_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct rate;

/* per_second 0: no limit.  loopback: are this machine's own clients limited
 * too?  NULL: out of memory. */
struct rate *rate_new(unsigned per_second, bool loopback);
void rate_free(struct rate *);

/* May this client ask at this time (milliseconds of any clock that does not
 * go back)?  Addresses that are no IP count as this machine's.  For several
 * threads. */
bool rate_allow(struct rate *, const struct sockaddr *client,
	uint64_t ms);

bool rate_is_loopback(const struct sockaddr *);

#endif
