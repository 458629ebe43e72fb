/* SPDX-License-Identifier: MIT */
/* What a debugger is shown.  Functions that it stops in are not inlined. */
#include "dbg_t.h"
#include <stdlib.h>

#define SEEN __attribute__((noinline))

struct note {
	uint32_t number;
	char text[16];
};

volatile uint64_t dbg_total;
volatile struct note dbg_note = { 7, "before" };

SEEN static uint64_t add(uint64_t to, uint64_t what)
{
	uint64_t sum = to + what;

	dbg_total = sum; /* line: added */
	dbg_note.number++;
	return sum;
}

uint64_t dbg_sum(uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t i = 1; i <= count; i++)
		sum = add(sum, i);
	return sum;
}

/* Two threads, neither of which begins before both are in the enclave. */
uint64_t dbg_sum_together(uint64_t count)
{
	static int inside;

	__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&inside, __ATOMIC_SEQ_CST) < 2)
		__builtin_ia32_pause();
	return dbg_sum(count);
}

uint64_t dbg_walk(uint64_t pages)
{
	volatile uint8_t *memory = malloc(pages * 4096);
	uint64_t sum = 0;

	if (memory == NULL)
		return 0;
	for (uint64_t round = 0; round < 2; round++) {
		for (uint64_t page = 0; page < pages; page++) {
			memory[page * 4096] = (uint8_t)page;
			sum = add(sum, page); /* line: walked */
		}
	}
	for (uint64_t page = 0; page < pages; page++)
		if (memory[page * 4096] != (uint8_t)page)
			sum = 0;
	free((void *)memory);
	return sum;
}

SEEN static uint64_t ask(uint64_t value)
{
	uint64_t answer = 0;

	if (host_answer(&answer, value) != OE_OK)
		return 0;
	dbg_total = answer; /* line: asked */
	return answer;
}

uint64_t dbg_talk(uint64_t value)
{
	return ask(value + 1) + 1;
}

SEEN static uint64_t look_at(const volatile uint64_t *place)
{
	return *place; /* line: crash */
}

uint64_t dbg_crash(uint64_t address)
{
	return look_at((const volatile uint64_t *)address) + 1;
}

void dbg_trap(void)
{
	__asm__ volatile("int3");
}
