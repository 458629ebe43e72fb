/* SPDX-License-Identifier: MIT */
#include "epcm.h"
#include "outcome.h"

bool epcm_find(const struct sgx_machine *m, uint64_t address, uint32_t *epc)
{
	uint64_t index = address >> SGX_PAGE_SHIFT;

	if (index >= m->epc_pages)
		return false;
	*epc = (uint32_t)index;
	return true;
}

bool epcm_is_secs(const struct sgx_machine *m, uint32_t epc)
{
	return epc < m->epc_pages && epcm_is_valid(&m->epcm[epc]) &&
		m->epcm[epc].type == SGX_PT_SECS;
}

void epcm_set(struct sgx_epcm_entry *e, uint32_t secs, uint64_t linaddr,
	enum sgx_page_type type, uint8_t rwx)
{
	*e = (struct sgx_epcm_entry){ .linaddr = linaddr, .secs = secs,
		.flags = SGX_EPCM_VALID, .type = (uint8_t)type, .rwx = rwx };
}

int64_t epcm_translate(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t linaddr, bool write)
{
	int64_t epc;

	if (!secs_contains(s, linaddr, 1))
		return SGX_TRANSLATE_NOT_EPC;
	epc = m->memory->translate(m->memory_ctx, secs,
		linaddr & ~(uint64_t)(SGX_PAGE_SIZE - 1), write);
	if (epc == SGX_TRANSLATE_NONE)
		return SGX_TRANSLATE_NONE;
	return epc >= 0 && epc < m->epc_pages ? epc : SGX_TRANSLATE_NOT_EPC;
}

struct sgx_outcome epcm_operand(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t address, uint32_t size, uint32_t align,
	bool write, uint32_t *epc, uint32_t *offset)
{
	uint8_t access = write ? SGX_SECINFO_W : SGX_SECINFO_R;
	const struct sgx_epcm_entry *e;
	int64_t found;

	if (address % align || !secs_contains(s, address, size))
		return outcome_gp();
	found = epcm_translate(m, secs, s, address, write);
	if (found == SGX_TRANSLATE_NONE)
		return outcome_pf_paging(address, write);
	if (found < 0)
		return outcome_pf_epcm(address, write);
	e = &m->epcm[found];
	if (e->flags != SGX_EPCM_VALID && e->flags !=
	    (SGX_EPCM_VALID | SGX_EPCM_PR))
		return outcome_pf_epcm(address, write);
	if (e->type != SGX_PT_REG || e->secs != secs || !(e->rwx & access) ||
	    e->linaddr != (address & ~(uint64_t)(SGX_PAGE_SIZE - 1)))
		return outcome_pf_epcm(address, write);
	*epc = (uint32_t)found;
	*offset = address % SGX_PAGE_SIZE;
	return outcome_ok();
}
