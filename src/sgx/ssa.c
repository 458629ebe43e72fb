/* SPDX-License-Identifier: MIT */
/* SDM 3D: SSA frame, AEX, ERESUME */
#include "ssa.h"
#include <string.h>

#define XFRM_AMX 0x60000ull
#define MXCSR_MASK_DEFAULT 0xffbfu

/* Offsets in the XSAVE area. */
#define XSAVE_MXCSR 24u
#define XSAVE_KERNEL_OWN 464u
#define XSAVE_KERNEL_OWN_SIZE 48u
#define XSAVE_STATE_BV SGX_XSAVE_HEADER_OFFSET
#define XSAVE_COMP_BV (SGX_XSAVE_HEADER_OFFSET + 8u)

#define RFLAGS_RESUMED (SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF | \
	SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_DF | SGX_RFLAGS_OF | \
	SGX_RFLAGS_NT | SGX_RFLAGS_AC | SGX_RFLAGS_ID | SGX_RFLAGS_RF)
#define RFLAGS_AEX_CLEARED (SGX_RFLAGS_CF | SGX_RFLAGS_PF | SGX_RFLAGS_AF | \
	SGX_RFLAGS_ZF | SGX_RFLAGS_SF | SGX_RFLAGS_OF | SGX_RFLAGS_RF)

/* ---- Sizes and places ---- */

uint32_t sgx_xsave_size(const struct sgx_xsave_table *table, uint64_t xfrm)
{
	uint32_t size = SGX_XSAVE_LEGACY_SIZE;

	if (xfrm >> SGX_XSAVE_COMPONENTS)
		return 0;
	for (uint32_t i = 2; i < SGX_XSAVE_COMPONENTS; i++) {
		const struct sgx_xsave_component *c = &table->component[i];

		if (!(xfrm >> i & 1))
			continue;
		if (!c->size || c->offset < SGX_XSAVE_LEGACY_SIZE ||
		    c->size > UINT32_MAX - c->offset)
			return 0;
		if (c->offset + c->size > size)
			size = c->offset + c->size;
	}
	return size;
}

bool sgx_xfrm_legal(uint64_t xfrm, uint64_t allowed)
{
	uint64_t avx512 = xfrm & SGX_XFRM_AVX512;
	uint64_t mpx = xfrm & SGX_XFRM_MPX;
	uint64_t amx = xfrm & XFRM_AMX;

	if ((xfrm & SGX_XFRM_LEGACY) != SGX_XFRM_LEGACY)
		return false;
	if (xfrm >> 63 || (xfrm & ~allowed))
		return false;
	if (avx512 && (avx512 != SGX_XFRM_AVX512 || !(xfrm & SGX_XFRM_AVX)))
		return false;
	if (mpx && mpx != SGX_XFRM_MPX)
		return false;
	return !amx || amx == XFRM_AMX;
}

uint32_t sgx_misc_size(uint32_t misc_select)
{
	return misc_select & SGX_MISC_EXINFO ? sizeof(struct sgx_exinfo) : 0;
}

bool sgx_ssa_frame_fits(uint32_t frame_pages, uint32_t xsave_size,
	uint32_t misc_select)
{
	uint64_t needed = (uint64_t)xsave_size + sgx_misc_size(misc_select) +
		sizeof(struct sgx_gprsgx);

	return xsave_size && (uint64_t)frame_pages * SGX_PAGE_SIZE >= needed;
}

uint64_t sgx_ssa_frame(uint64_t base, uint64_t ossa, uint32_t frame_pages,
	uint32_t cssa)
{
	return base + ossa + (uint64_t)SGX_PAGE_SIZE * frame_pages * cssa;
}

uint64_t sgx_ssa_gpr_offset(uint32_t frame_pages)
{
	return (uint64_t)frame_pages * SGX_PAGE_SIZE -
		sizeof(struct sgx_gprsgx);
}

uint64_t sgx_ssa_exinfo_offset(uint32_t frame_pages)
{
	return sgx_ssa_gpr_offset(frame_pages) - sizeof(struct sgx_exinfo);
}

/* ---- Asynchronous exit ---- */

static bool needs_exinfo(const struct sgx_event *event)
{
	return event->kind == SGX_EVENT_EXCEPTION &&
		(event->vector == SGX_VECTOR_PF ||
		 event->vector == SGX_VECTOR_GP);
}

uint32_t sgx_exit_info(const struct sgx_event *event, uint32_t misc_select)
{
	if (event->kind != SGX_EVENT_EXCEPTION)
		return 0;
	switch (event->vector) {
	case SGX_VECTOR_BP:
		return SGX_EXITINFO(event->vector, SGX_EXITINFO_TYPE_SOFTWARE);
	case SGX_VECTOR_DE:
	case SGX_VECTOR_DB:
	case SGX_VECTOR_BR:
	case SGX_VECTOR_UD:
	case SGX_VECTOR_MF:
	case SGX_VECTOR_AC:
	case SGX_VECTOR_XM:
		return SGX_EXITINFO(event->vector, SGX_EXITINFO_TYPE_HARDWARE);
	case SGX_VECTOR_GP:
	case SGX_VECTOR_PF:
		if (!(misc_select & SGX_MISC_EXINFO))
			return 0;
		return SGX_EXITINFO(event->vector, SGX_EXITINFO_TYPE_HARDWARE);
	default:
		return 0;
	}
}

