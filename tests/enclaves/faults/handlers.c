/* SPDX-License-Identifier: MIT */
/* Handlers: within each other, many, few, with other ideas; CPUID, RDTSC. */
#include <openenclave/enclave.h>

#include "faults_t.h"

static _Thread_local int levels, returned;

/* UD2 again from the handler, one level deeper each time. */
static uint64_t deeper(oe_exception_record_t *record)
{
	int twice = 0;

	if (record->code != OE_EXCEPTION_ILLEGAL_INSTRUCTION)
		return OE_EXCEPTION_CONTINUE_SEARCH;
	record->context->rip += 2;
	if (--levels > 0)
		__asm__ volatile("ud2" : : : "memory");
	ft_host_double(&twice, levels + 100);
	returned += twice == 2 * (levels + 100);
	levels++;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

int ft_nest(int depth)
{
	oe_result_t result = oe_add_vectored_exception_handler(true, deeper);

	if (result && result != OE_FAILURE)
		return -1;
	levels = depth;
	returned = 0;
	__asm__ volatile("ud2" : : : "memory");
	return levels == depth ? returned : -2;
}

int ft_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *r)
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]),
		"=d"(r[3]) : "0"(leaf), "2"(subleaf));
	return 0;
}

uint64_t ft_tsc(int with_processor)
{
	uint32_t low, high, processor;

	if (with_processor)
		__asm__ volatile("rdtscp" : "=a"(low), "=d"(high),
			"=c"(processor));
	else
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static uint64_t nobody(oe_exception_record_t *record)
{
	(void)record;
	return OE_EXCEPTION_CONTINUE_SEARCH;
}

static uint64_t nobody_else(oe_exception_record_t *record)
{
	(void)record;
	return OE_EXCEPTION_CONTINUE_SEARCH;
}

static uint64_t step(oe_exception_record_t *record)
{
	/* Handlers may take themselves off. */
	if (oe_remove_vectored_exception_handler(step))
		return OE_EXCEPTION_CONTINUE_SEARCH;
	record->context->rip += 2;
	record->context->rbx++;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

/* One thread at a time. */
int ft_churn(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		uint64_t seen = 0;

		if (oe_add_vectored_exception_handler(i & 1, nobody)
				|| oe_add_vectored_exception_handler(true, step)
				|| oe_add_vectored_exception_handler(i & 2,
					nobody_else))
			return 1;
		__asm__ volatile("ud2" : "+b"(seen) : : "memory");
		if (seen != 1)
			return 2;
		if (oe_remove_vectored_exception_handler(step) != OE_FAILURE)
			return 3;
		if (oe_remove_vectored_exception_handler(nobody)
				|| oe_remove_vectored_exception_handler(
					nobody_else))
			return 4;
	}
	return 0;
}

static uint64_t verdict_to_give;

static uint64_t judge(oe_exception_record_t *record)
{
	record->context->rip += 2;
	return verdict_to_give;
}

int ft_verdict(uint64_t verdict)
{
	verdict_to_give = verdict;
	if (oe_add_vectored_exception_handler(false, judge))
		return 1;
	__asm__ volatile("ud2" : : : "memory");
	return oe_remove_vectored_exception_handler(judge) ? 2 : 0;
}

static _Thread_local uint64_t mine = 0x1234;

static uint64_t with_own_variables(oe_exception_record_t *record)
{
	record->context->rip += 2;
	record->context->rbx = mine++;
	/* And one within, with FS as it is here. */
	if (mine == 0x1235)
		__asm__ volatile("ud2" : : : "rbx", "memory");
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

int ft_other_fs(void)
{
	static const uint64_t elsewhere[16];
	uint64_t own, after, counted = 0;

	if (oe_add_vectored_exception_handler(true, with_own_variables))
		return 1;
	mine = 0x1234;
	__asm__ volatile("rdfsbase %0\n\twrfsbase %3\n\tud2\n\t"
		"rdfsbase %1\n\twrfsbase %0"
		: "=&r"(own), "=&r"(after), "+b"(counted) : "r"(elsewhere)
		: "memory");
	if (oe_remove_vectored_exception_handler(with_own_variables))
		return 2;
	if (after != (uint64_t)elsewhere || counted != 0x1234)
		return 3;
	return mine == 0x1236 ? 0 : 4;
}

static uint8_t other_stack[16384] __attribute__((aligned(16)));
static _Thread_local void *home[5];
static volatile int arrived;

static void elsewhere(uint64_t value)
{
	uint8_t *here = __builtin_frame_address(0);

	arrived = value == 77 && here > other_stack
		&& here < other_stack + sizeof(other_stack);
	__builtin_longjmp(home, 1);
}

static uint64_t send_away(oe_exception_record_t *record)
{
	record->context->rip = (uint64_t)elsewhere;
	record->context->rsp = (uint64_t)(other_stack + sizeof(other_stack)
		- 8);
	record->context->rdi = 77;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

int ft_escape(void)
{
	arrived = 0;
	if (oe_add_vectored_exception_handler(true, send_away))
		return 1;
	if (!__builtin_setjmp(home)) {
		__asm__ volatile("ud2" : : : "memory");
		return 2;
	}
	if (oe_remove_vectored_exception_handler(send_away))
		return 3;
	return arrived ? 0 : 4;
}
