/* SPDX-License-Identifier: MIT */
/*
 * What a C++ compiler expects of any program, for C++ without exceptions and
 * without a standard library: new and delete, initialisation of static
 * locals, pure virtual functions. (Itanium C++ ABI, sections 3.2.6, 3.3.)
 */
#include "inside.h"

#include <limits.h>
#include <openenclave/enclave.h>
#include <stdlib.h>

#define NAMED(NAME) __asm__(NAME)

void *cxx_new(size_t size) NAMED("_Znwm");
void *cxx_new_array(size_t size) NAMED("_Znam");
void cxx_delete(void *p) NAMED("_ZdlPv");
void cxx_delete_array(void *p) NAMED("_ZdaPv");
void cxx_delete_sized(void *p, size_t size) NAMED("_ZdlPvm");
void cxx_delete_array_sized(void *p, size_t size) NAMED("_ZdaPvm");
void __cxa_pure_virtual(void) __attribute__((noreturn));
int __cxa_guard_acquire(int *guard);
void __cxa_guard_release(int *guard);
void __cxa_guard_abort(int *guard);

/* The address that stands for this program in __cxa_atexit. */
extern void *__dso_handle __attribute__((visibility("hidden")));
void *__dso_handle = &__dso_handle;

/* There is no exception to throw. */
void *cxx_new(size_t size)
{
	void *p = malloc(size);

	if (!p)
		oe_abort();
	return p;
}

void *cxx_new_array(size_t size)
{
	return cxx_new(size);
}

void cxx_delete(void *p)
{
	free(p);
}

void cxx_delete_array(void *p)
{
	free(p);
}

void cxx_delete_sized(void *p, size_t size)
{
	free(p);
}

void cxx_delete_array_sized(void *p, size_t size)
{
	free(p);
}

void __cxa_pure_virtual(void)
{
	oe_abort();
}

/* The guard's first byte is 1 once done, which compilers test themselves;
 * its second word: 0 nobody, 1 at it, 2 at it and waited for. */
int __cxa_guard_acquire(int *guard)
{
	volatile int *state = guard + 1;
	int seen;

	for (;;) {
		if (*(volatile char *)guard)
			return 0;
		seen = 0;
		if (__atomic_compare_exchange_n(state, &seen, 1, 0,
				__ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
			if (!*(volatile char *)guard)
				return 1;
			__cxa_guard_abort(guard);
			return 0;
		}
		if (seen == 1 && !__atomic_compare_exchange_n(state, &seen, 2,
				0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		libc_futex_wait(state, 2, LIBC_FOREVER);
	}
}

void __cxa_guard_abort(int *guard)
{
	volatile int *state = guard + 1;

	if (__atomic_exchange_n(state, 0, __ATOMIC_RELEASE) == 2)
		libc_futex_wake(state, INT_MAX);
}

void __cxa_guard_release(int *guard)
{
	__atomic_store_n((volatile char *)guard, 1, __ATOMIC_RELEASE);
	__cxa_guard_abort(guard);
}
