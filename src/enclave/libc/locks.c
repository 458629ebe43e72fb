/* SPDX-License-Identifier: MIT */
/*
 * The simple locks inside musl, on futexes.
 *
 * A waiter first spins a little: most locks are free again before a call to
 * the host would have come back.
 */
#include "inside.h"
#include "musl.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

#define SPINS 100
#define FILE_WAITERS 0x40000000

/* musl's internal functions. */
void __wait(volatile int *address, volatile int *waiters, int value, int priv);
int __timedwait(volatile int *address, int value, clockid_t clock,
	const struct timespec *at, int priv);
int __timedwait_cp(volatile int *address, int value, clockid_t clock,
	const struct timespec *at, int priv);
void __lock(volatile int *lock);
void __unlock(volatile int *lock);
int __lockfile(FILE *file);
void __unlockfile(FILE *file);

void __wait(volatile int *address, volatile int *waiters, int value, int priv)
{
	for (int i = 0; i < SPINS && (!waiters || !*waiters); i++) {
		if (*address != value)
			return;
		__builtin_ia32_pause();
	}
	if (waiters)
		__atomic_add_fetch(waiters, 1, __ATOMIC_SEQ_CST);
	while (*address == value)
		libc_futex_wait(address, value, LIBC_FOREVER);
	if (waiters)
		__atomic_sub_fetch(waiters, 1, __ATOMIC_SEQ_CST);
}

int __timedwait_cp(volatile int *address, int value, clockid_t clock,
	const struct timespec *at, int priv)
{
	uint64_t left;
	int error = libc_time_left(clock, at, &left);

	if (error)
		return -error;
	if (!left)
		return ETIMEDOUT;
	error = libc_futex_wait(address, value, left);
	return error == -ETIMEDOUT ? ETIMEDOUT : 0;
}

int __timedwait(volatile int *address, int value, clockid_t clock,
	const struct timespec *at, int priv)
{
	return __timedwait_cp(address, value, clock, at, priv);
}

/* 0 free, 1 held, 2 held and perhaps waited for. */
void __lock(volatile int *lock)
{
	int seen = 0;

	if (__atomic_compare_exchange_n(lock, &seen, 1, 0,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	for (int i = 0; i < SPINS; i++) {
		__builtin_ia32_pause();
		seen = 0;
		if (!*lock && __atomic_compare_exchange_n(lock, &seen, 1,
				0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
	while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE))
		libc_futex_wait(lock, 2, LIBC_FOREVER);
}

void __unlock(volatile int *lock)
{
	if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2)
		libc_futex_wake(lock, 1);
}

int __lockfile(FILE *file)
{
	volatile int *lock = &((struct musl_file *)file)->lock;
	int self = musl_self()->tid, seen = *lock;

	if ((seen & ~FILE_WAITERS) == self)
		return 0;
	seen = 0;
	if (__atomic_compare_exchange_n(lock, &seen, self, 0,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 1;
	for (;;) {
		seen = 0;
		if (__atomic_compare_exchange_n(lock, &seen,
				self | FILE_WAITERS, 0, __ATOMIC_ACQUIRE,
				__ATOMIC_RELAXED))
			return 1;
		if ((seen & FILE_WAITERS) || __atomic_compare_exchange_n(lock,
				&seen, seen | FILE_WAITERS, 0,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			libc_futex_wait(lock, seen | FILE_WAITERS,
				LIBC_FOREVER);
	}
}

void __unlockfile(FILE *file)
{
	volatile int *lock = &((struct musl_file *)file)->lock;

	if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) & FILE_WAITERS)
		libc_futex_wake(lock, 1);
}
