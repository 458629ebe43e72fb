/* SPDX-License-Identifier: MIT */
/*
 * Ecalls: a visit to a TCS, with the ocalls and exceptions on the way.
 *
 *   enter (ECALL) -> EEXIT with OCALL -> serve -> enter (ORET) -> ...
 *                 -> fault -> enter (VIRTUAL_EXCEPTION, CSSA 1)
 *                             -> resume -> ...
 *                 -> EEXIT with ERET: done
 */
#include "enclave.h"

#include <openenclave/edger8r/host.h>
#include <stdlib.h>
#include <string.h>

/* The enclave is of no use any more; the first reason stays.  Threads that
 * it put to sleep would wait for ever. */
static oe_result_t lose(struct _oe_enclave *enclave, oe_result_t result)
{
	int none = 0;

	if (atomic_compare_exchange_strong(&enclave->lost, &none, result))
		ocall_wake_all(enclave);
	return result;
}

static oe_result_t machine_gone(struct _oe_enclave *enclave, int error)
{
	if (!atomic_load(&enclave->lost))
		host_log(HOST_ERROR, "%s: the machine under the enclave is "
			"gone: %s (%s).  Its state is lost; create the "
			"enclave again.", enclave->path, drv_error(),
			strerror(-error));
	return lose(enclave, OE_ENCLAVE_ABORTED);
}

/* Nobody inside took the exception. */
static oe_result_t give_up(struct _oe_enclave *enclave, struct slot *slot,
	const struct drv_call *fault)
{
	slot->dead = 1;
	debug_fault(enclave, slot->tcs, fault->vector, fault->address);
	host_log(HOST_ERROR, "%s: thread %u of the enclave had an exception "
		"that it could not handle: vector %u, error code 0x%x, "
		"address 0x%llx", enclave->path, slot->index, fault->vector,
		fault->error_code, (unsigned long long)fault->address);
	return lose(enclave, OE_ENCLAVE_ABORTING);
}

static void ask(struct drv_call *call, struct slot *slot, uint32_t code,
	uint32_t function, uint32_t result, uint64_t argument)
{
	call->rdi = CALL_ARG1(code, function, result);
	call->rsi = argument;
	call->rdx = (uint64_t)&slot->shared->context;
	call->r8 = 0;
	call->r9 = 0;
	call->tcs = slot->tcs;
	call->tcs_index = slot->index;
	call->function = SGX_EENTER;
}

/* After a fault inside: the first pass.  True if ERESUME is due. */
static bool first_pass(struct _oe_enclave *enclave, struct slot *slot,
	const struct drv_call *fault, int *error)
{
	struct drv_call call;

	ask(&call, slot, CALL_ECALL, CALL_VIRTUAL_EXCEPTION, fault->error_code,
		fault->address);
	call.rdi |= (uint64_t)fault->vector << 16;
	*error = enclave->drv->enter(enclave->machine, &call);
	return !*error && call.function == SGX_EEXIT
		&& call.rdi == CALL_ARG1(CALL_ERET, CALL_VIRTUAL_EXCEPTION,
			OE_OK)
		&& call.rsi == CALL_RESUME;
}

oe_result_t enclave_call(struct _oe_enclave *enclave, struct slot *slot,
	uint32_t function, uint64_t argument, uint64_t *value)
{
	int (*enter)(struct drv_enclave *, struct drv_call *) =
		enclave->drv->enter;
	struct drv_call call;
	int error;

	ask(&call, slot, CALL_ECALL, function, OE_OK, argument);
	for (;;) {
		error = enter(enclave->machine, &call);
		if (__builtin_expect(error, 0))
			return machine_gone(enclave, error);
		if (__builtin_expect(call.function != SGX_EEXIT, 0)) {
			struct drv_call fault = call;

			if (call.function != SGX_ERESUME) {
				host_log(HOST_ERROR, "%s: thread %u of the "
					"enclave could not be entered: vector "
					"%u, address 0x%llx", enclave->path,
					slot->index, fault.vector, (unsigned
					long long)fault.address);
				return OE_UNEXPECTED;
			}
			if (!first_pass(enclave, slot, &fault, &error))
				return error ? machine_gone(enclave, error)
					: give_up(enclave, slot, &fault);
			call.function = SGX_ERESUME;
			continue;
		}
		if (CALL_CODE(call.rdi) == CALL_OCALL) {
			uint64_t answer = 0;
			uint32_t asked = CALL_FUNCTION(call.rdi);
			oe_result_t result = ocall_serve(enclave, slot, asked,
				call.rsi, &answer);

			ask(&call, slot, CALL_ORET, asked, result, answer);
			continue;
		}
		if (CALL_CODE(call.rdi) != CALL_ERET)
			return OE_UNEXPECTED;
		*value = call.rsi;
		if (__builtin_expect(call.rsi == OE_ENCLAVE_ABORTING, 0)
				&& !CALL_RESULT(call.rdi))
			lose(enclave, OE_ENCLAVE_ABORTING);
		return (oe_result_t)CALL_RESULT(call.rdi);
	}
}

