/* SPDX-License-Identifier: MIT */
/* A copy of a world, to go back to after each try. */
#include "world.h"
#include <stdlib.h>

struct world_saved {
	struct world w; /* with the pointers of the world, not of the copy */
	size_t size;
	uint8_t arrays[];
};

struct array {
	void *data;
	size_t size;
};
#define ARRAYS 7

static void list(const struct world *w, struct array a[ARRAYS])
{
	size_t n = w->epc_pages;

	a[0] = (struct array){ w->epc, n * sizeof *w->epc };
	a[1] = (struct array){ w->epcm, n * sizeof *w->epcm };
	a[2] = (struct array){ w->placed, n * sizeof *w->placed };
	a[3] = (struct array){ w->unmapped, n * sizeof *w->unmapped };
	a[4] = (struct array){ w->ordinary, n * sizeof *w->ordinary };
	a[5] = (struct array){ w->tracked, n * sizeof *w->tracked };
	a[6] = (struct array){ w->changed, n * sizeof *w->changed };
}

struct world_saved *world_save(const struct world *w)
{
	struct world_saved *saved;
	struct array a[ARRAYS];
	size_t size = 0, at = 0;

	list(w, a);
	for (int i = 0; i < ARRAYS; i++)
		size += a[i].size;
	saved = malloc(sizeof *saved + size);
	assert_non_null(saved);
	saved->w = *w;
	saved->size = size;
	for (int i = 0; i < ARRAYS; at += a[i++].size)
		memcpy(saved->arrays + at, a[i].data, a[i].size);
	return saved;
}

void world_restore(struct world *w, const struct world_saved *saved)
{
	struct array a[ARRAYS];
	size_t at = 0;

	*w = saved->w;
	list(w, a);
	for (int i = 0; i < ARRAYS; at += a[i++].size)
		memcpy(a[i].data, saved->arrays + at, a[i].size);
	assert_int_equal(at, saved->size);
}

void world_saved_free(struct world_saved *saved)
{
	free(saved);
}
