/* SPDX-License-Identifier: MIT */
/*
 * Memory of one compiler run: taken piece by piece, given back at once.
 */
#ifndef COFFER_EDL_ARENA_H
#define COFFER_EDL_ARENA_H

#include <stddef.h>

struct edl_arena_block;

/* All zero is a valid empty arena. */
struct edl_arena {
	struct edl_arena_block *blocks;
	size_t used;	/* bytes taken from the system */
};

/*
 * SIZE zeroed bytes, aligned for every type, that live as long as the arena;
 * NULL when the system has no more or the run's limit is reached.
 */
void *edl_arena_take(struct edl_arena *a, size_t size);

/* Give back everything; the arena is empty and usable afterwards. */
void edl_arena_free(struct edl_arena *a);

#endif
