/* SPDX-License-Identifier: MIT */
/* The enclave's life: initialisation, abort, the functions at its end. */
#include "libc/libc.h"
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <openenclave/advanced/allocator.h>
#include <openenclave/enclave.h>

typedef void (*void_function)(void);

extern const void_function __init_array_start[] __attribute__((weak));
extern const void_function __init_array_end[] __attribute__((weak));
extern const void_function __fini_array_start[] __attribute__((weak));
extern const void_function __fini_array_end[] __attribute__((weak));

/* x87, SSE, AVX, MPX, AVX-512, PKRU: all below 2,700 bytes. */
#define XSTATE_THAT_FITS 0x2ffu

static volatile uint32_t initialising, exiting, destroying;

static bool first(volatile uint32_t *flag)
{
	return !__atomic_exchange_n(flag, 1, __ATOMIC_SEQ_CST);
}

/* XCR0 may have more than this enclave is entitled to, where the processor
 * is software; the report tells. */
static void learn_attributes(void)
{
	struct sgx_report report;

	core_ereport(NULL, NULL, &report);
	core_xstate_mask = (uint32_t)report.body.attributes.xfrm
		& XSTATE_THAT_FITS;
	core.debug = (report.body.attributes.flags & SGX_ATTR_DEBUG) != 0;
	core.misc_select = report.body.misc_select;
}

oe_result_t core_init_enclave(uint64_t handle)
{
	oe_result_t result;

	/* A second time changes nothing; one that failed half-way, or is not
	 * done yet, is no success. */
	if (!first(&initialising))
		return core.initialised ? OE_OK : OE_UNEXPECTED;
	if (!core_outside(handle, 1)) {
		initialising = 0;
		return OE_INVALID_PARAMETER;
	}
	core.host_handle = handle;
	learn_attributes();
	result = core_cpuid_initialize();
	if (result) {
		initialising = 0;
		return result;
	}
	oe_allocator_init(oe_heap_start(), oe_heap_end());
	oe_allocator_thread_init();
	result = oe_libc_initialize();
	if (!result)
		result = oe_crypto_initialize();
	/* Half a start cannot be repeated. */
	if (result)
		return result;
	for (const void_function *f = __init_array_start;
			f < __init_array_end; f++)
		(*f)();
	__atomic_store_n(&core.initialised, 1, __ATOMIC_RELEASE);
	return OE_OK;
}

void core_at_exit(void)
{
	if (!first(&exiting))
		return;
	oe_libc_run_atexit();
	for (const void_function *f = __fini_array_end;
			f > __fini_array_start;)
		(*--f)();
	/* What the destructors printed. */
	oe_libc_run_atexit();
}

oe_result_t core_destroy(void)
{
	core_at_exit();
	if (first(&destroying)) {
		oe_allocator_cleanup();
		core.status = OE_ENCLAVE_ABORTED;
	}
	return OE_OK;
}

void oe_abort(void)
{
	struct td *td = td_self();

	td->state = TD_ABORTED;
	if (core.status == OE_OK)
		core.status = OE_ENCLAVE_ABORTING;
	core_exit(CALL_ARG1(CALL_ERET, 0, OE_OK), core.status, td);
}

oe_result_t oe_get_enclave_status(void)
{
	return (oe_result_t)core.status;
}

oe_enclave_t *oe_get_enclave(void)
{
	return (oe_enclave_t *)core.host_handle;
}

void __oe_assert_fail(const char *expression, const char *file, int line,
	const char *function)
{
	core_log(1, "assertion failed: %s (%s: %s: %d)", expression, file,
		function, line);
	oe_abort();
	__builtin_unreachable();
}
