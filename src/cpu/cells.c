/* SPDX-License-Identifier: MIT */
/*
 * What the machine does for running cells: leaves, pages, TCSs; and what it
 * tells a cell that starts.
 */
#include "machine.h"
#include <string.h>

#define PAGE_MASK ((uint64_t)SGX_PAGE_SIZE - 1)

/* ---- leaves ---- */

static struct sgx_outcome general_protection(void)
{
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_FAULT,
		.vector = SGX_VECTOR_GP };
}

static struct sgx_outcome execute(struct machine *m, const struct enclave *e,
	const struct engine_request *q)
{
	switch (q->leaf) {
	case SGX_EREPORT:
		return sgx_ereport(&m->sgx, e->secs, q->rbx, q->rcx, q->rdx);
	case SGX_EGETKEY:
		return sgx_egetkey(&m->sgx, e->secs, q->rbx, q->rcx);
	case SGX_EACCEPT:
		return sgx_eaccept(&m->sgx, e->secs, q->rbx, q->rcx);
	case SGX_EMODPE:
		return sgx_emodpe(&m->sgx, e->secs, q->rbx, q->rcx);
	case SGX_EACCEPTCOPY:
		return sgx_eacceptcopy(&m->sgx, e->secs, q->rbx, q->rcx,
			q->rdx);
	default:
		return general_protection();
	}
}

/* A leaf whose operand is not resident is what it is on silicon: a page fault,
 * served, and the leaf again. */
static bool bring_operand(struct machine *m, struct enclave *e,
	const struct sgx_outcome *o)
{
	return o->kind == SGX_OUTCOME_FAULT && o->vector == SGX_VECTOR_PF
		&& !(o->error_code & SGX_PF_P)
		&& pager_bring(&m->pager, e, o->address) == 0;
}

/* A page that was accepted as a TCS takes the next spare mailbox, or the one
 * that it had when it was a TCS before. */
static void new_tcs(struct machine *m, struct enclave *e, uint64_t linaddr)
{
	struct engine_tcs tcs;
	uint32_t i = 0;

	while (i < e->tcs_count && e->tcs[i] != linaddr)
		i++;
	if (i == e->tcs_slots)
		return;
	if (i == e->tcs_count)
		e->tcs[e->tcs_count++] = linaddr;
	machine_describe_tcs(m, e, linaddr, &tcs);
	m->engine->ops->describe_tcs(m->engine, e->number, i, &tcs);
}

/* A page that is mapped with fewer rights than it has now. */
static void take_back(struct machine *m, const struct enclave *e, uint32_t epc)
{
	struct engine *engine = m->engine;
	struct frame *f = &m->pager.frame[epc];

	if (f->mapped && engine->ops->unmap(engine, e->number,
		    m->sgx.epcm[epc].linaddr))
		f->mapped = 0;
	engine->ops->post(engine, e->number, false);
}

/* The leaf gave software a page, or more rights to one. */
static void granted(struct machine *m, struct enclave *e,
	struct engine_request *q)
{
	uint64_t linaddr = q->rcx & ~PAGE_MASK;
	int64_t epc = enclave_at(e, linaddr);
	uint8_t rights;

	if (epc < 0)
		return;
	if (m->sgx.epcm[epc].type == SGX_PT_TCS) {
		new_tcs(m, e, linaddr);
		return;
	}
	rights = frame_rights(&m->pager, (uint32_t)epc);
	if (rights == 0)
		return;
	if (rights & SGX_SECINFO_X) {
		/* No room for it now: its next fault finds some. */
		if (m->engine->ops->epc_move(m->engine, (uint32_t)epc, rights)
		    != 0) {
			take_back(m, e, (uint32_t)epc);
			return;
		}
		m->engine->ops->epc_code(m->engine, (uint32_t)epc);
	}
	pager_answer_map(&m->pager, e, q, linaddr);
}

/* Rights to execute need memory of another kind, and no other thread that is
 * about to map the page as it was. */
