/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous exit: enclave code was interrupted; its state goes to the
 * current SSA frame and the host gets the event, no register of it.
 */
#include "cell.h"
#include <sys/syscall.h>

/* On the gate's stack: kicks may come again. */
static void interrupted(struct thread *t)
{
	const uint64_t none = 0;

	cell_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0,
		sizeof(none), 0, 0);
	gate_answer(t, GATE_DID_INTERRUPT, 0, 0, 0);
}

_Noreturn void aex(struct thread *t, const struct sgx_regs *regs,
	const void *xsave, const struct sgx_event *event)
{
	uint32_t frame_size = control->ssa_frame_size;
	uint32_t misc = control->misc_select;
	uint64_t frame = t->ossa + (uint64_t)t->cssa * frame_size;
	uint32_t pages = frame_size / SGX_PAGE_SIZE;
	struct sgx_exinfo exinfo;
	uint64_t address = event->address;
	const uint32_t size = control->xsave_size;

	if (t->cssa >= t->frames)
		cell_die(CELL_DIED_FRAMES); /* EENTER checked; the enclave wrote over us */
	memcpy((void *)frame, xsave, size);
	sgx_xsave_clean((void *)frame, control->xfrm);
	sgx_ssa_save_gpr((void *)(frame + sgx_ssa_gpr_offset(pages)), regs,
		event, misc);
	if (sgx_ssa_save_exinfo(&exinfo, event, misc))
		memcpy((void *)(frame + sgx_ssa_exinfo_offset(pages)), &exinfo,
			sizeof(exinfo));
	t->cssa++;
	t->counters->aex++;
	if (event->kind == SGX_EVENT_INTERRUPT)
		cell_switch_stack(t, interrupted);
	if (in_enclave(address))
		address &= ~(uint64_t)(SGX_PAGE_SIZE - 1);
	gate_answer(t, GATE_DID_FAULT, event->vector, event->error_code,
		address);
}
