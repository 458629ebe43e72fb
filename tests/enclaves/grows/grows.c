/* SPDX-License-Identifier: MIT */
/* The enclave of the tests of growth: heap, threads, rights of pages. */
#include <coffer/memory.h>
#include <openenclave/advanced/mallinfo.h>
#include <openenclave/enclave.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "grows_t.h"

#define PAGE 4096u
#define PIECES 64

static uint8_t *held;
static size_t held_size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int inside, leaving;
static __thread uint64_t tls = 0x1122334455667788ull;
static __thread uint64_t tls_zero[600]; /* more than a page */

int gr_add(int a, int b)
{
	return a + b;
}

/* Address of the new block, kept; 0: there is no memory. */
uint64_t gr_take(size_t size, uint8_t fill)
{
	free(held);
	held = aligned_alloc(PAGE, size);
	held_size = held ? size : 0;
	if (held)
		memset(held, fill, size);
	return (uint64_t)held;
}

int gr_check(uint8_t fill)
{
	if (!held)
		return 0;
	for (size_t i = 0; i < held_size; i++)
		if (held[i] != fill)
			return 0;
	return 1;
}

void gr_drop(void)
{
	free(held);
	held = NULL;
	/* The allocator looks back at a few frees. */
	for (int i = 0; i < 20; i++) {
		void *volatile p = malloc(5000);

		free(p);
	}
}

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int intact(const uint64_t *block, size_t words, uint64_t seed)
{
	for (size_t i = 0; i < words; i++)
		if (block[i] != seed + i)
			return 0;
	return 1;
}

/* Blocks of up to `most` bytes that come and go, each full of numbers of its
 * own.  Rounds done, or -1 when one is not as it was left. */
int gr_churn(uint64_t seed, int rounds, size_t most)
{
	struct {
		uint64_t *block;
		size_t words;
		uint64_t first;
	} piece[PIECES] = { { 0 } };
	uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
	int done = 0;

	for (int round = 0; round < rounds; round++) {
		unsigned i = next(&state) % PIECES;

		if (piece[i].block) {
			if (!intact(piece[i].block, piece[i].words,
					piece[i].first))
				return -1;
			free(piece[i].block);
			piece[i].block = NULL;
			continue;
		}
		piece[i].words = next(&state) % (most / 8) + 1;
		piece[i].first = next(&state);
		piece[i].block = malloc(piece[i].words * 8);
		if (!piece[i].block)
			continue;
		for (size_t w = 0; w < piece[i].words; w++)
			piece[i].block[w] = piece[i].first + w;
		done++;
	}
	for (unsigned i = 0; i < PIECES; i++) {
		if (piece[i].block && !intact(piece[i].block, piece[i].words,
				piece[i].first))
			return -1;
		free(piece[i].block);
	}
	return done;
}

/* Stays until `count` threads are here, or somebody lets all go: how many
 * were. */
int gr_meet(int count)
{
	int met;

	pthread_mutex_lock(&lock);
	inside++;
	pthread_cond_broadcast(&changed);
	while (inside < count && !leaving)
		pthread_cond_wait(&changed, &lock);
	met = inside;
	leaving = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return met;
}

void gr_leave(void)
{
	pthread_mutex_lock(&lock);
	leaving = 0;
	inside = 0;
	pthread_mutex_unlock(&lock);
}

void gr_hold(void)
{
	gr_host_hold();
}

/* A thread's variables begin as the image has them; deep in its stack too. */
uint64_t gr_tls(uint64_t value)
{
	volatile uint8_t deep[32768];
	uint64_t sum = tls;
	int result = 0;

	for (size_t i = 0; i < sizeof(deep); i += 1024)
		deep[i] = (uint8_t)value;
	for (size_t i = 0; i < 600; i++)
		sum += tls_zero[i];
	tls = value;
	tls_zero[599] = value;
	if (gr_host_add(&result, (int)value, 1) || tls != value
			|| result != (int)value + 1 || deep[1024]
			!= (uint8_t)value)
		return 0;
	return sum;
}

