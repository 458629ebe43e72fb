/* SPDX-License-Identifier: MIT */
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#include "prying_t.h"

#define SIZE 64

static uint8_t *g_secret;

int pry_plant(const uint8_t *pad, uint8_t *masked, uint64_t *heap)
{
	if (!pad || !masked || !heap || g_secret)
		return -1;
	g_secret = malloc(SIZE);
	if (!g_secret || oe_random(g_secret, SIZE) != OE_OK)
		return -1;
	for (size_t i = 0; i < SIZE; i++)
		masked[i] = g_secret[i] ^ pad[i];
	*heap = (uint64_t)g_secret;
	return 0;
}

/* Everything that a thread of ours can hold: general and vector registers.
 * The load from the page faults while they do, so that the secret also goes
 * through whatever saves registers at an asynchronous exit. */
static uint64_t hold(const uint8_t *secret, volatile uint32_t *flag,
	const volatile uint8_t *page, uint64_t rounds)
{
	__asm__ volatile(
		"mov 0(%[s]), %%r15\n\t"
		"mov 8(%[s]), %%r14\n\t"
		"mov 16(%[s]), %%r13\n\t"
		"mov 24(%[s]), %%r12\n\t"
		"movdqu 32(%[s]), %%xmm14\n\t"
		"movdqu 48(%[s]), %%xmm15\n\t"
		"movb (%[page]), %%al\n\t"
		"movl $1, (%[flag])\n"
		"1:\tpause\n\t"
		"cmpl $2, (%[flag])\n\t"
		"je 2f\n\t"
		"dec %[rounds]\n\t"
		"jnz 1b\n"
		"2:\txor %%r15d, %%r15d\n\t"
		"xor %%r14d, %%r14d\n\t"
		"xor %%r13d, %%r13d\n\t"
		"xor %%r12d, %%r12d\n\t"
		"pxor %%xmm14, %%xmm14\n\t"
		"pxor %%xmm15, %%xmm15\n\t"
		: [rounds] "+r"(rounds)
		: [s] "r"(secret), [flag] "r"(flag), [page] "r"(page)
		: "rax", "r12", "r13", "r14", "r15", "xmm14", "xmm15", "cc",
		"memory");
	return rounds;
}

int pry_hold(uint8_t *page, uint64_t rounds, uint64_t *stack)
{
	uint8_t copy[SIZE];
	uint32_t *flag = oe_host_calloc(1, 64);
	int seen;

	if (!flag || !g_secret || !stack || !rounds ||
		!oe_is_outside_enclave(page, 1) || pry_flag(flag) != OE_OK)
		return -1;
	memcpy(copy, g_secret, SIZE);
	*stack = (uint64_t)copy;
	seen = hold(copy, flag, page, rounds) != 0;
	memset(copy, 0, SIZE);
	__asm__ volatile("" : : "r"(copy) : "memory");
	oe_host_free(flag);
	return seen;
}

void pry_forget(void)
{
	if (g_secret)
		memset(g_secret, 0, SIZE);
	free(g_secret);
	g_secret = NULL;
}

OE_SET_ENCLAVE_SGX(1, 1, false, 64, 16, 4);
