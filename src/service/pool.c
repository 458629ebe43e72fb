/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 4096, ALIGN = sizeof(max_align_t) };

struct pool_block {
	struct pool_block *next;
	size_t used, size;	/* bytes of data */
	max_align_t data[];
};

void pool_init(struct pool *pool, size_t most)
{
	pool->blocks = NULL;
	pool->left = most;
}

void pool_free(struct pool *pool)
{
	while (pool->blocks) {
		struct pool_block *next = pool->blocks->next;

		free(pool->blocks);
		pool->blocks = next;
	}
}

void *pool_alloc(struct pool *pool, size_t size)
{
	struct pool_block *block = pool->blocks;
	void *p;

	if (size > pool->left || size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK ? size : BLOCK;

		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->size = room;
		block->next = pool->blocks;
		pool->blocks = block;
	}
	p = (char *)block->data + block->used;
	block->used += size;
	pool->left -= size < pool->left ? size : pool->left;
	return p;
}

char *pool_text(struct pool *pool, const char *text, size_t size)
{
	char *copy = size < SIZE_MAX ? pool_alloc(pool, size + 1) : NULL;

	if (copy)
		memcpy(copy, text, size);
	return copy;
}
