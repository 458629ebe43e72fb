/* SPDX-License-Identifier: MIT */
/* SDM 3D: ELDB, ELDU, ELDBC, ELDUC, Eviction */
/* ELDU, ELDB and the variants that report conflicts: a page comes back into
 * the EPC, if it is what went out last under this version. */
#include "epcm.h"
#include "outcome.h"
#include "paging.h"
#include "secs.h"
#include "wipe.h"
#include <string.h>

static bool is_child_type(uint64_t type)
{
	return type == SGX_PT_REG || type == SGX_PT_TCS || type == SGX_PT_TRIM;
}

static uint64_t type_of(const struct sgx_pcmd *pcmd)
{
	return pcmd->secinfo.flags >> SGX_SECINFO_PT_SHIFT & 0xff;
}

/* *epc and *slot; what they name is checked too. */
static struct sgx_outcome check_operands(const struct sgx_machine *m,
	uint64_t rbx, uint64_t rcx, uint64_t rdx,
	const struct sgx_pageinfo *pageinfo, uint32_t *epc,
	struct va_slot *slot)
{
	uint32_t va;

	if (rbx % sizeof *pageinfo || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, epc))
		return outcome_pf_encls(rcx);
	if (rdx % SGX_VA_SLOT_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rdx, &va))
		return outcome_pf_encls(rdx);
	if (pageinfo->secinfo % sizeof(struct sgx_pcmd) ||
	    pageinfo->srcpge % SGX_PAGE_SIZE)
		return outcome_gp();
	if (epcm_is_valid(&m->epcm[*epc]))
		return outcome_pf_encls(rcx);
	if (!va_slot_find(m, rdx, slot))
		return outcome_pf_encls(rdx);
	return outcome_success();
}

/* *secs and *a of a child's owner; other pages have none. */
static struct sgx_outcome check_owner(struct sgx_machine *m, bool is_child,
	uint64_t address, uint32_t *secs, struct secs_account *a)
{
	if (!is_child)
		return address ? outcome_gp() : outcome_success();
	if (address % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, address, secs) || !epcm_is_secs(m, *secs))
		return outcome_pf_encls(address);
	secs_account_load(m, *secs, a);
	return outcome_success();
}

/* Storage, content and map entry of a page that is what it claims to be. */
static int put(struct sgx_machine *m, uint32_t epc, uint32_t secs,
	const struct mac_header *header, bool blocked, const void *plain)
{
	uint64_t flags = header->secinfo.flags;
	enum sgx_page_type type = flags >> SGX_SECINFO_PT_SHIFT & 0xff;
	uint8_t rwx = flags & SGX_SECINFO_RWX;
	struct sgx_epcm_entry *e = &m->epcm[epc];

	if (m->memory->place(m->memory_ctx, epc, 1, secs, header->linaddr,
	    type, rwx))
		return -1;
	m->memory->write(m->memory_ctx, epc, 0, plain, SGX_PAGE_SIZE);
	epcm_set(e, secs, header->linaddr, type, rwx);
	e->flags = paging_epcm_flags(flags);
	if (blocked && epcm_is_child(e))
		e->flags |= SGX_EPCM_BLOCKED;
	return 0;
}

/* Tell the engine what place() does not say. */
static void announce(struct sgx_machine *m, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &m->epcm[epc];
	struct secs_account a;

	if (e->type == SGX_PT_SECS) {
		secs_account_load(m, epc, &a);
		m->memory->track(m->memory_ctx, epc, a.epoch);
	} else if (e->flags & (SGX_EPCM_BLOCKED | SGX_EPCM_PENDING |
	    SGX_EPCM_MODIFIED)) {
		m->memory->changed(m->memory_ctx, epc);
	}
}

/* Decrypt a copy and put it into place. */
static struct sgx_outcome load(struct sgx_machine *m, uint32_t epc,
	uint32_t secs, uint64_t version, const struct mac_header *header,
	bool blocked, const void *page, const uint8_t mac[16])
{
	struct sgx_outcome o = outcome_success();
	uint8_t copy[SGX_PAGE_SIZE];
	int result;

	memcpy(copy, page, sizeof copy);
	__asm__ volatile("" : : "r"(copy) : "memory");
	result = paging_open(m, version, header, copy, mac);
	if (result > 0)
		return outcome_error(SGX_MAC_COMPARE_FAIL);
	if (result || put(m, epc, secs, header, blocked, copy))
		o = outcome_machine();
	wipe(copy, sizeof copy);
	return o;
}

struct sgx_outcome sgx_eld(struct sgx_machine *m, enum sgx_eld_kind kind,
	uint64_t rbx, uint64_t rcx, uint64_t rdx,
	const struct sgx_pageinfo *pageinfo, const struct sgx_pcmd *pcmd,
	const void *page)
{
	bool blocked = kind == SGX_ELD_B || kind == SGX_ELD_BC;
	bool is_child = is_child_type(type_of(pcmd));
	struct mac_header header = { .secinfo = pcmd->secinfo,
		.linaddr = pageinfo->linaddr };
	struct secs_account a = { 0 };
	struct va_slot slot;
	struct sgx_outcome o;
	uint32_t epc, secs;

	if ((kind == SGX_ELD_UC || kind == SGX_ELD_BC) &&
	    !(m->profile.features & SGX_FEATURE_OVERSUB))
		return outcome_gp();
	o = check_operands(m, rbx, rcx, rdx, pageinfo, &epc, &slot);
	if (!outcome_is_ok(&o))
		return o;
	secs = epc;
	o = check_owner(m, is_child, pageinfo->secs, &secs, &a);
	if (!outcome_is_ok(&o))
		return o;
	header.eid = a.eid;
	memcpy(header.reserved, pcmd->reserved, sizeof header.reserved);
	o = load(m, epc, secs, va_slot_read(m, &slot), &header, blocked,
		page, pcmd->mac);
	if (!outcome_is_ok(&o))
		return o;

	va_slot_write(m, &slot, 0);
	if (is_child) {
		a.children++;
		secs_account_store(m, secs, &a);
	}
	announce(m, epc);
	return o;
}