oe_result_t enclave_visit(struct _oe_enclave *enclave, uint32_t function,
	uint64_t argument, uint64_t *value)
{
	struct frame frame;
	oe_result_t result = slot_take(enclave, &frame);

	if (result)
		return result;
	result = enclave_call(enclave, frame.slot, function, argument, value);
	slot_give(&frame);
	return result;
}

/* The same as last time stays where it is, in both caches. */
#define SET(field, value) \
	do { \
		if ((field) != (value)) \
			(field) = (value); \
	} while (0)

static void prepare(struct call_args *args, uint64_t id, const void *in,
	size_t in_size, void *out, size_t out_size)
{
	uint32_t flags = CALL_PRESET;

	if (in_size <= CALL_SMALL && !((uintptr_t)in % 8)
			&& call_all_zero(in, in_size))
		flags |= CALL_INPUT_ZERO;
	/* Not if they are the same bytes. */
	if (out_size <= CALL_SMALL && ((uintptr_t)out >= (uintptr_t)in + in_size
			|| (uintptr_t)in >= (uintptr_t)out + out_size)) {
		memset(out, 0, out_size);
		flags |= CALL_OUTPUT_ZEROED;
	}
	SET(args->function_id, id);
	SET(args->in, (uint64_t)in);
	SET(args->in_size, in_size);
	SET(args->out, (uint64_t)out);
	SET(args->out_size, out_size);
	SET(args->out_written, out_size);
	SET(args->result, OE_OK);
	SET(args->flags, flags);
}

static oe_result_t call_function(struct _oe_enclave *enclave,
	struct slot *slot, struct call_args *args, size_t *out_written)
{
	uint64_t value = OE_UNEXPECTED;
	oe_result_t result;

	result = enclave_call(enclave, slot, CALL_ENCLAVE_FUNCTION,
		(uint64_t)args, &value);
	if (result)
		return result;
	if (value)
		return value <= OE_SGX_QUOTE_LIBRARY_ERROR
			? (oe_result_t)value : OE_UNEXPECTED;
	*out_written = args->out_written;
	return (oe_result_t)args->result;
}

/* Nested data that comes back is memory that the enclave asked for; it is
 * the caller's from now on. */
static oe_result_t take_over(struct _oe_enclave *enclave, void *out,
	size_t out_size, size_t written)
{
	struct call_marshal_head *head = out;
	uint64_t size, address;

	if (out_size < sizeof(*head) || written < sizeof(*head))
		return OE_OK;
	address = *(volatile uint64_t *)&head->deep_out;
	if (!address)
		return OE_OK;
	if (owned_remove(&enclave->owned, address, &size)
			&& *(volatile uint64_t *)&head->deep_out_size <= size)
		return OE_OK;
	head->deep_out = 0;
	head->deep_out_size = 0;
	return OE_UNEXPECTED;
}

oe_result_t oe_call_enclave_function(oe_enclave_t *enclave,
	uint64_t *global_id, const char *name, const void *in, size_t in_size,
	void *out, size_t out_size, size_t *out_written)
{
	struct frame frame;
	struct call_args *args, *own = NULL;
	oe_result_t result;
	uint64_t id;
	uint32_t local;

	if (!enclave || !global_id || !in || !in_size || !out || !out_size
			|| !out_written)
		return OE_INVALID_PARAMETER;
	id = __atomic_load_n(global_id, __ATOMIC_ACQUIRE);
	if (id == OE_GLOBAL_ECALL_ID_NULL) {
		if (!name)
			return OE_NOT_FOUND;
		result = names_global(global_id, name);
		if (result)
			return result;
		id = *global_id;
	}
	if (id >= enclave->name_count)
		return OE_NOT_FOUND;
	local = enclave->local_ids[id];
	if (local == UINT32_MAX)
		return OE_NOT_FOUND;
	result = (oe_result_t)atomic_load_explicit(&enclave->lost,
		memory_order_relaxed);
	if (result)
		return result;

	result = slot_take(enclave, &frame);
	if (result)
		return result;
	/* A nested call must not write over the outer one's. */
	args = shared_args_of(in);
	if (!args && frame.slot->depth == 1)
		args = &frame.slot->shared->args;
	if (!args)
		args = own = enclave->drv->shared_alloc(sizeof(*args));
	if (!args) {
		slot_give(&frame);
		return OE_OUT_OF_MEMORY;
	}
	prepare(args, local, in, in_size, out, out_size);
	result = call_function(enclave, frame.slot, args, out_written);
	if (!result)
		result = take_over(enclave, out, out_size, *out_written);
	if (own)
		enclave->drv->shared_free(own);
	slot_give(&frame);
	return result;
}

/* The normal way: no thread of the enclave polls for calls. */
oe_result_t oe_switchless_call_enclave_function(oe_enclave_t *enclave,
	uint64_t *global_id, const char *name, const void *in, size_t in_size,
	void *out, size_t out_size, size_t *out_written)
{
	return oe_call_enclave_function(enclave, global_id, name, in, in_size,
		out, out_size, out_written);
}
