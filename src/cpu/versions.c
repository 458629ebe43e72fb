/* SPDX-License-Identifier: MIT */
/*
 * Version arrays, and the two leaves that use them.  Each enclave has VA pages
 * of its own for its pages; the root has those for SECS and VA pages, which
 * stay in the EPC.
 */
#include "pager.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (SGX_PAGE_SIZE / 8)
#define ALIGNED 4096u /* structures that leaves are given */

static uint32_t *list_of(struct pager *p, struct enclave *e)
{
	return e != NULL ? &e->va_first : &p->va_first;
}

static int new_number(struct pager *p)
{
	for (uint32_t i = 0; i < p->va_room; i++)
		if (!p->va[i].in_use)
			return (int)i;
	if (p->va_room < EVICTED_VA_MAX) {
		uint32_t room = p->va_room == 0 ? 64 : p->va_room * 2;
		void *grown = realloc(p->va, room * sizeof(*p->va));

		if (grown == NULL)
			return -1;
		p->va = grown;
		memset(p->va + p->va_room, 0,
			(room - p->va_room) * sizeof(*p->va));
		p->va_room = room;
		return (int)(room / 2 == 32 ? 0 : room / 2);
	}
	return -1;
}

static int new_page(struct pager *p, struct enclave *e)
{
	uint32_t *list = list_of(p, e), epc;
	int number = new_number(p);

	if (number < 0 || frames_take(p, 1, &epc) == 0)
		return -1;
	if (sgx_epa(p->sgx, SGX_PT_VA, sgx_epc_address(epc)).kind
	    != SGX_OUTCOME_OK) {
		frames_give(p, epc, 1);
		return -1;
	}
	p->frame[epc].enclave = e != NULL ? (uint16_t)e->number : 0;
	p->va[number] = (struct va_page){ .epc = epc, .next = *list,
		.in_use = 1 };
	*list = (uint32_t)number;
	p->va_count++;
	if (e != NULL)
		e->va_count++;
	return 0;
}

static uint32_t take_slot(struct va_page *v)
{
	for (uint32_t i = 0;; i++) {
		uint32_t bit;

		if (v->map[i] == UINT64_MAX)
			continue;
		bit = (uint32_t)__builtin_ctzll(~v->map[i]);
		v->map[i] |= 1ull << bit;
		v->used++;
		return i * 64 + bit;
	}
}

int versions_take(struct pager *p, struct enclave *e, uint32_t *page,
	uint32_t *slot)
{
	uint32_t *list = list_of(p, e);

	for (uint32_t i = *list; i != NO_PAGE; i = p->va[i].next) {
		if (p->va[i].epc == NO_PAGE || p->va[i].used == SLOTS)
			continue;
		*page = i;
		*slot = take_slot(&p->va[i]);
		return 0;
	}
	if (new_page(p, e) != 0)
		return -1;
	*page = *list;
	*slot = take_slot(&p->va[*page]);
	return 0;
}

void versions_give(struct pager *p, uint32_t page, uint32_t slot)
{
	p->va[page].map[slot / 64] &= ~(1ull << (slot % 64));
	p->va[page].used--;
}

static bool load(struct pager *p, struct enclave *e, uint32_t page)
{
	struct va_page *v = &p->va[page];
	uint32_t epc = pager_read(p, e, v->out, 0, NO_PAGE);

	if (epc == NO_PAGE)
		return false;
	v->epc = epc;
	v->out = 0;
	p->va_count++;
	return true;
}

uint64_t versions_address(struct pager *p, struct enclave *e, uint32_t page,
	uint32_t slot)
{
	if (p->va[page].epc == NO_PAGE && !load(p, e, page))
		return UINT64_MAX; /* 0 is slot 0 of EPC page 0 */
	return sgx_epc_address(p->va[page].epc) + slot * 8ull;
}

uint32_t versions_evict(struct pager *p, struct enclave *e)
{
	uint32_t n = 0;

	for (uint32_t i = e->va_first; i != NO_PAGE; i = p->va[i].next) {
		uint64_t out;

		if (p->va[i].epc == NO_PAGE)
			continue;
		out = pager_write(p, e, p->va[i].epc, true);
		if (out == 0)
			return n;
		p->va[i].epc = NO_PAGE;
		p->va[i].out = out;
		p->va_count--;
		n++;
	}
	return n;
}

void versions_remove(struct pager *p, struct enclave *e)
{
	while (e->va_first != NO_PAGE) {
		struct va_page *v = &p->va[e->va_first];
		struct evicted out;

		e->va_first = v->next;
		if (v->epc != NO_PAGE) {
			sgx_eremove(p->sgx, sgx_epc_address(v->epc));
			frames_give(p, v->epc, 1);
			p->va_count--;
		} else {
			out = page_where(v->out);
			swap_put(p->swap, out.slot);
			versions_give(p, out.va_page, out.va_slot);
		}
		memset(v, 0, sizeof(*v));
	}
	e->va_count = 0;
}

