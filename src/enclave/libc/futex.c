/* SPDX-License-Identifier: MIT */
/*
 * Futexes inside the enclave. Who waits for what is kept here; the host only
 * puts a thread to sleep and wakes it, and may do so too early or never.
 *
 * A waiter's node lies on its stack. Whoever wakes it takes it off its list
 * first and then sets woken, the last thing that is done to the node.
 */
#include "../core/core.h"
#include "inside.h"
#include "libc.h"
#include "musl.h"

#include <errno.h>
#include <openenclave/edger8r/enclave.h>
#include <openenclave/enclave.h>

#define BUCKETS 64u

struct waiter {
	struct waiter *next;
	volatile int *address;
	void *td;
	int woken;
};

/* A list in the order of arrival. */
struct bucket {
	core_spinlock lock;
	struct waiter *first, **last;
} __attribute__((aligned(64)));

static struct bucket buckets[BUCKETS];

static struct bucket *bucket_of(volatile int *address)
{
	uint64_t x = (uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15u;

	return &buckets[x >> 58];
}

static void append(struct bucket *b, struct waiter *w)
{
	w->next = NULL;
	if (!b->first)
		b->last = &b->first;
	*b->last = w;
	b->last = &w->next;
}

static void take_out(struct bucket *b, struct waiter **link)
{
	struct waiter *w = *link;

	*link = w->next;
	if (!w->next)
		b->last = link;
}

/* Called without locks, once the waiter is off its list. */
static void rouse(struct waiter *w)
{
	void *td = w->td;

	__atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE);
	oe_thread_wake(td);
}

/* Off its list if it is still there: the time is over. */
static int give_up(struct waiter *w)
{
	struct bucket *b = bucket_of(w->address);
	struct waiter **link;
	int found = 0;

	core_spin_lock(&b->lock);
	for (link = &b->first; *link; link = &(*link)->next)
		if (*link == w) {
			take_out(b, link);
			found = 1;
			break;
		}
	core_spin_unlock(&b->lock);
	if (found)
		return -ETIMEDOUT;
	/* Someone has it and is about to set woken. */
	while (!__atomic_load_n(&w->woken, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	return 0;
}

/* False when the host does not tell the time. */
static int now_ns(uint64_t *now)
{
	int64_t s, ns;

	if (core_host_clock(1, &s, &ns) || s > INT64_MAX / 1000000000 - 1)
		return 0;
	*now = (uint64_t)(s * 1000000000 + ns);
	return 1;
}

int libc_futex_wait(volatile int *address, int value, uint64_t nanoseconds)
{
	struct waiter self = { .address = address, .td = musl_self() };
	struct bucket *b = bucket_of(address);
	uint64_t begin = 0, now = 0, passed = 0;

	if (nanoseconds != LIBC_FOREVER && !now_ns(&begin))
		return -ETIMEDOUT;
	core_spin_lock(&b->lock);
	if (__atomic_load_n(address, __ATOMIC_SEQ_CST) != value) {
		core_spin_unlock(&b->lock);
		return -EAGAIN;
	}
	append(b, &self);
	core_spin_unlock(&b->lock);
	while (!__atomic_load_n(&self.woken, __ATOMIC_ACQUIRE)) {
		/* Nobody will come any more, and the host lets none sleep. */
		if (oe_get_enclave_status() != OE_OK)
			oe_abort();
		if (nanoseconds == LIBC_FOREVER) {
			oe_thread_wait(UINT64_MAX);
			continue;
		}
		if (passed >= nanoseconds)
			return give_up(&self);
		oe_thread_wait(nanoseconds - passed);
		passed = now_ns(&now) && now >= begin ? now - begin :
							nanoseconds;
	}
	return 0;
}

int libc_futex_wake(volatile int *address, int count)
{
	struct bucket *b = bucket_of(address);
	struct waiter *woken = NULL, **end = &woken, **link, *w;
	int n = 0;

	core_spin_lock(&b->lock);
	for (link = &b->first; *link && n < count;) {
		w = *link;
		if (w->address != address) {
			link = &w->next;
			continue;
		}
		take_out(b, link);
		w->next = NULL;
		*end = w;
		end = &w->next;
		n++;
	}
	core_spin_unlock(&b->lock);
	while ((w = woken)) {
		woken = w->next;
		rouse(w);
	}
	return n;
}
