/* SPDX-License-Identifier: MIT */
/*
 * A thread asks the processor, by its service slot and the doorbell, and waits
 * as a host thread does: awake for a moment, then asleep.
 */
#include "cell.h"
#include <linux/futex.h>
#include <sys/syscall.h>

static int is_done(const struct cell_service *s)
{
	return __atomic_load_n(&s->state, __ATOMIC_ACQUIRE)
		== CELL_SERVICE_DONE;
}

/* Mappings that the processor wants gone go while it is at work; how many
 * orders that were. */
static uint32_t await(struct cell_service *s)
{
	uint32_t orders = 0, some;

	while (!is_done(s) && (some = orders_some(1)) > 0)
		orders += some;
	for (int i = 0; i < GATE_SPIN_PAUSES; i++) {
		if (is_done(s))
			return orders;
		__builtin_ia32_pause();
	}
	for (int i = 0; i < GATE_SPIN_YIELDS; i++) {
		if (is_done(s))
			return orders;
		cell_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
	__atomic_store_n(&s->cell_naps, 1, __ATOMIC_SEQ_CST);
	while (!is_done(s))
		cell_syscall(SYS_futex, (long)&s->state, FUTEX_WAIT,
			CELL_SERVICE_ASKED, 0, 0, 0);
	__atomic_store_n(&s->cell_naps, 0, __ATOMIC_RELAXED);
	return orders;
}

/* As many orders as pages came are executed, so that what goes keeps up with
 * what comes; all, if nothing came: then something is in the way. */
static void keep_up(const struct cell_service *s, uint32_t orders)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < s->maps && i < CELL_MAPS_MAX; i++)
		pages += s->map[i].length / 4096;
	if (pages == 0 || control->chunks_taken != __atomic_load_n(
		    &control->chunks_offered, __ATOMIC_ACQUIRE))
		orders_look();
	else if (pages > orders)
		orders_some((uint32_t)(pages - orders));
}

static int do_maps(const struct cell_service *s)
{
	for (uint32_t i = 0; i < s->maps && i < CELL_MAPS_MAX; i++)
		if (order_map(&s->map[i]) < 0)
			return 0;
	return 1;
}

/* The processor's answer can come late, never twice; it is our trusted side,
 * so its values are used as they are. */
int ask_processor(struct thread *t, uint32_t leaf, const struct sgx_regs *regs)
{
	struct cell_service *s = t->service;
	uint32_t orders;
	int mapped;

	s->leaf = leaf;
	s->rax = regs->rax;
	s->rbx = regs->rbx;
	s->rcx = regs->rcx;
	s->rdx = regs->rdx;
	__atomic_store_n(&s->state, CELL_SERVICE_ASKED, __ATOMIC_SEQ_CST);
	doorbell_ring();
	orders = await(s);
	keep_up(s, orders);
	mapped = do_maps(s);
	/* Until here the processor does not take the pages away again. */
	__atomic_store_n(&s->state, CELL_SERVICE_IDLE, __ATOMIC_RELEASE);
	return mapped;
}

int ask_page(struct thread *t, uint64_t address, uint32_t error,
	struct sgx_event *event)
{
	struct cell_service *s = t->service;
	struct sgx_regs regs;
	int mapped;

	regs.rax = 0;
	regs.rbx = address;
	regs.rcx = error;
	regs.rdx = 0;
	do {
		mapped = ask_processor(t, CELL_ASK_PAGE, &regs);
		regs.rdx = 1;
	} while (s->kind == CELL_SERVICE_RETRY && !mapped);
	if (s->kind == CELL_SERVICE_RETRY)
		return 1;
	event->vector = (uint8_t)s->vector;
	event->error_code = (uint32_t)s->error_code;
	event->address = address;
	return 0;
}

int ask_tcs(struct thread *t)
{
	struct sgx_regs regs;

	regs.rax = 0;
	regs.rbx = t->tcs->linaddr;
	regs.rcx = regs.rdx = 0;
	ask_processor(t, CELL_ASK_TCS, &regs);
	if (t->service->kind != CELL_SERVICE_RETRY)
		return 0;
	__atomic_store_n(&t->out, 0, __ATOMIC_SEQ_CST);
	return 1;
}
