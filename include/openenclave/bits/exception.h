/* SPDX-License-Identifier: MIT */
/*
 * What a vectored exception handler inside an enclave is given.
 *
 * Codes, flags and layouts are those of the Open Enclave SDK.
 */
#ifndef _OE_BITS_EXCEPTION_H
#define _OE_BITS_EXCEPTION_H

#include <openenclave/bits/types.h>

/* oe_exception_record_t.code: what happened, and the processor's vector. */
#define OE_EXCEPTION_DIVIDE_BY_ZERO 0x0      /* #DE, 0 */
#define OE_EXCEPTION_BREAKPOINT 0x1          /* #BP, 3 */
#define OE_EXCEPTION_BOUND_OUT_OF_RANGE 0x2  /* #BR, 5 */
#define OE_EXCEPTION_ILLEGAL_INSTRUCTION 0x3 /* #UD, 6 */
#define OE_EXCEPTION_ACCESS_VIOLATION 0x4    /* #GP, 13; needs EXINFO */
#define OE_EXCEPTION_PAGE_FAULT 0x5          /* #PF, 14; needs EXINFO */
#define OE_EXCEPTION_X87_FLOAT_POINT 0x6     /* #MF, 16 */
#define OE_EXCEPTION_MISALIGNMENT 0x7        /* #AC, 17 */
#define OE_EXCEPTION_SIMD_FLOAT_POINT 0x8    /* #XM, 19 */
#define OE_EXCEPTION_UNKNOWN 0xFFFFFFFF

/* oe_exception_record_t.flags: the exit type that the processor recorded. */
#define OE_EXCEPTION_FLAGS_HARDWARE 0x1
#define OE_EXCEPTION_FLAGS_SOFTWARE 0x2
#define OE_EXCEPTION_HARDWARE OE_EXCEPTION_FLAGS_HARDWARE
#define OE_EXCEPTION_SOFTWARE OE_EXCEPTION_FLAGS_SOFTWARE

/* Bits of oe_exception_record_t.error_code for a page fault. */
#define OE_SGX_PAGE_FAULT_P_FLAG 0x1      /* the page was there */
#define OE_SGX_PAGE_FAULT_WR_FLAG 0x2     /* it was a write */
#define OE_SGX_PAGE_FAULT_US_FLAG 0x4     /* in user mode */
#define OE_SGX_PAGE_FAULT_RSVD_FLAG 0x8   /* a reserved bit was set */
#define OE_SGX_PAGE_FAULT_ID_FLAG 0x10    /* it was an instruction fetch */
#define OE_SGX_PAGE_FAULT_PK_FLAG 0x20    /* a protection key forbade it */
#define OE_SGX_PAGE_FAULT_SGX_FLAG 0x8000 /* SGX's own checks forbade it */

/* What a handler returns: ask the next one, go on, or end the enclave. */
#define OE_EXCEPTION_CONTINUE_SEARCH 0x0
#define OE_EXCEPTION_CONTINUE_EXECUTION 0xFFFFFFFF
#define OE_EXCEPTION_ABORT_EXECUTION 0xFFFFFFF0

/* The x87 and SSE state, as FXSAVE lays it out. */
typedef struct _oe_basic_xstate {
	uint8_t blob[512];
} OE_ALIGNED(16) oe_basic_xstate_t;

/*
 * The registers at the exception. A handler may change them; execution goes
 * on with the changed values. Segment registers and state beyond SSE are not
 * part of it.
 */
typedef struct _oe_context {
	uint64_t flags; /* RFLAGS */
	uint64_t rax;
	uint64_t rbx;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rbp;
	uint64_t rsp;
	uint64_t rdi;
	uint64_t rsi;
	uint64_t r8;
	uint64_t r9;
	uint64_t r10;
	uint64_t r11;
	uint64_t r12;
	uint64_t r13;
	uint64_t r14;
	uint64_t r15;
	uint64_t rip;
	uint32_t mxcsr;
	oe_basic_xstate_t basic_xstate;
} oe_context_t;
OE_STATIC_ASSERT(sizeof(oe_context_t) == 672);
OE_STATIC_ASSERT(OE_OFFSETOF(oe_context_t, rip) == 0x88);
OE_STATIC_ASSERT(OE_OFFSETOF(oe_context_t, basic_xstate) == 0xa0);

typedef struct _oe_exception_record {
	/* One of OE_EXCEPTION_DIVIDE_BY_ZERO and so on. */
	uint32_t code;
	/* OE_EXCEPTION_FLAGS_*. */
	uint32_t flags;
	/* The address of the instruction. */
	uint64_t address;
	/* For page faults and #GP with EXINFO: the address that was touched. */
	uint64_t faulting_address;
	/* With it: the processor's error code. */
	uint32_t error_code;
	/* For a signal that the host passed on: its number; else 0. */
	uint16_t host_signal_number;
	/* The registers; never NULL in a handler. */
	oe_context_t *context;
} oe_exception_record_t;
OE_STATIC_ASSERT(sizeof(oe_exception_record_t) == 40);

/*
 * A vectored exception handler. Runs on the stack of the thread that had the
 * exception, may call everything that the interrupted code may be
 * interrupted in, and returns one of the OE_EXCEPTION_CONTINUE_ or _ABORT_
 * values above.
 */
typedef uint64_t (*oe_vectored_exception_handler_t)(
	oe_exception_record_t *exception_context);

#endif
