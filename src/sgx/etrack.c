/* SPDX-License-Identifier: MIT */
/* SDM 3D: ETRACK, ETRACKC */
/* ETRACK and ETRACKC: an enclave begins a new tracking epoch. */
#include "epcm.h"
#include "outcome.h"
#include "track.h"

struct sgx_outcome sgx_etrack(struct sgx_machine *m, uint64_t rcx)
{
	uint32_t epc;

	if (rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc) || !epcm_is_secs(m, epc))
		return outcome_pf_encls(rcx);
	return track_begin(m, epc);
}

struct sgx_outcome sgx_etrackc(struct sgx_machine *m, uint64_t rcx)
{
	uint32_t epc;

	if (!(m->profile.features & SGX_FEATURE_OVERSUB))
		return outcome_gp();
	if (rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	if (!epcm_is_valid(&m->epcm[epc]))
		return outcome_error(SGX_PG_INVLD);
	if (m->epcm[epc].type == SGX_PT_VA)
		return outcome_notice(SGX_TRACK_NOT_REQUIRED);
	return track_begin(m, m->epcm[epc].secs);
}
