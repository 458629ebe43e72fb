/* SPDX-License-Identifier: MIT */
/*
 * Barriers, in the storage that musl's headers lay out: word 0 how many have
 * arrived, word 1 how often the barrier opened, word 2 (set by musl's
 * pthread_barrier_init) how many must arrive before the last, word 3 how
 * many have not left yet.
 */
#include "../inside.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>

union state {
	uint64_t both;
	struct {
		int arrived;
		int opened;
	};
};

struct barrier {
	union state state;
	int limit;
	volatile int inside;
};

_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t), "barrier");

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;
	int limit = b->limit & INT_MAX, last;
	union state seen, next;

	__atomic_add_fetch(&b->inside, 1, __ATOMIC_SEQ_CST);
	seen.both = __atomic_load_n(&b->state.both, __ATOMIC_SEQ_CST);
	do {
		next = seen;
		last = seen.arrived == limit;
		next.arrived = last ? 0 : seen.arrived + 1;
		next.opened = (int)((unsigned)seen.opened + (unsigned)last);
	} while (!__atomic_compare_exchange_n(&b->state.both, &seen.both,
		next.both, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	if (last)
		libc_futex_wake(&b->state.opened, INT_MAX);
	/* The wake of the round before may come late, and in this one. */
	while (!last && __atomic_load_n(&b->state.opened, __ATOMIC_SEQ_CST) ==
			seen.opened)
		libc_futex_wait(&b->state.opened, seen.opened, LIBC_FOREVER);
	__atomic_sub_fetch(&b->inside, 1, __ATOMIC_SEQ_CST);
	return last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
}

/* Whoever was let through may still be on its way out. */
int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	struct barrier *b = (struct barrier *)barrier;

	while (__atomic_load_n(&b->inside, __ATOMIC_SEQ_CST))
		sched_yield();
	return 0;
}
