/* SPDX-License-Identifier: MIT */
/*
 * What the processor wants of this cell's mappings.  The janitor thread waits
 * for orders; a thread whose page fault was just answered looks for them too,
 * so that a busy enclave is not woken for them.  One executes at a time.
 */
#include "cell.h"
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096ull

static uint32_t busy; /* somebody takes chunks or executes orders */
static uint32_t executed; /* orders of the batch that is taken */

/* Not a futex: held for microseconds, and enclave threads may be interrupted
 * in it by nothing but kicks, whose handler returns. */
static void lock(void)
{
	while (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE) != 0)
		cell_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void unlock(void)
{
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

void doorbell_ring(void)
{
	__atomic_fetch_add(&control->doorbell, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&control->cpu_naps, __ATOMIC_SEQ_CST))
		cell_syscall(SYS_futex, (long)&control->doorbell, FUTEX_WAKE,
			1, 0, 0, 0);
}

/* ---- chunks ---- */

static void take_chunk(const struct cell_chunk *offered)
{
	const struct cell_chunk c = *(volatile const struct cell_chunk *)
		offered;
	long fd, at;

	/* When the processor is stopped by a signal just then, the kernel lets
	 * the call return 0 and no descriptor comes: it is asked for again. */
	do {
		doorbell_ring();
		fd = cell_syscall(CELL_TAKE, 0, 0, 0, 0, 0, 0);
		at = fd < 0 ? fd : cell_syscall(SYS_mmap, (long)c.home,
			(long)c.length, c.prot, MAP_SHARED | MAP_FIXED, fd, 0);
	} while (at == -EINTR || at == -EBADF);
	if (at != (long)c.home)
		cell_die(CELL_DIED_STORAGE);
	if (!code_keep(&c, fd))
		cell_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static void take_chunks(void)
{
	while (control->chunks_taken != __atomic_load_n(
		       &control->chunks_offered, __ATOMIC_ACQUIRE)) {
		take_chunk(&control->chunk[control->chunks_taken
			% CELL_CHUNKS_MAX]);
		__atomic_store_n(&control->chunks_taken,
			control->chunks_taken + 1, __ATOMIC_RELEASE);
	}
}

/* ---- orders ---- */

long order_map(const struct cell_order *o)
{
	long r;

	if (code_map(o))
		return 0;
	r = cell_syscall(SYS_mremap, (long)o->home, 0, (long)o->length,
		MREMAP_MAYMOVE | MREMAP_FIXED, (long)o->va, 0);

	if (r != (long)o->va)
		return r;
	if (o->prot == (PROT_READ | PROT_WRITE) || (o->prot & PROT_EXEC))
		return 0;
	return cell_syscall(SYS_mprotect, (long)o->va, (long)o->length,
		o->prot, 0, 0, 0);
}

/* The other side of the check in gate.c: after the barrier either the entering
 * thread has seen `out`, or we see it running. */
static uint32_t tcs_out(uint32_t index)
{
	struct thread *t;

	if (index >= control->tcs_slots)
		return 1;
	t = cell_thread(index);
	__atomic_store_n(&t->out, 1, __ATOMIC_SEQ_CST);
	if (cell_syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
		    0, 0, 0, 0) == 0
	    && __atomic_load_n(&t->running, __ATOMIC_SEQ_CST) == 0)
		return 0;
	__atomic_store_n(&t->out, 0, __ATOMIC_SEQ_CST);
	return 1;
}

static uint32_t execute(const struct cell_order *o)
{
	long r;

	switch (o->action) {
	case CELL_MAP:
		r = order_map(o);
		break;
	case CELL_UNMAP:
		r = cell_syscall(SYS_munmap, (long)o->va, (long)o->length, 0,
			0, 0, 0);
		break;
	case CELL_DROP:
		code_drop(o->home);
		r = cell_syscall(SYS_munmap, (long)o->home, (long)o->length,
			0, 0, 0, 0);
		break;
	case CELL_PROTECT:
		r = cell_syscall(SYS_mprotect, (long)o->va, (long)o->length,
			o->prot, 0, 0, 0);
		break;
	case CELL_TCS_OUT:
		return tcs_out(o->prot);
	default:
		return 1;
	}
	return r < 0 ? (uint32_t)-r : 0;
}

static int offered(void)
{
	return control->chunks_taken != __atomic_load_n(
		&control->chunks_offered, __ATOMIC_ACQUIRE);
}

static int ordered(void)
{
	uint32_t state = __atomic_load_n(&control->order_state,
		__ATOMIC_ACQUIRE);

	return state == CELL_ORDER_POSTED || state == CELL_ORDER_TAKEN;
}

/* Executes orders of the batch that is there, at most so many; how many.  With
 * the lock held.  A batch may be executed by several, one after the other;
 * *start: it was the order to start, which ends a batch and is not answered.
 * Storage that was offered before the batch comes first; with wait 0 nothing is
 * done instead. */
static uint32_t execute_some(uint32_t most, int wait, int *start)
{
	uint32_t expected = CELL_ORDER_POSTED, done = 0;

	if (__atomic_compare_exchange_n(&control->order_state, &expected,
		    CELL_ORDER_TAKEN, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		executed = 0;
	else if (expected != CELL_ORDER_TAKEN)
		return 0;
	if (offered() && !wait)
		return 0;
	take_chunks();
	for (; done < most && executed < control->order_count
	     && executed < CELL_ORDERS_MAX; done++, executed++) {
		struct cell_order o = control->order[executed];

		if (o.action == CELL_START) {
			*start = 1;
			return done;
		}
		control->order[executed].result = execute(&o);
	}
	if (executed == control->order_count || executed == CELL_ORDERS_MAX) {
		__atomic_store_n(&control->order_state, CELL_ORDER_DONE,
			__ATOMIC_SEQ_CST);
		cell_syscall(SYS_futex, (long)&control->order_state,
			FUTEX_WAKE, 1, 0, 0, 0);
	}
	return done;
}

/* Takes what was offered and executes a batch, if there is one.  Returns 1 if
 * it is the order to start. */
static int orders_execute(void)
{
	int start = 0;

	lock();
	take_chunks();
	execute_some(CELL_ORDERS_MAX, 1, &start);
	unlock();
	return start;
}

void orders_look(void)
{
	if (offered() || ordered())
		orders_execute();
}

uint32_t orders_some(uint32_t most)
{
	uint32_t expected = 0, done;
	int start = 0;

	/* Who is at it already does it.  Storage is not waited for: the
	 * processor may be waiting for the orders. */
	if (!ordered() || !__atomic_compare_exchange_n(&busy, &expected, 1, 0,
		    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	done = execute_some(most, 0, &start);
	unlock();
	return done;
}

void orders_serve(void)
{
	for (;;) {
		uint32_t bell = __atomic_load_n(&control->janitor_bell,
			__ATOMIC_SEQ_CST);

		if (orders_execute())
			return;
		cell_syscall(SYS_futex, (long)&control->janitor_bell,
			FUTEX_WAIT, bell, 0, 0, 0);
	}
}
