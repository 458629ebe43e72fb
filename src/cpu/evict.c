/* SPDX-License-Identifier: MIT */
/*
 * Making room: which pages leave, and what is waited for.
 *
 * Memory is handed from enclave to enclave by the piece (engine.h): when the
 * EPC has free pages but their memory belongs to others, the piece that holds
 * the oldest page is emptied as a whole.
 */
#include "pager.h"
#include <errno.h>
#include <time.h>

#define SPARE_PAGES 4u /* kept for SECS and VA pages */
#define LOOK_AT 256u /* frames to look at for one batch */
#define PIECE_MAX 4096u
#define PATIENCE_SECONDS 20
#define PATIENCE_WAITS 20u

/* ---- the cells' part ---- */

static bool is_tcs_in_use(const struct pager *p, const struct enclave *e,
	uint32_t epc, uint32_t *index)
{
	if (!e->initialised || p->sgx->epcm[epc].type != SGX_PT_TCS)
		return false;
	for (*index = 0; *index < e->tcs_count; ++*index)
		if (e->tcs[*index] == p->sgx->epcm[epc].linaddr)
			return true;
	return false;
}

void pager_settle(struct pager *p, struct enclave *e)
{
	uint32_t index;

	if (!p->engine->ops->settled(p->engine, e->number))
		return;
	while (e->leaving.first != NO_PAGE) {
		uint32_t epc = e->leaving.first;
		bool stays = is_tcs_in_use(p, e, epc, &index)
			&& !p->engine->ops->tcs_is_out(p->engine, e->number,
				index);

		p->frame[epc].mapped = 0;
		frame_move(p, epc, stays ? FRAME_ACTIVE : FRAME_INACTIVE);
	}
}

static uint32_t settle_all(struct pager *p)
{
	uint32_t waiting = 0, seen = 0;

	for (uint32_t i = 1; seen < p->enclave_count
	     && i <= DOOR_ENCLAVES_MAX; i++) {
		if (p->enclave[i] == NULL)
			continue;
		seen++;
		pager_settle(p, p->enclave[i]);
		waiting += p->enclave[i]->leaving.count;
	}
	return waiting;
}

/* Takes a page from software: at once where no cell uses it, else by an order.
 * False: not now. */
static bool withdraw(struct pager *p, uint32_t epc)
{
	struct frame *f = &p->frame[epc];
	struct enclave *e = p->enclave[f->enclave];
	uint32_t index;
	bool ordered;

	if (frame_in_flight(p, epc) || e->closing || frame_stays(p, epc))
		return false;
	if (is_tcs_in_use(p, e, epc, &index)
	    && !p->engine->ops->tcs_is_out(p->engine, e->number, index)) {
		ordered = p->engine->ops->tcs_out(p->engine, e->number, index);
	} else if (f->mapped) {
		ordered = p->engine->ops->unmap(p->engine, e->number,
			p->sgx->epcm[epc].linaddr);
	} else {
		frame_move(p, epc, FRAME_INACTIVE);
		return true;
	}
	if (ordered)
		frame_move(p, epc, FRAME_LEAVING);
	return ordered;
}

static void post(struct pager *p, uint16_t *number, uint32_t count,
	const struct enclave *looks)
{
	for (uint32_t i = 0; i < count; i++)
		p->engine->ops->post(p->engine, number[i],
			looks == NULL || number[i] != looks->number);
}

/* Withdraws the oldest active pages.  looks: an enclave that is about to look
 * for orders by itself. */
static uint32_t deactivate(struct pager *p, uint32_t wanted,
	const struct enclave *looks)
{
	uint16_t touched[PAGER_BATCH];
	uint32_t done = 0, numbers = 0, epc = p->active.first;

	for (uint32_t i = 0; i < LOOK_AT && epc != NO_PAGE && done < wanted
	     && numbers < PAGER_BATCH; i++) {
		uint32_t next = p->frame[epc].next;
		uint16_t number = p->frame[epc].enclave;

		if (withdraw(p, epc)) {
			done++;
			if (numbers == 0 || touched[numbers - 1] != number)
				touched[numbers++] = number;
		} else {
			/* Not at the front again for a while. */
			frame_move(p, epc, FRAME_ACTIVE);
		}
		epc = next;
	}
	post(p, touched, numbers, looks);
	return done;
}

/* ---- EBLOCK, ETRACK, EWB ---- */

