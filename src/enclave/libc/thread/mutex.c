/* SPDX-License-Identifier: MIT */
/*
 * Mutexes, in the storage that musl's headers lay out: word 0 the type, word
 * 1 the lock, word 5 how often a recursive one is held.
 *
 * The lock is 0 when free, otherwise its owner (EBUSY for a normal mutex,
 * as C11's mtx functions expect, else the thread's id), with the top bit set
 * when there may be waiters. Whoever had to wait takes it with that bit set.
 */
#include "../inside.h"
#include "../musl.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#define WAITERS ((int)0x80000000)
#define SPINS 100

enum { NORMAL = 0, RECURSIVE = 1, ERRORCHECK = 2, TYPE_MASK = 3 };

struct mutex {
	int type;
	volatile int lock;
	int unused[3];
	int count;
};

_Static_assert(sizeof(struct mutex) <= sizeof(pthread_mutex_t), "mutex");

int __pthread_mutex_trylock(pthread_mutex_t *);
int __pthread_mutex_timedlock(pthread_mutex_t *restrict,
	const struct timespec *restrict);
int __pthread_mutex_lock(pthread_mutex_t *);
int __pthread_mutex_unlock(pthread_mutex_t *);

static inline int kind(const struct mutex *m)
{
	return m->type & TYPE_MASK;
}

static inline int owner_word(const struct mutex *m)
{
	return kind(m) == NORMAL ? EBUSY : musl_self()->tid;
}

static inline int try_word(struct mutex *m, int word)
{
	int free_word = 0;

	return __atomic_compare_exchange_n(&m->lock, &free_word, word, 0,
		__ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* The caller may hold it already: 1 when that settles the matter. */
static int held_already(struct mutex *m, int *result, int busy)
{
	int type = kind(m);

	if (type == NORMAL || (m->lock & ~WAITERS) != musl_self()->tid)
		return 0;
	if (type == ERRORCHECK) {
		*result = busy;
	} else if (m->count == INT32_MAX) {
		*result = EAGAIN;
	} else {
		m->count++;
		*result = 0;
	}
	return 1;
}

int __pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	struct mutex *m = (struct mutex *)mutex;
	int result;

	if (held_already(m, &result, EBUSY))
		return result;
	return try_word(m, owner_word(m)) ? 0 : EBUSY;
}

int __pthread_mutex_timedlock(pthread_mutex_t *restrict mutex,
	const struct timespec *restrict at)
{
	struct mutex *m = (struct mutex *)mutex;
	int word = owner_word(m), result, seen;
	uint64_t left = LIBC_FOREVER;

	if (try_word(m, word))
		return 0;
	if (held_already(m, &result, EDEADLK))
		return result;
	for (int i = 0; i < SPINS; i++) {
		__builtin_ia32_pause();
		if (!m->lock && try_word(m, word))
			return 0;
	}
	while (!try_word(m, word | WAITERS)) {
		if (at) {
			result = libc_time_left(CLOCK_REALTIME, at, &left);
			if (result)
				return -result;
			if (!left)
				return ETIMEDOUT;
		}
		seen = m->lock;
		if (!seen)
			continue;
		if (!(seen & WAITERS) && !__atomic_compare_exchange_n(&m->lock,
				&seen, seen | WAITERS, 0, __ATOMIC_RELAXED,
				__ATOMIC_RELAXED))
			continue;
		libc_futex_wait(&m->lock, seen | WAITERS, left);
	}
	return 0;
}

int __pthread_mutex_lock(pthread_mutex_t *mutex)
{
	return __pthread_mutex_timedlock(mutex, NULL);
}

int __pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	struct mutex *m = (struct mutex *)mutex;

	if (kind(m) != NORMAL) {
		if ((m->lock & ~WAITERS) != musl_self()->tid)
			return EPERM;
		if (m->count) {
			m->count--;
			return 0;
		}
	}
	if (__atomic_exchange_n(&m->lock, 0, __ATOMIC_RELEASE) & WAITERS)
		libc_futex_wake(&m->lock, 1);
	return 0;
}

extern __typeof(__pthread_mutex_lock) pthread_mutex_lock
	__attribute__((weak, alias("__pthread_mutex_lock")));
extern __typeof(__pthread_mutex_trylock) pthread_mutex_trylock
	__attribute__((weak, alias("__pthread_mutex_trylock")));
extern __typeof(__pthread_mutex_timedlock) pthread_mutex_timedlock
	__attribute__((weak, alias("__pthread_mutex_timedlock")));
extern __typeof(__pthread_mutex_unlock) pthread_mutex_unlock
	__attribute__((weak, alias("__pthread_mutex_unlock")));
