/* SPDX-License-Identifier: MIT */
/* SDM 3D: EEXTEND */
/* EEXTEND: 256 bytes of an added page enter the measurement. */
#include "epcm.h"
#include "outcome.h"
#include "secs.h"

struct sgx_outcome sgx_eextend(struct sgx_machine *m, uint64_t rbx,
	uint64_t rcx)
{
	const struct sgx_epcm_entry *e;
	uint8_t chunk[SGX_CHUNK_SIZE];
	uint32_t secs, epc, offset;
	struct secs s;

	if (rbx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rbx, &secs))
		return outcome_pf_encls(rbx);
	if (rcx % SGX_CHUNK_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	e = &m->epcm[epc];
	if (!epcm_is_valid(e) ||
	    (e->type != SGX_PT_REG && e->type != SGX_PT_TCS))
		return outcome_pf_encls(rcx);
	if (e->secs != secs)
		return outcome_gp();
	secs_load(m, secs, &s);
	if (secs_is_initialised(&s))
		return outcome_gp();

	offset = rcx % SGX_PAGE_SIZE;
	m->memory->read(m->memory_ctx, epc, offset, chunk, sizeof chunk);
	sgx_measure_eextend(&s.measure, &m->crypto->sha256,
		e->linaddr - s.base + offset, chunk);
	secs_store(m, secs, &s);
	return outcome_ok();
}
