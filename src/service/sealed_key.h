/* SPDX-License-Identifier: MIT */
/*
 * The RSA key pair that a module signs with: made at first use, kept in a
 * table of the module's own, encrypted under the master key.
 */
#ifndef COFFER_SERVICE_SEALED_KEY_H
#define COFFER_SERVICE_SEALED_KEY_H

#include "service/service.h"

#include <openssl/evp.h>

struct sealed_key {
	/* With columns id, always 1, and secret, NOT NULL; others may be NULL.
	 * A constant: it becomes part of SQL. */
	const char *table;
	const char *label; /* of seal_at_rest.h */
	unsigned bits;
	const char *what; /* in messages: "the key that …" */
	const char *database; /* in messages: whose database failed */
};

/* The pair, made where there is none; the caller frees it.  Several may do so
 * at once: all get the same.  0; -EBADMSG: the master key is another one, or
 * the secret is damaged; -EIO, -ENOMEM. */
int sealed_key_open(const struct service *service,
	const struct sealed_key *which, EVP_PKEY **key, struct why *why);

#endif
