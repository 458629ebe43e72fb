/* SPDX-License-Identifier: MIT */
/*
 * ERESUME: from the last SSA frame back into enclave code, by loads and a
 * user-mode IRETQ.  The frame is the enclave's to change, so its vector state
 * is copied and checked before it is loaded.
 */
#include "cell.h"

/* AEX-Notify: the enclave is entered instead, as by EENTER with the registers
 * that an AEX leaves, and with CSSA as it is. */
static _Noreturn void notify(struct thread *t)
{
	struct gate_mailbox *line = t->line;

	for (int i = 0; i < 5; i++)
		line->reg[i] = 0;
	gate_eenter(t);
}

_Noreturn void gate_eresume(struct thread *t)
{
	uint32_t pages = control->ssa_frame_size / SGX_PAGE_SIZE;
	void *copy = (char *)t + AREA_XSAVE;
	struct sgx_gprsgx gpr;
	struct sgx_regs regs;
	uint64_t frame;

	thread_enter(t);
	if (t->cssa == 0 || t->cssa > t->nssa)
		gate_answer(t, GATE_DID_NOT_ENTER, SGX_VECTOR_GP, 0, 0);
	frame = t->ossa + (uint64_t)(t->cssa - 1) * control->ssa_frame_size;
	memcpy(&gpr, (void *)(frame + sgx_ssa_gpr_offset(pages)), sizeof(gpr));
	if ((t->tcs->flags & SGX_TCS_AEXNOTIFY) && (gpr.aexnotify & 1))
		notify(t);
	memcpy(copy, (void *)frame, control->xsave_size);
	if (!sgx_canonical(gpr.rip) || !sgx_canonical(gpr.fsbase)
	    || !sgx_canonical(gpr.gsbase)
	    || !sgx_xsave_valid(copy, control->xfrm, control->mxcsr_mask)
	    || cell_try_xrstor(copy) != 0)
		gate_answer(t, GATE_DID_NOT_ENTER, SGX_VECTOR_GP, 0, 0);
	regs.rflags = SGX_RFLAGS_IF | SGX_RFLAGS_FIXED;
	sgx_eresume_registers(&regs, &gpr, false);
	t->cssa--;
	t->counters->entries++;
	t->counters->inside = 1;
	t->running = THREAD_INSIDE;
	__builtin_ia32_wrfsbase64(regs.fsbase);
	__builtin_ia32_wrgsbase64(regs.gsbase);
	gate_resume(&regs, copy);
}