static bool ready_for_code(struct machine *m, struct enclave *e,
	const struct engine_request *q)
{
	struct pager *p = &m->pager;
	int64_t epc;

	if (q->leaf != SGX_EMODPE && q->leaf != SGX_EACCEPTCOPY)
		return true;
	if (pager_room(p, e, SGX_PT_REG, SGX_SECINFO_R | SGX_SECINFO_X, 1) != 0
	    || pager_room(p, e, SGX_PT_REG, SGX_SECINFO_RWX, 1) != 0)
		return false;
	while ((epc = enclave_at(e, q->rcx)) >= 0
	       && p->frame[epc].flight != q->thread + 1
	       && frame_in_flight(p, (uint32_t)epc) && !e->locked)
		pager_pause(p);
	return true;
}

#define OPERANDS_MAX 16
static struct sgx_outcome run_leaf(struct machine *m, struct enclave *e,
	struct engine_request *q)
{
	struct sgx_outcome o = general_protection();

	for (int i = 0; i < OPERANDS_MAX; i++) {
		if (e->locked || !ready_for_code(m, e, q)
		    || pager_secs_in(&m->pager, e) != 0)
			return general_protection();
		o = execute(m, e, q);
		if (o.kind == SGX_OUTCOME_OK && q->leaf >= SGX_EACCEPT)
			granted(m, e, q);
		if (!bring_operand(m, e, &o))
			return o;
	}
	return o;
}

void machine_enclu(void *machine, struct engine_request *q)
{
	struct machine *m = machine;
	struct sgx_outcome o = general_protection();
	struct enclave *e;
	uint64_t flags = 0;

	pthread_mutex_lock(&m->lock);
	e = enclave_of(&m->pager, q->space);
	if (e != NULL)
		o = run_leaf(m, e, q);
	pthread_mutex_unlock(&m->lock);
	if (o.kind == SGX_OUTCOME_FAULT || o.kind == SGX_OUTCOME_MACHINE) {
		/* A backend that failed is a #GP: the enclave has no key. */
		q->answer = ENGINE_FAULT;
		q->vector = o.kind == SGX_OUTCOME_FAULT ? o.vector
							: SGX_VECTOR_GP;
		q->error_code = o.error_code;
		q->address = o.address;
		return;
	}
	q->answer = ENGINE_RESULT;
	sgx_outcome_apply(&o, &q->rax, &flags);
	q->writes_flags = o.writes_flags;
	q->zf = o.zf;
}

/* ---- pages and TCSs ---- */

void machine_page(void *machine, struct engine_request *q)
{
	struct machine *m = machine;
	struct enclave *e;

	q->answer = ENGINE_FAULT;
	q->vector = SGX_VECTOR_PF;
	pthread_mutex_lock(&m->lock);
	e = enclave_of(&m->pager, q->space);
	if (e != NULL)
		pager_fault(&m->pager, e, q);
	pthread_mutex_unlock(&m->lock);
}

void machine_tcs(void *machine, struct engine_request *q)
{
	struct machine *m = machine;
	struct enclave *e;

	q->answer = ENGINE_FAULT;
	q->vector = SGX_VECTOR_PF;
	q->error_code = SGX_PF_U;
	pthread_mutex_lock(&m->lock);
	e = enclave_of(&m->pager, q->space);
	if (e != NULL && !e->locked && q->thread < e->tcs_count
	    && page_state(*enclave_word(e, e->tcs[q->thread])) != PAGE_ABSENT
	    && pager_bring(&m->pager, e, e->tcs[q->thread]) == 0) {
		int64_t epc = enclave_at(e, e->tcs[q->thread]);

		m->engine->ops->tcs_in(m->engine, e->number, q->thread);
		frame_move(&m->pager, (uint32_t)epc, FRAME_ACTIVE);
		q->answer = ENGINE_RETRY;
	}
	pthread_mutex_unlock(&m->lock);
}

void machine_idle(void *machine, uint32_t space)
{
	struct machine *m = machine;

	pthread_mutex_lock(&m->lock);
	pager_balance(&m->pager, space);
	pthread_mutex_unlock(&m->lock);
}

/* ---- what the cell is told ---- */

/* The model is asked what EENTER would say with each value of CSSA: which
 * leading frames can be used, and how an entry faults if not even the first
 * can. */
static void try_entries(struct machine *m, struct enclave *e,
	struct engine_tcs *t)
{
	uint64_t xcr0 = m->sgx.profile.attributes.xfrm;
	struct sgx_outcome o = { .kind = SGX_OUTCOME_OK };

