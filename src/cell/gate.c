/* SPDX-License-Identifier: MIT */
/*
 * The cell's side of a call: wait for a request on the TCS's mailbox, enter,
 * and answer when the enclave exits.  Requests come from an untrusted host:
 * each value is read once, and none of them can do more than a host can do
 * to an enclave on silicon.
 */
#include "cell.h"
#include <coffer/sgx_arch.h>
#include <linux/futex.h>
#include <sys/syscall.h>

struct gate_slot gate_slots[CELL_TCS_COUNT_MAX];
uint64_t gate_el_base, gate_el_pages;

static void futex_wake(uint32_t *word)
{
	cell_syscall(SYS_futex, (long)word, FUTEX_WAKE, 1, 0, 0, 0);
}

static void futex_wait(uint32_t *word, uint32_t value)
{
	cell_syscall(SYS_futex, (long)word, FUTEX_WAIT, value, 0, 0, 0);
}

static void hand_over(struct thread *t)
{
	struct gate_mailbox *box = t->line;

	gate_pass(box, GATE_HOST);
	if (__builtin_expect(box->host_sleeps | box->dead, 0)) {
		if (box->dead)
			cell_end();
		futex_wake(&box->word);
	}
}

_Noreturn void gate_answer(struct thread *t, uint32_t what, uint64_t a,
	uint64_t b, uint64_t c)
{
	struct gate_mailbox *line = t->line;

	t->running = THREAD_OUTSIDE;
	t->counters->inside = 0;
	line->what = what;
	line->reg[0] = a;
	line->reg[1] = b;
	line->reg[2] = c;
	hand_over(t);
	cell_switch_stack(t, gate_loop);
}

_Noreturn void gate_exited(struct thread *t)
{
	t->running = THREAD_OUTSIDE;
	t->counters->inside = 0;
	t->line->what = GATE_DID_EEXIT;
	hand_over(t);
	gate_loop(t);
}

static int is_ours(struct gate_mailbox *box)
{
	return __atomic_load_n(&box->word, __ATOMIC_ACQUIRE) == GATE_CELL;
}

static void sleep_on(struct gate_mailbox *box)
{
	__atomic_store_n(&box->cell_sleeps, 1, __ATOMIC_RELAXED);
	gate_fence();
	if (__atomic_load_n(&box->dead, __ATOMIC_ACQUIRE))
		cell_end();
	if (!is_ours(box))
		futex_wait(&box->word, GATE_HOST);
	__atomic_store_n(&box->cell_sleeps, 0, __ATOMIC_RELAXED);
}

static void wait_for_request(struct gate_mailbox *box)
{
	for (;;) {
		for (int i = 0; i < GATE_SPIN_PAUSES; i++) {
			if (is_ours(box))
				return;
			__builtin_ia32_pause();
		}
		for (int i = 0; i < GATE_SPIN_YIELDS; i++) {
			if (is_ours(box))
				return;
			cell_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		}
		sleep_on(box);
	}
}

/* Seldom: the TCS is evicted, new, or not to be entered. */
static void check_tcs(struct thread *t)
{
	const struct cell_tcs *tcs = t->tcs;

	if (t->out) {
		t->running = THREAD_OUTSIDE;
		if (!ask_tcs(t))
			gate_answer(t, GATE_DID_NOT_ENTER, t->service->vector,
				(uint32_t)t->service->error_code,
				tcs->linaddr);
		thread_enter(t);
		return;
	}
	if (t->generation != tcs->generation)
		thread_sit(t);
	if (tcs->entry_faults)
		gate_answer(t, GATE_DID_NOT_ENTER, tcs->entry_vector, 0,
			tcs->entry_address);
}

/* The TCS is in use from here on; orders.c has the other side. */
void thread_enter(struct thread *t)
{
	__atomic_store_n(&t->running, THREAD_ENTERING, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(t->out | t->tcs->entry_faults
		    | (t->generation ^ t->tcs->generation), 0))
		check_tcs(t);
}

_Noreturn void gate_eenter(struct thread *t)
{
	struct gate_mailbox *line = t->line;
	const struct cell_tcs *tcs = t->tcs;
	struct gate_slot *slot = &gate_slots[t->index];
	struct sgx_gprsgx *gpr;
	uint64_t rsp = line->reg[5], rbp = line->reg[6];

	/* The call's arguments travel in lines of their own. */
	t->rdx = line->reg[2];
	t->rsi = line->reg[1];
	if (t->rsi != 0)
		__builtin_prefetch((const void *)t->rsi);
	__builtin_prefetch((const void *)t->rdx);
	thread_enter(t);
	if (t->cssa >= t->nssa)
		gate_answer(t, GATE_DID_NOT_ENTER, SGX_VECTOR_GP, 0, 0);
	if (t->cssa >= t->frames)
		gate_answer(t, GATE_DID_NOT_ENTER, SGX_VECTOR_PF,
			SGX_PF_P | SGX_PF_W | SGX_PF_U | SGX_PF_SGX,
			t->ossa + (uint64_t)t->cssa * control->ssa_frame_size);
	gpr = (struct sgx_gprsgx *)(t->ossa
		+ (uint64_t)(t->cssa + 1) * control->ssa_frame_size
		- sizeof(*gpr));
	gpr->ursp = rsp;
	gpr->urbp = rbp;
	slot->rdi = line->reg[0];
	slot->rsp = rsp;
	slot->entry = tcs->oentry;
	t->r8 = line->reg[3];
	t->r9 = line->reg[4];
	t->rbp = rbp;
	t->rax = t->cssa;
	t->rbx = tcs->linaddr;
	t->rcx = control->trampoline_va;
	t->fsbase = tcs->ofsbase;
	t->gsbase = tcs->ogsbase;
	t->counters->entries++;
	t->counters->inside = 1;
	t->running = THREAD_INSIDE;
	__asm__ volatile("prefetchw %0" : : "m"(*line));
	gate_enter(t);
}

_Noreturn void gate_loop(struct thread *t)
{
	struct gate_mailbox *line = t->line;

	for (;;) {
		uint32_t what;

		wait_for_request(line);
		what = *(volatile uint32_t *)&line->what;
		switch (what) {
		case GATE_DO_EENTER:
			gate_eenter(t);
		case GATE_DO_MAP:
			if (host_page_map(line->reg[0], line->reg[1],
				    line->reg[2] != 0) != 0)
				gate_answer(t, GATE_DID_REFUSE, 0, 0, 0);
			gate_eresume(t);
		case GATE_DO_ERESUME:
			gate_eresume(t);
		case GATE_DO_UNMAP:
			gate_answer(t, host_page_unmap(line->reg[0]) == 0
				? GATE_DID_IT : GATE_DID_REFUSE, 0, 0, 0);
		default:
			gate_answer(t, GATE_DID_REFUSE, 0, 0, 0);
		}
	}
}
