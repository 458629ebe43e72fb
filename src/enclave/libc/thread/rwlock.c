/* SPDX-License-Identifier: MIT */
/*
 * Unlocking of read-write locks, to go with musl's locking: word 0 holds the
 * number of readers, or all ones in its low 31 bits for a writer, and in its
 * top bit that someone waits; word 1 counts those who wait.
 */
#include "../inside.h"

#include <limits.h>
#include <pthread.h>

#define HELD 0x7fffffff

int __pthread_rwlock_unlock(pthread_rwlock_t *);

int __pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	volatile int *word = (volatile int *)lock;
	int seen = *word, left, waiting;

	do {
		left = (seen & HELD) == HELD || (seen & HELD) == 1 ?
			0 : seen - 1;
		waiting = word[1] || seen < 0;
	} while (!__atomic_compare_exchange_n(word, &seen, left, 0,
		__ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (!left && waiting)
		libc_futex_wake(word, INT_MAX);
	return 0;
}

extern __typeof(__pthread_rwlock_unlock) pthread_rwlock_unlock
	__attribute__((weak, alias("__pthread_rwlock_unlock")));
