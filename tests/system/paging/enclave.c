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

uint64_t paging_sweep(uint64_t *address, uint64_t *found, uint64_t *wanted)
{
	uint64_t wrong = 0;

	for (uint64_t page = 0; page < g_pages; page++) {
		volatile uint64_t *at = g_words + page * WORDS;

		for (uint64_t i = 0; i < WORDS; i++) {
			uint64_t is = at[i], want = i ? word(page, i) :
				g_sweeps;

			if (is == want)
				continue;
			wrong++;
			*address = (uintptr_t)(at + i);
			*found = is;
			*wanted = want;
		}
		at[0] = g_sweeps + 1;
	}
	g_sweeps++;
	return wrong;
}