static bool is_error(const struct sgx_outcome *o)
{
	return o->kind != SGX_OUTCOME_OK;
}

/* A group of pages of one enclave, inactive or not mapped. */
static uint32_t evict_group(struct pager *p, struct enclave *e,
	const uint32_t *epc, uint32_t count)
{
	uint32_t done = 0;
	struct sgx_outcome o;

	/* A blocked page can only go out: begin what can be ended. */
	if (e->restricting && !p->engine->ops->settled(p->engine, e->number))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		o = sgx_eblock(p->sgx, sgx_epc_address(epc[i]));
		if (is_error(&o) && o.rax != SGX_BLKSTATE)
			return 0;
	}
	o = sgx_etrack(p->sgx, sgx_epc_address(e->secs));
	if (is_error(&o))
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t linaddr = p->sgx->epcm[epc[i]].linaddr;
		uint64_t word = pager_write(p, e, epc[i], false);

		if (word == 0)
			break;
		*enclave_word(e, linaddr) = word;
		e->resident--;
		done++;
	}
	return done;
}

bool pager_push_out(struct pager *p, struct enclave *e, uint32_t epc)
{
	return evict_group(p, e, &epc, 1) == 1;
}

/* The first inactive pages, as long as they are of one enclave. */
static uint32_t evict_oldest(struct pager *p, uint32_t max)
{
	uint32_t group[PAGER_BATCH], n = 0, epc = p->inactive.first;
	uint16_t number = epc != NO_PAGE ? p->frame[epc].enclave : 0;

	if (max > PAGER_BATCH)
		max = PAGER_BATCH;
	while (n < max && epc != NO_PAGE && p->frame[epc].enclave == number) {
		group[n++] = epc;
		epc = p->frame[epc].next;
	}
	if (n == 0)
		return 0;
	n = evict_group(p, p->enclave[number], group, n);
	/* Blocked by something: let others be first. */
	if (n == 0)
		frame_move(p, group[0], FRAME_INACTIVE);
	return n;
}

/* Enclaves without a resident page need neither SECS nor VA pages there. */
static uint32_t evict_idle(struct pager *p)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i <= DOOR_ENCLAVES_MAX && n < PAGER_BATCH; i++) {
		struct enclave *e = p->enclave[i];
		uint64_t word;
		uint32_t secs;

		if (e == NULL || e->resident > 0 || !e->initialised
		    || e->closing)
			continue;
		secs = e->secs;
		if (secs != NO_PAGE) {
			word = pager_write(p, e, secs, true);
			if (word == 0)
				continue;
			e->secs_out = word;
			e->secs = NO_PAGE;
			p->of_secs[secs] = 0;
			n++;
		}
		n += versions_evict(p, e);
	}
	return n;
}

/* ---- memory by the piece ---- */

/* 1: a piece is free again; 0: an empty one waits until its cell has executed
 * other orders; -1: there is none. */
static int give_back_any(struct pager *p)
{
	int r = -1;

	for (uint32_t i = 1; i <= DOOR_ENCLAVES_MAX && r < 1; i++) {
		int given = p->enclave[i] != NULL
			? p->engine->ops->give_back(p->engine, i) : 0;

		if (given != 0) {
			p->engine->ops->post(p->engine, i, true);
			r = given > 0;
		}
	}
	return r;
}

static bool is_listed(const struct pager *p, uint32_t epc)
{
	return p->frame[epc].list == FRAME_ACTIVE
		|| p->frame[epc].list == FRAME_INACTIVE
		|| p->frame[epc].list == FRAME_LEAVING;
}

/* A page of ordinary kind: only these have memory that others could use. */
static uint32_t oldest(const struct pager *p)
{
	const struct frames *list[] = { &p->inactive, &p->active };

	for (int i = 0; i < 2; i++) {
		uint32_t epc = list[i]->first;

		while (epc != NO_PAGE && p->sgx->epcm[epc].type != SGX_PT_REG)
			epc = p->frame[epc].next;
		if (epc != NO_PAGE)
			return epc;
	}
	return NO_PAGE;
}

