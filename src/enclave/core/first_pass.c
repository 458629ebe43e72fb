/* SPDX-License-Identifier: MIT */
/*
 * The first pass over an exception.  The processor has saved the interrupted
 * thread in SSA frame 0 and the host has entered the same TCS again, with
 * CSSA 1.  What happened is read from the frame, never from the host.  This
 * pass only edits the frame: RIP moves to core_second_pass, which runs after
 * ERESUME, on the thread's own stack, and may do whatever enclave code may.
 *
 * An exception is taken only where the thread was running enclave code in
 * full: not on the way in or out (the stack may be the host's there), not in
 * the second pass's own assembly, not in an ocall.
 *
 * Built without stack protector; runs on 2 KiB of stack.
 */
#include "libc/libc.h"
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <openenclave/bits/properties.h>

static const struct {
	uint8_t vector;
	uint32_t code;
} codes[] = {
	{ SGX_VECTOR_DE, OE_EXCEPTION_DIVIDE_BY_ZERO },
	{ SGX_VECTOR_BP, OE_EXCEPTION_BREAKPOINT },
	{ SGX_VECTOR_BR, OE_EXCEPTION_BOUND_OUT_OF_RANGE },
	{ SGX_VECTOR_UD, OE_EXCEPTION_ILLEGAL_INSTRUCTION },
	{ SGX_VECTOR_GP, OE_EXCEPTION_ACCESS_VIOLATION },
	{ SGX_VECTOR_PF, OE_EXCEPTION_PAGE_FAULT },
	{ SGX_VECTOR_MF, OE_EXCEPTION_X87_FLOAT_POINT },
	{ SGX_VECTOR_AC, OE_EXCEPTION_MISALIGNMENT },
	{ SGX_VECTOR_XM, OE_EXCEPTION_SIMD_FLOAT_POINT },
};

#define RFLAGS_AC_NT_DF 0x44400
#define NESTING_MAX 16
/* What the second pass takes before it can call anything, and a little for
 * what it calls. */
#define STACK_NEEDED (XSAVE_AREA_SIZE + 128 + 768 + 64 + 1024)

static struct core_pair answer(uint64_t value)
{
	return (struct core_pair){
		CALL_ARG1(CALL_ERET, CALL_VIRTUAL_EXCEPTION, OE_OK), value
	};
}

static struct core_pair give_up(struct td *td)
{
	td->state = TD_ABORTED;
	if (core.status == OE_OK)
		core.status = OE_ENCLAVE_ABORTING;
	return answer(CALL_DO_NOT_RESUME);
}

static bool in_assembly(uint64_t rip)
{
	return rip >= (uint64_t)core_text_begin
		&& rip < (uint64_t)core_text_end;
}

/* The thread's own stack must have room; another one that the program made
 * must at least lie inside. */
static bool stack_holds(uint64_t tcs, uint64_t rsp)
{
	uint64_t high = tcs + TCS_STACK_TOP;
	uint64_t low = high - oe_enclave_properties_sgx.header.size_settings
		.num_stack_pages * SGX_PAGE_SIZE;

	if (rsp > low && rsp <= high)
		return rsp - low >= STACK_NEEDED;
	/* A guard page next to it: an overflow, or an underflow. */
	if (rsp <= low && low - rsp <= SGX_PAGE_SIZE)
		return false;
	return rsp >= core.base + STACK_NEEDED && core_within(rsp, 1)
		&& core_within(rsp - STACK_NEEDED, STACK_NEEDED);
}

static bool emulate_cpuid(struct sgx_gprsgx *gpr)
{
	uint32_t out[4];

	if (!core_within(gpr->rip, 2)
			|| *(const volatile uint16_t *)gpr->rip != 0xa20f
			|| !core_cpuid(gpr->rax, gpr->rcx, out))
		return false;
	gpr->rax = out[0];
	gpr->rbx = out[1];
	gpr->rcx = out[2];
	gpr->rdx = out[3];
	gpr->rip += 2;
	return true;
}

/* What musl does where a kernel would be: the C library's own code takes
 * over, with RCX and R11 as the instruction leaves them. */
static bool emulate_syscall(struct sgx_gprsgx *gpr)
{
	const char *shim = oe_libc_syscall_shim;

	if (!core_within(gpr->rip, 2)
			|| *(const volatile uint16_t *)gpr->rip != 0x050f)
		return false;
	gpr->rcx = gpr->rip + 2;
	gpr->r11 = gpr->rflags;
	gpr->rip = (uint64_t)shim;
	return true;
}

