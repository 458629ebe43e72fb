/* SPDX-License-Identifier: MIT */
/*
 * What liboehost and an enclave's runtime say to each other: the Open
 * Enclave SDK's call ABI, and the few calls of our own that a C library
 * inside needs when an application's EDL does not import them.
 *
 * EENTER:  RDI = arg1, RSI = arg2, RDX = struct call_context * (host memory)
 * EEXIT:   RDI = arg1, RSI = arg2, everything else cleared
 *
 *   arg1   63..48 code | 47..32 function | 31..16 flags | 15..0 result
 *
 *   entry  ECALL f, argument     a new call; nested ones are refused except
 *                                for the two that may nest
 *          ORET  f, value        the answer to the last OCALL of this TCS
 *   exit   ERET  f, value        the end of the call
 *          OCALL f, argument     a call to the host; expects ORET
 *
 * Everything in these structures lies in host memory.  The enclave copies
 * each field once and checks the copy.
 */
#ifndef COFFER_CALL_ABI_H
#define COFFER_CALL_ABI_H

#include <stddef.h>
#include <stdint.h>

enum call_code {
	CALL_ECALL = 1, CALL_ERET = 2, CALL_OCALL = 3, CALL_ORET = 4,
};

enum call_function {
	/* Into the enclave. */
	CALL_DESTRUCTOR = 0,
	CALL_INIT_ENCLAVE = 1, /* arg2: the host's handle */
	CALL_ENCLAVE_FUNCTION = 2, /* arg2: struct call_args * */
	CALL_VIRTUAL_EXCEPTION = 3, /* after an AEX; arg2: the address, with
		the vector in the flags and the error code in the result, as
		the host saw them; value: CALL_RESUME.. */
	CALL_AT_EXIT_FUNCTIONS = 4,
	/* Our own: makes a TCS; value: its address.  coffer/growth.h */
	CALL_MAKE_THREAD = 0x100,

	/* Out of it. */
	CALL_HOST_FUNCTION = 0x8000, /* arg2: struct call_args * */
	CALL_THREAD_WAKE = 0x8001, /* arg2: address of the other's TCS */
	CALL_THREAD_WAIT = 0x8002, /* arg2: address of our TCS */
	CALL_MALLOC = 0x8003, /* arg2: bytes; value: address or 0 */
	CALL_FREE = 0x8004, /* arg2: address */
	CALL_GET_TIME = 0x8005, /* value: milliseconds since 1970 */

	/* Our own; another host answers OE_NOT_FOUND. */
	CALL_CPUID_TABLE = 0x8100, /* arg2: struct call_cpuid_table * */
	CALL_WRITE = 0x8101, /* arg2: struct call_io * */
	CALL_LOG = 0x8102, /* arg2: struct call_log * */
	CALL_REALLOC = 0x8103, /* arg2: struct call_realloc * */
	CALL_CLOCK = 0x8104, /* arg2: struct call_clock * */
	CALL_SLEEP = 0x8105, /* arg2: nanoseconds */
	CALL_THREAD_WAIT_TIMED = 0x8106, /* arg2: struct call_wait * */
	CALL_READ = 0x8107, /* arg2: struct call_io * */
	CALL_TSC = 0x8108, /* value: the time-stamp counter */
	CALL_PAGES = 0x8109, /* arg2: struct call_pages * */
};

/* What the first pass over an exception answers: the host resumes with
 * ERESUME, or gives the enclave up. */
#define CALL_RESUME 0xffffffffull
#define CALL_DO_NOT_RESUME 0ull

#define CALL_ARG1(code, function, result) \
	((uint64_t)(code) << 48 | (uint64_t)(function) << 32 | \
	 ((uint64_t)(result) & 0xffff))
#define CALL_CODE(arg1) ((unsigned)((uint64_t)(arg1) >> 48))
#define CALL_FUNCTION(arg1) ((unsigned)((uint64_t)(arg1) >> 32) & 0xffff)
#define CALL_FLAGS(arg1) ((unsigned)((uint64_t)(arg1) >> 16) & 0xffff)
#define CALL_RESULT(arg1) ((unsigned)((uint64_t)(arg1) & 0xffff))

/* One call of an EDL function, either way. */
struct call_args {
	uint64_t function_id;
	uint64_t in, in_size; /* address and bytes, a multiple of 16 */
	uint64_t out, out_size;
	uint64_t out_written; /* set by the callee */
	uint32_t result; /* oe_result_t, set by the callee */
	uint32_t flags; /* CALL_PRESET; padding in the SDK */
};

