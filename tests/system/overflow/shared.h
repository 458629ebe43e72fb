/* SPDX-License-Identifier: MIT */
/*
 * What the paging tests compute, as one object that is linked into host and
 * enclave: whoever computes, the answers must be the same.
 */
#ifndef COFFER_TESTS_OVERFLOW_SHARED_H
#define COFFER_TESTS_OVERFLOW_SHARED_H

#include <stddef.h>
#include <stdint.h>

#define OVERFLOW_WORDS 512u /* of a page */

/* Fills words with numbers from a seed. */
void overflow_fill(uint64_t *words, size_t count, uint64_t seed);

/* Sorts, ascending, in place. */
void overflow_sort(uint64_t *words, size_t count);

/* Writes every word of the pages, then goes so many times the number of pages
 * from one to another in an order that depends on what it reads, changing
 * what it finds.  The answer depends on every word. */
uint64_t overflow_work(uint64_t *words, uint32_t pages, uint32_t rounds,
	uint64_t seed);

#endif
