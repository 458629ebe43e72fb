/* SPDX-License-Identifier: MIT */
/* SDM 3D: AEX */
/* Asynchronous exit: an event takes a logical processor out of its enclave,
 * whose state goes to the frame that was checked at entry. */
#include "entry.h"
#include "secs.h"
#include <string.h>

#define EXINFO_OFFSET (SGX_PAGE_SIZE - \
	(uint32_t)(sizeof(struct sgx_gprsgx) + sizeof(struct sgx_exinfo)))

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The legacy area and header are cleaned, the rest goes as it is. */
static void save_xsave(struct sgx_machine *m, const struct sgx_lp *lp,
	uint64_t xfrm, const uint8_t *xsave, uint32_t size)
{
	uint8_t head[SGX_XSAVE_LEGACY_SIZE] = { 0 };
	uint32_t at = sizeof head;

	memcpy(head, xsave, smaller(size, sizeof head));
	sgx_xsave_clean(head, xfrm);
	m->memory->write(m->memory_ctx, lp->frame[0], 0, head, sizeof head);
	size = smaller(size, sgx_xsave_size(&m->profile.xsave, xfrm));
	while (at < size) {
		uint32_t offset = at % SGX_PAGE_SIZE;
		uint32_t part = smaller(size - at, SGX_PAGE_SIZE - offset);

		m->memory->write(m->memory_ctx,
			lp->frame[at / SGX_PAGE_SIZE], offset, xsave + at,
			part);
		at += part;
	}
}

void sgx_aex(struct sgx_machine *m, struct sgx_lp *lp,
	const struct sgx_event *event, const void *xsave, uint32_t size)
{
	struct sgx_gprsgx gpr;
	struct sgx_exinfo exinfo;
	struct tcs_head t;
	struct secs s;

	secs_load(m, lp->secs, &s);
	tcs_load(m, lp->tcs, &t);
	m->memory->read(m->memory_ctx, lp->gpr_page,
		SGX_PAGE_SIZE - sizeof gpr, &gpr, sizeof gpr);
	sgx_ssa_save_gpr(&gpr, &lp->regs, event, s.misc_select);
	entry_write_gpr(m, lp->gpr_page, &gpr);
	if (sgx_ssa_save_exinfo(&exinfo, event, s.misc_select))
		m->memory->write(m->memory_ctx, lp->gpr_page, EXINFO_OFFSET,
			&exinfo, sizeof exinfo);
	save_xsave(m, lp, s.attributes.xfrm, xsave, size);

	t.cssa++;
	t.state = TCS_INACTIVE;
	tcs_store(m, lp->tcs, &t);
	sgx_aex_registers(&lp->regs, lp->tcs_linaddr, lp->aep, gpr.ursp,
		gpr.urbp);
	entry_undo(lp);
}
