/* SPDX-License-Identifier: MIT */
/*
 * An enclave that does everything that it must not.  One thread at a time.
 */
#include "cell/control.h"

#include <openenclave/enclave.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "hostile_t.h"

#define PAGE 4096u

static jmp_buf g_back;
static volatile bool g_guarded;
static struct hostile_outcome g_outcome;

static void come_back(void)
{
	longjmp(g_back, 1);
}

/* Nothing of the context is trusted to be sane but that it is ours: go on at
 * come_back(), on the stack that we are on now. */
static uint64_t caught(oe_exception_record_t *record)
{
	static uint8_t stack[4096] __attribute__((aligned(16)));

	if (!g_guarded)
		return OE_EXCEPTION_CONTINUE_SEARCH;
	g_guarded = false;
	g_outcome.exceptions++;
	g_outcome.code = record->code;
	g_outcome.rip = record->address;
	g_outcome.address = record->faulting_address;
	g_outcome.value = record->context->rax;
	record->context->rip = (uint64_t)come_back;
	record->context->rsp = (uint64_t)(stack + sizeof(stack) - 64 - 8);
	record->context->flags &= ~0x400ull; /* the direction flag */
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

static void listen_up(void)
{
	static bool registered;

	if (!registered)
		oe_add_vectored_exception_handler(true, caught);
	registered = true;
}

/* Run a statement; true if no exception came of it. */
#define GUARDED(statement) __extension__({ \
	volatile bool done_ = false; \
	if (!setjmp(g_back)) { \
		g_guarded = true; \
		statement; \
		done_ = true; \
	} \
	g_guarded = false; \
	done_; })

