/* SPDX-License-Identifier: MIT */
/*
 * ENCLU executed by enclave code and trapped: EEXIT and EDECCSSA are done here,
 * leaves that need keys or the EPC map are asked of the processor, everything
 * else faults.
 */
#include "cell.h"

#define STATUS_FLAGS (SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF \
	| SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_OF)

static _Noreturn void eexit(struct thread *t, const struct sgx_regs *regs)
{
	struct gate_mailbox *line = t->line;

	line->reg[0] = regs->rdi;
	line->reg[1] = regs->rsi;
	line->reg[2] = regs->rdx;
	line->reg[3] = regs->r8;
	line->reg[4] = regs->r9;
	line->reg[5] = regs->rsp;
	line->reg[6] = regs->rbp;
	cell_switch_stack(t, gate_exited);
}

_Noreturn void enclu_execute(struct thread *t, struct sgx_regs *regs,
	const void *xsave, unsigned length)
{
	struct sgx_event event = {
		.kind = SGX_EVENT_EXCEPTION, .vector = SGX_VECTOR_GP,
	};
	struct cell_service *s = t->service;

	t->counters->enclu++;
	switch ((uint32_t)regs->rax) {
	case SGX_EEXIT:
		if (!sgx_canonical(regs->rbx))
			break;
		eexit(t, regs);
	case SGX_EREPORT:
	case SGX_EGETKEY:
	case SGX_EACCEPT:
	case SGX_EMODPE:
	case SGX_EACCEPTCOPY:
		ask_processor(t, (uint32_t)regs->rax, regs);
		if (s->kind == CELL_SERVICE_FAULT) {
			event.vector = (uint8_t)s->vector;
			event.error_code = (uint32_t)s->error_code;
			event.address = s->address;
			break;
		}
		regs->rax = s->rax;
		if (s->flags_changed) {
			regs->rflags &= ~STATUS_FLAGS;
			if (s->zf)
				regs->rflags |= SGX_RFLAGS_ZF;
		}
		regs->rip += length;
		gate_resume(regs, xsave);
	case SGX_EDECCSSA:
		if (!(control->sgx_features & SGX_FEATURE_EDECCSSA)
		    || t->cssa == 0)
			break;
		t->cssa--;
		regs->rip += length;
		gate_resume(regs, xsave);
	default:
		break;
	}
	aex(t, regs, xsave, &event);
}
