/* SPDX-License-Identifier: MIT */
/*
 * What the host asks of the enclave, checked and dispatched.
 *
 * A TCS holds at most one call of the user's functions at a time.  While
 * that call waits for an ocall (td->last_sp is set), the host may enter with
 * the answer (ORET, in enter.S), or with another ECALL, which is refused
 * unless it is the destructor.  Anything else that a host might send is
 * refused and changes nothing.
 *
 * Built without stack protector: the canary is set here.
 */
#include "libc/libc.h"
#include "priv.h"

#include <openenclave/advanced/allocator.h>

static struct core_pair eret(uint32_t function, uint32_t result, uint64_t value)
{
	return (struct core_pair){
		CALL_ARG1(CALL_ERET, function, result), value
	};
}

static int threads; /* that have been here */

/* Once per TCS. */
static void thread_begin(struct td *td, uint64_t tcs)
{
	uint64_t canary = 0;

	*(struct td **)td = td;
	core_random64(&canary);
	/* A zero byte ends strings that run into it. */
	*(uint64_t *)(td->libc + TD_CANARY) = canary << 8;
	if (core.tls_size)
		core_tls_reset(td);
	td->tcs = tcs;
	oe_libc_thread_init(td, __atomic_add_fetch(&threads, 1,
		__ATOMIC_RELAXED));
}

/* An outermost call begins and ends for the libraries. */
static void libraries_begin(void)
{
	if (core.initialised)
		oe_allocator_thread_init();
}

static void libraries_end(struct td *td)
{
	if (!core.initialised || core.status != OE_OK)
		return;
	oe_libc_thread_exit(td);
	oe_allocator_thread_cleanup();
}

static uint64_t dispatch(struct td *td, uint32_t function, uint64_t argument,
	uint32_t *result)
{
	uint64_t value;

	switch (function) {
	case CALL_ENCLAVE_FUNCTION:
		if (!core.initialised) {
			*result = OE_UNEXPECTED;
			return 0;
		}
		return core_call_enclave_function(td, argument);
	case CALL_INIT_ENCLAVE:
		return core_init_enclave(argument);
	case CALL_AT_EXIT_FUNCTIONS:
		if (core.initialised)
			core_at_exit();
		return OE_OK;
	case CALL_DESTRUCTOR:
		return core.initialised ? core_destroy() : OE_OK;
	case CALL_MAKE_THREAD:
		*result = OE_UNEXPECTED;
		value = 0;
		if (core.initialised)
			*result = core_make_thread(&value);
		return *result ? 0 : value;
	default:
		*result = OE_NOT_FOUND;
		return 0;
	}
}

struct core_pair core_enter(uint64_t arg1, uint64_t arg2, uint64_t context,
	struct td *td, uint64_t tcs)
{
	uint32_t function = CALL_FUNCTION(arg1);
	uint32_t result = OE_OK;
	uint64_t value, outer_context;

	if (__builtin_expect(core.phase != CORE_RELOCATED, 0)
			&& !core_start())
		return eret(function, OE_UNEXPECTED, 0);
	if (CALL_CODE(arg1) != CALL_ECALL || function == CALL_VIRTUAL_EXCEPTION)
		return eret(function, OE_UNEXPECTED, 0);
	if (__builtin_expect(core.status != OE_OK, 0)) {
		if (function == CALL_DESTRUCTOR)
			core.status = OE_ENCLAVE_ABORTED;
		return eret(function, OE_OK, core.status);
	}
	if (__builtin_expect(td->depth != 0, 0)
			&& function != CALL_DESTRUCTOR)
		return eret(function, OE_REENTRANT_ECALL, 0);
	if (context && (context % 8
			|| !core_outside(context, sizeof(struct call_context))))
		return eret(function, OE_INVALID_PARAMETER, 0);

	if (__builtin_expect(!td->tcs, 0))
		thread_begin(td, tcs);
	outer_context = td->host_context;
	td->host_context = context;
	td->depth++;
	td->state = TD_RUNNING;
	if (td->depth == 1)
		libraries_begin();
	value = dispatch(td, function, arg2, &result);
	if (td->depth == 1)
		libraries_end(td);
	td->state = TD_OUTSIDE;
	td->depth--;
	td->host_context = outer_context;
	if (!td->depth) {
		td->ocall_buffer_busy = 0;
		td->exception.nesting = 0; /* a handler may have jumped away */
		if (core.tls_size)
			core_tls_reset(td);
	}
	return eret(function, result, value);
}
