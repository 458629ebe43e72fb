/* SPDX-License-Identifier: MIT */
/* Semaphores: word 0 the value, word 1 how many wait (musl's sem_init). */
#include "../inside.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <time.h>

int sem_trywait(sem_t *sem)
{
	volatile int *value = (volatile int *)sem;
	int seen = *value;

	while (seen > 0)
		if (__atomic_compare_exchange_n(value, &seen, seen - 1, 0,
				__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return 0;
	errno = EAGAIN;
	return -1;
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at)
{
	volatile int *value = (volatile int *)sem;
	uint64_t left = LIBC_FOREVER;
	int error = 0;

	while (sem_trywait(sem)) {
		if (at) {
			error = -libc_time_left(CLOCK_REALTIME, at, &left);
			if (!error && !left)
				error = ETIMEDOUT;
			if (error) {
				errno = error;
				return -1;
			}
		}
		__atomic_add_fetch(value + 1, 1, __ATOMIC_SEQ_CST);
		libc_futex_wait(value, 0, left);
		__atomic_sub_fetch(value + 1, 1, __ATOMIC_SEQ_CST);
	}
	return 0;
}

int sem_wait(sem_t *sem)
{
	return sem_timedwait(sem, NULL);
}

int sem_post(sem_t *sem)
{
	volatile int *value = (volatile int *)sem;
	int seen = *value;

	do {
		if (seen == SEM_VALUE_MAX) {
			errno = EOVERFLOW;
			return -1;
		}
	} while (!__atomic_compare_exchange_n(value, &seen, seen + 1, 0,
		__ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (__atomic_load_n(value + 1, __ATOMIC_SEQ_CST))
		libc_futex_wake(value, 1);
	return 0;
}

int sem_getvalue(sem_t *restrict sem, int *restrict to)
{
	*to = *(volatile int *)sem;
	return 0;
}
