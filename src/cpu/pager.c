/* SPDX-License-Identifier: MIT */
#include "pager.h"
#include "secret_heap.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE ((uint64_t)SGX_PAGE_SIZE)
#define ALIGNED 4096u
#define LOW_PAGES 32u /* as the kernel's reclaimer */

int pager_init(struct pager *p, struct sgx_machine *sgx, struct engine *engine,
	pthread_mutex_t *lock, int swap_file)
{
	uint32_t n = sgx->epc_pages;

	p->sgx = sgx;
	p->engine = engine;
	p->lock = lock;
	p->swap = swap_new(swap_file);
	p->frame = sparse_map(n * sizeof(*p->frame));
	p->single = sparse_map(n * sizeof(*p->single));
	p->of_secs = sparse_map(n * sizeof(*p->of_secs));
	p->free = n;
	p->low = n / 16 < LOW_PAGES ? n / 16 + 1 : LOW_PAGES;
	p->high = 2 * p->low;
	p->active.first = p->active.last = NO_PAGE;
	p->inactive.first = p->inactive.last = NO_PAGE;
	p->va_first = p->drain = NO_PAGE;
	return p->swap != NULL && p->frame != NULL && p->single != NULL
		&& p->of_secs != NULL && extents_init(&p->runs, 0, n) == 0
		? 0 : -1;
}

/* ---- EPC pages ---- */

uint32_t frames_take(struct pager *p, uint32_t count, uint32_t *first)
{
	uint64_t at = 0;
	uint32_t n = 0;

	if (count > 1 || p->single_count == 0)
		n = (uint32_t)extents_take_some(&p->runs, count, &at);
	if (n == 0 && p->single_count > 0) {
		at = p->single[--p->single_count];
		n = 1;
	}
	*first = (uint32_t)at;
	for (uint32_t i = 0; i < n; i++)
		p->frame[*first + i] = (struct frame){ .prev = NO_PAGE,
			.next = NO_PAGE, .list = FRAME_HELD };
	p->free -= n;
	p->owed += n;
	return n;
}

void frames_give(struct pager *p, uint32_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		frame_move(p, first + i, FRAME_FREE);
		p->frame[first + i].enclave = 0;
	}
	if (count == 1 || extents_give(&p->runs, first, count) != 0)
		for (uint32_t i = 0; i < count; i++)
			p->single[p->single_count++] = first + i;
	p->free += count;
}

static struct frames *list_of(struct pager *p, const struct frame *f)
{
	switch (f->list) {
	case FRAME_ACTIVE: return &p->active;
	case FRAME_INACTIVE: return &p->inactive;
	case FRAME_LEAVING: return &p->enclave[f->enclave]->leaving;
	default: return NULL;
	}
}

/* Takes the frame off its list and puts it at the end of another. */
void frame_move(struct pager *p, uint32_t epc, enum frame_list list)
{
	struct frame *f = &p->frame[epc];
	struct frames *l = list_of(p, f);

	if (l != NULL) {
		if (f->prev != NO_PAGE)
			p->frame[f->prev].next = f->next;
		else
			l->first = f->next;
		if (f->next != NO_PAGE)
			p->frame[f->next].prev = f->prev;
		else
			l->last = f->prev;
		l->count--;
	}
	f->list = (uint8_t)list;
	f->prev = f->next = NO_PAGE;
	if (list == FRAME_FREE) {
		f->mapped = 0;
		f->flight = 0;
		/* The next page here is another one. */
		if (p->drain == epc)
			p->drain = NO_PAGE;
	}
	l = list_of(p, f);
	if (l == NULL)
		return;
	f->prev = l->last;
	if (l->last != NO_PAGE)
		p->frame[l->last].next = epc;
	else
		l->first = epc;
	l->last = epc;
	l->count++;
}

bool frame_in_flight(struct pager *p, uint32_t epc)
{
	struct frame *f = &p->frame[epc];

	if (f->flight == 0)
		return false;
	if (p->engine->ops->in_flight(p->engine, f->enclave,
		    (uint32_t)f->flight - 1, f->serial))
		return true;
	f->flight = 0;
	return false;
}

uint8_t frame_rights(const struct pager *p, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &p->sgx->epcm[epc];

	if ((e->flags & ~SGX_EPCM_PR) != SGX_EPCM_VALID
	    || e->type != SGX_PT_REG)
		return 0;
	return e->rwx;
}

bool frame_stays(const struct pager *p, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &p->sgx->epcm[epc];

	return p->enclave[p->frame[epc].enclave]->debug
		&& e->type == SGX_PT_REG
		&& (e->rwx & (SGX_SECINFO_W | SGX_SECINFO_X)) == SGX_SECINFO_X;
}

/* ---- bringing pages ---- */

