/* SPDX-License-Identifier: MIT */
#include "cache_priv.h"

#include <stdlib.h>
#include <string.h>

enum { PARTS = ATTEST_COLLATERAL_PARTS + 1 };

struct entry {
	struct machine machine;
	struct attest_roots roots;
	uint8_t *bytes; /* all parts, one after the other; NULL: free entry */
	size_t size[PARTS];
	uint64_t used; /* the cache's clock when it was last used */
};

struct attest_cache {
	struct entry entry[ATTEST_CACHE_ENTRIES];
	uint64_t clock;
};

struct attest_cache *attest_cache_new(void)
{
	return calloc(1, sizeof(struct attest_cache));
}

static void entry_clear(struct entry *entry)
{
	if (!entry->bytes)
		return;
	attest_machine_free(&entry->machine);
	free(entry->bytes);
	entry->bytes = NULL;
}

void attest_cache_free(struct attest_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < ATTEST_CACHE_ENTRIES; i++)
		entry_clear(&cache->entry[i]);
	free(cache);
}

static const struct attest_bytes *part(const struct cache_key *key, int i)
{
	return i ? attest_collateral_part(key->collateral,
		(unsigned int)i - 1) : &key->chain;
}

static bool roots_same(const struct attest_roots *a,
	const struct attest_roots *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->root[i].size != b->root[i].size ||
				memcmp(a->root[i].digest, b->root[i].digest,
					a->root[i].size))
			return false;
	return true;
}

static bool entry_is(const struct entry *entry, const struct cache_key *key)
{
	const uint8_t *at = entry->bytes;

	if (!at || !roots_same(&entry->roots, key->roots))
		return false;
	for (int i = 0; i < PARTS; i++)
		if (part(key, i)->size != entry->size[i])
			return false;
	for (int i = 0; i < PARTS; i++) {
		if (entry->size[i] && memcmp(at, part(key, i)->data,
				entry->size[i]))
			return false;
		at += entry->size[i];
	}
	return true;
}

struct machine *attest_cache_find(struct attest_cache *cache,
	const struct cache_key *key)
{
	for (int i = 0; i < ATTEST_CACHE_ENTRIES; i++) {
		struct entry *entry = &cache->entry[i];

		if (!entry_is(entry, key))
			continue;
		entry->used = ++cache->clock;
		return &entry->machine;
	}
	return NULL;
}

const struct machine *attest_cache_chain(const struct attest_cache *cache,
	struct attest_bytes chain)
{
	for (int i = 0; i < ATTEST_CACHE_ENTRIES; i++) {
		const struct entry *entry = &cache->entry[i];

		if (entry->bytes && chain.size &&
				entry->size[0] == chain.size &&
				!memcmp(entry->bytes, chain.data, chain.size))
			return &entry->machine;
	}
	return NULL;
}

/* A free entry, or the one that has not been used for longest. */
static struct entry *entry_choose(struct attest_cache *cache)
{
	struct entry *oldest = &cache->entry[0];

	for (int i = 0; i < ATTEST_CACHE_ENTRIES; i++) {
		struct entry *entry = &cache->entry[i];

		if (!entry->bytes)
			return entry;
		if (entry->used < oldest->used)
			oldest = entry;
	}
	return oldest;
}

struct machine *attest_cache_put(struct attest_cache *cache,
	const struct cache_key *key, struct machine *machine)
{
	struct entry *entry = entry_choose(cache);
	uint8_t *bytes;
	size_t size = 1;

	for (int i = 0; i < PARTS; i++)
		size += part(key, i)->size;
	bytes = malloc(size);
	if (!bytes)
		return NULL;
	entry_clear(entry);
	entry->bytes = bytes;
	for (int i = 0; i < PARTS; i++) {
		entry->size[i] = part(key, i)->size;
		if (entry->size[i])
			memcpy(bytes, part(key, i)->data, entry->size[i]);
		bytes += entry->size[i];
	}
	entry->roots = *key->roots;
	entry->used = ++cache->clock;
	entry->machine = *machine;
	memset(machine, 0, sizeof(*machine));
	return &entry->machine;
}
