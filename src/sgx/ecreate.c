/* SPDX-License-Identifier: MIT */
/* SDM 3D: ECREATE, SECS */
/* ECREATE: a free EPC page becomes the SECS of a new enclave. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"
#include "sigstruct.h"
#include "track.h"
#include <string.h>

#define SECS_SIZE_MIN 8192u
#define FOUR_GIB 0x100000000ull

static bool secinfo_is_secs(const struct sgx_secinfo *secinfo)
{
	/* R, W and X do not matter; the type SECS is zero. */
	return !(secinfo->flags & ~SGX_SECINFO_RWX) &&
		all_zero(secinfo->reserved, sizeof secinfo->reserved);
}

static bool range_is_legal(const struct sgx_machine *m,
	const struct sgx_secs *secs)
{
	bool is_64 = secs->attributes.flags & SGX_ATTR_MODE64BIT;
	uint8_t log2 = is_64 ? m->profile.size_log2_64 :
		m->profile.size_log2_32;

	if (is_64 && !sgx_canonical(secs->base))
		return false;
	if (!is_64 && secs->base >= FOUR_GIB)
		return false;
	if (secs->size >= 1ull << log2)
		return false;
	if (secs->size < SECS_SIZE_MIN || (secs->size & (secs->size - 1)))
		return false;
	return !(secs->base & (secs->size - 1));
}

/* Software leaves MRENCLAVE, MRSIGNER, ISVPRODID and ISVSVN as it likes. */
static bool reserved_is_zero(const struct sgx_secs *secs)
{
	if (secs->cet_leg_bitmap_offset || secs->cet_attributes)
		return false;
	return all_zero(secs->reserved1, sizeof secs->reserved1) &&
		all_zero(secs->reserved2, sizeof secs->reserved2) &&
		all_zero(secs->reserved3, sizeof secs->reserved3) &&
		all_zero(secs->reserved4, sizeof secs->reserved4);
}

static bool secs_is_legal(const struct sgx_machine *m,
	const struct sgx_secs *secs)
{
	const struct sgx_profile *p = &m->profile;

	if (!sgx_xfrm_legal(secs->attributes.xfrm, p->attributes.xfrm))
		return false;
	if (secs->misc_select & ~p->misc_select)
		return false;
	if (!sgx_ssa_frame_fits(secs->ssa_frame_size,
	    sgx_xsave_size(&p->xsave, secs->attributes.xfrm),
	    secs->misc_select))
		return false;
	if (!range_is_legal(m, secs))
		return false;
	if (secs->attributes.flags & ~p->attributes.flags ||
	    secs->attributes.flags & SGX_ATTR_INIT)
		return false;
	if (!reserved_is_zero(secs))
		return false;
	if (secs->attributes.flags & SGX_ATTR_KSS)
		return true;
	return !secs->config_svn &&
		all_zero(secs->config_id, sizeof secs->config_id);
}

struct sgx_outcome sgx_ecreate(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx, const struct sgx_pageinfo *pageinfo,
	const struct sgx_secinfo *secinfo, const struct sgx_secs *source)
{
	struct sgx_secs given;
	struct secs s;
	uint32_t epc;

	if (rbx % sizeof *pageinfo || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	if (pageinfo->srcpge % SGX_PAGE_SIZE ||
	    pageinfo->secinfo % sizeof *secinfo)
		return outcome_gp();
	if (pageinfo->linaddr || pageinfo->secs)
		return outcome_gp();
	if (!secinfo_is_secs(secinfo))
		return outcome_gp();
	if (epcm_is_valid(&m->epcm[epc]))
		return outcome_pf_encls(rcx);
	given = *source;
	if (!secs_is_legal(m, &given))
		return outcome_gp();

	if (m->memory->place(m->memory_ctx, epc, 1, epc, 0, SGX_PT_SECS, 0))
		return outcome_machine();
	memset(&s, 0, sizeof s);
	memcpy(&s, &given, SECS_ARCHITECTURAL);
	memset(s.mrenclave, 0, sizeof s.mrenclave);
	memset(s.mrsigner, 0, sizeof s.mrsigner);
	s.isv_prod_id = 0;
	s.isv_svn = 0;
	s.eid = m->next_eid++;
	s.epoch = TRACK_EPOCH_FIRST;
	sgx_measure_ecreate(&s.measure, &m->crypto->sha256, s.ssa_frame_size,
		s.size);
	m->memory->zero(m->memory_ctx, epc, 1);
	secs_store(m, epc, &s);
	epcm_set(&m->epcm[epc], epc, 0, SGX_PT_SECS, 0);
	return outcome_ok();
}
