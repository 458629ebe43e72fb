/* SPDX-License-Identifier: MIT */
/*
 * Thread data: the page at FS and GS base of each TCS.
 *
 *   offset  size
 *        0   256  the C library's thread descriptor (self pointer at 0,
 *                 stack protector's canary at 40); thread-local variables
 *                 lie directly below the page
 *      256    64  what every call touches
 *      320   704  the rest
 *     1024  2048  stack of the first pass over an exception
 *     3072  1024  values of the C library's thread-specific keys
 *
 * Zero when the enclave starts.  Only the TCS's own thread uses it, except
 * for the fields that say so.
 */
#ifndef COFFER_ENCLAVE_TD_H
#define COFFER_ENCLAVE_TD_H

#include "td_offsets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum td_state {
	TD_OUTSIDE = 0, /* no call, or in an ocall, or on the way */
	TD_RUNNING = 1, /* the only state in which exceptions are handled */
	TD_ABORTED = 2,
};

struct td_exception {
	uint32_t code, flags; /* as in oe_exception_record_t */
	uint64_t address, faulting_address;
	uint32_t error_code;
	uint32_t nesting; /* second passes that have not ended */
	uint64_t rflags; /* of the interrupted code */
	uint64_t resume_rip; /* where the end of the second pass jumps to */
	uint64_t fsbase; /* of the interrupted code */
};

struct td {
	uint8_t libc[256];

	uint64_t host_rsp, host_rbp, host_rcx; /* of the last entry */
	uint64_t last_sp; /* saved registers of the innermost ocall, or 0 */
	uint64_t host_context; /* struct call_context *, checked */
	uint32_t depth; /* calls on this stack */
	uint32_t state; /* enum td_state */
	uint8_t *call_buffer; /* kept for the inputs and outputs of calls */
	uint64_t call_buffer_size;

	uint64_t tcs; /* address, 0 before the first call */
	uint32_t ocall_function; /* awaited */
	uint32_t ocall_buffer_busy;
	uint64_t ocall_context; /* the host_context that the next two are of */
	uint64_t ocall_buffer, ocall_buffer_size; /* checked copies */
	struct td_exception exception;

	uint8_t unused[TD_STACK_LOW - 416];
	uint8_t first_pass_stack[TD_STACK_HIGH - TD_STACK_LOW];
	uint8_t libc_keys[TD_SIZE - TD_STACK_HIGH];
};

_Static_assert(sizeof(struct td) == TD_SIZE, "td");
_Static_assert(offsetof(struct td, host_rsp) == TD_HOST_RSP, "host_rsp");
_Static_assert(offsetof(struct td, host_rbp) == TD_HOST_RBP, "host_rbp");
_Static_assert(offsetof(struct td, host_rcx) == TD_HOST_RCX, "host_rcx");
_Static_assert(offsetof(struct td, last_sp) == TD_LAST_SP, "last_sp");
_Static_assert(offsetof(struct td, tcs) == 320, "hot line");
_Static_assert(offsetof(struct td, exception.resume_rip) == TD_RESUME_RIP,
	"resume_rip");
_Static_assert(offsetof(struct td, exception.fsbase) == TD_FSBASE, "fsbase");
_Static_assert(offsetof(struct td, libc_keys) == TD_STACK_HIGH, "keys");

/* The calling thread's.  Valid once its first call has begun. */
static inline struct td *td_self(void)
{
	struct td *td;

	__asm__("mov %%fs:0, %0" : "=r"(td));
	return td;
}

#endif
