/* SPDX-License-Identifier: MIT */
/* SDM 3D: EENTER, ERESUME, TCS */
#include "entry.h"
#include "epcm.h"
#include "outcome.h"
#include "sigstruct.h"

#define PAGE_MASK ((uint64_t)SGX_PAGE_SIZE - 1)
#define ENCLU_LENGTH 3u
#define FSGS_LIMIT_LOW 0xfffu
#define GPR_OFFSET (SGX_PAGE_SIZE - (uint32_t)sizeof(struct sgx_gprsgx))

void tcs_load(struct sgx_machine *m, uint32_t tcs, struct tcs_head *t)
{
	m->memory->read(m->memory_ctx, tcs, 0, t, sizeof *t);
}

void tcs_store(struct sgx_machine *m, uint32_t tcs, const struct tcs_head *t)
{
	m->memory->write(m->memory_ctx, tcs, 0, t, sizeof *t);
}

uint64_t tcs_flags_defined(const struct sgx_machine *m)
{
	return m->profile.attributes.flags & SGX_ATTR_AEXNOTIFY ?
		SGX_TCS_DBGOPTIN | SGX_TCS_AEXNOTIFY : SGX_TCS_DBGOPTIN;
}

bool tcs_is_legal(const struct sgx_machine *m, const struct sgx_tcs *tcs,
	const struct secs *s)
{
	if (tcs->flags & ~tcs_flags_defined(m) ||
	    !all_zero(tcs->reserved, sizeof tcs->reserved))
		return false;
	if (s->attributes.flags & SGX_ATTR_MODE64BIT)
		return true;
	return (tcs->fslimit & FSGS_LIMIT_LOW) == FSGS_LIMIT_LOW &&
		(tcs->gslimit & FSGS_LIMIT_LOW) == FSGS_LIMIT_LOW;
}

static struct sgx_outcome find_tcs(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t aep, struct entry *e)
{
	const struct sgx_epcm_entry *page;
	int64_t found;

	if (!epcm_is_secs(m, secs))
		return outcome_pf_epcm(rbx, false);
	secs_load(m, secs, &e->s);
	found = epcm_translate(m, secs, &e->s, rbx, false);
	if (found == SGX_TRANSLATE_NONE)
		return outcome_pf_paging(rbx, false);
	if (found < 0)
		return outcome_pf_epcm(rbx, false);
	if (!sgx_canonical(aep))
		return outcome_gp();
	page = &m->epcm[found];
	if (!epcm_is_valid(page) || page->flags & (SGX_EPCM_BLOCKED |
	    SGX_EPCM_PENDING | SGX_EPCM_MODIFIED) ||
	    page->linaddr != rbx || page->type != SGX_PT_TCS)
		return outcome_pf_epcm(rbx, false);
	e->tcs = (uint32_t)found;
	e->secs = page->secs;
	if (e->secs != secs)
		secs_load(m, e->secs, &e->s);
	tcs_load(m, e->tcs, &e->t);
	return outcome_ok();
}

struct sgx_outcome entry_find(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t aep, uint64_t xcr0, struct entry *e)
{
	struct sgx_outcome o = find_tcs(m, secs, rbx, aep, e);

	if (!outcome_is_ok(&o))
		return o;
	e->opt_in = e->t.flags & SGX_TCS_DBGOPTIN;
	if (e->t.ossa & PAGE_MASK || e->t.ofsbase & PAGE_MASK ||
	    e->t.ogsbase & PAGE_MASK)
		return outcome_gp();
	if (e->t.flags & ~tcs_flags_defined(m))
		return outcome_gp();
	if (!secs_is_initialised(&e->s))
		return outcome_gp();
	if (!(e->s.attributes.flags & SGX_ATTR_MODE64BIT))
		return outcome_gp();
	if (e->s.attributes.xfrm & ~xcr0)
		return outcome_gp();
	if (!e->opt_in && entry_wants_notice(e) !=
	    !!(e->s.attributes.flags & SGX_ATTR_AEXNOTIFY))
		return outcome_gp();
	return outcome_ok();
}

static struct sgx_outcome check_frame_page(struct sgx_machine *m,
	uint32_t secs, uint64_t linaddr, const struct entry *e, uint32_t *epc)
{
	const struct sgx_epcm_entry *page;
	int64_t found = epcm_translate(m, secs, &e->s, linaddr, true);

	if (found == SGX_TRANSLATE_NONE)
		return outcome_pf_paging(linaddr, true);
	if (found < 0)
		return outcome_pf_epcm(linaddr, true);
	page = &m->epcm[found];
	if (!epcm_is_valid(page) || page->flags & (SGX_EPCM_BLOCKED |
	    SGX_EPCM_PENDING | SGX_EPCM_MODIFIED) ||
	    page->linaddr != linaddr || page->type != SGX_PT_REG ||
	    page->secs != e->secs ||
	    (page->rwx & (SGX_SECINFO_R | SGX_SECINFO_W)) !=
	    (SGX_SECINFO_R | SGX_SECINFO_W))
		return outcome_pf_epcm(linaddr, true);
	*epc = (uint32_t)found;
	return outcome_ok();
}

