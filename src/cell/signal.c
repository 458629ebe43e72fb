/* SPDX-License-Identifier: MIT */
/*
 * Signals are the cell's exceptions and interrupts.  The handler does not
 * return through the kernel: enclave code goes on, or is left, in user mode.
 * A signal that finds the cell's own code at work either is a kick, and that
 * code goes on as if nothing had happened, or one of the three places where a
 * fault is expected, or the end.
 */
#include "cell.h"
#include <signal.h>
#include <sys/syscall.h>

/* Exceptions that Linux reports and EXITINFO does not. */
#define VECTOR_OF 4
#define VECTOR_NP 11
#define VECTOR_SS 12

_Noreturn void cell_die(enum cell_death why)
{
	for (;;)
		cell_syscall(SYS_exit_group, why, 0, 0, 0, 0, 0);
}

_Noreturn void cell_end(void)
{
	for (;;)
		cell_syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

static void copy_registers(struct sgx_regs *r, const greg_t *g)
{
	r->rax = g[REG_RAX], r->rcx = g[REG_RCX], r->rdx = g[REG_RDX];
	r->rbx = g[REG_RBX], r->rsp = g[REG_RSP], r->rbp = g[REG_RBP];
	r->rsi = g[REG_RSI], r->rdi = g[REG_RDI], r->r8 = g[REG_R8];
	r->r9 = g[REG_R9], r->r10 = g[REG_R10], r->r11 = g[REG_R11];
	r->r12 = g[REG_R12], r->r13 = g[REG_R13], r->r14 = g[REG_R14];
	r->r15 = g[REG_R15], r->rflags = g[REG_EFL], r->rip = g[REG_RIP];
	r->fsbase = __builtin_ia32_rdfsbase64();
	r->gsbase = __builtin_ia32_rdgsbase64();
}

/* What Linux says of a page fault inside ELRANGE, as the processor would. */
static uint32_t enclave_pf_code(const siginfo_t *info, uint32_t error)
{
	error &= SGX_PF_P | SGX_PF_W | SGX_PF_U | SGX_PF_ID;
	if (info->si_code == SEGV_ACCERR)
		error |= SGX_PF_P | SGX_PF_SGX;
	return error | SGX_PF_U;
}

/* A page that is not mapped: the processor may bring it. */
static int bring_page(struct thread *t, int sig, const siginfo_t *info,
	const greg_t *g, struct sgx_event *event)
{
	uint64_t address = g[REG_CR2];

	if (sig != SIGSEGV || g[REG_TRAPNO] != SGX_VECTOR_PF
	    || info->si_code == SEGV_ACCERR || !in_enclave(address))
		return 0;
	return ask_page(t, address, ((uint32_t)g[REG_ERR]
		& (SGX_PF_W | SGX_PF_ID)) | SGX_PF_U, event);
}

/* An instruction that traps on Linux and faults in an enclave. */
static void back_to(struct sgx_regs *regs, unsigned length)
{
	regs->rip -= length;
	regs->rflags |= SGX_RFLAGS_RF;
}

/* #GP, #SS or #NP, or INT 4, for which Linux lets programs have #OF. */
static void general_protection(const greg_t *g, struct sgx_regs *regs,
	struct sgx_event *event)
{
	event->vector = SGX_VECTOR_UD;
	if (g[REG_TRAPNO] == VECTOR_OF) {
		back_to(regs, 2);
		return;
	}
	if (opcode_is_illegal(regs->rip))
		return;
	event->vector = (uint8_t)g[REG_TRAPNO];
	event->error_code = (uint32_t)g[REG_ERR];
}

static void segv(const siginfo_t *info, const greg_t *g,
	struct sgx_regs *regs, struct sgx_event *event)
{
	uint64_t address = g[REG_CR2];

	if (event->vector != 0)
		return; /* the processor has said what it is */
	event->vector = SGX_VECTOR_GP;
	/* SGX: instruction fetch outside ELRANGE is #GP(0). */
	if (!in_enclave(regs->rip))
		return;
	if (g[REG_TRAPNO] != SGX_VECTOR_PF) {
		general_protection(g, regs, event);
		return;
	}
	event->vector = SGX_VECTOR_PF;
	event->address = address;
	event->error_code = in_enclave(address)
		? enclave_pf_code(info, (uint32_t)g[REG_ERR])
		: ((uint32_t)g[REG_ERR] & 0x1f);
}

/* An exception of enclave code: the event, with regs->rip moved back where
 * Linux reports the address behind the instruction. */
static void exception(int sig, const siginfo_t *info, const greg_t *g,
	struct sgx_regs *regs, struct sgx_event *event)
{
	switch (sig) {
	case SIGSEGV:
		segv(info, g, regs, event);
		return;
	case SIGBUS:
		if (g[REG_TRAPNO] == SGX_VECTOR_AC)
			event->vector = SGX_VECTOR_AC;
		else if (g[REG_TRAPNO] == VECTOR_SS
			 || g[REG_TRAPNO] == VECTOR_NP)
			general_protection(g, regs, event);
		else
			cell_die(CELL_DIED_MEMORY); /* memory is gone under the enclave */
		return;
	case SIGFPE:
		event->vector = (uint8_t)g[REG_TRAPNO];
		return;
	case SIGSYS:
		/* `syscall` or `int 0x80`, two bytes each. */
		back_to(regs, 2);
		event->vector = SGX_VECTOR_UD;
		return;
	case SIGTRAP:
		/* INT3 in an enclave is fault-like, and #UD on opt-out. */
		back_to(regs, opcode_breakpoint_length(regs->rip));
		event->vector = SGX_VECTOR_UD;
		return;
	default:
		event->vector = SGX_VECTOR_UD;
	}
}

static int in_cell_code(uint64_t rip)
{
	return (rip >= (uintptr_t)cell_text_start
		       && rip < (uintptr_t)cell_text_end)
		|| rip - control->trampoline_va < GATE_TRAMPOLINE_SIZE;
}

/* The cell's own access to a page of the enclave, a frame of the SSA most
 * likely, that cannot be brought. */
static _Noreturn void no_frame(struct thread *t, const struct sgx_event *event)
{
	if (t->running != THREAD_ENTERING)
		cell_die(CELL_DIED_NO_FRAME); /* EENTER checked; the enclave gave it away */
	gate_answer(t, GATE_DID_NOT_ENTER, event->vector, event->error_code,
		event->address & ~(uint64_t)(SGX_PAGE_SIZE - 1));
}

static void in_cell(int sig, const siginfo_t *info, const greg_t *g,
	struct thread *t, struct sgx_regs *regs, const void *xsave, int kick)
{
	struct sgx_event event = { .kind = SGX_EVENT_EXCEPTION };

	if (sig == SIGNAL_KICK)
		return; /* the one return through the kernel */
	if (kick || bring_page(t, sig, info, g, &event))
		gate_resume(regs, xsave);
	if (sig == SIGILL && regs->rip == (uintptr_t)gate_trap_enclu)
		enclu_execute(t, regs, xsave, 3);
	if (regs->rip == (uintptr_t)cell_read_fault)
		regs->rip = (uintptr_t)cell_read_fixup;
	else if (regs->rip == (uintptr_t)cell_xrstor_fault)
		regs->rip = (uintptr_t)cell_xrstor_fixup;
	else if (event.vector != 0)
		no_frame(t, &event);
	else
		cell_die(CELL_DIED_FAULT);
	gate_resume(regs, xsave);
}

void cell_signal(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	const greg_t *g = uc->uc_mcontext.gregs;
	const void *xsave = uc->uc_mcontext.fpregs;
	struct thread *t = cell_thread_here();
	struct sgx_event event = { .kind = SGX_EVENT_EXCEPTION };
	struct sgx_regs regs;
	/* Only the kernel's own exceptions have a positive code (SIGSYS of
	 * seccomp included); anything sent is an interrupt. */
	int kick = sig == SIGNAL_KICK || info->si_code <= 0;

	/* Linux leaves AC and NT as the enclave had them. */
	cell_clear_flags();
	copy_registers(&regs, g);
	if (in_cell_code(regs.rip)) {
		in_cell(sig, info, g, t, &regs, xsave, kick);
		return;
	}
	if (kick) {
		event.kind = SGX_EVENT_INTERRUPT;
		aex(t, &regs, xsave, &event);
	}
	if (sig == SIGTRAP && g[REG_TRAPNO] == SGX_VECTOR_DB) {
		regs.rflags &= ~SGX_RFLAGS_TF; /* TF is 0 on opt-out */
		gate_resume(&regs, xsave);
	}
	if (sig == SIGILL && in_enclave(regs.rip)) {
		unsigned length = opcode_enclu_length(regs.rip);

		if (length != 0)
			enclu_execute(t, &regs, xsave, length);
	}
	if (bring_page(t, sig, info, g, &event))
		gate_resume(&regs, xsave);
	exception(sig, info, g, &regs, &event);
	aex(t, &regs, xsave, &event);
}
