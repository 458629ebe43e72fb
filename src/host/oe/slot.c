/* SPDX-License-Identifier: MIT */
/* Which TCS a host thread uses. */
#include "enclave.h"

/* Calls of this thread that have not ended, innermost first. */
static _Thread_local struct frame *innermost;

/* The slot that served last: most threads come back to it. */
static _Thread_local struct {
	uint64_t serial;
	struct slot *slot;
} last;

static bool grab(struct slot *slot)
{
	unsigned idle = 0;

	return !atomic_load_explicit(&slot->busy, memory_order_relaxed)
		&& atomic_compare_exchange_strong_explicit(&slot->busy, &idle,
			1, memory_order_acquire, memory_order_relaxed);
}

static struct slot *free_one(struct _oe_enclave *enclave)
{
	const uint32_t count = atomic_load(&enclave->slot_count);
	const uint32_t reserve = atomic_load(&enclave->reserve);

	for (uint32_t i = 0; i < count; i++)
		if (i + 1 != reserve && grab(&enclave->slots[i]))
			return &enclave->slots[i];
	return NULL;
}

static struct slot *choose(struct _oe_enclave *enclave)
{
	struct slot *slot;

	if (last.serial == enclave->serial && last.slot->index + 1
			!= atomic_load_explicit(&enclave->reserve,
				memory_order_relaxed) && grab(last.slot))
		return last.slot;
	slot = free_one(enclave);
	if (!slot && atomic_load(&enclave->reserve))
		slot = threads_take_reserve(enclave, free_one);
	if (slot) {
		last.serial = enclave->serial;
		last.slot = slot;
	}
	return slot;
}

const struct frame *slot_frame(void)
{
	return innermost;
}

oe_result_t slot_take(struct _oe_enclave *enclave, struct frame *frame)
{
	frame->enclave = enclave;
	frame->slot = NULL;
	for (struct frame *f = innermost; f; f = f->outer) {
		if (f->enclave == enclave) {
			frame->slot = f->slot;
			break;
		}
	}
	if (!frame->slot) {
		frame->slot = choose(enclave);
		if (!frame->slot)
			return OE_OUT_OF_THREADS;
	}
	frame->slot->depth++;
	frame->outer = innermost;
	innermost = frame;
	return OE_OK;
}

void slot_give(struct frame *frame)
{
	struct slot *slot = frame->slot;

	innermost = frame->outer;
	/* A TCS that is stuck in an exception serves nobody again. */
	if (--slot->depth == 0 && !slot->dead)
		atomic_store_explicit(&slot->busy, 0, memory_order_release);
}

struct slot *slot_find(struct _oe_enclave *enclave, uint64_t tcs)
{
	for (uint32_t i = 0; i < enclave->slot_count; i++)
		if (enclave->slots[i].tcs == tcs)
			return &enclave->slots[i];
	return NULL;
}
