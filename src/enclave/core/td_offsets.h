/* SPDX-License-Identifier: MIT */
/*
 * Offsets in struct td for the assembly; td.h asserts each of them.  The
 * page at FS and GS base begins with the C library's thread descriptor.
 */
#ifndef COFFER_ENCLAVE_TD_OFFSETS_H
#define COFFER_ENCLAVE_TD_OFFSETS_H

#define TD_SELF 0
#define TD_CANARY 40
#define TD_HOST_RSP 256
#define TD_HOST_RBP 264
#define TD_HOST_RCX 272
#define TD_LAST_SP 280
#define TD_RESUME_RIP 400
#define TD_FSBASE 408
#define TD_STACK_LOW 1024
#define TD_STACK_HIGH 3072
#define TD_SIZE 4096

/* Layout around a TCS (pages of 4 KiB): stack, guard, TCS, SSA 0, SSA 1. */
#define TCS_STACK_TOP (-4096)
#define TCS_SSA 4096
#define SSA_FRAME_SIZE 4096
#define SSA_GPR_SIZE 184
#define SSA_EXINFO_SIZE 16

/* The second pass keeps an XSAVE area and then an oe_context_t. */
#define XSAVE_AREA_SIZE 4096
#define CONTEXT_SIZE 672
#define CONTEXT_FLAGS 0
#define CONTEXT_RAX 8
#define CONTEXT_RBX 16
#define CONTEXT_RCX 24
#define CONTEXT_RDX 32
#define CONTEXT_RBP 40
#define CONTEXT_RSP 48
#define CONTEXT_RDI 56
#define CONTEXT_RSI 64
#define CONTEXT_R8 72
#define CONTEXT_R9 80
#define CONTEXT_R10 88
#define CONTEXT_R11 96
#define CONTEXT_R12 104
#define CONTEXT_R13 112
#define CONTEXT_R14 120
#define CONTEXT_R15 128
#define CONTEXT_RIP 136
#define CONTEXT_MXCSR 144

#endif
