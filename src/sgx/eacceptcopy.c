/* SPDX-License-Identifier: MIT */
/* SDM 3D: EACCEPTCOPY */
/* EACCEPTCOPY: the enclave takes a page that EAUG offered, with the content of
 * one that it has. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"
#include "wipe.h"

/* The three operands, by EPC index. */
struct operands {
	uint32_t secinfo, to, from;
};

static struct sgx_outcome find(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t rbx, uint64_t rcx, uint64_t rdx,
	struct operands *p)
{
	const uint32_t align = sizeof(struct sgx_secinfo);
	struct sgx_outcome o;

	o = epcm_range(s, rbx, align, align);
	if (outcome_is_ok(&o))
		o = epcm_range(s, rcx, SGX_PAGE_SIZE, SGX_PAGE_SIZE);
	if (outcome_is_ok(&o))
		o = epcm_range(s, rdx, SGX_PAGE_SIZE, SGX_PAGE_SIZE);
	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, s, rbx, false, &p->secinfo);
	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, s, rcx, true, &p->to);
	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, s, rdx, false, &p->from);
	return o;
}

/* Is it what EAUG leaves? */
static bool is_offered(const struct sgx_epcm_entry *e, uint32_t secs,
	uint64_t address)
{
	return epcm_belongs(e, secs, address) && e->type == SGX_PT_REG &&
		e->flags & SGX_EPCM_PENDING &&
		!(e->flags & SGX_EPCM_MODIFIED) &&
		e->rwx == (SGX_SECINFO_R | SGX_SECINFO_W);
}

static void copy_page(struct sgx_machine *m, uint32_t to, uint32_t from)
{
	uint8_t page[SGX_PAGE_SIZE];

	m->memory->read(m->memory_ctx, from, 0, page, sizeof page);
	m->memory->write(m->memory_ctx, to, 0, page, sizeof page);
	wipe(page, sizeof page);
}

struct sgx_outcome sgx_eacceptcopy(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx, uint64_t rdx)
{
	struct sgx_secinfo request;
	struct sgx_epcm_entry *e;
	struct operands p;
	struct sgx_outcome o;
	struct secs s;

	if (!(m->profile.features & SGX_FEATURE_SGX2))
		return outcome_gp();
	if (!epcm_is_secs(m, secs))
		return outcome_machine();
	secs_load(m, secs, &s);
	o = find(m, secs, &s, rbx, rcx, rdx, &p);
	if (outcome_is_ok(&o))
		o = epcm_owned(m, secs, p.secinfo, rbx, false);
	if (outcome_is_ok(&o))
		o = epcm_read_secinfo(m, p.secinfo, rbx, &request);
	if (!outcome_is_ok(&o))
		return o;
	if (secinfo_is_write_only(&request) ||
	    secinfo_type(&request) != SGX_PT_REG)
		return outcome_gp();
	o = epcm_owned(m, secs, p.from, rdx, false);
	if (!outcome_is_ok(&o))
		return o;
	e = &m->epcm[p.to];
	if (!is_offered(e, secs, rcx))
		return outcome_error(SGX_PAGE_ATTRIBUTES_MISMATCH);

	copy_page(m, p.to, p.from);
	e->rwx = request.flags & SGX_SECINFO_RWX;
	e->flags = SGX_EPCM_VALID;
	m->memory->changed(m->memory_ctx, p.to);
	return outcome_success();
}
