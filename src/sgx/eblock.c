/* SPDX-License-Identifier: MIT */
/* SDM 3D: EBLOCK */
/* EBLOCK: no new translation to this page; the first step of its eviction. */
#include "epcm.h"
#include "outcome.h"
#include "track.h"

struct sgx_outcome sgx_eblock(struct sgx_machine *m, uint64_t rcx)
{
	struct sgx_epcm_entry *e;
	struct secs_account a;
	uint32_t epc;

	if (rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	e = &m->epcm[epc];
	if (!epcm_is_valid(e))
		return outcome_error(SGX_PG_INVLD);
	if (e->type == SGX_PT_SECS)
		return outcome_notice(SGX_PG_IS_SECS);
	if (!epcm_is_child(e))
		return outcome_notice(SGX_NOTBLOCKABLE);
	if (e->flags & SGX_EPCM_BLOCKED)
		return outcome_notice(SGX_BLKSTATE);

	secs_account_load(m, e->secs, &a);
	e->flags |= SGX_EPCM_BLOCKED;
	track_mark(e, a.epoch);
	m->memory->changed(m->memory_ctx, epc);
	return outcome_success();
}
