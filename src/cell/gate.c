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
	uint32_t old = __atomic_exchange_n(&t->line->word, GATE_HOST,
		__ATOMIC_SEQ_CST);

	if (old == GATE_CELL_Z)
		futex_wake(&t->line->word);
	else if (old == GATE_DEAD) {
		__atomic_store_n(&t->line->word, GATE_DEAD, __ATOMIC_SEQ_CST);
		cell_die();
	}
}

_Noreturn void gate_answer(struct thread *t, uint32_t what, uint64_t a,
	uint64_t b, uint64_t c)
{
	struct gate_mailbox *line = t->line;

	t->running = 0;
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
	t->running = 0;
	t->counters->inside = 0;
	t->line->what = GATE_DID_EEXIT;
	hand_over(t);
	gate_loop(t);
}

static int is_ours(uint32_t word)
{
	return word == GATE_CELL || word == GATE_CELL_Z;
}

static void wait_for_request(uint32_t *word)
{
	for (;;) {
		uint32_t now = GATE_HOST;

		for (int i = 0; i < GATE_SPIN_PAUSES; i++) {
			now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
			if (is_ours(now))
				return;
			__builtin_ia32_pause();
		}
		for (int i = 0; i < GATE_SPIN_YIELDS; i++) {
			now = __atomic_load_n(word, __ATOMIC_ACQUIRE);
			if (is_ours(now))
				return;
			cell_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		}
		if (now == GATE_DEAD)
			cell_die();
		now = GATE_HOST;
		if (__atomic_compare_exchange_n(word, &now, GATE_HOST_Z, 0,
			    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			futex_wait(word, GATE_HOST_Z);
		else if (now == GATE_HOST_Z)
			futex_wait(word, GATE_HOST_Z);
	}
}

static _Noreturn void eenter(struct thread *t)
{
	struct gate_mailbox *line = t->line;
	const struct cell_tcs *tcs = t->tcs;
	struct gate_slot *slot = &gate_slots[t->index];
	struct sgx_gprsgx *gpr;
	uint64_t rsp = line->reg[5], rbp = line->reg[6];

	/* The call's arguments travel in lines of their own. */
	t->rdx = line->reg[2];
	t->rsi = line->reg[1];
	__builtin_prefetch((const void *)t->rsi);
	__builtin_prefetch((const void *)(t->rsi + 64));
	__builtin_prefetch((const void *)t->rdx);
	if (tcs->entry_faults)
		gate_answer(t, GATE_DID_NOT_ENTER, tcs->entry_vector, 0,
			tcs->entry_address);
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
	t->running = 1;
	gate_enter(t);
}

_Noreturn void gate_loop(struct thread *t)
{
	struct gate_mailbox *line = t->line;

	for (;;) {
		uint32_t what;

		wait_for_request(&line->word);
		what = *(volatile uint32_t *)&line->what;
		switch (what) {
		case GATE_DO_EENTER:
			eenter(t);
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