	while (t->frames < t->nssa && o.kind == SGX_OUTCOME_OK) {
		do
			o = sgx_entry_probe(&m->sgx, e->secs, t->linaddr,
				t->frames, xcr0);
		while (bring_operand(m, e, &o));
		if (o.kind == SGX_OUTCOME_OK)
			t->frames++;
	}
	if (t->frames > 0 || o.kind == SGX_OUTCOME_OK)
		return;
	t->entry_faults = true;
	t->entry_vector = o.vector;
	t->entry_address = o.address;
}

void machine_describe_tcs(struct machine *m, struct enclave *e,
	uint64_t linaddr, struct engine_tcs *out)
{
	struct engine *engine = m->engine;
	struct sgx_tcs tcs;

	*out = (struct engine_tcs){ .linaddr = linaddr, .entry_faults = true,
		.entry_vector = SGX_VECTOR_PF, .entry_address = linaddr };
	if (pager_bring(&m->pager, e, linaddr) != 0)
		return;
	engine->ops->epc_read(engine, (uint32_t)enclave_at(e, linaddr), 0,
		&tcs, 72);
	*out = (struct engine_tcs){
		.linaddr = linaddr,
		.ossa = e->base + tcs.ossa,
		.oentry = e->base + tcs.oentry,
		.ofsbase = e->base + tcs.ofsbase,
		.ogsbase = e->base + tcs.ogsbase,
		.nssa = tcs.nssa,
		.flags = tcs.flags,
	};
	try_entries(m, e, out);
}

void machine_describe(struct machine *m, struct enclave *e,
	struct engine_start *start, struct engine_tcs *tcs)
{
	struct engine *engine = m->engine;
	struct sgx_secs secs;

	engine->ops->epc_read(engine, e->secs, 0, &secs, sizeof(secs));
	start->xfrm = secs.attributes.xfrm;
	start->misc_select = secs.misc_select;
	start->ssa_frame_pages = secs.ssa_frame_size;
	start->xsave_size = sgx_xsave_size(&m->sgx.profile.xsave, start->xfrm);
	start->mxcsr_mask = m->sgx.profile.mxcsr_mask;
	start->sgx_features = m->sgx.profile.features;
	start->tcs = tcs;
	start->tcs_count = e->tcs_count;
	start->tcs_slots = e->tcs_slots;
	for (uint32_t i = 0; i < e->tcs_count; i++)
		machine_describe_tcs(m, e, e->tcs[i], &tcs[i]);
}

#define MAP_RUN_MAX 1024u
/* One mapping of pages from index on; how many pages were looked at, or
 * -errno. */
static int64_t map_run(struct machine *m, struct enclave *e, uint64_t index)
{
	struct pager *p = &m->pager;
	uint32_t epc[MAP_RUN_MAX], n = 0;
	struct engine_map run;
	int r = 0;

	while (n < MAP_RUN_MAX && index + n <= e->highest
	       && page_state(e->page[index + n]) == PAGE_RESIDENT) {
		uint32_t at = page_epc(e->page[index + n]);

		if (frame_rights(p, at) == 0 || (n > 0
			    && frame_rights(p, at) != frame_rights(p, epc[0])))
			break;
		epc[n++] = at;
	}
	if (n == 0)
		return 1;
	run.va = e->base + index * SGX_PAGE_SIZE;
	run.count = n;
	run.rwx = frame_rights(p, epc[0]);
	m->engine->ops->locate(m->engine, &run, epc);
	for (uint32_t i = 0; i < run.count; i++) {
		if (run.rwx & SGX_SECINFO_X)
			m->engine->ops->epc_code(m->engine, epc[i]);
		p->frame[epc[i]].mapped = FRAME_MAPPED | run.rwx;
		/* Of the inactive ones nobody would unmap them again. */
		frame_move(p, epc[i], FRAME_ACTIVE);
	}
	while (r == 0 && !m->engine->ops->map(m->engine, e->number, &run))
		r = m->engine->ops->finish(m->engine, e->number);
	return r != 0 ? r : (int64_t)run.count;
}

int machine_map_all(struct machine *m, struct enclave *e)
{
	for (uint64_t i = e->lowest; i <= e->highest && i != UINT64_MAX;) {
		int64_t n = map_run(m, e, i);

		if (n < 0)
			return (int)n;
		i += (uint64_t)n;
	}
	return m->engine->ops->finish(m->engine, e->number);
}
