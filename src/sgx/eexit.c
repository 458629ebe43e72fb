/* SPDX-License-Identifier: MIT */
/* SDM 3D: EEXIT */
/* EEXIT: a logical processor leaves its enclave of its own will. */
#include "entry.h"
#include "outcome.h"

struct sgx_outcome sgx_eexit(struct sgx_machine *m, struct sgx_lp *lp)
{
	struct tcs_head t;

	if (!lp->inside || !sgx_canonical(lp->regs.rbx))
		return outcome_gp();
	tcs_load(m, lp->tcs, &t);
	t.state = TCS_INACTIVE;
	tcs_store(m, lp->tcs, &t);
	lp->regs.rip = lp->regs.rbx;
	lp->regs.rcx = lp->aep;
	entry_undo(lp);
	return outcome_ok();
}
