/* SPDX-License-Identifier: MIT */
/*
 * State save area: where things lie in a frame, and what asynchronous exit
 * (AEX) and ERESUME put into it and take out of it.  Pure functions over the
 * caller's memory, general registers only: the model uses them, and the cell
 * compiles this file once more into its freestanding program.
 *
 * Sources: SDM 3D, "State Save Area frame", "Asynchronous exits", ERESUME.
 *
 *   frame                                       frame + pages * 4096
 *   | XSAVE area (standard format) | unused | [EXINFO 16] | GPRSGX 184 |
 */
#ifndef COFFER_SGX_SSA_H
#define COFFER_SGX_SSA_H

#include <coffer/sgx_arch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an enclave's code sees in general registers; all 64 bits. */
struct sgx_regs {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags, rip, fsbase, gsbase;
};

/* RFLAGS bits. */
#define SGX_RFLAGS_CF 0x000001ull
#define SGX_RFLAGS_FIXED 0x000002ull
#define SGX_RFLAGS_PF 0x000004ull
#define SGX_RFLAGS_AF 0x000010ull
#define SGX_RFLAGS_ZF 0x000040ull
#define SGX_RFLAGS_SF 0x000080ull
#define SGX_RFLAGS_TF 0x000100ull
#define SGX_RFLAGS_IF 0x000200ull
#define SGX_RFLAGS_DF 0x000400ull
#define SGX_RFLAGS_OF 0x000800ull
#define SGX_RFLAGS_IOPL 0x003000ull
#define SGX_RFLAGS_NT 0x004000ull
#define SGX_RFLAGS_RF 0x010000ull
#define SGX_RFLAGS_AC 0x040000ull
#define SGX_RFLAGS_ID 0x200000ull

/* What ended a visit asynchronously. */
enum sgx_event_kind {
	SGX_EVENT_EXCEPTION, /* vector, error_code, address are meaningful */
	SGX_EVENT_INTERRUPT, /* anything that EXITINFO does not report */
};
struct sgx_event {
	enum sgx_event_kind kind;
	uint8_t vector; /* enum sgx_vector, or any other */
	uint32_t error_code; /* of #PF and #GP */
	uint64_t address; /* CR2 of #PF, all bits */
};

/* ---- Sizes and places ---- */

/* CPUID leaf 0DH, sub-leaf i, in standard format: EBX is the offset, EAX the
 * size of component i.  Size 0: the processor has no such component.  Entries
 * 0 and 1 are not looked at. */
#define SGX_XSAVE_COMPONENTS 20u
struct sgx_xsave_component {
	uint32_t offset, size;
};
struct sgx_xsave_table {
	struct sgx_xsave_component component[SGX_XSAVE_COMPONENTS];
};

#define SGX_XSAVE_LEGACY_SIZE 576u /* legacy area and header */
#define SGX_XSAVE_HEADER_OFFSET 512u
#define SGX_XSAVE_HEADER_SIZE 64u

/* Bytes of the XSAVE area for these features: 576 and more.  0 if a feature
 * is set that the table does not have. */
uint32_t sgx_xsave_size(const struct sgx_xsave_table *table, uint64_t xfrm);

/* A value that ECREATE accepts: bits 1:0 set, within allowed, and one that
 * XSETBV would take (AVX-512 whole and with AVX, MPX whole, AMX whole). */
bool sgx_xfrm_legal(uint64_t xfrm, uint64_t allowed);

/* Bytes of the MISC region: 16 with EXINFO, else 0. */
uint32_t sgx_misc_size(uint32_t misc_select);

/* Does a frame of this many pages hold XSAVE area, MISC and GPRSGX?  False
 * too if xsave_size is 0. */
bool sgx_ssa_frame_fits(uint32_t frame_pages, uint32_t xsave_size,
	uint32_t misc_select);

/* Linear address of frame cssa: base + ossa + 4096 * frame_pages * cssa. */
uint64_t sgx_ssa_frame(uint64_t base, uint64_t ossa, uint32_t frame_pages,
	uint32_t cssa);

/* Offsets within a frame, in bytes. */
uint64_t sgx_ssa_gpr_offset(uint32_t frame_pages);
uint64_t sgx_ssa_exinfo_offset(uint32_t frame_pages);

/* ---- Asynchronous exit ---- */

/* GPRSGX.EXITINFO for this event (0: not reported). */
uint32_t sgx_exit_info(const struct sgx_event *event, uint32_t misc_select);

/* Fill GPRSGX's registers, RFLAGS (TF cleared), bases and EXITINFO.  URSP,
 * URBP, the reserved bytes and AEXNOTIFY keep what *gpr holds. */
void sgx_ssa_save_gpr(struct sgx_gprsgx *gpr, const struct sgx_regs *regs,
	const struct sgx_event *event, uint32_t misc_select);

/* Fill EXINFO.  True if it has to be written to the frame: #PF or #GP while
 * EXINFO is selected; otherwise *exinfo is untouched. */
bool sgx_ssa_save_exinfo(struct sgx_exinfo *exinfo,
	const struct sgx_event *event, uint32_t misc_select);

/* Make an XSAVE image (standard format, at least 576 bytes) what AEX would
 * have written: XSTATE_BV within xfrm, the rest of the header zero, bytes
 * 464 to 511 (the operating system's own in a signal frame) zero. */
void sgx_xsave_clean(void *xsave, uint64_t xfrm);

/* The synthetic state that the world outside sees: RAX = 3, RBX = tcs, RCX =
 * RIP = aep, RSP and RBP from ursp and urbp, everything else 0, RFLAGS from
 * *regs with the arithmetic flags (not DF) and RF cleared.  FSBASE and GSBASE
 * are left for the caller to set to the values at entry. */
void sgx_aex_registers(struct sgx_regs *regs, uint64_t tcs, uint64_t aep,
	uint64_t ursp, uint64_t urbp);

/* x87 and SSE state after AEX (SDM 3D, synthetic state): INIT but for FCW,
 * FSW and MXCSR, which depend on the event. */
struct sgx_fp_control {
	uint16_t fcw, fsw;
	uint32_t mxcsr;
};
struct sgx_fp_control sgx_aex_fp_control(const struct sgx_event *event);

/* ---- ERESUME ---- */

/* Would XRSTOR with this XCR0 = xfrm take this image (576 bytes are looked
 * at)?  XSTATE_BV within xfrm, header bytes 8 to 23 zero, MXCSR within
 * mxcsr_mask (of this processor, FXSAVE's MXCSR_MASK; 0 means 0xffbf).  If
 * not, ERESUME is a #GP.  Call it on a copy that the enclave cannot reach,
 * and restore from that copy. */
bool sgx_xsave_valid(const void *xsave, uint64_t xfrm, uint32_t mxcsr_mask);

/* RFLAGS after ERESUME: CF PF AF ZF SF DF OF NT AC ID RF from the frame; IF
 * from it only if IOPL is 3; TF cleared unless opt-in; the rest kept. */
uint64_t sgx_eresume_rflags(uint64_t current, uint64_t saved, bool opt_in);

/* All general registers, RIP, RFLAGS and the two bases from the frame.
 * *regs holds the values outside on the way in (for RFLAGS). */
void sgx_eresume_registers(struct sgx_regs *regs,
	const struct sgx_gprsgx *gpr, bool opt_in);

/* ---- Entry ---- */

/* RFLAGS at EENTER: TF cleared unless opt-in, all else passes through. */
uint64_t sgx_eenter_rflags(uint64_t current, bool opt_in);

/* Is the address canonical (48-bit linear addresses)? */
bool sgx_canonical(uint64_t address);

#endif
