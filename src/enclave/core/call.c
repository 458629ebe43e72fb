/* SPDX-License-Identifier: MIT */
/*
 * A call of one of the user's functions.  The host's argument structure is
 * copied once; the input is copied into the enclave before anything looks at
 * it; the function writes into enclave memory and only what it wrote, within
 * the size that the host named, goes back.
 */
#include "priv.h"

#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#define CALL_BUFFER_FIRST 1024u
#define CALL_BUFFER_KEPT (128u * 1024)

/* Memory for a call: the thread's own, grown as needed, or from the heap. */
static uint8_t *take_buffer(struct td *td, uint64_t size)
{
	uint64_t grown = CALL_BUFFER_FIRST;
	uint8_t *buffer;

	if (size <= td->call_buffer_size)
		return td->call_buffer;
	if (size > CALL_BUFFER_KEPT)
		return malloc(size);
	while (grown < size)
		grown *= 2;
	buffer = aligned_alloc(64, grown);
	if (!buffer)
		return malloc(size);
	free(td->call_buffer);
	td->call_buffer = buffer;
	td->call_buffer_size = grown;
	return buffer;
}

static void give_buffer(struct td *td, uint8_t *buffer)
{
	if (buffer != td->call_buffer)
		free(buffer);
}

static oe_result_t check(const struct call_args *args, uint64_t *size)
{
	if (args->in_size < sizeof(struct call_marshal_head)
			|| args->out_size < sizeof(struct call_marshal_head)
			|| args->in_size % CALL_BUFFER_ALIGN
			|| args->out_size % CALL_BUFFER_ALIGN
			|| !core_outside(args->in, args->in_size)
			|| !core_outside(args->out, args->out_size))
		return OE_INVALID_PARAMETER;
	if (__builtin_add_overflow(args->in_size, args->out_size, size))
		return OE_INTEGER_OVERFLOW;
	return OE_OK;
}

/* Nested data that the function returns moves to host memory. */
static oe_result_t export_deep(struct call_marshal_head *head)
{
	void *inside = (void *)head->deep_out, *outside;

	if (!inside != !head->deep_out_size)
		return OE_UNEXPECTED;
	if (!inside)
		return OE_OK;
	if (!core_within(head->deep_out, head->deep_out_size))
		return OE_UNEXPECTED;
	outside = oe_host_malloc(head->deep_out_size);
	if (outside)
		memcpy(outside, inside, head->deep_out_size);
	free(inside);
	head->deep_out = (uint64_t)outside;
	if (outside)
		return OE_OK;
	head->deep_out_size = 0;
	return OE_OUT_OF_MEMORY;
}

/* The index, or 0 where a processor that guesses has gone past the check
 * above: no branch, so nothing to guess. */
static uint64_t clamp(uint64_t index, uint64_t count)
{
	uint64_t mask;

	__asm__("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask)
		: "r"(index), "r"(count) : "cc");
	return index & mask;
}

oe_result_t core_call_enclave_function(struct td *td, uint64_t address)
{
	struct call_args *shared = (struct call_args *)address;
	struct call_marshal_head *head;
	struct call_args args;
	size_t written = 0;
	oe_result_t result;
	void (*function)(const uint8_t *, size_t, uint8_t *, size_t, size_t *);
	uint64_t size;
	uint8_t *in, *out;

	if (address % 8 || !core_outside(address, sizeof(args)))
		return OE_INVALID_PARAMETER;
	args.function_id = READ_ONCE(shared->function_id);
	args.in = READ_ONCE(shared->in);
	args.in_size = READ_ONCE(shared->in_size);
	args.out = READ_ONCE(shared->out);
	args.out_size = READ_ONCE(shared->out_size);
	args.flags = READ_ONCE(shared->flags);
	result = check(&args, &size);
	if (result)
		return result;
	if (args.function_id >= core.ecalls)
		return OE_NOT_FOUND;
	function = oe_ecalls_table[clamp(args.function_id, core.ecalls)];
	if (!function)
		return OE_NOT_FOUND;

	in = take_buffer(td, size);
	if (!in)
		return OE_OUT_OF_MEMORY;
	out = in + args.in_size;
	if (args.flags & CALL_INPUT_ZERO && args.in_size <= CALL_SMALL)
		memset(in, 0, args.in_size);
	else
		memcpy(in, (const void *)args.in, args.in_size);
	memset(out, 0, args.out_size);
	function(in, args.in_size, out, args.out_size, &written);

	head = (struct call_marshal_head *)out;
	result = (oe_result_t)head->result;
	if (!result)
		result = export_deep(head);
	if (!result && written > args.out_size)
		result = OE_UNEXPECTED;
	if (!result) {
		if (!(args.flags & CALL_OUTPUT_ZEROED)
				|| args.out_size > CALL_SMALL
				|| !call_all_zero(out, args.out_size))
			memcpy((void *)args.out, out, args.out_size);
		if (!(args.flags & CALL_PRESET) || written != args.out_size) {
			WRITE_ONCE(shared->out_written, written);
			WRITE_ONCE(shared->result, OE_OK);
		}
	} else {
		head->result = result;
		head->deep_out = 0;
		head->deep_out_size = 0;
		memcpy((void *)args.out, head, sizeof(*head));
	}
	give_buffer(td, in);
	return result;
}
