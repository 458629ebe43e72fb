/* SPDX-License-Identifier: MIT */
#include "bench_work.h"

#define WORDS 2048u /* 16 KiB: a table that fits the first-level cache */
#define STEPS 256u

uint64_t bench_work(uint64_t rounds, uint64_t seed)
{
	/* Placed alike wherever this runs. */
	uint64_t table[WORDS] __attribute__((aligned(4096)));
	uint64_t x = seed | 1;
	double sum = 1.0;

	for (unsigned int i = 0; i < WORDS; i++)
		table[i] = seed + i;
	while (rounds--) {
		for (unsigned int i = 0; i < STEPS; i++) {
			uint64_t *word;

			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			word = &table[x % WORDS];
			*word = *word * 6364136223846793005ull + x;
			sum = sum * 0.999 + (double)(*word >> 44);
		}
	}
	return x ^ table[x % WORDS] ^ (uint64_t)sum;
}
