/* SPDX-License-Identifier: MIT */
/*
 * Host memory that an enclave asked for: what it frees must be among it, and
 * what it leaves goes when the enclave goes.  A table of addresses with
 * linear probing; at most half full.
 */
#include "enclave.h"

#include <stdlib.h>

static uint32_t home(const struct owned *owned, uint64_t address)
{
	return (address >> 4) * 0x9e3779b97f4a7c15ull >> 32
		& (owned->room - 1);
}

static void put(struct owned *owned, struct owned_block block)
{
	uint32_t i = home(owned, block.address);

	while (owned->entry[i].address)
		i = (i + 1) & (owned->room - 1);
	owned->entry[i] = block;
}

static bool grow(struct owned *owned)
{
	struct owned bigger = {
		.room = owned->room ? owned->room * 2 : 64,
	};

	bigger.entry = calloc(bigger.room, sizeof(*bigger.entry));
	if (!bigger.entry)
		return false;
	for (uint32_t i = 0; i < owned->room; i++)
		if (owned->entry[i].address)
			put(&bigger, owned->entry[i]);
	free(owned->entry);
	owned->entry = bigger.entry;
	owned->room = bigger.room;
	return true;
}

bool owned_add(struct owned *owned, uint64_t address, uint64_t size)
{
	bool ok = true;

	pthread_mutex_lock(&owned->lock);
	if (owned->count * 2 >= owned->room)
		ok = grow(owned);
	if (ok) {
		put(owned, (struct owned_block){ address, size });
		owned->count++;
	}
	pthread_mutex_unlock(&owned->lock);
	return ok;
}

bool owned_remove(struct owned *owned, uint64_t address, uint64_t *size)
{
	bool found = false;
	uint32_t i, next;

	pthread_mutex_lock(&owned->lock);
	if (!owned->room || !address)
		goto out;
	i = home(owned, address);
	while (owned->entry[i].address && owned->entry[i].address != address)
		i = (i + 1) & (owned->room - 1);
	found = owned->entry[i].address;
	if (!found)
		goto out;
	*size = owned->entry[i].size;
	owned->entry[i].address = 0;
	owned->count--;
	/* Those behind the hole may have been pushed over it. */
	for (next = (i + 1) & (owned->room - 1); owned->entry[next].address;
			next = (next + 1) & (owned->room - 1)) {
		struct owned_block moved = owned->entry[next];

		owned->entry[next].address = 0;
		put(owned, moved);
	}
out:
	pthread_mutex_unlock(&owned->lock);
	return found;
}

void owned_end(struct owned *owned, void (*give_back)(void *))
{
	for (uint32_t i = 0; i < owned->room; i++)
		if (owned->entry[i].address)
			give_back((void *)owned->entry[i].address);
	free(owned->entry);
	owned->entry = NULL;
	owned->room = 0;
	owned->count = 0;
}