void sgx_ssa_save_gpr(struct sgx_gprsgx *gpr, const struct sgx_regs *regs,
	const struct sgx_event *event, uint32_t misc_select)
{
	gpr->rax = regs->rax;
	gpr->rcx = regs->rcx;
	gpr->rdx = regs->rdx;
	gpr->rbx = regs->rbx;
	gpr->rsp = regs->rsp;
	gpr->rbp = regs->rbp;
	gpr->rsi = regs->rsi;
	gpr->rdi = regs->rdi;
	gpr->r8 = regs->r8;
	gpr->r9 = regs->r9;
	gpr->r10 = regs->r10;
	gpr->r11 = regs->r11;
	gpr->r12 = regs->r12;
	gpr->r13 = regs->r13;
	gpr->r14 = regs->r14;
	gpr->r15 = regs->r15;
	gpr->rflags = regs->rflags & ~SGX_RFLAGS_TF;
	gpr->rip = regs->rip;
	gpr->fsbase = regs->fsbase;
	gpr->gsbase = regs->gsbase;
	gpr->exit_info = sgx_exit_info(event, misc_select);
}

bool sgx_ssa_save_exinfo(struct sgx_exinfo *exinfo,
	const struct sgx_event *event, uint32_t misc_select)
{
	if (!(misc_select & SGX_MISC_EXINFO) || !needs_exinfo(event))
		return false;
	exinfo->maddr = event->vector == SGX_VECTOR_PF ? event->address : 0;
	exinfo->errcd = event->error_code;
	exinfo->reserved = 0;
	return true;
}

void sgx_xsave_clean(void *xsave, uint64_t xfrm)
{
	uint8_t *area = xsave;
	uint64_t state_bv;

	memset(area + XSAVE_KERNEL_OWN, 0, XSAVE_KERNEL_OWN_SIZE);
	memcpy(&state_bv, area + XSAVE_STATE_BV, sizeof state_bv);
	state_bv &= xfrm;
	memset(area + SGX_XSAVE_HEADER_OFFSET, 0, SGX_XSAVE_HEADER_SIZE);
	memcpy(area + XSAVE_STATE_BV, &state_bv, sizeof state_bv);
}

void sgx_aex_registers(struct sgx_regs *regs, uint64_t tcs, uint64_t aep,
	uint64_t ursp, uint64_t urbp)
{
	struct sgx_regs outside = {
		.rax = SGX_ERESUME, .rbx = tcs, .rcx = aep,
		.rsp = ursp, .rbp = urbp, .rip = aep,
		.rflags = regs->rflags & ~RFLAGS_AEX_CLEARED,
		.fsbase = regs->fsbase, .gsbase = regs->gsbase,
	};

	*regs = outside;
}

struct sgx_fp_control sgx_aex_fp_control(const struct sgx_event *event)
{
	struct sgx_fp_control fp = {
		.fcw = 0x037f, .fsw = 0, .mxcsr = 0x1fb0
	};

	if (event->kind != SGX_EVENT_EXCEPTION)
		return fp;
	if (event->vector == SGX_VECTOR_MF) {
		fp.fcw = 0x037e;
		fp.fsw = 0x8081;
	}
	if (event->vector == SGX_VECTOR_XM)
		fp.mxcsr = 0x1f01;
	return fp;
}

/* ---- ERESUME ---- */

bool sgx_xsave_valid(const void *xsave, uint64_t xfrm, uint32_t mxcsr_mask)
{
	const uint8_t *area = xsave;
	uint64_t state_bv, comp_bv[2];
	uint32_t mxcsr;

	memcpy(&mxcsr, area + XSAVE_MXCSR, sizeof mxcsr);
	memcpy(&state_bv, area + XSAVE_STATE_BV, sizeof state_bv);
	memcpy(comp_bv, area + XSAVE_COMP_BV, sizeof comp_bv);
	if (state_bv & ~xfrm || comp_bv[0] || comp_bv[1])
		return false;
	return !(mxcsr & ~(mxcsr_mask ? mxcsr_mask : MXCSR_MASK_DEFAULT));
}

uint64_t sgx_eresume_rflags(uint64_t current, uint64_t saved, bool opt_in)
{
	uint64_t taken = RFLAGS_RESUMED;

	if ((current & SGX_RFLAGS_IOPL) == SGX_RFLAGS_IOPL)
		taken |= SGX_RFLAGS_IF;
	if (!opt_in)
		current &= ~SGX_RFLAGS_TF;
	return (current & ~taken) | (saved & taken) | SGX_RFLAGS_FIXED;
}

void sgx_eresume_registers(struct sgx_regs *regs,
	const struct sgx_gprsgx *gpr, bool opt_in)
{
	regs->rax = gpr->rax;
	regs->rcx = gpr->rcx;
	regs->rdx = gpr->rdx;
	regs->rbx = gpr->rbx;
	regs->rsp = gpr->rsp;
	regs->rbp = gpr->rbp;
	regs->rsi = gpr->rsi;
	regs->rdi = gpr->rdi;
	regs->r8 = gpr->r8;
	regs->r9 = gpr->r9;
	regs->r10 = gpr->r10;
	regs->r11 = gpr->r11;
	regs->r12 = gpr->r12;
	regs->r13 = gpr->r13;
	regs->r14 = gpr->r14;
	regs->r15 = gpr->r15;
	regs->rflags = sgx_eresume_rflags(regs->rflags, gpr->rflags, opt_in);
	regs->rip = gpr->rip;
	regs->fsbase = gpr->fsbase;
	regs->gsbase = gpr->gsbase;
}

/* ---- Entry ---- */

uint64_t sgx_eenter_rflags(uint64_t current, bool opt_in)
{
	return opt_in ? current : current & ~SGX_RFLAGS_TF;
}

bool sgx_canonical(uint64_t address)
{
	uint64_t high = address >> 47;

	return high == 0 || high == 0x1ffff;
}
