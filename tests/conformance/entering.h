/* SPDX-License-Identifier: MIT */
/* What the tests of EENTER, ERESUME and EDECCSSA have in common: processor 0
 * is outside, with registers that lead to the first TCS of A. */
#ifndef COFFER_TESTS_CONFORMANCE_ENTERING_H
#define COFFER_TESTS_CONFORMANCE_ENTERING_H

#include "leaf.h"

#define TCS_PAGE (STAGE_A + WORLD_TCS)
#define TCS_AT world_linaddr(WORLD_TCS)
#define SSA_AT (WORLD_BASE + (WORLD_SSA - 1) * (uint64_t)SGX_PAGE_SIZE)
#define AEP 0x55550000ull
#define NOT_CANONICAL 0x0000800000000000ull
#define XSAVE_SIZE 832u

static inline struct sgx_tcs *tcs_of(struct call *c)
{
	return (struct sgx_tcs *)c->w->epc[TCS_PAGE];
}

/* GPRSGX at the end of the page behind frame i, of frames of one page. */
static inline struct sgx_gprsgx *gpr_of(struct call *c, uint32_t i)
{
	return (struct sgx_gprsgx *)(c->w->epc[STAGE_A + WORLD_SSA + i] +
		SGX_PAGE_SIZE - sizeof(struct sgx_gprsgx));
}

static inline void outside(struct call *c, uint64_t leaf)
{
	struct sgx_regs *r = &c->w->lp[0].regs;
	uint64_t *words = (uint64_t *)r;

	for (size_t i = 0; i < sizeof *r / 8; i++)
		words[i] = 0x1000100010000 + i;
	r->rax = leaf;
	r->rbx = c->rbx = TCS_AT;
	r->rcx = c->rcx = AEP;
	r->rip = 0x400000;
	r->rflags = 0x346; /* ZF, PF, TF, IF */
}

static inline void entering_rbx_misaligned(struct call *c)
{
	c->rbx |= 0x800;
}

static inline void entering_aep(struct call *c)
{
	c->rcx = NOT_CANONICAL;
}

PAGE_SPOILS(tcs, TCS_PAGE)

static inline void entering_is_reg(struct call *c)
{
	c->w->epcm[TCS_PAGE].type = SGX_PT_REG;
}

static inline void entering_ossa(struct call *c)
{
	tcs_of(c)->ossa |= 0x10;
}

static inline void entering_ofsbase(struct call *c)
{
	tcs_of(c)->ofsbase |= 0x10;
}

static inline void entering_ogsbase(struct call *c)
{
	tcs_of(c)->ogsbase |= 0x10;
}

static inline void entering_flags(struct call *c)
{
	tcs_of(c)->flags |= 4;
}

static inline void entering_not_initialised(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_INIT;
}

static inline void entering_32_bit(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_MODE64BIT;
}

static inline void entering_xcr0(struct call *c)
{
	c->w->lp[0].xcr0 = 3;
}

static inline void entering_aexnotify(struct call *c)
{
	tcs_of(c)->flags |= SGX_TCS_AEXNOTIFY;
}

static inline void entering_active(struct call *c)
{
	tcs_of(c)->state = 1;
}

static inline void entering_from_inside(struct call *c)
{
	c->w->lp[0].inside = true;
}

/* The checks up to those of the frame. */
#define ENTERING_ROWS \
	{ "inside", entering_from_inside, GP }, \
	{ "RBX misaligned", entering_rbx_misaligned, GP }, \
	{ "TCS not mapped", tcs_unmapped, PF(SGX_PF_U, rbx) }, \
	{ "TCS not EPC", tcs_ordinary, PF(ENCLU_PF, rbx) }, \
	{ "AEP not canonical", entering_aep, GP }, \
	{ "TCS free", tcs_free, PF(ENCLU_PF, rbx) }, \
	{ "TCS blocked", tcs_blocked, PF(ENCLU_PF, rbx) }, \
	{ "TCS elsewhere", tcs_elsewhere, PF(ENCLU_PF, rbx) }, \
	{ "TCS a REG", entering_is_reg, PF(ENCLU_PF, rbx) }, \
	{ "TCS pending", tcs_pending, PF(ENCLU_PF, rbx) }, \
	{ "TCS modified", tcs_modified, PF(ENCLU_PF, rbx) }, \
	{ "OSSA misaligned", entering_ossa, GP }, \
	{ "OFSBASE misaligned", entering_ofsbase, GP }, \
	{ "OGSBASE misaligned", entering_ogsbase, GP }, \
	{ "TCS.FLAGS reserved", entering_flags, GP }, \
	{ "not initialised", entering_not_initialised, GP }, \
	{ "32-bit enclave", entering_32_bit, GP }, \
	{ "XFRM beyond XCR0", entering_xcr0, GP }, \
	{ "AEXNOTIFY of the TCS alone", entering_aexnotify, GP }

/* A frame's page, at this address. */
#define FRAME_ROWS(name, linaddr) \
	{ #name " not mapped", name##_unmapped, \
		PF_TO(SGX_PF_U | SGX_PF_W, linaddr) }, \
	{ #name " not EPC", name##_ordinary, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " free", name##_free, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " blocked", name##_blocked, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " pending", name##_pending, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " modified", name##_modified, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " elsewhere", name##_elsewhere, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " a TCS", name##_is_tcs, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " another's", name##_of_other, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " unreadable", name##_no_read, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }, \
	{ #name " unwritable", name##_no_write, \
		PF_TO(ENCLU_PF | SGX_PF_W, linaddr) }

#endif