int pager_secs_in(struct pager *p, struct enclave *e)
{
	if (e->secs != NO_PAGE)
		return 0;
	e->secs = pager_read(p, e, e->secs_out, 0, NO_PAGE);
	if (e->secs == NO_PAGE)
		return e->locked ? -EIO : -ENOMEM;
	e->secs_out = 0;
	p->of_secs[e->secs] = (uint16_t)e->number;
	return 0;
}

/* ELDU of one page; there is room. */
static int load(struct pager *p, struct enclave *e, uint64_t linaddr)
{
	uint64_t *word = enclave_word(e, linaddr);
	uint32_t epc;
	int r = pager_secs_in(p, e);

	if (r != 0)
		return r;
	epc = pager_read(p, e, *word, linaddr, e->secs);
	if (epc == NO_PAGE)
		return e->locked ? -EIO : -EAGAIN;
	*word = page_resident(epc);
	e->resident++;
	frame_move(p, epc, FRAME_ACTIVE);
	if (p->sgx->epcm[epc].rwx & SGX_SECINFO_X)
		p->engine->ops->epc_code(p->engine, epc);
	return 0;
}

static int augment(struct pager *p, struct enclave *e, uint64_t linaddr)
{
	struct sgx_pageinfo info = { .linaddr = linaddr };
	struct sgx_outcome o;
	uint32_t epc;
	int r = pager_secs_in(p, e);

	if (r != 0)
		return r;
	info.secs = sgx_epc_address(e->secs);
	if (frames_take(p, 1, &epc) == 0)
		return -EAGAIN;
	o = sgx_eaug(p->sgx, ALIGNED, sgx_epc_address(epc), &info);
	if (o.kind != SGX_OUTCOME_OK) {
		frames_give(p, epc, 1);
		return o.kind == SGX_OUTCOME_MACHINE ? -EAGAIN : -ENOENT;
	}
	enclave_note(p, e, linaddr, epc, 1);
	e->added++;
	return 0;
}

static bool can_augment(const struct pager *p, const struct enclave *e)
{
	return e->initialised && p->sgx->profile.features & SGX_FEATURE_SGX2;
}

int pager_bring(struct pager *p, struct enclave *e, uint64_t linaddr)
{
	const uint64_t *word = enclave_word(e, linaddr);
	int r = -EAGAIN;

	linaddr &= ~(PAGE - 1);
	if (word == NULL)
		return -ENOENT;
	while (r == -EAGAIN) {
		struct evicted out = { .type = SGX_PT_REG,
			.rwx = SGX_SECINFO_R | SGX_SECINFO_W };
		bool absent = page_state(*word) == PAGE_ABSENT;

		if (page_state(*word) == PAGE_RESIDENT)
			return 0;
		if (absent && !can_augment(p, e))
			return -ENOENT;
		if (!absent)
			out = page_where(*word);
		r = pager_room(p, e, (enum sgx_page_type)out.type, out.rwx, 1);
		if (r != 0)
			return r;
		/* The lock was perhaps let go: look again. */
		if (page_state(*word) == PAGE_RESIDENT)
			return 0;
		if ((page_state(*word) == PAGE_ABSENT) != absent) {
			r = -EAGAIN;
			continue;
		}
		r = absent ? augment(p, e, linaddr) : load(p, e, linaddr);
	}
	return r;
}

/* Pages that follow the one that was just brought, when the enclave walks:
 * they come along as long as room is at hand. */
static uint32_t read_ahead(struct pager *p, struct enclave *e,
	uint64_t linaddr)
{
	uint64_t index = (linaddr - e->base) / PAGE;
	uint32_t n = 1;

	if (index == e->next_fault)
		e->window = e->window * 2 < PAGER_WINDOW_MAX ? e->window * 2
							     : PAGER_WINDOW_MAX;
	else
		e->window = 1;
	while (n < e->window && (index + n) * PAGE < e->size
	       && page_state(e->page[index + n]) == PAGE_EVICTED) {
		struct evicted out = page_where(e->page[index + n]);

		if (out.type != SGX_PT_REG || p->free <= p->low / 2
		    || p->engine->ops->reserve(p->engine, e->number,
			    SGX_PT_REG, out.rwx, 1) != 0
		    || load(p, e, linaddr + n * PAGE) != 0)
			break;
		n++;
	}
	e->next_fault = index + n;
	return n;
}

void pager_answer_map(struct pager *p, struct enclave *e,
	struct engine_request *q, uint64_t linaddr)
{
	uint64_t index = (linaddr - e->base) / PAGE;
	uint32_t epc[PAGER_WINDOW_MAX], n = 0;
	struct engine_map m;
	int64_t first = enclave_at(e, linaddr);

