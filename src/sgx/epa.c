/* SPDX-License-Identifier: MIT */
/* SDM 3D: EPA, VA page */
/* EPA: a free page becomes an array of versions, all slots empty. */
#include "epcm.h"
#include "outcome.h"

struct sgx_outcome sgx_epa(struct sgx_machine *m, uint64_t rbx, uint64_t rcx)
{
	uint32_t epc;

	if (rbx != SGX_PT_VA || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc) || epcm_is_valid(&m->epcm[epc]))
		return outcome_pf_encls(rcx);
	if (m->memory->place(m->memory_ctx, epc, 1, epc, 0, SGX_PT_VA, 0))
		return outcome_machine();
	m->memory->zero(m->memory_ctx, epc, 1);
	epcm_set(&m->epcm[epc], epc, 0, SGX_PT_VA, 0);
	return outcome_ok();
}
