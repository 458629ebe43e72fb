/* SPDX-License-Identifier: MIT */
/*
 * Starts musl without its crt, and makes the enclave's threads known to it.
 *
 * A thread of musl's is a TCS here: put on musl's ring of threads when it is
 * used for the first time, and kept there for all calls that come in on it.
 */
#include "../core/core.h"
#include "libc.h"
#include "musl.h"

#include <string.h>

static core_spinlock ring_lock;
static struct musl_thread *ring;

/* Weak: defined where the program uses pthread keys. */
void __pthread_tsd_run_dtors(void) __attribute__((weak));

void oe_libc_thread_init(void *td, int tid)
{
	struct musl_thread *t = td;

	t->tid = tid;
	t->detach_state = 2;
	t->locale = &__libc.global_locale;
	t->robust_list.head = &t->robust_list.head;
	t->tsd = (void **)((uint8_t *)td + OE_LIBC_TSD_OFFSET);
	if (t->next)
		return;
	core_spin_lock(&ring_lock);
	if (!ring) {
		ring = t->prev = t->next = t;
	} else {
		t->next = ring;
		t->prev = ring->prev;
		ring->prev->next = t;
		ring->prev = t;
	}
	core_spin_unlock(&ring_lock);
}

void oe_libc_thread_exit(void *td)
{
	struct musl_thread *t = td;

	if (t->tsd_used) {
		if (__pthread_tsd_run_dtors)
			__pthread_tsd_run_dtors();
		memset(t->tsd, 0, OE_LIBC_TSD_SIZE);
		t->tsd_used = 0;
	}
	t->errno_value = 0;
	t->locale = &__libc.global_locale;
}

static void give_lock(FILE *volatile *used)
{
	if (used && *used)
		((struct musl_file *)*used)->lock = 0;
}

oe_result_t oe_libc_initialize(void)
{
	__libc.can_do_threads = 1;
	__libc.threaded = 1;
	__libc.need_locks = 1;
	/* Any number but 0 will do: other threads may be here. */
	__libc.threads_minus_1 = 1;
	__libc.page_size = 4096;
	__progname = __progname_full = "enclave";
	give_lock(&__stdin_used);
	give_lock(&__stdout_used);
	give_lock(&__stderr_used);
	return OE_OK;
}
