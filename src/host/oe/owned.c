/* SPDX-License-Identifier: MIT */
/*
 * Host memory that an enclave asked for: what it frees must be among it.  A
 * table of addresses with linear probing; at most half full.
 *
 * The program may hold such memory longer than the enclave lives, and end it
 * with free(3) (free.c), so what an enclave leaves is kept in a table of its
 * own.
 */
#include "../arena.h"
#include "enclave.h"

#include <stdlib.h>

/* All tables, the orphans' last.  Order of locks: this one, then a table's. */
static pthread_mutex_t tables_lock = PTHREAD_MUTEX_INITIALIZER;
static struct owned orphans = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct owned *tables = &orphans;

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
	host_free(owned->entry);
	owned->entry = bigger.entry;
	owned->room = bigger.room;
	return true;
}

/* Some blocks lie elsewhere: drivers without an arena use malloc. */
static atomic_bool outside_arena;

bool owned_may_have(uint64_t address)
{
	return arena_contains((const void *)address, 1)
		|| atomic_load_explicit(&outside_arena, memory_order_relaxed);
}

bool owned_add(struct owned *owned, uint64_t address, uint64_t size)
{
	bool ok = true;

	if (!arena_contains((const void *)address, 1))
		atomic_store(&outside_arena, true);

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

void owned_begin(struct owned *owned)
{
	pthread_mutex_init(&owned->lock, NULL);
	pthread_mutex_lock(&tables_lock);
	owned->next = tables;
	tables = owned;
	pthread_mutex_unlock(&tables_lock);
}

void owned_end(struct owned *owned)
{
	struct owned **link = &tables;

	pthread_mutex_lock(&tables_lock);
	while (*link != owned)
		link = &(*link)->next;
	*link = owned->next;
	/* Without memory for the table a block is only never freed. */
	for (uint32_t i = 0; i < owned->room; i++)
		if (owned->entry[i].address)
			owned_add(&orphans, owned->entry[i].address,
				owned->entry[i].size);
	pthread_mutex_unlock(&tables_lock);
	host_free(owned->entry);
	pthread_mutex_destroy(&owned->lock);
}

bool owned_forget(uint64_t address)
{
	bool found = false;
	uint64_t size;

	pthread_mutex_lock(&tables_lock);
	for (struct owned *o = tables; o && !found; o = o->next)
		found = owned_remove(o, address, &size);
	pthread_mutex_unlock(&tables_lock);
	return found;
}
