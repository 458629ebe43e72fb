/* SPDX-License-Identifier: MIT */
/* Enclaves at the pager: their page words, and their end. */
#include "pager.h"
#include "secret_heap.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((uint64_t)SGX_PAGE_SIZE)
#define SIZE_MAX_LOG2 40

static size_t words_size(uint64_t size)
{
	return (size / PAGE * sizeof(uint64_t) + PAGE - 1) & ~(PAGE - 1);
}

struct enclave *enclave_new(struct pager *p, uint64_t base, uint64_t size)
{
	struct enclave *e;
	uint32_t number = p->last_number;

	if (size > 1ull << SIZE_MAX_LOG2
	    || p->enclave_count == DOOR_ENCLAVES_MAX)
		return NULL;
	do
		number = number % DOOR_ENCLAVES_MAX + 1;
	while (p->enclave[number] != NULL);
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	e->page = sparse_map(words_size(size));
	if (e->page == NULL) {
		free(e);
		return NULL;
	}
	e->number = number;
	e->base = base;
	e->size = size;
	e->lowest = UINT64_MAX;
	e->secs = NO_PAGE;
	e->va_first = NO_PAGE;
	e->leaving.first = e->leaving.last = NO_PAGE;
	e->epoch = 1;
	e->window = 1;
	p->enclave[number] = e;
	p->last_number = number;
	p->enclave_count++;
	return e;
}

void enclave_free(struct pager *p, struct enclave *e)
{
	p->enclave[e->number] = NULL;
	p->enclave_count--;
	munmap(e->page, words_size(e->size));
	free(e->tcs);
	free(e);
}

struct enclave *enclave_of(const struct pager *p, uint32_t number)
{
	return number <= DOOR_ENCLAVES_MAX ? p->enclave[number] : NULL;
}

uint64_t *enclave_word(const struct enclave *e, uint64_t linaddr)
{
	uint64_t offset = linaddr - e->base;

	return offset < e->size ? &e->page[offset / PAGE] : NULL;
}

int64_t enclave_at(const struct enclave *e, uint64_t linaddr)
{
	const uint64_t *word = enclave_word(e, linaddr);

	return word != NULL && page_state(*word) == PAGE_RESIDENT
		? (int64_t)page_epc(*word) : -1;
}

void enclave_note(struct pager *p, struct enclave *e, uint64_t linaddr,
	uint32_t epc, uint32_t count)
{
	uint64_t index = (linaddr - e->base) / PAGE;

	for (uint32_t i = 0; i < count; i++) {
		e->page[index + i] = page_resident(epc + i);
		p->frame[epc + i].enclave = (uint16_t)e->number;
		frame_move(p, epc + i, FRAME_ACTIVE);
	}
	e->present += count;
	e->resident += count;
	if (index < e->lowest)
		e->lowest = index;
	if (count > 0 && index + count - 1 > e->highest)
		e->highest = index + count - 1;
}

void enclave_forget(struct pager *p, struct enclave *e, uint64_t linaddr)
{
	uint64_t *word = enclave_word(e, linaddr);
	struct evicted out;

	if (page_state(*word) == PAGE_RESIDENT) {
		e->resident--;
		frames_give(p, page_epc(*word), 1);
	} else if (page_state(*word) == PAGE_EVICTED) {
		out = page_where(*word);
		swap_put(p->swap, out.slot);
		versions_give(p, out.va_page, out.va_slot);
	}
	e->present -= page_state(*word) != PAGE_ABSENT;
	*word = 0;
}

/* ---- the end ---- */

/* EREMOVE of a run of resident pages that follow each other in the EPC. */
static bool remove_run(struct pager *p, uint32_t epc, uint32_t count)
{
	uint32_t done;

	for (uint32_t i = 0; i < count; i++)
		frame_move(p, epc + i, FRAME_HELD);
	return sgx_eremove_run(p->sgx, epc, count, &done).kind
		== SGX_OUTCOME_OK && done == count;
}

static uint32_t run_at(const struct enclave *e, uint64_t index, uint64_t max)
{
	uint32_t n = 1, epc = page_epc(e->page[index]);

	while (n < max && index + n <= e->highest
	       && e->page[index + n] == page_resident(epc + n))
		n++;
	return n;
}

static int64_t remove_secs(struct pager *p, struct enclave *e)
{
	struct evicted out;

	if (e->secs != NO_PAGE) {
		uint32_t secs = e->secs;

		if (!remove_run(p, secs, 1))
			return -1;
		p->of_secs[secs] = 0;
		frames_give(p, secs, 1);
		e->secs = NO_PAGE;
	} else if (page_state(e->secs_out) == PAGE_EVICTED) {
		out = page_where(e->secs_out);
		swap_put(p->swap, out.slot);
		versions_give(p, out.va_page, out.va_slot);
	}
	e->secs_out = 0;
	versions_remove(p, e);
	return 0;
}

/* The pages from the lowest on that can go in one step; how many, 0: a leaf
 * refused. */
static uint32_t remove_lowest(struct pager *p, struct enclave *e, uint64_t max)
{
	uint64_t *word = &e->page[e->lowest];
	uint32_t n = run_at(e, e->lowest, max), epc = page_epc(*word);

	if (page_state(*word) == PAGE_EVICTED) {
		enclave_forget(p, e, e->base + e->lowest * PAGE);
		return 1;
	}
	if (!remove_run(p, epc, n))
		return 0;
	for (uint32_t i = 0; i < n; i++)
		word[i] = 0;
	e->present -= n;
	e->resident -= n;
	frames_give(p, epc, n);
	return n;
}

int64_t enclave_remove(struct pager *p, struct enclave *e, uint64_t max)
{
	while (e->present > 0 && max > 0) {
		uint32_t n = 1;

		if (page_state(e->page[e->lowest]) != PAGE_ABSENT) {
			n = remove_lowest(p, e, max);
			if (n == 0)
				return -1;
			max -= n;
		}
		e->lowest += n;
	}
	if (e->present > 0)
		return (int64_t)e->present;
	return remove_secs(p, e);
}

void enclave_lock(struct pager *p, struct enclave *e, uint64_t linaddr,
	const char *why)
{
	if (e->locked)
		return;
	e->locked = true;
	p->tampered_count++;
	if (e->initialised)
		p->engine->ops->kill(p->engine, e->number);
	p->tampered(p->ctx, e->number, linaddr, why);
}