static volatile uint64_t fault_at;
static volatile uint64_t *volatile fault_page;

static uint64_t on_fault(oe_exception_record_t *record)
{
	if (record->code != OE_EXCEPTION_PAGE_FAULT)
		return OE_EXCEPTION_CONTINUE_SEARCH;
	fault_at = record->faulting_address;
	/* The access is done again, and goes through. */
	if (coffer_protect((void *)fault_page, PAGE, COFFER_READ
			| COFFER_WRITE))
		return OE_EXCEPTION_ABORT_EXECUTION;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

/* Three pages, the middle one with other rights: 0 if all was as it must be
 * (fault: 1 reads, 2 writes where it may not), else a number. */
int gr_protect(int access, int fault)
{
	uint64_t *page = aligned_alloc(PAGE, 3 * PAGE);
	uint64_t *middle = page ? page + PAGE / 8 : NULL;
	int result = 0;

	if (!page)
		return 1;
	for (size_t i = 0; i < 3 * PAGE / 8; i++)
		page[i] = i;
	result = coffer_protect(middle, PAGE, access);
	if (result) {
		free(page);
		return 100 + result;
	}
	fault_at = 0;
	fault_page = middle;
	oe_add_vectored_exception_handler(false, on_fault);
	if (fault == 1 && *(volatile uint64_t *)&middle[7] != PAGE / 8 + 7)
		result = 2;
	if (fault == 2)
		*(volatile uint64_t *)&middle[7] = 4711;
	oe_remove_vectored_exception_handler(on_fault);
	if (!result && fault && (fault_at & ~(uint64_t)(PAGE - 1))
			!= (uint64_t)middle)
		result = 3;
	if (!result && access & COFFER_READ && !fault
			&& middle[9] != PAGE / 8 + 9)
		result = 4;
	if (coffer_protect(middle, PAGE, COFFER_READ | COFFER_WRITE))
		return 5;
	for (size_t i = 0; !result && i < 3 * PAGE / 8; i++)
		if (page[i] != (fault == 2 && &page[i] == &middle[7] ? 4711
				: i))
			result = 6;
	middle[8] = 1;
	free(page);
	return result;
}

int gr_protect_wrongly(void)
{
	uint8_t *page = aligned_alloc(PAGE, PAGE);
	int local, wrong = 0;

	if (!page)
		return -1;
	wrong += coffer_protect(page + 8, PAGE, COFFER_READ)
		== OE_INVALID_PARAMETER;
	wrong += coffer_protect(page, PAGE - 8, COFFER_READ)
		== OE_INVALID_PARAMETER;
	wrong += coffer_protect(page, 0, COFFER_READ) == OE_INVALID_PARAMETER;
	wrong += coffer_protect(page, PAGE, COFFER_WRITE)
		== OE_INVALID_PARAMETER;
	wrong += coffer_protect(page, PAGE, 4 | COFFER_READ)
		== OE_INVALID_PARAMETER;
	wrong += coffer_protect(page, (size_t)1 << 40, COFFER_READ)
		== OE_INVALID_PARAMETER;
	wrong += coffer_protect((void *)((uint64_t)&local
		& ~(uint64_t)(PAGE - 1)), PAGE, COFFER_READ)
		== OE_INVALID_PARAMETER;
	wrong += coffer_protect((void *)((uint64_t)gr_protect_wrongly
		& ~(uint64_t)(PAGE - 1)), PAGE, COFFER_READ)
		== OE_INVALID_PARAMETER;
	free(page);
	return wrong;
}

void gr_heap(uint64_t *sizes)
{
	oe_mallinfo_t info;

	memset(&info, 0, sizeof(info));
	oe_allocator_mallinfo(&info);
	sizes[0] = info.max_total_heap_size;
	sizes[1] = info.current_allocated_heap_size;
	sizes[2] = info.peak_allocated_heap_size;
}
