/* SPDX-License-Identifier: MIT */
/* pthread_once: 0 not yet, 1 running, 2 done (as musl has it), 3 running
 * with waiters. */
#include "../inside.h"

#include <limits.h>
#include <pthread.h>

int __pthread_once(pthread_once_t *, void (*)(void));
int __pthread_once_full(pthread_once_t *, void (*)(void));

int __pthread_once_full(pthread_once_t *control, void (*run)(void))
{
	volatile int *state = control;
	int seen;

	for (;;) {
		seen = 0;
		if (__atomic_compare_exchange_n(state, &seen, 1, 0,
				__ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
			run();
			if (__atomic_exchange_n(state, 2, __ATOMIC_SEQ_CST) == 3)
				libc_futex_wake(state, INT_MAX);
			return 0;
		}
		if (seen == 2)
			return 0;
		if (seen == 1 && !__atomic_compare_exchange_n(state, &seen, 3,
				0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		libc_futex_wait(state, 3, LIBC_FOREVER);
	}
}

int __pthread_once(pthread_once_t *control, void (*run)(void))
{
	if (__atomic_load_n((volatile int *)control, __ATOMIC_ACQUIRE) == 2)
		return 0;
	return __pthread_once_full(control, run);
}

extern __typeof(__pthread_once) pthread_once
	__attribute__((weak, alias("__pthread_once")));