/* ---- EWB and ELDU ---- */

uint64_t pager_write(struct pager *p, struct enclave *e, uint32_t epc,
	bool root_version)
{
	const struct sgx_pageinfo info = { .srcpge = ALIGNED,
		.secinfo = ALIGNED };
	const struct sgx_epcm_entry entry = p->sgx->epcm[epc];
	uint8_t page[SGX_PAGE_SIZE];
	struct swap_record record = { .enclave = e->number };
	struct evicted out = { .type = entry.type, .rwx = entry.rwx };
	struct sgx_outcome o;
	uint64_t linaddr, at;
	int64_t slot = swap_take(p->swap);

	if (slot < 0 || slot > EVICTED_SLOT_MAX)
		return 0;
	out.slot = (uint32_t)slot;
	if (versions_take(p, root_version ? NULL : e, &out.va_page,
		    &out.va_slot) != 0) {
		swap_put(p->swap, out.slot);
		return 0;
	}
	at = versions_address(p, e, out.va_page, out.va_slot);
	o = sgx_ewb(p->sgx, ALIGNED, sgx_epc_address(epc), at, &info, page,
		&record.pcmd, &linaddr);
	if (o.kind != SGX_OUTCOME_OK) {
		swap_put(p->swap, out.slot);
		versions_give(p, out.va_page, out.va_slot);
		return 0;
	}
	record.linaddr = linaddr;
	/* A file that is full loses the page; that shows when it is read. */
	if (swap_write(p->swap, out.slot, page, &record) != 0)
		fprintf(stderr, "coffer-cpu: the swap file cannot be "
			"written\n");
	frames_give(p, epc, 1);
	p->page_outs++;
	e->page_outs++;
	return page_evicted(&out);
}

static void describe(char *why, size_t size, const struct sgx_outcome *o,
	int error, uint64_t linaddr)
{
	if (error != 0)
		snprintf(why, size, "the evicted page at 0x%llx cannot be read "
			"back from the swap store",
			(unsigned long long)linaddr);
	else
		snprintf(why, size, "the evicted page at 0x%llx was tampered "
			"with: %s", (unsigned long long)linaddr,
			o->kind == SGX_OUTCOME_ERROR ? sgx_error_name(o->rax)
			: o->kind == SGX_OUTCOME_FAULT ? "#GP"
			: "a PCMD of another kind");
}

static bool is_of_kind(const struct sgx_pcmd *pcmd, const struct evicted *out)
{
	uint64_t flags = pcmd->secinfo.flags;

	return (flags & SGX_SECINFO_RWX) == out->rwx
		&& (flags >> SGX_SECINFO_PT_SHIFT & 0xff) == out->type;
}

uint32_t pager_read(struct pager *p, struct enclave *e, uint64_t word,
	uint64_t linaddr, uint32_t secs)
{
	const struct evicted out = page_where(word);
	struct sgx_pageinfo info = { .linaddr = linaddr, .srcpge = ALIGNED,
		.secinfo = ALIGNED,
		.secs = secs == NO_PAGE ? 0 : sgx_epc_address(secs) };
	uint64_t at = versions_address(p, e, out.va_page, out.va_slot);
	uint8_t page[SGX_PAGE_SIZE];
	struct sgx_outcome o = { .kind = SGX_OUTCOME_OK };
	struct sgx_pcmd pcmd;
	char why[128];
	uint32_t epc;
	int r;

	if (at == UINT64_MAX || frames_take(p, 1, &epc) == 0)
		return NO_PAGE;
	r = swap_read(p->swap, out.slot, page, &pcmd);
	if (r == 0)
		o = sgx_eld(p->sgx, SGX_ELD_U, ALIGNED, sgx_epc_address(epc),
			at, &info, &pcmd, page);
	if (r != 0 || o.kind != SGX_OUTCOME_OK) {
		frames_give(p, epc, 1);
		/* There is room for what was evicted, not for what a PCMD of
		 * somebody else may say that it is. */
		if (r == 0 && o.kind == SGX_OUTCOME_MACHINE
		    && is_of_kind(&pcmd, &out))
			return NO_PAGE;
		describe(why, sizeof(why), &o, r, linaddr);
		enclave_lock(p, e, linaddr, why);
		return NO_PAGE;
	}
	/* The PCMD is authentic now, and the page is what was evicted here. */
	p->frame[epc].enclave = (uint16_t)e->number;
	swap_put(p->swap, out.slot);
	versions_give(p, out.va_page, out.va_slot);
	p->page_ins++;
	e->page_ins++;
	return epc;
}
