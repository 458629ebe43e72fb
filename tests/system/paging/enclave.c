/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>

#include "paging_t.h"

#define WORDS 512u /* of a page */

static uint64_t *g_words;
static uint64_t g_pages, g_seed, g_sweeps;

static uint64_t word(uint64_t page, uint64_t i)
{
	uint64_t x = (page * WORDS + i + g_seed) * 0x9e3779b97f4a7c15ull;

	return x ^ x >> 29;
}

int paging_fill(uint64_t pages, uint64_t seed)
{
	if (g_words)
		return -1;
	g_words = malloc(pages * WORDS * sizeof(*g_words));
	if (!g_words)
		return -1;
	g_pages = pages;
	g_seed = seed;
	for (uint64_t page = 0; page < pages; page++) {
		g_words[page * WORDS] = 0;
		for (uint64_t i = 1; i < WORDS; i++)
			g_words[page * WORDS + i] = word(page, i);
	}
	return 0;
}

uint64_t paging_sweep(void)
{
	uint64_t wrong = 0;

	for (uint64_t page = 0; page < g_pages; page++) {
		uint64_t *at = g_words + page * WORDS;

		wrong += at[0] != g_sweeps;
		at[0] = g_sweeps + 1;
		for (uint64_t i = 1; i < WORDS; i++)
			wrong += at[i] != word(page, i);
	}
	g_sweeps++;
	return wrong;
}