static uint64_t read_word(uint64_t at)
{
	uint64_t value;

	__asm__ volatile("mov (%1), %0" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static void write_word(uint64_t at, uint64_t value)
{
	__asm__ volatile("mov %1, (%0)" : : "r"(at), "r"(value) : "memory");
}

static uint64_t system_call(uint64_t rax, uint64_t rdi)
{
	__asm__ volatile("syscall" : "+a"(rax) : "D"(rdi), "S"(0700), "d"(0)
		: "rcx", "r11", "memory");
	return rax;
}

static uint64_t old_system_call(uint64_t rax)
{
	__asm__ volatile("int $0x80" : "+a"(rax) : "b"(0), "c"(0), "d"(0)
		: "memory");
	return rax;
}

static uint64_t cpuid(uint64_t leaf)
{
	uint32_t a = (uint32_t)leaf, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return a;
}

static void divide(uint64_t zero)
{
	uint32_t a = 1, d = 0;

	__asm__ volatile("divl %2" : "+a"(a), "+d"(d) : "r"((uint32_t)zero));
}

static uint64_t stack_end(void)
{
	volatile uint8_t here = 0;
	uint64_t at = (uint64_t)&here & ~(uint64_t)(PAGE - 1);

	/* Far enough for any stack of this enclave. */
	for (unsigned i = 0; i < 4096; i++, at -= PAGE)
		(void)read_word(at);
	return at;
}

static void act(enum hostile_act what, uint64_t a, uint64_t b)
{
	static const uint8_t ret[] = { 0xc3 };
	void *heap;

	switch (what) {
	case HOSTILE_SYSCALL:
		g_outcome.value = system_call(a, b);
		break;
	case HOSTILE_INT80:
		g_outcome.value = old_system_call(a);
		break;
	case HOSTILE_READ:
		g_outcome.value = read_word(a);
		break;
	case HOSTILE_WRITE:
		write_word(a, b);
		break;
	case HOSTILE_EXECUTE:
		((void (*)(void))a)();
		break;
	case HOSTILE_IN:
		__asm__ volatile("in $0x80, %%al" : : : "rax");
		break;
	case HOSTILE_HLT:
		__asm__ volatile("hlt");
		break;
	case HOSTILE_WRITE_CODE:
		write_word((uint64_t)come_back, 0);
		break;
	case HOSTILE_EXECUTE_HEAP:
		heap = calloc(1, 64);
		if (heap) {
			memcpy(heap, ret, sizeof(ret));
			((void (*)(void))heap)();
		}
		break;
	case HOSTILE_STACK_END:
		g_outcome.value = stack_end();
		break;
	case HOSTILE_CPUID:
		g_outcome.value = cpuid(a);
		break;
	case HOSTILE_DIVIDE:
		divide(0);
		break;
	case HOSTILE_BAD_SEGMENT:
		(void)read_word(0x8000000000000000ull);
		break;
	default:
		break;
	}
}

void hostile_try(enum hostile_act what, uint64_t a, uint64_t b,
	struct hostile_outcome *outcome)
{
	listen_up();
	memset(&g_outcome, 0, sizeof(g_outcome));
	(void)GUARDED(act(what, a, b));
	*outcome = g_outcome;
}

/* In functions of their own: what a longjmp returns to keeps no variables. */
static bool __attribute__((noinline)) readable(uint64_t page)
{
	return GUARDED(read_word(page));
}

static bool __attribute__((noinline)) overwritten(uint64_t page)
{
	return GUARDED(memset((void *)page, 0xcc, PAGE));
}

uint64_t hostile_find_syscall(uint64_t from, uint64_t to, uint64_t *pages)
{
	uint64_t found = 0;

	listen_up();
	*pages = 0;
	for (uint64_t page = from; page < to; page += PAGE) {
		if (!readable(page))
			continue;
		++*pages;
		for (uint64_t at = page; !found && at < page + PAGE - 8; at++)
			if (*(const volatile uint8_t *)at == 0x0f &&
				*(const volatile uint8_t *)(at + 1) == 0x05)
				found = at;
	}
	return found;
}

static void jump(const uint64_t *r, uint64_t at)
{
	register uint64_t r10 __asm__("r10") = r[4];
	register uint64_t r8 __asm__("r8") = r[5];
	register uint64_t r9 __asm__("r9") = r[6];
	uint64_t rax = r[0];

	__asm__ volatile("call *%[at]"
		: "+a"(rax)
		: [at] "r"(at), "D"(r[1]), "S"(r[2]), "d"(r[3]), "r"(r10),
		"r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	g_outcome.value = rax;
}

void hostile_jump(const uint64_t *registers, uint64_t at,
	struct hostile_outcome *outcome)
{
	uint64_t copy[7];

	listen_up();
	memcpy(copy, registers, sizeof(copy));
	memset(&g_outcome, 0, sizeof(g_outcome));
	(void)GUARDED(jump(copy, at));
	*outcome = g_outcome;
}

uint64_t hostile_scribble(uint64_t from, uint64_t to)
{
	uint64_t taken = 0;

	listen_up();
	for (uint64_t page = from; page < to; page += PAGE)
		taken += overwritten(page);
	return taken;
}

/* What a request may name: places of ours, of the host, of nobody. */
static uint64_t some_address(uint64_t random)
{
	static uint8_t ours[8192] __attribute__((aligned(4096)));

	switch (random % 8) {
	case 0:
		return (uint64_t)ours + (random >> 8) % sizeof(ours);
	case 1:
		return (uint64_t)ours;
	case 2:
		return (uint64_t)ours + 4096 - 512;
	case 3:
		return (uint64_t)some_address;
	case 4:
		return 0x10000 + (random >> 8) % 0x400000;
	case 5:
		return 0x8000000000000000ull | random;
	case 6:
		return (uint64_t)-(int64_t)(random >> 52);
	default:
		return random;
	}
}

static uint64_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state ^ *state >> 29;
}

/* rounds requests; the layouts are the cell's (src/cell/control.h). */
static uint64_t storm(volatile struct cell_service *s, volatile uint32_t *doorbell,
	uint64_t wake, uint64_t rounds, uint64_t seed)
{
	const uint64_t futex_wake[7] = { 202, (uint64_t)doorbell, 1, 1, 0, 0, 0 };
	uint64_t answered = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t r = next(&seed);

		s->leaf = r % 4 ? (uint32_t)(r >> 8) % 2 : (uint32_t)(r >> 8);
		s->rax = next(&seed);
		s->rbx = some_address(next(&seed));
		s->rcx = some_address(next(&seed));
		s->rdx = some_address(next(&seed));
		s->cell_naps = (uint32_t)(r >> 50) & 1;
		s->state = r >> 40 & 15 ? CELL_SERVICE_ASKED : (uint32_t)(r >> 32);
		(*doorbell)++;
		jump(futex_wake, wake);
		for (unsigned k = 0; k < 200000; k++)
			if (s->state == CELL_SERVICE_DONE) {
				answered++;
				break;
			}
		s->state = CELL_SERVICE_IDLE;
	}
	return answered;
}

uint64_t hostile_storm(uint64_t service, uint64_t doorbell, uint64_t wake,
	uint64_t rounds, uint64_t seed)
{
	return storm((volatile struct cell_service *)service,
		(volatile uint32_t *)doorbell, wake, rounds, seed);
}

void hostile_loop(void)
{
	for (;;)
		__asm__ volatile("pause");
}

uint64_t hostile_work(uint64_t number)
{
	volatile uint64_t *word = malloc(sizeof(*word));
	uint64_t result = 0;

	if (word) {
		*word = number;
		result = *word + 1;
	}
	free((void *)word);
	return result;
}

uint64_t hostile_sum(uint64_t *words, size_t count)
{
	uint64_t sum = 0;

	if (!oe_is_outside_enclave(words, count * sizeof(*words)))
		return 0;
	for (size_t i = 0; i < count; i++) {
		sum += words[i];
		words[i] = ~words[i];
	}
	return sum;
}

uint64_t hostile_share(uint64_t *words)
{
	volatile uint64_t *w = words;
	uint64_t saw;

	if (!oe_is_outside_enclave(words, 3 * sizeof(*words)))
		return 0;
	w[0] = 1;
	if (hostile_pause() != OE_OK)
		return 0;
	saw = w[1] == 2;
	w[2] = 3;
	return saw;
}

OE_SET_ENCLAVE_SGX2(1, 1, ({0}), ({0}), false, true, false, false, 0, 64, 16, 4);
