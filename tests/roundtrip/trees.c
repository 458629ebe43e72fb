/* SPDX-License-Identifier: MIT */
#include "trip.h"

#include <stdlib.h>
#include <string.h>

static void leaf_fill(trip_leaf *l, unsigned seed)
{
	l->k = seed % 5;
	/* A count of zero with a pointer, and a NULL with a count. */
	l->v = seed % 7 == 3 ? NULL : malloc((l->k + 1) * sizeof(*l->v));
	for (uint32_t i = 0; l->v && i < l->k; i++)
		l->v[i] = (uint16_t)(seed * 31 + i);
	l->pair = seed % 3 == 2 ? NULL : malloc(2 * sizeof(*l->pair));
	for (int i = 0; l->pair && i < 2; i++) {
		l->pair[i].x = (int)seed + i;
		l->pair[i].y = -i;
	}
}

void trip_tree_fill(trip_tree *t, size_t k, unsigned seed)
{
	char *dozen = malloc(12);

	memset(t, 0, sizeof(*t));
	t->n = k;
	t->leaves = seed % 11 == 10 ? NULL : calloc(k + 1, sizeof(*t->leaves));
	for (size_t i = 0; t->leaves && i < k; i++)
		leaf_fill(&t->leaves[i], seed + (unsigned)i);
	t->bytes = seed % 100;
	t->blob = malloc(t->bytes + 1);
	for (uint32_t i = 0; i < t->bytes; i++)
		((uint8_t *)t->blob)[i] = trip_byte(seed + i);
	for (unsigned i = 0; i < 12; i++)
		dozen[i] = (char)trip_byte(seed * 3 + i);
	t->dozen = dozen;
	memcpy(t->tag, "tag-1234", 8);
	t->plain = (int)seed * 5;
	t->point.x = (int)seed;
	t->point.y = 77;
	t->raw = TRIP_ADDRESS;
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * 0x100000001b3ull;
}

static uint64_t leaf_sum(uint64_t sum, const trip_leaf *l)
{
	sum = mix(sum, l->k);
	for (uint32_t i = 0; l->v && i < l->k; i++)
		sum = mix(sum, l->v[i]);
	for (int i = 0; l->pair && i < 2; i++)
		sum = mix(mix(sum, (uint64_t)l->pair[i].x),
			  (uint64_t)l->pair[i].y);
	return mix(sum, (l->v ? 1 : 0) + (l->pair ? 2 : 0));
}

uint64_t trip_tree_sum(const trip_tree *t, size_t count)
{
	uint64_t sum = 14695981039346656037ull;

	for (size_t j = 0; t && j < count; j++) {
		const trip_tree *a = &t[j];

		sum = mix(sum, a->n);
		for (size_t i = 0; a->leaves && i < a->n; i++)
			sum = leaf_sum(sum, &a->leaves[i]);
		for (uint32_t i = 0; a->blob && i < a->bytes; i++)
			sum = mix(sum, ((const uint8_t *)a->blob)[i]);
		for (unsigned i = 0; a->dozen && i < 12; i++)
			sum = mix(sum, (uint8_t)a->dozen[i]);
		for (unsigned i = 0; i < 8; i++)
			sum = mix(sum, (uint8_t)a->tag[i]);
		sum = mix(sum, (uint64_t)a->plain);
		sum = mix(sum, (uint64_t)a->point.x);
		sum = mix(sum, (uint64_t)a->point.y);
		sum = mix(sum, (uint64_t)a->raw);
		sum = mix(sum, (a->leaves ? 1 : 0) + (a->blob ? 2 : 0));
	}
	return sum;
}

void trip_tree_free(trip_tree *t)
{
	for (size_t i = 0; t->leaves && i < t->n; i++) {
		free(t->leaves[i].v);
		free(t->leaves[i].pair);
	}
	free(t->leaves);
	free(t->blob);
	free((void *)t->dozen);
	memset(t, 0, sizeof(*t));
}
