/* SPDX-License-Identifier: MIT */
/*
 * Memory for calls.  Every block has room for an argument structure directly
 * in front, so that a small call crosses in adjacent cache lines.
 */
#include "enclave.h"

#include "../arena.h"

#include <openenclave/edger8r/host.h>
#include <stdlib.h>
#include <string.h>

#define FRONT 64u
_Static_assert(sizeof(struct call_args) <= FRONT, "call_args");

/* The block that this thread took last. */
static _Thread_local void *latest;

/* The choice is made once and for all; asking for it takes a lock. */
static const struct drv_ops *driver(void)
{
	static _Atomic(const struct drv_ops *) chosen;
	const struct drv_ops *drv = atomic_load_explicit(&chosen,
		memory_order_acquire);

	if (__builtin_expect(!drv, 0)) {
		drv = drv_get();
		atomic_store_explicit(&chosen, drv, memory_order_release);
	}
	return drv;
}

void *oe_host_shared_malloc(size_t size)
{
	const struct drv_ops *drv = driver();
	uint8_t *block;

	if (!drv || size > SIZE_MAX - FRONT)
		return NULL;
	block = drv->shared_alloc(size + FRONT);
	if (!block)
		return NULL;
	latest = block + FRONT;
	return latest;
}

void oe_host_shared_free(void *block)
{
	const struct drv_ops *drv = driver();

	if (!block || !drv)
		return;
	if (block == latest)
		latest = NULL;
	drv->shared_free((uint8_t *)block - FRONT);
}

struct call_args *shared_args_of(const void *in)
{
	return in == latest ? (struct call_args *)((uint8_t *)latest - FRONT)
		: NULL;
}

bool shared_reachable(const struct _oe_enclave *enclave, uint64_t address,
	uint64_t size)
{
	uint64_t end;

	if (!address || __builtin_add_overflow(address, size, &end))
		return false;
	if (enclave->drv == &drv_cofferd)
		return arena_contains((const void *)address, size);
	/* Elsewhere enclaves share all of the process. */
	return end <= enclave->base || address >= enclave->base + enclave->size;
}

oe_result_t shared_take(struct _oe_enclave *enclave, void *from, size_t size,
	uint8_t **out, size_t *out_size)
{
	uint64_t room;
	uint8_t *copy;

	if (!owned_remove(&enclave->owned, (uint64_t)from, &room))
		return OE_UNEXPECTED;
	copy = size && size <= room ? malloc(size) : NULL;
	if (copy)
		memcpy(copy, from, size);
	oe_host_shared_free(from);
	if (!size || size > room)
		return OE_UNEXPECTED;
	if (!copy)
		return OE_OUT_OF_MEMORY;
	*out = copy;
	*out_size = size;
	return OE_OK;
}
