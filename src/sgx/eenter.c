/* SPDX-License-Identifier: MIT */
/* SDM 3D: EENTER */
/* EENTER: a logical processor enters an enclave at a TCS's entry point. */
#include "entry.h"
#include "outcome.h"

struct sgx_outcome sgx_eenter(struct sgx_machine *m, struct sgx_lp *lp,
	uint32_t secs)
{
	struct sgx_outcome o;
	struct entry e;

	if (lp->inside)
		return outcome_gp();
	if (lp->regs.rbx % SGX_PAGE_SIZE)
		return outcome_gp();
	o = entry_find(m, secs, lp->regs.rbx, lp->regs.rcx, lp->xcr0, &e);
	if (!outcome_is_ok(&o))
		return o;
	if (e.t.cssa >= e.t.nssa)
		return outcome_gp();
	o = entry_check_frame(m, secs, e.t.cssa, &e);
	if (!outcome_is_ok(&o))
		return o;
	o = entry_check_target(&e);
	if (!outcome_is_ok(&o))
		return o;
	if (e.t.state != TCS_INACTIVE)
		return outcome_gp();

	entry_enter(m, &e, lp);
	return o;
}
