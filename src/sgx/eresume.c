/* SPDX-License-Identifier: MIT */
/* SDM 3D: ERESUME */
/* ERESUME: a logical processor goes back to where an event took it from. */
#include "entry.h"
#include "outcome.h"
#include <string.h>

/* Read the frame's image up to size bytes. */
static void read_xsave(struct sgx_machine *m, const struct entry *e,
	uint8_t *to, uint32_t size)
{
	for (uint32_t i = 0; size; i++) {
		uint32_t part = size < SGX_PAGE_SIZE ? size : SGX_PAGE_SIZE;

		m->memory->read(m->memory_ctx, e->frame[i], 0, to, part);
		to += part;
		size -= part;
	}
}

/* The enclave asked to hear of the exit: frame cssa - 1 stays as it is, the
 * enclave is entered on the next one. */
static struct sgx_outcome notify(struct sgx_machine *m, struct sgx_lp *lp,
	uint32_t secs, struct entry *e)
{
	struct sgx_outcome o;

	if (e->t.cssa >= e->t.nssa)
		return outcome_gp();
	o = entry_check_frame(m, secs, e->t.cssa, e);
	if (outcome_is_ok(&o))
		o = entry_check_target(e);
	if (!outcome_is_ok(&o))
		return o;
	if (e->t.state != TCS_INACTIVE)
		return outcome_gp();
	entry_enter(m, e, lp);
	lp->notified = true;
	return o;
}

struct sgx_outcome sgx_eresume(struct sgx_machine *m, struct sgx_lp *lp,
	uint32_t secs, void *xsave, uint32_t size)
{
	uint8_t head[SGX_XSAVE_LEGACY_SIZE];
	struct sgx_gprsgx gpr;
	struct sgx_outcome o;
	struct entry e;
	uint32_t needed;

	if (lp->inside)
		return outcome_gp();
	if (lp->regs.rbx % SGX_PAGE_SIZE)
		return outcome_gp();
	o = entry_find(m, secs, lp->regs.rbx, lp->regs.rcx, lp->xcr0, &e);
	if (!outcome_is_ok(&o))
		return o;
	if (!e.t.cssa)
		return outcome_gp();
	o = entry_check_frame(m, secs, e.t.cssa - 1, &e);
	if (!outcome_is_ok(&o))
		return o;
	entry_read_gpr(m, &e, &gpr);
	if (entry_wants_notice(&e) && gpr.aexnotify & SGX_GPRSGX_AEXNOTIFY)
		return notify(m, lp, secs, &e);
	if (!sgx_canonical(gpr.rip) || !sgx_canonical(gpr.fsbase) ||
	    !sgx_canonical(gpr.gsbase))
		return outcome_gp();
	if (e.t.state != TCS_INACTIVE)
		return outcome_gp();
	read_xsave(m, &e, head, sizeof head);
	if (!sgx_xsave_valid(head, e.s.attributes.xfrm,
	    m->profile.mxcsr_mask))
		return outcome_gp();
	needed = sgx_xsave_size(&m->profile.xsave, e.s.attributes.xfrm);
	if (size < needed)
		return outcome_machine();

	/* No enclave code runs between the check and this second read: the
	 * model's caller holds the machine, and a thread that is inside on
	 * another TCS writes through the engine.  The checked bytes are used
	 * all the same. */
	read_xsave(m, &e, xsave, needed);
	memcpy(xsave, head, sizeof head);
	entry_commit(m, &e, lp, e.t.cssa - 1);
	sgx_eresume_registers(&lp->regs, &gpr, e.opt_in);
	return o;
}
