/* SPDX-License-Identifier: MIT */
/* SDM 3D: EREMOVE */
/* EREMOVE: an EPC page becomes free. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"

/* May the page go, and whose child is it? */
static struct sgx_outcome check_page(struct sgx_machine *m, uint64_t rcx,
	uint32_t *epc, bool *is_child)
{
	const struct sgx_epcm_entry *e;
	struct secs_account a;

	*is_child = false;
	if (rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, epc))
		return outcome_pf_encls(rcx);
	e = &m->epcm[*epc];
	if (!epcm_is_valid(e) || e->type == SGX_PT_VA)
		return outcome_success();
	if (e->type == SGX_PT_SECS) {
		secs_account_load(m, *epc, &a);
		return a.children ? outcome_error(SGX_CHILD_PRESENT) :
			outcome_success();
	}
	*is_child = true;
	if (e->type == SGX_PT_TRIM && !(e->flags & SGX_EPCM_MODIFIED))
		return outcome_success();
	if (m->memory->threads_inside(m->memory_ctx, e->secs))
		return outcome_error(SGX_ENCLAVE_ACT);
	return outcome_success();
}

static void forget_children(struct sgx_machine *m, uint32_t secs,
	uint32_t count)
{
	struct secs_account a;

	if (!count)
		return;
	secs_account_load(m, secs, &a);
	a.children -= count;
	secs_account_store(m, secs, &a);
}

/* Pages that go together: valid, next to each other, of one owner. */
struct batch {
	uint32_t first, count, owner, children;
};

static void finish(struct sgx_machine *m, struct batch *b)
{
	if (!b->count)
		return;
	forget_children(m, b->owner, b->children);
	m->memory->release(m->memory_ctx, b->first, b->count);
	for (uint32_t i = 0; i < b->count; i++)
		m->epcm[b->first + i] = (struct sgx_epcm_entry){ 0 };
	b->count = b->children = 0;
}

struct sgx_outcome sgx_eremove_run(struct sgx_machine *m, uint32_t epc,
	uint32_t count, uint32_t *done)
{
	struct sgx_outcome o = outcome_success();
	struct batch b = { 0 };
	uint32_t found;
	bool is_child;

	for (*done = 0; *done < count; ++*done) {
		const struct sgx_epcm_entry *e;
		uint64_t page = (uint64_t)epc + *done;

		/* A SECS is checked when its children before it are gone. */
		if (page < m->epc_pages && b.count &&
		    (m->epcm[page].type == SGX_PT_SECS ||
		     m->epcm[page].secs != b.owner ||
		     !epcm_is_valid(&m->epcm[page])))
			finish(m, &b);
		o = check_page(m, page << SGX_PAGE_SHIFT, &found, &is_child);
		if (o.kind != SGX_OUTCOME_OK)
			break;
		e = &m->epcm[found];
		if (!epcm_is_valid(e))
			continue;
		if (!b.count) {
			b.first = found;
			b.owner = e->secs;
		}
		b.count++;
		b.children += is_child;
	}
	finish(m, &b);
	return o;
}

struct sgx_outcome sgx_eremove(struct sgx_machine *m, uint64_t rcx)
{
	struct sgx_outcome o;
	uint32_t epc, done;
	bool is_child;

	o = check_page(m, rcx, &epc, &is_child);
	if (o.kind != SGX_OUTCOME_OK)
		return o;
	return sgx_eremove_run(m, epc, 1, &done);
}
