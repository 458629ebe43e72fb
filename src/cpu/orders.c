/* SPDX-License-Identifier: MIT */
/*
 * Orders to a cell (control.h): gathered in the shared region while no batch
 * is on its way, then posted.  The cell can spoil them, which harms only
 * itself: nothing that it answers is believed beyond "these mappings of mine
 * are gone", and what it keeps mapped is its own enclave's memory.
 */
#include "space.h"
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>

#define FINISH_TIMEOUT_MS 10000u

int prot_of_rwx(uint8_t rwx)
{
	return (rwx & SGX_SECINFO_R ? PROT_READ : 0)
		| (rwx & SGX_SECINFO_W ? PROT_WRITE : 0)
		| (rwx & SGX_SECINFO_X ? PROT_EXEC : 0);
}

bool orders_add(struct space *s, const struct cell_order *o)
{
	struct cell_control *c = s->control;
	struct cell_order *last;

	if (s->posted)
		return false;
	last = s->order_count > 0 ? &c->order[s->order_count - 1] : NULL;
	if (last != NULL && o->action == CELL_UNMAP
	    && last->action == CELL_UNMAP) {
		if (last->va + last->length == o->va) {
			last->length += o->length;
			return true;
		}
		if (o->va + o->length == last->va) {
			last->va = o->va;
			last->length += o->length;
			return true;
		}
	}
	if (s->order_count == CELL_ORDERS_MAX)
		return false;
	c->order[s->order_count++] = *o;
	return true;
}

void orders_post(struct space *s, bool now)
{
	struct cell_control *c = s->control;

	if (s->order_count > 0 && !s->posted) {
		c->order_count = s->order_count;
		__atomic_store_n(&c->order_state, CELL_ORDER_POSTED,
			__ATOMIC_SEQ_CST);
		s->posted = true;
	}
	if (!now)
		return;
	__atomic_fetch_add(&c->janitor_bell, 1, __ATOMIC_SEQ_CST);
	futex_op(&c->janitor_bell, FUTEX_WAKE, 1, 0);
}

/* The TCSs of a batch that was executed. */
static void read_results(struct space *s)
{
	for (uint32_t i = 0; i < s->order_count; i++) {
		const volatile struct cell_order *o = &s->control->order[i];
		uint32_t action = o->action, index = o->prot;

		if (action == CELL_TCS_OUT && index < s->tcs_slots
		    && o->result == 0)
			s->out[index / 32] |= 1u << (index % 32);
	}
}

bool orders_settled(struct space *s)
{
	bool dead = __atomic_load_n(&s->dead, __ATOMIC_ACQUIRE);

	if (s->posted && (dead || __atomic_load_n(&s->control->order_state,
		    __ATOMIC_ACQUIRE) == CELL_ORDER_DONE)) {
		read_results(s);
		s->posted = false;
		s->order_count = 0;
	}
	if (dead)
		s->order_count = 0;
	if (s->posted || s->order_count > 0)
		return false;
	store_settled(&s->store);
	return true;
}

int orders_finish(struct space *s)
{
	orders_post(s, true);
	for (unsigned waited = 0; waited < FINISH_TIMEOUT_MS; waited++) {
		uint32_t now;

		store_deliver(&s->store, s->listener, 1);
		now = __atomic_load_n(&s->control->order_state,
			__ATOMIC_ACQUIRE);
		if (orders_settled(s))
			return __atomic_load_n(&s->dead, __ATOMIC_ACQUIRE)
				? -EIO : 0;
		futex_op(&s->control->order_state, FUTEX_WAIT, now, 1);
	}
	return -ETIMEDOUT;
}
