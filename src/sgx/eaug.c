/* SPDX-License-Identifier: MIT */
/* SDM 3D: EAUG */
/* EAUG: a running enclave is offered a page of zeroes; it counts for nothing
 * until the enclave accepts it. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"

struct sgx_outcome sgx_eaug(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	const struct sgx_pageinfo *pageinfo)
{
	const uint8_t rw = SGX_SECINFO_R | SGX_SECINFO_W;
	uint64_t linaddr = pageinfo->linaddr;
	uint32_t epc, secs;
	struct secs s;

	if (!(m->profile.features & SGX_FEATURE_SGX2))
		return outcome_gp();
	if (rbx % sizeof *pageinfo || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	if (pageinfo->secs % SGX_PAGE_SIZE || linaddr % SGX_PAGE_SIZE)
		return outcome_gp();
	if (pageinfo->srcpge || pageinfo->secinfo)
		return outcome_gp();
	if (!epcm_find(m, pageinfo->secs, &secs))
		return outcome_pf_encls(pageinfo->secs);
	if (epcm_is_valid(&m->epcm[epc]))
		return outcome_pf_encls(rcx);
	if (!epcm_is_secs(m, secs))
		return outcome_pf_encls(pageinfo->secs);
	secs_load(m, secs, &s);
	if (!secs_is_initialised(&s))
		return outcome_gp();
	if (!secs_contains(&s, linaddr, SGX_PAGE_SIZE))
		return outcome_gp();

	if (m->memory->place(m->memory_ctx, epc, 1, secs, linaddr, SGX_PT_REG,
	    rw))
		return outcome_machine();
	m->memory->zero(m->memory_ctx, epc, 1);
	epcm_set(&m->epcm[epc], secs, linaddr, SGX_PT_REG, rw);
	m->epcm[epc].flags |= SGX_EPCM_PENDING;
	s.children++;
	secs_store(m, secs, &s);
	m->memory->changed(m->memory_ctx, epc);
	return outcome_ok();
}
