/* SPDX-License-Identifier: MIT */
/*
 * TLS over connections of the host's.  The certificate carries evidence that
 * names its key, and the key is made in the enclave and never leaves it: who
 * verifies the evidence knows to which enclave the connection leads.
 */
#ifndef FAILOVER_TLS_H
#define FAILOVER_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* Key and certificate, for all connections.  0 or -1. */
int tls_open(void);

struct tls; /* a connection */

/* Shakes hands with the client there; NULL if that fails. */
struct tls *tls_accept(int connection);
/* Exactly size bytes, or false. */
bool tls_read(struct tls *, void *bytes, size_t size);
bool tls_write(struct tls *, const void *bytes, size_t size);
void tls_close(struct tls *);

#endif
