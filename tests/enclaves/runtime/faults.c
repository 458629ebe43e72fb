/* SPDX-License-Identifier: MIT */
/* Exceptions, and handlers for them. */
#include <openenclave/enclave.h>
#include <string.h>

#include "runtime_t.h"

enum { FAULT_UD, FAULT_PF, FAULT_GP, FAULT_DE, FAULT_OCALL, FAULT_NEST };

static struct {
	uint32_t code;
	uint64_t address, faulting_address;
	uint32_t error_code;
} seen;
static volatile int nested;

/* Each of the faulting instructions below is two bytes long. */
static uint64_t skip(oe_exception_record_t *record)
{
	oe_context_t *context = record->context;

	seen.code = record->code;
	seen.address = record->address;
	seen.faulting_address = record->faulting_address;
	seen.error_code = record->error_code;
	context->rip += 2;
	context->rax = 4711;
	if (record->code == OE_EXCEPTION_ILLEGAL_INSTRUCTION && nested == 1) {
		int result;

		nested = 2;
		rt_host_add(&result, 1, 2);
		__asm__ volatile("ud2");
		nested = result;
	}
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

static uint64_t look_away(oe_exception_record_t *record)
{
	(void)record;
	return OE_EXCEPTION_CONTINUE_SEARCH;
}

/* RAX as the handler left it; every other register must be as it was. */
static uint64_t raise_fault(int kind)
{
	uint64_t rax = 0, xmm = 0x0123456789abcdefull, after = 0;
	uint64_t kept[4] = { 11, 12, 13, 14 };
	uint64_t bad = 0x8000000000000000ull;

	__asm__ volatile("movq %0, %%xmm7" : : "r"(xmm) : "xmm7");
	switch (kind) {
	case FAULT_UD:
	case FAULT_NEST:
		__asm__ volatile("mov %[k], %%r12\n	ud2\n	mov %%r12, %[k]"
			: "+a"(rax), [k] "+m"(kept[0]) : : "r12");
		break;
	case FAULT_PF:
		/* mov (%rcx), %eax */
		__asm__ volatile(".byte 0x8b, 0x01"
			: "+a"(rax) : "c"(0x1000ull));
		break;
	case FAULT_GP:
		__asm__ volatile(".byte 0x8b, 0x01" : "+a"(rax) : "c"(bad));
		break;
	case FAULT_DE:
		__asm__ volatile("xor %%ecx, %%ecx\n	.byte 0xf7, 0xf1"
			: "+a"(rax) : : "rcx", "rdx", "cc");
		break;
	}
	__asm__ volatile("movq %%xmm7, %0" : "=r"(after));
	return after == xmm && kept[0] == 11 ? rax : 0;
}

int rt_fault(int kind)
{
	static const uint32_t codes[] = {
		OE_EXCEPTION_ILLEGAL_INSTRUCTION, OE_EXCEPTION_PAGE_FAULT,
		OE_EXCEPTION_ACCESS_VIOLATION, OE_EXCEPTION_DIVIDE_BY_ZERO,
		0, OE_EXCEPTION_ILLEGAL_INSTRUCTION,
	};
	uint64_t rax;

	if (oe_add_vectored_exception_handler(false, skip)
			|| oe_add_vectored_exception_handler(true, look_away))
		return -1;
	memset(&seen, 0xff, sizeof(seen));
	nested = kind == FAULT_NEST;
	rax = raise_fault(kind);
	if (oe_remove_vectored_exception_handler(skip)
			|| oe_remove_vectored_exception_handler(look_away))
		return -2;
	if (rax != 4711)
		return -3;
	if (seen.code != codes[kind])
		return -4;
	if (kind == FAULT_PF && seen.faulting_address != 0x1000)
		return -5;
	if (kind == FAULT_NEST && nested != 3)
		return -6;
	return 0;
}

int rt_fault_unhandled(int kind)
{
	return (int)raise_fault(kind);
}

static uint64_t count_up(oe_exception_record_t *record)
{
	if (record->code != OE_EXCEPTION_ILLEGAL_INSTRUCTION)
		return OE_EXCEPTION_CONTINUE_SEARCH;
	record->context->rip += 2;
	record->context->rbx++;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

/* Many exceptions, from many threads at once; how many came back right. */
int rt_survive(int rounds)
{
	uint64_t counter = 0;

	/* Another thread may have been first. */
	oe_add_vectored_exception_handler(false, count_up);
	for (int i = 0; i < rounds; i++)
		__asm__ volatile("ud2" : "+b"(counter));
	return (int)counter;
}

static uint64_t other(oe_exception_record_t *record)
{
	(void)record;
	return OE_EXCEPTION_CONTINUE_SEARCH;
}

/* The rules of the list of handlers. */
int rt_handlers(void)
{
	if (oe_add_vectored_exception_handler(false, NULL)
			!= OE_INVALID_PARAMETER)
		return 1;
	if (oe_add_vectored_exception_handler(false,
			(oe_vectored_exception_handler_t)0x10000)
			!= OE_INVALID_PARAMETER)
		return 2;
	if (oe_add_vectored_exception_handler(false, other))
		return 3;
	if (oe_add_vectored_exception_handler(true, other) != OE_FAILURE)
		return 4;
	if (oe_remove_vectored_exception_handler(other))
		return 5;
	if (oe_remove_vectored_exception_handler(other) != OE_FAILURE)
		return 6;
	return 0;
}

int rt_cpuid(uint32_t *r, uint32_t leaf)
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]),
		"=d"(r[3]) : "0"(leaf), "2"(0));
	return 0;
}

/* Runs into the guard page. */
int rt_stack_overflow(int depth)
{
	volatile uint8_t space[1024];

	for (unsigned i = 0; i < sizeof(space); i += 64)
		space[i] = (uint8_t)depth;
	return depth ? rt_stack_overflow(depth - 1) + space[64] : space[0];
}