/* One step: pages evicted or withdrawn; 0: orders are on their way. */
static int empty_piece(struct pager *p)
{
	static uint32_t piece[PIECE_MAX];
	uint32_t group[PAGER_BATCH], ready = 0, n, withdrawn = 0;
	struct enclave *e;

	if (p->drain == NO_PAGE || !is_listed(p, p->drain))
		p->drain = oldest(p);
	if (p->drain == NO_PAGE)
		return -1;
	e = p->enclave[p->frame[p->drain].enclave];
	n = p->engine->ops->piece(p->engine, p->drain, piece, PIECE_MAX);
	for (uint32_t i = 0; i < n && ready < PAGER_BATCH; i++) {
		if (p->frame[piece[i]].list == FRAME_ACTIVE)
			withdrawn += withdraw(p, piece[i]);
		if (p->frame[piece[i]].list == FRAME_INACTIVE)
			group[ready++] = piece[i];
		else if (is_listed(p, piece[i]))
			p->drain = piece[i];
	}
	p->engine->ops->post(p->engine, e->number, true);
	if (ready > 0)
		return evict_group(p, e, group, ready) > 0;
	return withdrawn > 0 ? 0 : e->leaving.count > 0 ? 0 : -2;
}

/* ---- room ---- */

/* Above 0: something was freed or moved on; 0: wait; below: there is nothing
 * left that could go. */
static int reclaim(struct pager *p)
{
	uint32_t waiting = settle_all(p);

	if (evict_oldest(p, PAGER_BATCH) > 0)
		return 1;
	if (deactivate(p, PAGER_BATCH, NULL) > 0)
		return p->inactive.count > 0;
	for (uint32_t i = 1; waiting > 0 && i <= DOOR_ENCLAVES_MAX; i++)
		if (p->enclave[i] != NULL && p->enclave[i]->leaving.count > 0)
			p->engine->ops->post(p->engine, i, true);
	if (waiting > 0)
		return 0;
	if (evict_idle(p) > 0)
		return 1;
	return p->active.count + p->inactive.count > 0 ? 0 : -1;
}

static int reclaim_memory(struct pager *p, uint32_t waits)
{
	int r, given;

	settle_all(p);
	given = give_back_any(p);
	/* But nobody waits for long for a cell that does nothing. */
	if (given == 1 || (given == 0 && waits < PATIENCE_WAITS))
		return given;
	r = empty_piece(p);
	if (r == -1 && given == 0)
		return 0;
	if (r == -2) { /* every page of it is busy: another one */
		p->drain = NO_PAGE;
		if (p->active.first != NO_PAGE)
			frame_move(p, p->active.first, FRAME_ACTIVE);
		return 0;
	}
	return r;
}

void pager_pause(struct pager *p)
{
	pthread_mutex_unlock(p->lock);
	p->engine->ops->wait(p->engine, 0);
	pthread_mutex_lock(p->lock);
}

static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

int pager_room(struct pager *p, struct enclave *e, enum sgx_page_type type,
	uint8_t rwx, uint32_t count)
{
	uint32_t number = e->number;
	uint32_t waits = 0;
	time_t end = 0;

	for (;;) {
		int r = 0;

		if (e->locked || e->closing)
			return -EIO;
		if (p->free >= count + SPARE_PAGES)
			r = p->engine->ops->reserve(p->engine, number, type,
				rwx, count);
		else
			r = -ENOSPC;
		if (r == 0 || r == -ENOMEM || r == -EIO)
			return r;
		if (r == -ENOSPC)
			r = p->free < count + SPARE_PAGES ? reclaim(p)
				: reclaim_memory(p, waits);
		else
			r = 0;
		if (r < 0)
			return -ENOMEM;
		if (r > 0)
			continue;
		if (end == 0)
			end = seconds() + PATIENCE_SECONDS;
		else if (seconds() > end)
			return -ENOMEM;
		waits++;
		pager_pause(p);
		if (enclave_of(p, number) != e)
			return -EIO;
	}
}

/* As much as was taken since: what is done here for longer than the cell goes
 * on by itself, its next fault waits for. */
void pager_balance(struct pager *p, uint32_t number)
{
	struct enclave *e = enclave_of(p, number);
	uint32_t owed = p->owed + (p->free < p->low);

	p->owed = 0;
	if (p->free >= p->high || e == NULL)
		return;
	pager_settle(p, e);
	while (owed > 0 && p->inactive.count > 0) {
		uint32_t n = evict_oldest(p, owed);

		if (n == 0)
			break;
		owed -= n;
	}
	if (p->inactive.count < p->high && e->leaving.count == 0)
		deactivate(p, PAGER_BATCH, e);
}