	if (first < 0 || q->maps == ENGINE_MAPS_MAX
	    || frame_rights(p, (uint32_t)first) == 0)
		return;
	if (frame_in_flight(p, (uint32_t)first))
		return;
	/* Another thread's answer maps it, or has mapped it since. */
	if (p->frame[first].mapped && q->leaf == ENGINE_ASK_PAGE && q->rdx != 1)
		return;
	m.rwx = frame_rights(p, (uint32_t)first);
	while (n < PAGER_WINDOW_MAX && (index + n) * PAGE < e->size) {
		int64_t at = enclave_at(e, linaddr + n * PAGE);

		if (at < 0 || frame_rights(p, (uint32_t)at) != m.rwx
		    || (n > 0 && p->frame[at].mapped)
		    || p->frame[at].list == FRAME_LEAVING
		    || p->frame[at].list == FRAME_HELD)
			break;
		epc[n++] = (uint32_t)at;
	}
	m.va = linaddr & ~(PAGE - 1);
	m.count = n;
	if (n == 0)
		return;
	p->engine->ops->locate(p->engine, &m, epc);
	for (uint32_t i = 0; i < m.count; i++) {
		p->frame[epc[i]].mapped = FRAME_MAPPED | m.rwx;
		p->frame[epc[i]].flight = (uint16_t)(q->thread + 1);
		p->frame[epc[i]].serial = q->serial;
		frame_move(p, epc[i], FRAME_ACTIVE);
	}
	q->map[q->maps++] = m;
}

static void refuse(struct engine_request *q, uint64_t error)
{
	q->answer = ENGINE_FAULT;
	q->vector = SGX_VECTOR_PF;
	q->error_code = error;
	q->address = q->rbx;
}

static bool may_access(uint8_t rights, uint64_t error)
{
	if (error & SGX_PF_ID)
		return rights & SGX_SECINFO_X;
	return rights & (error & SGX_PF_W ? SGX_SECINFO_W : SGX_SECINFO_R);
}

/* The kernel ran out of mappings for this cell: give some back. */
static void unmap_some(struct pager *p, struct enclave *e)
{
	uint32_t left = p->active.count, epc = p->active.first;

	for (uint32_t n = 0; left-- > 0 && n < 64 && epc != NO_PAGE;) {
		uint32_t next = p->frame[epc].next;

		if (p->frame[epc].enclave == e->number && p->frame[epc].mapped
		    && !frame_in_flight(p, epc) && !frame_stays(p, epc)
		    && p->engine->ops->unmap(p->engine, e->number,
			    p->sgx->epcm[epc].linaddr)) {
			frame_move(p, epc, FRAME_LEAVING);
			n++;
		}
		epc = next;
	}
	p->engine->ops->post(p->engine, e->number, false);
}

/* Pages that cannot be mapped as they lie: blocked for an eviction that failed
 * half-way; or code that lost the right to be written. */
static bool must_go_first(struct pager *p, uint32_t epc)
{
	return p->sgx->epcm[epc].flags & SGX_EPCM_BLOCKED
		|| (!p->frame[epc].mapped && !p->engine->ops->epc_fits(p->engine,
			epc, frame_rights(p, epc)));
}

void pager_fault(struct pager *p, struct enclave *e, struct engine_request *q)
{
	uint64_t linaddr = q->rbx & ~(PAGE - 1);
	uint64_t error = q->rcx & (SGX_PF_W | SGX_PF_ID);
	uint64_t *word = enclave_word(e, linaddr);
	uint32_t count = 1, epc;
	int r;

	e->faults++;
	pager_settle(p, e);
	if (word == NULL || e->locked) {
		refuse(q, error | SGX_PF_U);
		return;
	}
	if (q->rdx == 1)
		unmap_some(p, e);
	if (page_state(*word) == PAGE_RESIDENT
	    && must_go_first(p, page_epc(*word))
	    && !pager_push_out(p, e, page_epc(*word))) {
		q->answer = ENGINE_RETRY;
		return;
	}
	if (page_state(*word) != PAGE_RESIDENT) {
		bool evicted = page_state(*word) == PAGE_EVICTED;

		r = pager_bring(p, e, linaddr);
		if (r != 0) {
			refuse(q, error | SGX_PF_U);
			return;
		}
		if (evicted)
			count = read_ahead(p, e, linaddr);
	}
	epc = page_epc(*word);
	if (!may_access(frame_rights(p, epc), error)) {
		refuse(q, error | SGX_PF_U | SGX_PF_P | SGX_PF_SGX);
		return;
	}
	q->answer = ENGINE_RETRY;
	/* On its way out: executing the order comes first. */
	if (p->frame[epc].list == FRAME_LEAVING) {
		p->engine->ops->post(p->engine, e->number, false);
		return;
	}
	for (uint32_t i = 0; i < count && q->maps < ENGINE_MAPS_MAX;) {
		uint32_t before = q->maps;

		pager_answer_map(p, e, q, linaddr + i * PAGE);
		if (q->maps == before)
			break;
		i += q->map[before].count;
	}
}
