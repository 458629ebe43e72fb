/* SPDX-License-Identifier: MIT */
#include "page_set.h"

#include <stdlib.h>

#define FIRST_CAPACITY 1024u

static size_t find(const struct page_set *set, uint64_t page)
{
	/* The multiplier is 2^64 divided by the golden ratio: neighbouring
	 * pages land far apart. */
	size_t i = (page * 0x9e3779b97f4a7c15ull) >> 20;

	for (;; i++) {
		i &= set->capacity - 1;
		if (!set->slots[i] || set->slots[i] == page + 1)
			return i;
	}
}

static bool grow(struct page_set *set)
{
	struct page_set larger = {
		.capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY,
		.count = set->count,
	};

	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < set->capacity; i++)
		if (set->slots[i])
			larger.slots[find(&larger, set->slots[i] - 1)] =
				set->slots[i];
	free(set->slots);
	*set = larger;
	return true;
}

enum page_set_result page_set_add(struct page_set *set, uint64_t page)
{
	size_t i;

	if (set->count * 2 >= set->capacity && !grow(set))
		return PAGE_SET_NO_MEMORY;
	i = find(set, page);
	if (set->slots[i])
		return PAGE_SET_THERE;
	set->slots[i] = page + 1;
	set->count++;
	return PAGE_SET_NEW;
}

bool page_set_has(const struct page_set *set, uint64_t page)
{
	return set->capacity && set->slots[find(set, page)];
}

void page_set_free(struct page_set *set)
{
	free(set->slots);
	*set = (struct page_set){0};
}
