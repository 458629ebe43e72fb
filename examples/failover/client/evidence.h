/* SPDX-License-Identifier: MIT */
/* Is the other end of a TLS connection the enclave that we want? */
#ifndef FAILOVER_EVIDENCE_H
#define FAILOVER_EVIDENCE_H

#include "client.h"

#include <openssl/ssl.h>

/* NULL, or what is wrong (a constant text). */
const char *evidence_check(SSL *, const struct client_wanted *);

#endif
