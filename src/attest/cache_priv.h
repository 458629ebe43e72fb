/* SPDX-License-Identifier: MIT */
/*
 * Machines that have been judged, by the very bytes they were judged from.
 */
#ifndef COFFER_ATTEST_CACHE_PRIV_H
#define COFFER_ATTEST_CACHE_PRIV_H

#include "machine_priv.h"

/* What a judgement depends on, besides nothing. */
struct cache_key {
	struct attest_bytes chain;
	const struct attest_collateral *collateral;
	const struct attest_roots *roots;
};

/* The machine, which stays the cache's and lives until the next call of
 * attest_cache_put; NULL if it is not there. */
struct machine *attest_cache_find(struct attest_cache *cache,
	const struct cache_key *key);

/* Any machine that was judged from this chain, likewise: what the chain alone
 * says (pck) is the same in all of them. */
const struct machine *attest_cache_chain(const struct attest_cache *cache,
	struct attest_bytes chain);

/* Takes the machine's content over and returns where it is; NULL when there
 * is no memory, and the machine stays the caller's. */
struct machine *attest_cache_put(struct attest_cache *cache,
	const struct cache_key *key, struct machine *machine);

#endif
