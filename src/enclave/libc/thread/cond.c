/* SPDX-License-Identifier: MIT */
/*
 * Conditions, in the storage that musl's headers lay out: word 2 counts
 * signals, word 3 the waiters, word 4 is the clock of timed waits (set by
 * musl's pthread_cond_init).
 */
#include "../inside.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <time.h>

struct cond {
	int unused[2];
	volatile int signals;
	volatile int waiters;
	int clock;
};

_Static_assert(sizeof(struct cond) <= sizeof(pthread_cond_t), "cond");

int __pthread_cond_timedwait(pthread_cond_t *restrict,
	pthread_mutex_t *restrict, const struct timespec *restrict);
int __private_cond_signal(pthread_cond_t *, int);

int __pthread_cond_timedwait(pthread_cond_t *restrict cond,
	pthread_mutex_t *restrict mutex, const struct timespec *restrict at)
{
	struct cond *c = (struct cond *)cond;
	uint64_t left = LIBC_FOREVER;
	int seen, error, result = 0;

	if (at && (unsigned long)at->tv_nsec >= 1000000000)
		return EINVAL;
	__atomic_add_fetch(&c->waiters, 1, __ATOMIC_SEQ_CST);
	seen = __atomic_load_n(&c->signals, __ATOMIC_SEQ_CST);
	error = pthread_mutex_unlock(mutex);
	if (!error) {
		if (at)
			result = -libc_time_left(c->clock, at, &left);
		if (!result && !left)
			result = ETIMEDOUT;
		if (!result && libc_futex_wait(&c->signals, seen, left) ==
				-ETIMEDOUT)
			result = ETIMEDOUT;
	}
	__atomic_sub_fetch(&c->waiters, 1, __ATOMIC_SEQ_CST);
	if (error)
		return error;
	error = pthread_mutex_lock(mutex);
	return error ? error : result;
}

int __private_cond_signal(pthread_cond_t *cond, int count)
{
	struct cond *c = (struct cond *)cond;

	if (!__atomic_load_n(&c->waiters, __ATOMIC_SEQ_CST))
		return 0;
	__atomic_add_fetch(&c->signals, 1, __ATOMIC_SEQ_CST);
	libc_futex_wake(&c->signals, count < 0 ? INT_MAX : count);
	return 0;
}

int pthread_cond_signal(pthread_cond_t *cond)
{
	return __private_cond_signal(cond, 1);
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
	return __private_cond_signal(cond, -1);
}

int pthread_cond_wait(pthread_cond_t *restrict cond,
	pthread_mutex_t *restrict mutex)
{
	return __pthread_cond_timedwait(cond, mutex, NULL);
}

/* Waiters that were woken may still be on their way out. */
int pthread_cond_destroy(pthread_cond_t *cond)
{
	struct cond *c = (struct cond *)cond;

	while (__atomic_load_n(&c->waiters, __ATOMIC_SEQ_CST))
		__builtin_ia32_pause();
	return 0;
}

extern __typeof(__pthread_cond_timedwait) pthread_cond_timedwait
	__attribute__((weak, alias("__pthread_cond_timedwait")));
