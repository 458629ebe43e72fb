/* SPDX-License-Identifier: MIT */
#include "shared.h"

static uint64_t step(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

void overflow_fill(uint64_t *words, size_t count, uint64_t seed)
{
	uint64_t x = seed | 1;

	for (size_t i = 0; i < count; i++)
		words[i] = x = step(x);
}

static void insert(uint64_t *words, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint64_t word = words[i];
		size_t k = i;

		for (; k > 0 && words[k - 1] > word; k--)
			words[k] = words[k - 1];
		words[k] = word;
	}
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c)
{
	if (a > b) {
		uint64_t kept = a;

		a = b;
		b = kept;
	}
	return c < a ? a : c > b ? b : c;
}

/* Quicksort: it goes through memory from both ends, page after page. */
void overflow_sort(uint64_t *words, size_t count)
{
	while (count > 24) {
		uint64_t middle = median(words[0], words[count / 2],
			words[count - 1]);
		size_t low = 0, high = count - 1;

		for (;;) {
			uint64_t kept;

			while (words[low] < middle)
				low++;
			while (words[high] > middle)
				high--;
			if (low >= high)
				break;
			kept = words[low];
			words[low++] = words[high];
			words[high--] = kept;
		}
		/* The smaller part by a call, so the stack stays small. */
		high++;
		if (high < count - high) {
			overflow_sort(words, high);
			words += high;
			count -= high;
		} else {
			overflow_sort(words + high, count - high);
			count = high;
		}
	}
	insert(words, count);
}

uint64_t overflow_work(uint64_t *words, uint32_t pages, uint32_t rounds,
	uint64_t seed)
{
	uint64_t x = seed | 1, answer = 0;

	overflow_fill(words, (size_t)pages * OVERFLOW_WORDS, seed);
	for (uint64_t n = (uint64_t)rounds * pages; n > 0; n--) {
		uint64_t *word = words +
			x % pages * OVERFLOW_WORDS + (x >> 40) % OVERFLOW_WORDS;

		*word = *word * 6364136223846793005u + x;
		x = step(x ^ *word) | 1;
	}
	for (size_t i = 0; i < (size_t)pages * OVERFLOW_WORDS; i++)
		answer = answer * 1099511628211u ^ words[i];
	return answer;
}
