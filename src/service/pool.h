/* SPDX-License-Identifier: MIT */
/*
 * Memory that is given back all at once, and that has a bottom: whoever
 * works for a stranger (parses his policy, runs his query) can take so much
 * and no more.
 */
#ifndef COFFER_SERVICE_POOL_H
#define COFFER_SERVICE_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {
	struct pool_block *blocks;
	size_t left;		/* bytes that may still be taken */
};

/* An empty pool of at most so many bytes. */
void pool_init(struct pool *pool, size_t most);
void pool_free(struct pool *pool);

/* Zeroed, aligned for anything; lives until pool_free().  NULL if the pool
 * or the machine has no more. */
void *pool_alloc(struct pool *pool, size_t size);

/* A copy of size bytes with a NUL after them. */
char *pool_text(struct pool *pool, const char *text, size_t size);

#endif
