/* SPDX-License-Identifier: MIT */
/* The second pass over an exception: the program's handlers. */
#include "priv.h"

#include <openenclave/enclave.h>
#include <string.h>

#define HANDLERS_MAX 64
#define XSTATE_BV 512 /* offset in an XSAVE area */
#define FXSAVE_MXCSR 24
#define MXCSR_MASK 0xffffu
#define RFLAGS_RF 0x10000u /* POPF would not take it */

static core_spinlock handlers_lock;
static uint32_t handlers_count;
static oe_vectored_exception_handler_t handlers[HANDLERS_MAX];

static bool is_code(oe_vectored_exception_handler_t handler)
{
	return core_within((uint64_t)handler, 8);
}

oe_result_t oe_add_vectored_exception_handler(bool is_first_handler,
	oe_vectored_exception_handler_t handler)
{
	oe_result_t result = OE_FAILURE;
	uint32_t at;

	if (!is_code(handler))
		return OE_INVALID_PARAMETER;
	core_spin_lock(&handlers_lock);
	for (at = 0; at < handlers_count; at++)
		if (handlers[at] == handler)
			goto out;
	if (handlers_count == HANDLERS_MAX)
		goto out;
	if (is_first_handler) {
		memmove(handlers + 1, handlers,
			handlers_count * sizeof(handlers[0]));
		handlers[0] = handler;
	} else {
		handlers[handlers_count] = handler;
	}
	handlers_count++;
	result = OE_OK;
out:
	core_spin_unlock(&handlers_lock);
	return result;
}

oe_result_t oe_remove_vectored_exception_handler(
	oe_vectored_exception_handler_t handler)
{
	oe_result_t result = OE_FAILURE;

	if (!is_code(handler))
		return OE_INVALID_PARAMETER;
	core_spin_lock(&handlers_lock);
	for (uint32_t i = 0; i < handlers_count; i++) {
		if (handlers[i] != handler)
			continue;
		memmove(handlers + i, handlers + i + 1,
			(handlers_count - i - 1) * sizeof(handlers[0]));
		handlers_count--;
		result = OE_OK;
		break;
	}
	core_spin_unlock(&handlers_lock);
	return result;
}

static uint64_t ask_handlers(oe_exception_record_t *record)
{
	oe_vectored_exception_handler_t list[HANDLERS_MAX];
	uint32_t count;
	uint64_t verdict = OE_EXCEPTION_CONTINUE_SEARCH;

	/* Handlers may add and remove handlers. */
	core_spin_lock(&handlers_lock);
	count = handlers_count;
	memcpy(list, handlers, count * sizeof(list[0]));
	core_spin_unlock(&handlers_lock);
	for (uint32_t i = 0; i < count; i++) {
		verdict = list[i](record);
		if (verdict != OE_EXCEPTION_CONTINUE_SEARCH)
			break;
	}
	return verdict;
}

/* RDTSC and RDTSCP where they are illegal, and no handler of the program's
 * wants them: the host's counter, for what its word is worth, and no
 * processor number. */
static bool emulate_tsc(oe_exception_record_t *record)
{
	oe_context_t *context = record->context;
	const volatile uint8_t *code = (const void *)context->rip;
	uint64_t value, length = 0;

	if (record->code != OE_EXCEPTION_ILLEGAL_INSTRUCTION
			|| !core_within(context->rip, 3) || code[0] != 0x0f)
		return false;
	if (code[1] == 0x31)
		length = 2;
	else if (code[1] == 0x01 && code[2] == 0xf9)
		length = 3;
	if (!length || core_ocall(CALL_TSC, 0, &value))
		return false;
	context->rax = (uint32_t)value;
	context->rdx = value >> 32;
	if (length == 3)
		context->rcx = 0;
	context->rip += length;
	return true;
}

void core_handle_exception(uint8_t *xsave, oe_context_t *context)
{
	struct td *td = td_self();
	oe_exception_record_t record = {
		.code = td->exception.code,
		.flags = td->exception.flags,
		.address = td->exception.address,
		.faulting_address = td->exception.faulting_address,
		.error_code = td->exception.error_code,
		.context = context,
	};
	const uint64_t fsbase = td->exception.fsbase;
	uint64_t verdict, present;
	uint32_t mxcsr;

	context->rip = record.address;
	context->flags = td->exception.rflags & ~(uint64_t)RFLAGS_RF;
	memcpy(context->basic_xstate.blob, xsave,
		sizeof(context->basic_xstate.blob));
	verdict = ask_handlers(&record);
	if (verdict == OE_EXCEPTION_CONTINUE_SEARCH && emulate_tsc(&record))
		verdict = OE_EXCEPTION_CONTINUE_EXECUTION;
	if (verdict != OE_EXCEPTION_CONTINUE_EXECUTION) {
		core_log(1, "unhandled exception %d at image offset 0x%llx "
			"(address 0x%llx, error code 0x%x)", (int)record.code,
			(unsigned long long)(record.address - core.image),
			(unsigned long long)record.faulting_address,
			record.error_code);
		oe_abort();
	}
	if (record.context != context)
		memcpy(context, record.context, sizeof(*context));

	/* What a handler left in the context is what the code gets. */
	mxcsr = context->mxcsr & MXCSR_MASK;
	memcpy(xsave, context->basic_xstate.blob,
		sizeof(context->basic_xstate.blob));
	memcpy(xsave + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
	memcpy(&present, xsave + XSTATE_BV, sizeof(present));
	present |= 3;
	memcpy(xsave + XSTATE_BV, &present, sizeof(present));
	td->exception.fsbase = fsbase;
	td->exception.nesting--;
}
