/* SPDX-License-Identifier: MIT */
/* SDM 3D: EACCEPT */
/* EACCEPT: the enclave agrees to what the operating system did to one of its
 * pages, if that is exactly what it asked for and nobody inside can still use
 * the page as it was. */
#include "entry.h"
#include "epcm.h"
#include "outcome.h"
#include "secs.h"
#include "track.h"

static bool request_is_legal(const struct sgx_secinfo *request)
{
	uint64_t flags = request->flags;
	uint32_t type = secinfo_type(request);

	if (type == SGX_PT_REG)
		return !(flags & SGX_SECINFO_MODIFIED) &&
			flags & (SGX_SECINFO_PR | SGX_SECINFO_PENDING);
	return (type == SGX_PT_TCS || type == SGX_PT_TRIM) &&
		flags & SGX_SECINFO_MODIFIED &&
		!(flags & (SGX_SECINFO_PR | SGX_SECINFO_PENDING));
}

static bool request_fits(const struct sgx_secinfo *request,
	const struct sgx_epcm_entry *e, uint64_t address)
{
	bool pending = request->flags & SGX_SECINFO_PENDING;
	bool modified = request->flags & SGX_SECINFO_MODIFIED;

	return e->linaddr == address &&
		!!(e->flags & SGX_EPCM_PENDING) == pending &&
		!!(e->flags & SGX_EPCM_MODIFIED) == modified &&
		e->rwx == (request->flags & SGX_SECINFO_RWX) &&
		e->type == secinfo_type(request);
}

/* What the enclave wrote into a page that becomes a TCS. */
static bool tcs_can_start(struct sgx_machine *m, uint32_t epc,
	const struct secs *s)
{
	struct sgx_tcs tcs;

	m->memory->read(m->memory_ctx, epc, 0, &tcs, sizeof tcs);
	return tcs_is_legal(m, &tcs, s) && !(tcs.flags & SGX_TCS_DBGOPTIN) &&
		!tcs.aep && tcs.state == TCS_INACTIVE && tcs.cssa < tcs.nssa;
}

/* Everything that depends on the page at address, which epc is. */
static struct sgx_outcome check_page(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, const struct sgx_secinfo *request,
	uint64_t address, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &m->epcm[epc];

	if (!epcm_is_valid(e) || e->flags & SGX_EPCM_BLOCKED ||
	    !epcm_is_child(e) || e->secs != secs)
		return outcome_pf_epcm(address, false);
	if (!request_fits(request, e, address))
		return outcome_error(SGX_PAGE_ATTRIBUTES_MISMATCH);
	if (!track_is_done(m, e, s->epoch))
		return outcome_error(SGX_NOT_TRACKED);
	if (e->type == SGX_PT_TCS && !tcs_can_start(m, epc, s))
		return outcome_gp();
	return outcome_success();
}

struct sgx_outcome sgx_eaccept(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx)
{
	struct sgx_secinfo request;
	uint32_t from, epc, offset;
	struct sgx_outcome o;
	struct secs s;

	if (!(m->profile.features & SGX_FEATURE_SGX2))
		return outcome_gp();
	if (!epcm_is_secs(m, secs))
		return outcome_machine();
	secs_load(m, secs, &s);
	o = epcm_operand(m, secs, &s, rbx, sizeof request, sizeof request,
		false, &from, &offset);
	if (outcome_is_ok(&o))
		o = epcm_read_secinfo(m, from, rbx, &request);
	if (outcome_is_ok(&o))
		o = epcm_range(&s, rcx, SGX_PAGE_SIZE, SGX_PAGE_SIZE);
	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, &s, rcx, false, &epc);
	if (!outcome_is_ok(&o))
		return o;
	if (!request_is_legal(&request))
		return outcome_gp();
	o = check_page(m, secs, &s, &request, rcx, epc);
	if (!outcome_is_ok(&o))
		return o;

	m->epcm[epc].flags = SGX_EPCM_VALID;
	m->memory->changed(m->memory_ctx, epc);
	return o;
}
