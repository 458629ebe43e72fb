/* SPDX-License-Identifier: MIT */
/* SDM 3D: EDECCSSA */
/* EDECCSSA: the handler of an exception goes on in the frame below, without
 * leaving the enclave. */
#include "entry.h"
#include "outcome.h"

struct sgx_outcome sgx_edeccssa(struct sgx_machine *m, struct sgx_lp *lp)
{
	struct entry e = { .secs = lp->secs, .tcs = lp->tcs };
	struct sgx_outcome o;

	if (!(m->profile.features & SGX_FEATURE_EDECCSSA) || !lp->inside)
		return outcome_gp();
	secs_load(m, e.secs, &e.s);
	tcs_load(m, e.tcs, &e.t);
	if (!e.t.cssa)
		return outcome_gp();
	o = entry_check_frame(m, lp->secs, e.t.cssa - 1, &e);
	if (!outcome_is_ok(&o))
		return o;

	e.t.cssa--;
	tcs_store(m, e.tcs, &e.t);
	entry_take_frame(&e, lp);
	return outcome_ok();
}
