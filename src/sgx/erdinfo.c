/* SPDX-License-Identifier: MIT */
/* SDM 3D: ERDINFO */
/* ERDINFO: what the EPC map says of a page. */
#include "epcm.h"
#include "outcome.h"
#include "paging.h"
#include "secs.h"

#define RDINFO_ALIGN 32u

/* Of a SECS and of its children: here always the SECS's address, as no leaf
 * sets another. */
static uint64_t enclave_context(const struct sgx_epcm_entry *e)
{
	return e->type == SGX_PT_VA ? 0 : sgx_epc_address(e->secs);
}

struct sgx_outcome sgx_erdinfo(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, struct sgx_rdinfo *info)
{
	const struct sgx_epcm_entry *e;
	struct secs_account a;
	uint32_t epc;

	if (!(m->profile.features & SGX_FEATURE_OVERSUB))
		return outcome_gp();
	if (rbx % RDINFO_ALIGN || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_notice(SGX_PG_NONEPC);
	e = &m->epcm[epc];
	if (!epcm_is_valid(e))
		return outcome_notice(SGX_PG_INVLD);

	*info = (struct sgx_rdinfo){ .flags = paging_secinfo_flags(e),
		.enclave_context = enclave_context(e) };
	if (e->flags & SGX_EPCM_BLOCKED)
		info->flags |= SGX_RDINFO_BLOCKED;
	if (e->type == SGX_PT_SECS) {
		secs_account_load(m, epc, &a);
		info->status = a.children ? SGX_RDINFO_CHLDPRESENT : 0;
	}
	return outcome_success();
}
