/* SPDX-License-Identifier: MIT */
/* SDM 3D: EPCM, Access control */
#include "epcm.h"
#include "outcome.h"
#include "sigstruct.h"

#define PAGE_ADDRESS (~(uint64_t)(SGX_PAGE_SIZE - 1))
#define SECINFO_DEFINED (SGX_SECINFO_RWX | SGX_SECINFO_PENDING | \
	SGX_SECINFO_MODIFIED | SGX_SECINFO_PR | \
	0xffull << SGX_SECINFO_PT_SHIFT)

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
		linaddr & PAGE_ADDRESS, write);
	if (epc == SGX_TRANSLATE_NONE)
		return SGX_TRANSLATE_NONE;
	return epc >= 0 && epc < m->epc_pages ? epc : SGX_TRANSLATE_NOT_EPC;
}

bool epcm_belongs(const struct sgx_epcm_entry *e, uint32_t secs,
	uint64_t address)
{
	return epcm_is_valid(e) && !(e->flags & SGX_EPCM_BLOCKED) &&
		e->secs == secs && e->linaddr == (address & PAGE_ADDRESS);
}

bool secinfo_is_legal(const struct sgx_secinfo *secinfo)
{
	return !(secinfo->flags & ~SECINFO_DEFINED) &&
		all_zero(secinfo->reserved, sizeof secinfo->reserved);
}

struct sgx_outcome epcm_range(const struct secs *s, uint64_t address,
	uint32_t size, uint32_t align)
{
	if (address % align || !secs_contains(s, address, size))
		return outcome_gp();
	return outcome_ok();
}

struct sgx_outcome epcm_find_linear(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t address, bool write, uint32_t *epc)
{
	int64_t found = epcm_translate(m, secs, s, address, write);

	if (found == SGX_TRANSLATE_NONE)
		return outcome_pf_paging(address, write);
	if (found < 0)
		return outcome_pf_epcm(address, write);
	*epc = (uint32_t)found;
	return outcome_ok();
}

struct sgx_outcome epcm_owned(const struct sgx_machine *m, uint32_t secs,
	uint32_t epc, uint64_t address, bool write)
{
	uint8_t access = write ? SGX_SECINFO_W : SGX_SECINFO_R;
	const struct sgx_epcm_entry *e = &m->epcm[epc];

	if (!epcm_belongs(e, secs, address) || e->type != SGX_PT_REG ||
	    e->flags & (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED) ||
	    !(e->rwx & access))
		return outcome_pf_epcm(address, write);
	return outcome_ok();
}

struct sgx_outcome epcm_read_secinfo(struct sgx_machine *m, uint32_t epc,
	uint64_t address, struct sgx_secinfo *secinfo)
{
	m->memory->read(m->memory_ctx, epc, address % SGX_PAGE_SIZE, secinfo,
		sizeof *secinfo);
	return secinfo_is_legal(secinfo) ? outcome_ok() : outcome_gp();
}

struct sgx_outcome epcm_operand(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t address, uint32_t size, uint32_t align,
	bool write, uint32_t *epc, uint32_t *offset)
{
	struct sgx_outcome o = epcm_range(s, address, size, align);

	if (outcome_is_ok(&o))
		o = epcm_find_linear(m, secs, s, address, write, epc);
	if (outcome_is_ok(&o))
		o = epcm_owned(m, secs, *epc, address, write);
	*offset = address % SGX_PAGE_SIZE;
	return o;
}