/*
 * What keeps small calls from moving cache lines that nobody needs; a callee
 * that knows nothing of it behaves as before.
 *   PRESET         the caller has set result and out_written to what complete
 *                  success gives: then they may be left alone
 *   INPUT_ZERO     at most CALL_SMALL bytes of input, all zero: no need to look
 *   OUTPUT_ZEROED  at most CALL_SMALL bytes of output, zeroed by the caller:
 *                  an output that is all zero need not be written
 */
#define CALL_PRESET 1u
#define CALL_INPUT_ZERO 2u
#define CALL_OUTPUT_ZEROED 4u
#define CALL_SMALL 64u

/* Are size bytes (a multiple of 16, 8-byte aligned) all zero? */
static inline int call_all_zero(const void *data, uint64_t size)
{
	const uint64_t *word = (const uint64_t *)data;
	uint64_t any = 0;

	for (uint64_t i = 0; i < size / 8; i++)
		any |= word[i];
	return !any;
}

/* What in and out buffers begin with. */
struct call_marshal_head {
	uint32_t result; /* oe_result_t */
	uint32_t reserved;
	uint64_t deep_out; /* address of a buffer of nested data, or 0 */
	uint64_t deep_out_size;
};

/*
 * Where no program has memory, but a processor in software may keep itself
 * (cell/control.h): below CALL_HOST_LOWEST, and from CALL_NO_HOST up to
 * CALL_NO_HOST_END.  An enclave does not take such an address from its host:
 * it could be led to overwrite what executes it.
 */
#define CALL_HOST_LOWEST 0x400000ull
#define CALL_NO_HOST 0x2c0000000000ull
#define CALL_NO_HOST_END (CALL_NO_HOST + 0x8000000000ull)

#define CALL_BUFFER_ALIGN 16u
#define CALL_OCALL_BUFFER_SIZE 16384u

/* Per TCS, in host memory. */
struct call_context {
	struct call_args ocall_args;
	uint64_t ocall_buffer_size;
	uint64_t ocall_buffer;
	uint64_t debug_eenter_rip, debug_eenter_rbp;
	uint64_t debug_eexit_rip, debug_eexit_rbp, debug_eexit_rsp;
};

/* Rows of EAX EBX ECX EDX, subleaf 0, of the leaves 0, 1, 4, 7, 80000000H
 * and 80000001H. */
#define CALL_CPUID_ROWS 6
struct call_cpuid_table {
	uint32_t row[CALL_CPUID_ROWS][4];
};

struct call_io {
	uint64_t fd; /* 0 input, 1 output, 2 errors */
	uint64_t data; /* address */
	uint64_t size;
	int64_t result; /* bytes, or a negative errno */
};

struct call_log {
	uint32_t level; /* oe_log_level_t */
	uint32_t size; /* bytes of text */
	char text[];
};

struct call_realloc {
	uint64_t address, size;
	uint64_t result; /* address or 0 */
};

struct call_clock {
	uint64_t clock; /* 0 real time, 1 monotonic */
	int64_t seconds, nanoseconds;
	int64_t result; /* 0 or a negative errno */
};

struct call_wait {
	uint64_t tcs; /* ours */
	uint64_t nanoseconds; /* at most; 0 is no time */
	int64_t result; /* 0 woken, negative errno (-ETIMEDOUT) */
};

/* What the host's part is in memory that changes (SGX2). */
enum call_pages_what {
	CALL_PAGES_FEATURES = 0, /* value out: CPUID.12H.0:EAX */
	CALL_PAGES_RESTRICT = 1, /* value: SECINFO's R, W, X */
	CALL_PAGES_MODIFY = 2, /* value: page type */
	CALL_PAGES_REMOVE = 3,
};

struct call_pages {
	uint32_t what;
	uint32_t reserved; /* 0 */
	uint64_t address, size; /* of whole pages in the enclave */
	uint64_t value; /* out: bytes done, from the start */
	int64_t result; /* 0 or a negative errno */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct call_args) == 56, "call_args");
_Static_assert(sizeof(struct call_marshal_head) == 24, "call_marshal_head");
_Static_assert(sizeof(struct call_context) == 112, "call_context");
_Static_assert(offsetof(struct call_context, ocall_buffer) == 64, "buffer");
#endif

#endif
