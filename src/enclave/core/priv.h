/* SPDX-License-Identifier: MIT */
/* What the files of the runtime share with each other. */
#ifndef COFFER_ENCLAVE_CORE_PRIV_H
#define COFFER_ENCLAVE_CORE_PRIV_H

#include "core.h"
#include "td.h"

#include <coffer/call_abi.h>
#include <openenclave/bits/exception.h>

/* Two registers. */
struct core_pair {
	uint64_t arg1, arg2;
};

enum core_phase { CORE_FRESH = 0, CORE_RELOCATING = 1, CORE_RELOCATED = 2 };

/* One per enclave; set at the first entry and constant from then on, but
 * for phase, status and initialised. */
struct core_enclave {
	volatile uint32_t phase; /* enum core_phase */
	volatile uint32_t status; /* oe_result_t: OK, ABORTING, ABORTED */
	volatile uint32_t initialised; /* INIT_ENCLAVE has ended well */
	uint32_t tls_size; /* bytes that are kept directly below td */
	uint64_t base, size; /* ELRANGE */
	uint64_t image;
	uint64_t ecalls; /* entries of oe_ecalls_table */
	uint32_t debug; /* ATTRIBUTES.DEBUG, from INIT_ENCLAVE on */
	uint32_t misc_select; /* the same */
	uint64_t host_handle;
} __attribute__((aligned(64)));

extern struct core_enclave core;

/* enter.S */
struct core_pair core_ocall_exit(uint64_t arg1, uint64_t arg2, struct td *td);
void core_exit(uint64_t arg1, uint64_t arg2, struct td *td)
	__attribute__((noreturn));
extern const uint8_t core_text_begin[], core_text_end[];
void core_second_pass(void);

/* enter.c */
struct core_pair core_enter(uint64_t arg1, uint64_t arg2, uint64_t context,
	struct td *td, uint64_t tcs);

/* init.c: relocates and fills `core`; false if the image is not what was
 * signed or another thread is at it. */
bool core_start(void);
/* A thread's variables as the image has them. */
void core_tls_reset(struct td *td);

/* first_pass.c */
struct core_pair core_first_pass(uint64_t arg1, uint64_t arg2, struct td *td,
	uint64_t tcs, uint64_t cssa);

/* State components that exits clean and the second pass saves: those of XFRM,
 * whose area is known to fit.  (XRSTOR touches the whole area of what it is
 * asked for, and XCR0 may have more.) */
extern uint32_t core_xstate_mask;

/* exception.c: xsave is XSAVE_AREA_SIZE bytes in front of context. */
void core_handle_exception(uint8_t *xsave, oe_context_t *context);

/* call.c */
oe_result_t core_call_enclave_function(struct td *td, uint64_t args);

/* lifecycle.c */
oe_result_t core_init_enclave(uint64_t handle);
void core_at_exit(void);
oe_result_t core_destroy(void);

/* sgx2.S, pages.c */
#define CORE_SGX2_FAULT UINT64_MAX
extern const uint8_t core_sgx2_enclu[];
/* EACCEPT: 0, an SGX error code or CORE_SGX2_FAULT. */
uint64_t core_accept(uint64_t page, uint64_t secinfo_flags);
/* Asks the host for its part, enum call_pages_what.  What it answers, and
 * leaves in *value, is not to be believed. */
oe_result_t core_ask_pages(uint32_t what, uint64_t address, uint64_t size,
	uint64_t *value);

/* Takes rights (of enum sgx_secinfo_flags: R, X) away from pages of this
 * enclave until only these are left; true when the processor has vouched for
 * each. */
bool core_restrict(uint64_t from, uint64_t size, uint64_t rights);

/* unlock.c: is this byte of the image, by its offset, encrypted? */
bool core_protected(uint64_t rva);
/* init.c: applies the relocations in protected parts, or all others. */
void core_relocate(bool in_protected);

/* make_thread.c: the next TCS; *tcs is its address. */
oe_result_t core_make_thread(uint64_t *tcs);

/* init.c: patched by the loader. */
extern volatile uint64_t _td_from_tcs_offset;

/* cpuid.c */
oe_result_t core_cpuid_initialize(void);

/* What oeedger8r generates, and calls; openenclave/edger8r/enclave.h has the
 * same for programs. */
extern void (*oe_ecalls_table[])(const uint8_t *in, size_t in_size,
	uint8_t *out, size_t out_size, size_t *out_written);
extern size_t oe_ecalls_table_size;
oe_result_t oe_call_host_function(size_t function_id, const void *in,
	size_t in_size, void *out, size_t out_size, size_t *out_written);
oe_result_t oe_switchless_call_host_function(size_t function_id,
	const void *in, size_t in_size, void *out, size_t out_size,
	size_t *out_written);
void *oe_allocate_ocall_buffer(size_t size);
void oe_free_ocall_buffer(void *buffer);
void *oe_allocate_switchless_ocall_buffer(size_t size);
void oe_free_switchless_ocall_buffer(void *buffer);
oe_result_t oe_get_enclave_status(void);

/* Programs' addresses end here on every processor. */
#define CORE_USER_END (1ull << 56)

/* Whole range outside, where a program can have memory. */
static inline bool core_outside(uint64_t address, uint64_t size)
{
	uint64_t last;

	if (address < CALL_HOST_LOWEST
			|| __builtin_add_overflow(address, size - !!size, &last)
			|| last >= CORE_USER_END
			|| (last >= CALL_NO_HOST && address < CALL_NO_HOST_END))
		return false;
	return last < core.base || address >= core.base + core.size;
}

static inline bool core_within(uint64_t address, uint64_t size)
{
	return address && address >= core.base && size <= core.size
		&& address - core.base <= core.size - (size ? size : 1);
}

/* Reads of host memory happen exactly once. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif
