/* SPDX-License-Identifier: MIT */
/*
 * More threads on demand.  Making a TCS takes a visit to the enclave, which
 * takes a TCS: while the enclave may have more, one slot is held in reserve.
 * Whoever finds all others taken has the enclave make the next one in the
 * reserve, uses the reserve for its own call, and the new one is the reserve.
 */
#include "enclave.h"

#include <string.h>

oe_result_t threads_add(struct _oe_enclave *enclave)
{
	const uint32_t index = atomic_load(&enclave->slot_count);
	struct slot *slot = &enclave->slots[index];

	slot->index = index;
	slot->shared = enclave->drv->shared_alloc(sizeof(*slot->shared));
	if (!slot->shared)
		return OE_OUT_OF_MEMORY;
	memset(slot->shared, 0, offsetof(struct slot_shared, ocall_buffer));
	slot->shared->context.ocall_buffer =
		(uint64_t)slot->shared->ocall_buffer;
	slot->shared->context.ocall_buffer_size =
		sizeof(slot->shared->ocall_buffer);
	atomic_store(&enclave->slot_count, index + 1);
	return OE_OK;
}

void threads_begin_growing(struct _oe_enclave *enclave)
{
	const uint32_t count = atomic_load(&enclave->slot_count);

	if (count && count < enclave->slot_room)
		atomic_store(&enclave->reserve, count);
}

void threads_stop_growing(struct _oe_enclave *enclave)
{
	atomic_store(&enclave->reserve, 0);
}

/* One more slot, made in `visited`, which the caller has.  Under growing. */
static bool make_one(struct _oe_enclave *enclave, struct slot *visited)
{
	const uint32_t next = atomic_load(&enclave->slot_count);
	uint64_t tcs = 0;
	oe_result_t result;

	result = enclave_call(enclave, visited, CALL_MAKE_THREAD, 0, &tcs);
	if (result || tcs != enclave->slots[next].tcs) {
		/* Not an error: it has the threads that it has. */
		host_log(HOST_INFO, "%s: the enclave made no thread beyond "
			"%u: %s", enclave->path, next,
			oe_result_str(result ? result : OE_UNEXPECTED));
		return false;
	}
	return threads_add(enclave) == OE_OK;
}

struct slot *threads_take_reserve(struct _oe_enclave *enclave,
	struct slot *(*free_one)(struct _oe_enclave *))
{
	struct slot *slot;
	uint32_t reserve, count, next = 0;
	unsigned idle = 0;

	pthread_mutex_lock(&enclave->growing);
	slot = free_one(enclave);
	reserve = atomic_load(&enclave->reserve);
	if (!slot && reserve) {
		slot = &enclave->slots[reserve - 1];
		if (!atomic_compare_exchange_strong(&slot->busy, &idle, 1))
			slot = NULL;
	}
	if (slot && reserve && slot->index == reserve - 1) {
		if (make_one(enclave, slot)) {
			count = atomic_load(&enclave->slot_count);
			next = count < enclave->slot_room ? count : 0;
		}
		atomic_store(&enclave->reserve, next);
	}
	pthread_mutex_unlock(&enclave->growing);
	return slot;
}
