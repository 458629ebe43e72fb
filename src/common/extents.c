/* SPDX-License-Identifier: MIT */
#include "common/extents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int extents_init(struct extents *e, uint64_t first, uint64_t count)
{
	memset(e, 0, sizeof(*e));
	return count ? extents_give(e, first, count) : 0;
}

void extents_destroy(struct extents *e)
{
	free(e->run);
	memset(e, 0, sizeof(*e));
}

static void cut(struct extents *e, uint32_t i, uint64_t count, uint64_t *first)
{
	struct extent *run = &e->run[i];

	*first = run->first;
	run->first += count;
	run->count -= count;
	e->free -= count;
	if (!run->count) {
		e->runs--;
		memmove(run, run + 1, (e->runs - i) * sizeof(*run));
	}
}

int extents_take(struct extents *e, uint64_t count, uint64_t *first)
{
	if (!count)
		return -EINVAL;
	for (uint32_t i = 0; i < e->runs; i++) {
		if (e->run[i].count >= count) {
			cut(e, i, count, first);
			return 0;
		}
	}
	return -ENOSPC;
}

uint64_t extents_take_some(struct extents *e, uint64_t want, uint64_t *first)
{
	uint32_t longest = 0;

	if (!e->runs || !want)
		return 0;
	if (!extents_take(e, want, first))
		return want;
	for (uint32_t i = 1; i < e->runs; i++)
		if (e->run[i].count > e->run[longest].count)
			longest = i;
	want = e->run[longest].count;
	cut(e, longest, want, first);
	return want;
}

int extents_give(struct extents *e, uint64_t first, uint64_t count)
{
	uint32_t low = 0, high = e->runs;
	struct extent *grown;
	int before, after;

	if (!count || first + count < first)
		return -EINVAL;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (e->run[middle].first < first)
			low = middle + 1;
		else
			high = middle;
	}
	/* Everything before low starts below first. */
	if (low && e->run[low - 1].first + e->run[low - 1].count > first)
		return -EINVAL;
	if (low < e->runs && e->run[low].first < first + count)
		return -EINVAL;
	before = low && e->run[low - 1].first + e->run[low - 1].count == first;
	after = low < e->runs && e->run[low].first == first + count;
	if (before && after) {
		e->run[low - 1].count += count + e->run[low].count;
		e->runs--;
		memmove(&e->run[low], &e->run[low + 1],
			(e->runs - low) * sizeof(*e->run));
	} else if (before) {
		e->run[low - 1].count += count;
	} else if (after) {
		e->run[low].first = first;
		e->run[low].count += count;
	} else {
		if (e->runs == e->room) {
			uint32_t room = e->room ? e->room * 2 : 16;

			grown = realloc(e->run, room * sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			e->run = grown;
			e->room = room;
		}
		memmove(&e->run[low + 1], &e->run[low],
			(e->runs - low) * sizeof(*e->run));
		e->run[low] = (struct extent){ first, count };
		e->runs++;
	}
	e->free += count;
	return 0;
}
