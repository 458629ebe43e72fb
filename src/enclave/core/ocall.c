/* SPDX-License-Identifier: MIT */
/*
 * Calls to the host.  Arguments and results lie in host memory and may
 * change at any time: addresses that matter are kept here, results are read
 * once.
 */
#include "priv.h"

#include <openenclave/enclave.h>
#include <string.h>

oe_result_t core_ocall(uint32_t function, uint64_t argument, uint64_t *out)
{
	struct td *td = td_self();
	struct core_pair answer;

	if (core.status != OE_OK)
		return (oe_result_t)core.status;
	if (!td->depth || td->state != TD_RUNNING)
		return OE_UNEXPECTED;
	td->state = TD_OUTSIDE;
	answer = core_ocall_exit(CALL_ARG1(CALL_OCALL, function, OE_OK),
		argument, td);
	td->state = TD_RUNNING;
	if (CALL_FUNCTION(answer.arg1) != function)
		return OE_UNEXPECTED;
	if (CALL_RESULT(answer.arg1))
		return CALL_RESULT(answer.arg1) <= OE_SGX_QUOTE_LIBRARY_ERROR
			? (oe_result_t)CALL_RESULT(answer.arg1) : OE_UNEXPECTED;
	if (out)
		*out = answer.arg2;
	return OE_OK;
}

/* The context's own buffer, looked at once per context. */
static void *context_buffer(struct td *td, size_t size)
{
	const struct call_context *context = (const void *)td->host_context;

	if (!context)
		return NULL;
	if (td->ocall_context != td->host_context) {
		uint64_t buffer = READ_ONCE(context->ocall_buffer);
		uint64_t bytes = READ_ONCE(context->ocall_buffer_size);

		td->ocall_context = td->host_context;
		td->ocall_buffer = buffer;
		td->ocall_buffer_size = buffer % CALL_BUFFER_ALIGN
			|| !core_outside(buffer, bytes) ? 0 : bytes;
	}
	if (size > td->ocall_buffer_size || td->ocall_buffer_busy)
		return NULL;
	td->ocall_buffer_busy = 1;
	return (void *)td->ocall_buffer;
}

void *core_ocall_buffer(size_t size)
{
	struct td *td = td_self();
	void *buffer = context_buffer(td, size);

	return buffer ? buffer : oe_host_malloc(size);
}

void core_ocall_buffer_free(void *buffer)
{
	struct td *td = td_self();

	if (buffer && td->ocall_buffer_busy
			&& (uint64_t)buffer == td->ocall_buffer)
		td->ocall_buffer_busy = 0;
	else
		oe_host_free(buffer);
}

void *oe_allocate_ocall_buffer(size_t size)
{
	return core_ocall_buffer(size);
}

void oe_free_ocall_buffer(void *buffer)
{
	core_ocall_buffer_free(buffer);
}

#define SET(field, value) \
	do { \
		if (READ_ONCE(field) != (value)) \
			WRITE_ONCE(field, value); \
	} while (0)

oe_result_t oe_call_host_function(size_t function_id, const void *in,
	size_t in_size, void *out, size_t out_size, size_t *out_written)
{
	struct td *td = td_self();
	struct call_context *context = (void *)td->host_context;
	struct call_marshal_head *head = out;
	struct call_args *args;
	oe_result_t result;
	uint32_t answer, flags;

	if (!in || !in_size || !out || out_size < sizeof(*head) || !out_written)
		return OE_INVALID_PARAMETER;
	if (core.status != OE_OK)
		return (oe_result_t)core.status;
	if (!context)
		return OE_UNEXPECTED;
	if (!core_outside((uint64_t)in, in_size)
			|| !core_outside((uint64_t)out, out_size))
		return OE_INVALID_PARAMETER;

	args = &context->ocall_args;
	flags = CALL_PRESET;
	if (in_size <= CALL_SMALL && call_all_zero(in, in_size))
		flags |= CALL_INPUT_ZERO;
	/* Not if they are the same bytes. */
	if (out_size <= CALL_SMALL && ((uintptr_t)out >= (uintptr_t)in + in_size
			|| (uintptr_t)in >= (uintptr_t)out + out_size)) {
		memset(out, 0, out_size);
		flags |= CALL_OUTPUT_ZEROED;
	}
	/* The same as last time stays where it is, in both caches. */
	SET(args->function_id, function_id);
	SET(args->in, (uint64_t)in);
	SET(args->in_size, in_size);
	SET(args->out, (uint64_t)out);
	SET(args->out_size, out_size);
	SET(args->out_written, out_size);
	SET(args->result, OE_OK);
	SET(args->flags, flags);
	result = core_ocall(CALL_HOST_FUNCTION, (uint64_t)args, NULL);
	if (!result) {
		answer = READ_ONCE(args->result);
		result = answer <= OE_SGX_QUOTE_LIBRARY_ERROR
			? (oe_result_t)answer : OE_UNEXPECTED;
	}
	if (result) {
		WRITE_ONCE(head->result, result);
		WRITE_ONCE(head->deep_out, 0);
		WRITE_ONCE(head->deep_out_size, 0);
		return result;
	}
	*out_written = READ_ONCE(args->out_written);
	return OE_OK;
}

/* No worker of the host polls for calls: the normal way then, as ever when
 * none is free. */
oe_result_t oe_switchless_call_host_function(size_t function_id,
	const void *in, size_t in_size, void *out, size_t out_size,
	size_t *out_written)
{
	return oe_call_host_function(function_id, in, in_size, out, out_size,
		out_written);
}

void *oe_allocate_switchless_ocall_buffer(size_t size)
{
	return oe_host_malloc(size);
}

void oe_free_switchless_ocall_buffer(void *buffer)
{
	oe_host_free(buffer);
}
