/* SPDX-License-Identifier: MIT */
#include "bench_walk.h"

#define LINE 64u
#define LINES (WALK_PAGE / LINE)

static uint64_t *word_of(const void *base, uint32_t page)
{
	return (uint64_t *)((uintptr_t)base + (uint64_t)page * WALK_PAGE +
		page % LINES * LINE);
}

/* Sattolo's shuffle: a permutation that is one ring. */
static void shuffle(uint32_t *next, uint32_t count, uint64_t seed)
{
	uint64_t x = seed | 1;

	for (uint32_t i = 0; i < count; i++)
		next[i] = i;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t k, kept = next[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		k = (uint32_t)((x >> 16) % i);
		next[i] = next[k];
		next[k] = kept;
	}
}

void walk_lay(void *base, uint32_t count, enum walk_order order,
	uint64_t seed, uint32_t *next)
{
	if (order == WALK_RANDOM)
		shuffle(next, count, seed);
	else
		for (uint32_t i = 0; i < count; i++)
			next[i] = i + 1 < count ? i + 1 : 0;
	for (uint32_t i = 0; i < count; i++)
		*word_of(base, i) = next[i];
}

uint32_t walk_run(void *base, uint32_t at, uint64_t steps)
{
	while (steps--) {
		uint64_t *word = word_of(base, at);
		uint64_t value = *word;

		*word = value + (UINT64_C(1) << 32);
		at = (uint32_t)value;
	}
	return at;
}

uint32_t walk_wrong(const void *base, uint32_t count, uint32_t visits)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = *word_of(base, i);

		wrong += value >> 32 != visits || (uint32_t)value >= count;
	}
	return wrong;
}
