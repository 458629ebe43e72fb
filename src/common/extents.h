/* SPDX-License-Identifier: MIT */
/*
 * Which numbers of a range are free, kept as sorted runs: EPC pages by
 * index, pages of the arena.  Not thread safe.
 */
#ifndef COFFER_COMMON_EXTENTS_H
#define COFFER_COMMON_EXTENTS_H

#include <stdint.h>

struct extent {
	uint64_t first, count;
};

struct extents {
	struct extent *run; /* ascending, neither empty nor touching */
	uint32_t runs, room;
	uint64_t free; /* sum of the counts */
};

/* All of [first, first + count) is free.  0 or -ENOMEM. */
int extents_init(struct extents *, uint64_t first, uint64_t count);
void extents_destroy(struct extents *);

/* Takes exactly count from the first run that has them.  0, or -ENOSPC when
 * no run is long enough. */
int extents_take(struct extents *, uint64_t count, uint64_t *first);

/* Takes between 1 and want: a run of want if there is one, else the longest.
 * Returns how many, 0 when nothing is free. */
uint64_t extents_take_some(struct extents *, uint64_t want, uint64_t *first);

/* Gives numbers back.  0; -EINVAL when one of them was free already (then
 * nothing changed); -ENOMEM when the list could not grow (then they are
 * lost, and stay taken). */
int extents_give(struct extents *, uint64_t first, uint64_t count);

#endif
