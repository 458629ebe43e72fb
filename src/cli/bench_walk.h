/* SPDX-License-Identifier: MIT */
/*
 * A walk over pages, as one object file that is linked into the program and
 * into the bench enclave: a ring through all pages, ascending or in a random
 * order, is laid into them, and following it reads and writes one word in
 * each.  The next address comes out of the page itself, so one page's wait is
 * never hidden behind another's.  Needs nothing but its arguments.
 *
 * The word is at another line in each page, lest they all fall into the same
 * few sets of a cache: low half the next page, high half how often it was
 * visited.
 */
#ifndef COFFER_CLI_BENCH_WALK_H
#define COFFER_CLI_BENCH_WALK_H

#include <stdint.h>

#define WALK_PAGE 4096u

enum walk_order { WALK_ASCENDING = 0, WALK_RANDOM = 1 };

/* Lays the ring into count pages (at least 1) from base on, visited never.
 * next: room for count numbers. */
void walk_lay(void *base, uint32_t count, enum walk_order order,
	uint64_t seed, uint32_t *next);

/* Goes so many steps from page at; the page reached. */
uint32_t walk_run(void *base, uint32_t at, uint64_t steps);

/* How many pages were not visited exactly so often, or lead outside. */
uint32_t walk_wrong(const void *base, uint32_t count, uint32_t visits);

#endif
