/* SPDX-License-Identifier: MIT */
/* SDM 3D: EMODPR */
/* EMODPR: the operating system takes permissions from a page; the enclave is
 * to check with EACCEPT that nobody has the old ones any more. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"
#include "track.h"

struct sgx_outcome sgx_emodpr(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, const struct sgx_secinfo *secinfo)
{
	const struct sgx_secinfo given = *secinfo;
	struct sgx_epcm_entry *e;
	struct secs s;
	uint32_t epc;

	if (!(m->profile.features & SGX_FEATURE_SGX2))
		return outcome_gp();
	if (rbx % sizeof *secinfo || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	if (!secinfo_is_legal(&given) || secinfo_is_write_only(&given))
		return outcome_gp();
	e = &m->epcm[epc];
	if (!epcm_is_valid(e))
		return outcome_pf_encls(rcx);
	if (e->flags & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return outcome_error(SGX_PAGE_NOT_MODIFIABLE);
	if (e->type != SGX_PT_REG)
		return outcome_pf_encls(rcx);
	secs_load(m, e->secs, &s);
	if (!secs_is_initialised(&s))
		return outcome_gp();

	e->flags |= SGX_EPCM_PR;
	e->rwx &= given.flags & SGX_SECINFO_RWX;
	track_mark(e, s.epoch);
	m->memory->changed(m->memory_ctx, epc);
	return outcome_success();
}
