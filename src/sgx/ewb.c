/* SPDX-License-Identifier: MIT */
/* SDM 3D: EWB, Eviction */
/* EWB: a page goes out of the EPC, encrypted, its version into a VA slot. */
#include "epcm.h"
#include "outcome.h"
#include "paging.h"
#include "secs.h"
#include "track.h"
#include <string.h>

#define CACHE_LINE 64u

static struct sgx_outcome check_operands(const struct sgx_machine *m,
	uint64_t rbx, uint64_t rcx, uint64_t rdx,
	const struct sgx_pageinfo *pageinfo, uint32_t *epc)
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
	if (*epc == va)
		return outcome_gp();
	if (pageinfo->linaddr || pageinfo->secs)
		return outcome_gp();
	if (pageinfo->secinfo % sizeof(struct sgx_pcmd) ||
	    pageinfo->srcpge % SGX_PAGE_SIZE)
		return outcome_gp();
	return outcome_success();
}

/* May the page go?  *a is the account of its SECS, or of the SECS that it
 * is; untouched for a VA page. */
static struct sgx_outcome check_page(struct sgx_machine *m,
	const struct sgx_epcm_entry *e, struct secs_account *a)
{
	if (e->type == SGX_PT_VA)
		return outcome_success();
	secs_account_load(m, e->secs, a);
	if (e->type == SGX_PT_SECS)
		return a->children ? outcome_error(SGX_CHILD_PRESENT) :
			outcome_success();
	if (!(e->flags & SGX_EPCM_BLOCKED))
		return outcome_error(SGX_PAGE_NOT_BLOCKED);
	if (!track_is_done(m, e, a->epoch))
		return outcome_error(SGX_NOT_TRACKED);
	return outcome_success();
}

/* Encrypt the page at epc in private memory. */
static int seal(struct sgx_machine *m, uint32_t epc, uint64_t eid,
	void *sealed, struct sgx_pcmd *pcmd)
{
	const struct sgx_epcm_entry *e = &m->epcm[epc];
	struct mac_header header = { .linaddr = e->linaddr };

	header.eid = epcm_is_child(e) ? eid : 0;
	header.secinfo.flags = paging_secinfo_flags(e);
	*pcmd = (struct sgx_pcmd){ .secinfo = header.secinfo,
		.enclave_id = eid };
	m->memory->read(m->memory_ctx, epc, 0, sealed, SGX_PAGE_SIZE);
	return paging_seal(m, m->next_version, &header, sealed, pcmd->mac);
}

/* Have the destination's cache lines on the way while the page is being
 * encrypted: of pages that are not in the cache, a tenth of the time. */
static void expect_write(const void *page)
{
	for (uint32_t i = 0; i < SGX_PAGE_SIZE; i += CACHE_LINE)
		__builtin_prefetch((const uint8_t *)page + i, 1);
}

struct sgx_outcome sgx_ewb(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	uint64_t rdx, const struct sgx_pageinfo *pageinfo, void *page,
	struct sgx_pcmd *pcmd, uint64_t *linaddr)
{
	struct secs_account a = { 0 };
	uint8_t sealed[SGX_PAGE_SIZE];
	struct sgx_pcmd made;
	struct va_slot slot;
	struct sgx_outcome o;
	struct sgx_epcm_entry *e;
	uint32_t epc;

	o = check_operands(m, rbx, rcx, rdx, pageinfo, &epc);
	if (!outcome_is_ok(&o))
		return o;
	e = &m->epcm[epc];
	if (!epcm_is_valid(e))
		return outcome_pf_encls(rcx);
	if (!va_slot_find(m, rdx, &slot))
		return outcome_pf_encls(rdx);
	o = check_page(m, e, &a);
	if (!outcome_is_ok(&o))
		return o;
	expect_write(page);
	if (seal(m, epc, a.eid, sealed, &made))
		return outcome_machine();

	memcpy(page, sealed, sizeof sealed);
	*pcmd = made;
	*linaddr = e->linaddr;
	if (va_slot_read(m, &slot))
		o = outcome_notice(SGX_VA_SLOT_OCCUPIED);
	va_slot_write(m, &slot, m->next_version++);
	if (epcm_is_child(e)) {
		a.children--;
		secs_account_store(m, e->secs, &a);
	}
	m->memory->release(m->memory_ctx, epc, 1);
	*e = (struct sgx_epcm_entry){ 0 };
	return o;
}
