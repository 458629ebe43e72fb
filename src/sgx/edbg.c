/* SPDX-License-Identifier: MIT */
/* SDM 3D: EDBGRD, EDBGWR */
/* EDBGRD and EDBGWR: a debugger reads and writes a debug enclave, whatever
 * its pages allow. */
#include "entry.h"
#include "epcm.h"
#include "outcome.h"
#include "secs.h"

#define SLOT_SHOWN (~7ull)
#define WORD_SIZE ((uint32_t)sizeof(uint64_t))

/* A word at an EPC operand. */
struct word {
	uint32_t epc, offset;
	const struct sgx_epcm_entry *e;
};

static struct sgx_outcome find(const struct sgx_machine *m, uint64_t rcx,
	struct word *w)
{
	if (rcx % WORD_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &w->epc) || !epcm_is_valid(&m->epcm[w->epc]))
		return outcome_pf_encls(rcx);
	w->offset = rcx % SGX_PAGE_SIZE;
	w->e = &m->epcm[w->epc];
	return outcome_success();
}

static bool is_settled(const struct word *w)
{
	return !(w->e->flags & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED));
}

static bool is_debug(struct sgx_machine *m, const struct word *w)
{
	struct secs s;

	secs_load(m, w->e->secs, &s);
	return s.attributes.flags & SGX_ATTR_DEBUG;
}

struct sgx_outcome sgx_edbgrd(struct sgx_machine *m, uint64_t rcx,
	uint64_t *data)
{
	struct sgx_outcome o;
	struct word w;
	uint64_t value;
	bool is_va;

	o = find(m, rcx, &w);
	if (!outcome_is_ok(&o))
		return o;
	is_va = w.e->type == SGX_PT_VA;
	if (!is_va && w.e->type != SGX_PT_REG && w.e->type != SGX_PT_TCS)
		return outcome_pf_encls(rcx);
	if (!is_settled(&w))
		return outcome_error(SGX_PAGE_NOT_DEBUGGABLE);
	if (w.e->type == SGX_PT_TCS && w.offset >= SGX_TCS_LIMIT)
		return outcome_gp();
	if (!is_va && !is_debug(m, &w))
		return outcome_gp();

	m->memory->read(m->memory_ctx, w.epc, w.offset, &value, WORD_SIZE);
	if (is_va) /* in use or not, but never which version */
		value = value & SLOT_SHOWN ? UINT64_MAX : 0;
	*data = value;
	return o;
}

struct sgx_outcome sgx_edbgwr(struct sgx_machine *m, uint64_t rcx,
	uint64_t data)
{
	struct sgx_outcome o;
	struct word w;
	bool is_tcs;

	o = find(m, rcx, &w);
	if (!outcome_is_ok(&o))
		return o;
	is_tcs = w.e->type == SGX_PT_TCS;
	if (!is_tcs && w.e->type != SGX_PT_REG)
		return outcome_pf_encls(rcx);
	if (!is_settled(&w))
		return outcome_error(SGX_PAGE_NOT_DEBUGGABLE);
	if (is_tcs && w.offset != offsetof(struct sgx_tcs, flags))
		return outcome_gp();
	if (!is_debug(m, &w))
		return outcome_gp();
	if (is_tcs && data & ~tcs_flags_defined(m))
		return outcome_gp();

	m->memory->write(m->memory_ctx, w.epc, w.offset, &data, WORD_SIZE);
	if (is_tcs)
		m->memory->changed(m->memory_ctx, w.epc);
	return o;
}
