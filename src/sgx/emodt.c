/* SPDX-License-Identifier: MIT */
/* SDM 3D: EMODT */
/* EMODT: a page is to become a TCS, or to go; the enclave has to accept. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"
#include "track.h"

static bool can_become(const struct sgx_epcm_entry *e, uint32_t type)
{
	return e->type == SGX_PT_REG ||
		(e->type == SGX_PT_TCS && type == SGX_PT_TRIM);
}

struct sgx_outcome sgx_emodt(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, const struct sgx_secinfo *secinfo)
{
	const struct sgx_secinfo given = *secinfo;
	uint32_t type = secinfo_type(&given);
	struct sgx_epcm_entry *e;
	struct secs s;
	uint32_t epc;

	if (!(m->profile.features & SGX_FEATURE_SGX2))
		return outcome_gp();
	if (rbx % sizeof *secinfo || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	if (!secinfo_is_legal(&given) ||
	    (type != SGX_PT_TCS && type != SGX_PT_TRIM))
		return outcome_gp();
	e = &m->epcm[epc];
	if (!epcm_is_valid(e) || !can_become(e, type))
		return outcome_pf_encls(rcx);
	if (e->flags & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return outcome_error(SGX_PAGE_NOT_MODIFIABLE);
	secs_load(m, e->secs, &s);
	if (!secs_is_initialised(&s))
		return outcome_gp();

	e->flags = (e->flags & ~SGX_EPCM_PR) | SGX_EPCM_MODIFIED;
	e->rwx = 0;
	e->type = (uint8_t)type;
	track_mark(e, s.epoch);
	m->memory->changed(m->memory_ctx, epc);
	return outcome_success();
}
