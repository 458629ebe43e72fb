/* SPDX-License-Identifier: MIT */
/*
 * Records in etcd, by its JSON gateway.  A record NAME is two keys of the
 * store: NAME, and NAME/head with the SHA-256 of it, which a write compares.
 * Reads are linearizable, a write goes to a majority of the store's members.
 */
#ifndef FAILOVER_STORE_H
#define FAILOVER_STORE_H

#include <stddef.h>
#include <stdint.h>

struct store;

#define STORE_DIGEST 32u

/* urls: "http://host:port" of the store's members, parted by commas.  NULL
 * when out of memory.  Calls on one store happen one after another. */
struct store *store_open(const char *urls);
void store_close(struct store *);

/* These return 0 or:
 *   -ENOENT  there is no such record
 *   -ESTALE  there is another one than expected; nothing was changed
 *   -EMSGSIZE  it is larger than capacity
 *   -EIO     no answer that makes sense: what was to be written may be there,
 *            or come to be there */
int store_get(struct store *, const char *name, uint8_t *record,
	size_t capacity, size_t *size);
/* expected: digest of the record that has to be there, all zeros: none. */
int store_put(struct store *, const char *name,
	const uint8_t expected[STORE_DIGEST], const uint8_t *record,
	size_t size, const uint8_t digest[STORE_DIGEST]);

#endif
