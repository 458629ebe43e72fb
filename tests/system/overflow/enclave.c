/* SPDX-License-Identifier: MIT */
#include "overflow_t.h"
#include "shared.h"
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *g_shared;
static uint32_t g_pages;

static uint64_t *pages_new(size_t pages)
{
	return aligned_alloc(4096, pages * OVERFLOW_WORDS * sizeof(uint64_t));
}

int overflow_sort_inside(uint64_t count, uint64_t seed, uint8_t *digest)
{
	uint64_t *words = pages_new(count / OVERFLOW_WORDS);
	int result = -1;

	if (words && digest && !(count % OVERFLOW_WORDS)) {
		overflow_fill(words, count, seed);
		overflow_sort(words, count);
		result = mbedtls_sha256_ret((const unsigned char *)words,
			count * sizeof(*words), digest, 0) ? -1 : 0;
	}
	free(words);
	return result;
}

int overflow_work_inside(uint32_t pages, uint32_t rounds, uint64_t seed,
	uint64_t *answer)
{
	uint64_t *words = pages_new(pages);

	if (!words || !pages || !answer) {
		free(words);
		return -1;
	}
	*answer = overflow_work(words, pages, rounds, seed);
	free(words);
	return 0;
}

int overflow_share_open(uint32_t pages)
{
	free(g_shared);
	g_shared = pages_new(pages);
	g_pages = g_shared ? pages : 0;
	if (!g_shared)
		return -1;
	memset(g_shared, 0, (size_t)pages * OVERFLOW_WORDS * sizeof(*g_shared));
	return 0;
}

/* Threads go through the pages from different places and in both
 * directions. */
void overflow_share_add(uint32_t times, uint32_t thread)
{
	uint32_t pages = g_pages;

	while (times--)
		for (uint32_t i = 0; i < pages; i++) {
			uint32_t k = (i + thread * 977u) % pages;
			uint32_t page = thread & 1 ? pages - 1 - k : k;

			__atomic_fetch_add(&g_shared[(size_t)page *
				OVERFLOW_WORDS + page % OVERFLOW_WORDS], 1,
				__ATOMIC_RELAXED);
		}
}

uint32_t overflow_share_wrong(uint64_t sum)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < g_pages; i++)
		wrong += g_shared[(size_t)i * OVERFLOW_WORDS +
			i % OVERFLOW_WORDS] != sum;
	return wrong;
}
