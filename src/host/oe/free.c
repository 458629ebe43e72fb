/* SPDX-License-Identifier: MIT */
/*
 * free(3) for memory that an enclave took with oe_host_malloc.  Programs for
 * the Open Enclave SDK end such memory with free, since there it is the C
 * library's; here it is shared memory.  So this definition comes first in a
 * program that is linked dynamically, and passes on whatever is not ours.
 *
 * Weak: a program that brings an allocator of its own, or is static, keeps
 * its free, and must then not free what comes from oe_host_malloc.  The same
 * holds where this file itself is built with a sanitizer: its free is called
 * before the sanitizer is ready for instrumented code.
 */
#include "enclave.h"

#include <dlfcn.h>
#include <openenclave/edger8r/host.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
void host_free(void *memory)
{
	free(memory);
}
#else
extern void __libc_free(void *);
void free(void *memory) __attribute__((weak));

void host_free(void *memory)
{
	static void (*next)(void *);
	static _Thread_local bool looking;
	void (*f)(void *) = __atomic_load_n(&next, __ATOMIC_ACQUIRE);

	if (__builtin_expect(!f, 0)) {
		/* dlsym may free what it allocated itself. */
		if (looking) {
			__libc_free(memory);
			return;
		}
		looking = true;
		*(void **)&f = dlsym(RTLD_NEXT, "free");
		looking = false;
		if (!f)
			f = __libc_free;
		__atomic_store_n(&next, f, __ATOMIC_RELEASE);
	}
	f(memory);
}

void free(void *memory)
{
	if (memory && __builtin_expect(owned_may_have((uint64_t)memory), 0)
	    && owned_forget((uint64_t)memory)) {
		oe_host_shared_free(memory);
		return;
	}
	host_free(memory);
}
#endif
