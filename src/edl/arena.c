/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "limits.h"

#define BLOCK_SIZE ((size_t)64 << 10)

struct edl_arena_block {
	struct edl_arena_block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char data[];
};

void *edl_arena_take(struct edl_arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct edl_arena_block *b = a->blocks;

	if (size > EDL_MAX_MEMORY)
		return NULL;
	size = (size + align - 1) & ~(align - 1);
	if (!b || b->size - b->used < size) {
		size_t want = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;

		if (want > EDL_MAX_MEMORY - a->used)
			return NULL;
		b = calloc(1, sizeof(*b) + want);
		if (!b)
			return NULL;
		b->size = want;
		a->used += want;
		/* A block for one big piece must not hide a half-full one. */
		if (want == size && a->blocks) {
			b->next = a->blocks->next;
			a->blocks->next = b;
		} else {
			b->next = a->blocks;
			a->blocks = b;
		}
	}
	void *p = b->data + b->used;
	b->used += size;
	return p;
}

void edl_arena_free(struct edl_arena *a)
{
	struct edl_arena_block *b = a->blocks;

	while (b) {
		struct edl_arena_block *next = b->next;

		free(b);
		b = next;
	}
	a->blocks = NULL;
	a->used = 0;
}
