/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, and the sleeping and waking of threads.  Who waits for what is
 * kept by whoever calls this; the host only makes a thread sleep (in an
 * ocall of that thread) and wakes it.  It may do so too early, too late or
 * never, so callers look again at what they waited for.
 */
#include "libc/libc.h"
#include "priv.h"

#include <openenclave/enclave.h>

void core_spin_lock(core_spinlock *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		while (*lock)
			__builtin_ia32_pause();
}

void core_spin_unlock(core_spinlock *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

void oe_thread_wait(uint64_t timeout_ns)
{
	struct call_wait *shared;
	oe_result_t result;

	/* Whoever would wake us may be gone with the enclave. */
	if (core.status != OE_OK)
		oe_abort();
	if (timeout_ns == UINT64_MAX) {
		core_ocall(CALL_THREAD_WAIT, td_self()->tcs, NULL);
		return;
	}
	shared = core_ocall_buffer(sizeof(*shared));
	if (!shared)
		return;
	shared->tcs = td_self()->tcs;
	shared->nanoseconds = timeout_ns;
	result = core_ocall(CALL_THREAD_WAIT_TIMED, (uint64_t)shared, NULL);
	core_ocall_buffer_free(shared);
	(void)result; /* an early return, as any other */
}

void oe_thread_wake(void *td)
{
	core_ocall(CALL_THREAD_WAKE, ((struct td *)td)->tcs, NULL);
}