/* What the processor says of the exception.  One without EXINFO does not
 * report #PF and #GP; a debug enclave that asked for them takes the host's
 * word, as with the Open Enclave SDK. */
static bool learn(const struct sgx_gprsgx *gpr, uint64_t arg1, uint64_t arg2,
	struct td_exception *e, uint32_t *vector)
{
	const struct sgx_exinfo *exinfo = (const void *)
		((const uint8_t *)gpr - SSA_EXINFO_SIZE);
	uint32_t info = gpr->exit_info;
	bool memory;

	*vector = info & SGX_EXITINFO_VALID ? info & 0xff : CALL_FLAGS(arg1);
	memory = *vector == SGX_VECTOR_PF || *vector == SGX_VECTOR_GP;
	e->faulting_address = 0;
	e->error_code = 0;
	e->flags = OE_EXCEPTION_FLAGS_HARDWARE;
	if (info & SGX_EXITINFO_VALID) {
		uint32_t type = info >> 8 & 7;

		e->flags = type == SGX_EXITINFO_TYPE_HARDWARE
			? OE_EXCEPTION_FLAGS_HARDWARE
			: type == SGX_EXITINFO_TYPE_SOFTWARE
			? OE_EXCEPTION_FLAGS_SOFTWARE : 0;
		if (memory) {
			e->faulting_address = exinfo->maddr;
			e->error_code = exinfo->errcd;
		}
		return true;
	}
	if (!memory || !core.debug || core.misc_select & SGX_MISC_EXINFO
			|| !oe_enclave_properties_sgx.config.flags
				.capture_pf_gp_exceptions)
		return false;
	e->faulting_address = *vector == SGX_VECTOR_PF ? arg2 : 0;
	e->error_code = CALL_RESULT(arg1);
	return true;
}

struct core_pair core_first_pass(uint64_t arg1, uint64_t arg2, struct td *td,
	uint64_t tcs, uint64_t cssa)
{
	uint8_t *frame = (uint8_t *)tcs + TCS_SSA;
	struct sgx_gprsgx *gpr = (void *)(frame + SSA_FRAME_SIZE - SSA_GPR_SIZE);
	struct td_exception e;
	uint32_t vector;

	if (core.phase != CORE_RELOCATED || cssa != 1
			|| CALL_CODE(arg1) != CALL_ECALL
			|| CALL_FUNCTION(arg1) != CALL_VIRTUAL_EXCEPTION)
		return (struct core_pair){ CALL_ARG1(CALL_ERET,
			CALL_FUNCTION(arg1), OE_UNEXPECTED), 0 };
	if (core.status != OE_OK)
		return answer(CALL_DO_NOT_RESUME);
	/* It is not there, or the page is not as it should be.  (Or an
	 * interrupt: the host pretends that it cannot.) */
	if (td->state == TD_RUNNING && gpr->rip == (uint64_t)core_sgx2_enclu) {
		gpr->rax = CORE_SGX2_FAULT;
		gpr->rip += 3;
		gpr->exit_info = 0;
		return answer(CALL_RESUME);
	}
	/* Nothing of note happened: an interrupt, or a host that pretends. */
	if (!learn(gpr, arg1, arg2, &e, &vector))
		return answer(CALL_DO_NOT_RESUME);
	if (td->state != TD_RUNNING || in_assembly(gpr->rip)
			|| gpr->gsbase != (uint64_t)td)
		return give_up(td);

	if (vector == SGX_VECTOR_UD && emulate_cpuid(gpr)) {
		gpr->exit_info = 0;
		return answer(CALL_RESUME);
	}
	if (td->exception.nesting >= NESTING_MAX || !stack_holds(tcs, gpr->rsp))
		return give_up(td);
	if (vector == SGX_VECTOR_UD && emulate_syscall(gpr)) {
		gpr->exit_info = 0;
		return answer(CALL_RESUME);
	}

	td->exception.code = OE_EXCEPTION_UNKNOWN;
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].vector == vector)
			td->exception.code = codes[i].code;
	td->exception.flags = e.flags;
	td->exception.address = gpr->rip;
	td->exception.faulting_address = e.faulting_address;
	td->exception.error_code = e.error_code;
	/* The second pass may push to a stack that is not aligned. */
	td->exception.rflags = gpr->rflags;
	gpr->rflags &= ~(uint64_t)RFLAGS_AC_NT_DF;
	/* FS may be the program's for a while, GS is ours. */
	td->exception.fsbase = gpr->fsbase;
	gpr->fsbase = (uint64_t)td;
	td->exception.nesting++;
	gpr->exit_info = 0;
	gpr->rip = (uint64_t)core_second_pass;
	return answer(CALL_RESUME);
}