struct sgx_outcome entry_check_frame(struct sgx_machine *m, uint32_t secs,
	uint32_t cssa, struct entry *e)
{
	uint64_t frame = sgx_ssa_frame(e->s.base, e->t.ossa,
		e->s.ssa_frame_size, cssa);
	uint32_t size = sgx_xsave_size(&m->profile.xsave,
		e->s.attributes.xfrm);
	uint32_t pages = (size + SGX_PAGE_SIZE - 1) / SGX_PAGE_SIZE;
	struct sgx_outcome o;

	for (uint32_t i = 0; i < pages; i++) {
		o = check_frame_page(m, secs, frame +
			(uint64_t)i * SGX_PAGE_SIZE, e, &e->frame[i]);
		if (!outcome_is_ok(&o))
			return o;
	}
	e->frame_count = pages;
	return check_frame_page(m, secs, frame +
		((uint64_t)e->s.ssa_frame_size - 1) * SGX_PAGE_SIZE, e,
		&e->gpr_page);
}

struct sgx_outcome entry_check_target(const struct entry *e)
{
	if (!sgx_canonical(e->s.base + e->t.oentry) ||
	    !sgx_canonical(e->s.base + e->t.ofsbase) ||
	    !sgx_canonical(e->s.base + e->t.ogsbase))
		return outcome_gp();
	return outcome_ok();
}

void entry_read_gpr(struct sgx_machine *m, const struct entry *e,
	struct sgx_gprsgx *gpr)
{
	m->memory->read(m->memory_ctx, e->gpr_page, GPR_OFFSET, gpr,
		sizeof *gpr);
}

void entry_write_gpr(struct sgx_machine *m, uint32_t gpr_page,
	const struct sgx_gprsgx *gpr)
{
	m->memory->write(m->memory_ctx, gpr_page, GPR_OFFSET, gpr,
		sizeof *gpr);
}

void entry_take_frame(const struct entry *e, struct sgx_lp *lp)
{
	lp->frame_count = e->frame_count;
	for (uint32_t i = 0; i < e->frame_count; i++)
		lp->frame[i] = e->frame[i];
	lp->gpr_page = e->gpr_page;
}

void entry_commit(struct sgx_machine *m, const struct entry *e,
	struct sgx_lp *lp, uint32_t cssa)
{
	struct tcs_head t = e->t;

	lp->inside = true;
	lp->opt_in = e->opt_in;
	lp->notified = false;
	lp->secs = e->secs;
	lp->tcs = e->tcs;
	lp->epoch = e->s.epoch;
	lp->tcs_linaddr = lp->regs.rbx;
	lp->aep = lp->regs.rcx;
	lp->outer_fsbase = lp->regs.fsbase;
	lp->outer_gsbase = lp->regs.gsbase;
	lp->outer_xcr0 = lp->xcr0;
	lp->outer_tf = lp->regs.rflags & SGX_RFLAGS_TF;
	lp->xcr0 = e->s.attributes.xfrm;
	entry_take_frame(e, lp);

	t.state = TCS_ACTIVE;
	t.aep = lp->aep;
	t.cssa = cssa;
	tcs_store(m, e->tcs, &t);
}

void entry_enter(struct sgx_machine *m, const struct entry *e,
	struct sgx_lp *lp)
{
	struct sgx_gprsgx gpr;

	entry_commit(m, e, lp, e->t.cssa);
	entry_read_gpr(m, e, &gpr);
	gpr.ursp = lp->regs.rsp;
	gpr.urbp = lp->regs.rbp;
	entry_write_gpr(m, e->gpr_page, &gpr);
	lp->regs.fsbase = e->s.base + e->t.ofsbase;
	lp->regs.gsbase = e->s.base + e->t.ogsbase;
	lp->regs.rflags = sgx_eenter_rflags(lp->regs.rflags, e->opt_in);
	lp->regs.rax = e->t.cssa;
	lp->regs.rcx = lp->regs.rip + ENCLU_LENGTH;
	lp->regs.rip = e->s.base + e->t.oentry;
}

void entry_undo(struct sgx_lp *lp)
{
	lp->regs.fsbase = lp->outer_fsbase;
	lp->regs.gsbase = lp->outer_gsbase;
	lp->xcr0 = lp->outer_xcr0;
	if (!lp->opt_in)
		lp->regs.rflags = (lp->regs.rflags & ~SGX_RFLAGS_TF) |
			lp->outer_tf;
	lp->inside = false;
}

struct sgx_outcome sgx_entry_probe(struct sgx_machine *m, uint32_t secs,
	uint64_t tcs_linaddr, uint32_t cssa, uint64_t xcr0)
{
	struct sgx_outcome o;
	struct entry e;

	if (tcs_linaddr & PAGE_MASK)
		return outcome_gp();
	o = entry_find(m, secs, tcs_linaddr, 0, xcr0, &e);
	if (!outcome_is_ok(&o))
		return o;
	if (cssa >= e.t.nssa)
		return outcome_gp();
	o = entry_check_frame(m, secs, cssa, &e);
	if (!outcome_is_ok(&o))
		return o;
	return entry_check_target(&e);
}
