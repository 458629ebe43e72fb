/* SPDX-License-Identifier: MIT */
/*
 * A host that lies: what it reads first it keeps, and from then on its enclave
 * reads and writes that copy, while the real store goes its own way.  Linked
 * with -Wl,--wrap into the honest host.
 */
#include "host/store.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int __real_store_get(struct store *, const char *name, uint8_t *record,
	size_t capacity, size_t *size);
int __wrap_store_get(struct store *, const char *name, uint8_t *record,
	size_t capacity, size_t *size);
int __wrap_store_put(struct store *, const char *name,
	const uint8_t expected[STORE_DIGEST], const uint8_t *record,
	size_t size, const uint8_t digest[STORE_DIGEST]);

static uint8_t g_copy[1u << 17];
static size_t g_size;
static bool g_have;

int __wrap_store_get(struct store *s, const char *name, uint8_t *record,
	size_t capacity, size_t *size)
{
	int error;

	if (!g_have) {
		error = __real_store_get(s, name, g_copy, sizeof(g_copy),
			&g_size);
		if (error)
			return error;
		g_have = true;
	}
	if (g_size > capacity)
		return -EMSGSIZE;
	memcpy(record, g_copy, g_size);
	*size = g_size;
	return 0;
}

int __wrap_store_put(struct store *s, const char *name,
	const uint8_t expected[STORE_DIGEST], const uint8_t *record,
	size_t size, const uint8_t digest[STORE_DIGEST])
{
	if (!g_have)
		return -ESTALE;
	if (size > sizeof(g_copy))
		return -EIO;
	memcpy(g_copy, record, size);
	g_size = size;
	return 0;
}
