/* SPDX-License-Identifier: MIT */
/* SDM 3D: EMODPE */
/* EMODPE: the enclave gives one of its pages more permissions. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"

/* Both operands, in the manual's order; *epc is the page's. */
static struct sgx_outcome check_operands(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t rbx, uint64_t rcx,
	struct sgx_secinfo *request, uint32_t *epc)
{
	struct sgx_outcome o;
	uint32_t from;

	o = epcm_range(s, rbx, sizeof *request, sizeof *request);
	if (outcome_is_ok(&o))
		o = epcm_range(s, rcx, SGX_PAGE_SIZE, SGX_PAGE_SIZE);
	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, s, rbx, false, &from);
	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, s, rcx, false, epc);
	if (outcome_is_ok(&o))
		o = epcm_owned(m, secs, from, rbx, false);
	if (outcome_is_ok(&o))
		o = epcm_read_secinfo(m, from, rbx, request);
	return o;
}

struct sgx_outcome sgx_emodpe(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx)
{
	struct sgx_secinfo request;
	struct sgx_epcm_entry *e;
	struct sgx_outcome o;
	struct secs s;
	uint32_t epc;

	if (!(m->profile.features & SGX_FEATURE_SGX2))
		return outcome_gp();
	if (!epcm_is_secs(m, secs))
		return outcome_machine();
	secs_load(m, secs, &s);
	o = check_operands(m, secs, &s, rbx, rcx, &request, &epc);
	if (!outcome_is_ok(&o))
		return o;
	e = &m->epcm[epc];
	if (!epcm_belongs(e, secs, rcx) || e->type != SGX_PT_REG ||
	    e->flags & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED))
		return outcome_pf_epcm(rcx, false);
	if (!(e->rwx & SGX_SECINFO_R) && secinfo_is_write_only(&request))
		return outcome_gp();

	e->rwx |= request.flags & SGX_SECINFO_RWX;
	m->memory->changed(m->memory_ctx, epc);
	return outcome_ok();
}
