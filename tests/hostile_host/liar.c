/* SPDX-License-Identifier: MIT */
#include "liar.h"

#include "image/image.h"
#include "image/signer.h"

#include <cpuid.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_run(struct liar *liar, const struct image_run *run)
{
	uint8_t *copy = NULL;

	if (run->same_page) {
		copy = aligned_alloc(4096, run->pages * 4096);
		for (uint64_t i = 0; i < run->pages; i++)
			memcpy(copy + i * 4096, run->data, 4096);
	}
	assert_int_equal(liar->drv->add_pages(liar->machine,
		copy ? copy : run->data, run->offset, run->pages * 4096,
		run->secinfo_flags, run->measured), 0);
	free(copy);
}

void liar_load(struct liar *liar, const char *path)
{
	struct image_error why = { "" };
	struct image *image;
	struct sgx_sigstruct sigstruct;
	struct sgx_secs secs;
	const struct image_run *run;
	size_t count;

	memset(liar, 0, sizeof(*liar));
	liar->drv = drv_get();
	assert_non_null(liar->drv);
	assert_int_equal(image_open(path, &image, &why), IMAGE_OK);
	assert_int_equal(image_build(image, &why), IMAGE_OK);
	assert_int_equal(image_secs(image, true, image_host_xfrm(),
		SGX_MISC_EXINFO, &secs, &why), IMAGE_OK);
	assert_int_equal(image_sigstruct(image, true, &sigstruct, &why),
		IMAGE_OK);
	assert_int_equal(liar->drv->reserve(secs.size, &liar->base), 0);
	secs.base = liar->base;
	liar->size = secs.size;
	assert_int_equal(liar->drv->create(&secs, &liar->machine), 0);
	for (run = image_runs(image, &count); count--; run++)
		add_run(liar, run);
	assert_int_equal(liar->drv->init(liar->machine, &sigstruct), 0);
	assert_int_equal(image_tcs_count(image), LIAR_TCS);
	for (unsigned i = 0; i < LIAR_TCS; i++) {
		struct liar_block *block = liar->drv->shared_alloc(
			sizeof(*block));

		assert_non_null(block);
		memset(block, 0, sizeof(*block));
		block->context.ocall_buffer = (uint64_t)block->ocall;
		block->context.ocall_buffer_size = sizeof(block->ocall);
		liar->block[i] = block;
		liar->tcs[i] = liar->base + image_tcs_offset(image, i);
	}
	image_close(image);
}

void liar_unload(struct liar *liar)
{
	liar->drv->destroy(liar->machine);
	for (unsigned i = 0; i < LIAR_TCS; i++)
		liar->drv->shared_free(liar->block[i]);
}

int liar_enter(struct liar *liar, unsigned tcs, struct drv_call *call,
	uint32_t function, uint64_t rdi, uint64_t rsi)
{
	memset(call, 0, sizeof(*call));
	call->rdi = rdi;
	call->rsi = rsi;
	call->rdx = (uint64_t)&liar->block[tcs]->context;
	call->tcs = liar->tcs[tcs];
	call->tcs_index = tcs;
	call->function = function;
	return liar->drv->enter(liar->machine, call);
}

static void add(struct call_args *args)
{
	/* head, return value, a, b */
	const int *in = (const int *)(args->in + 24);
	int *out = (int *)(args->out + 24);

	memset((void *)args->out, 0, 24);
	out[0] = in[1] + in[2];
	args->out_written = args->out_size;
	args->result = OE_OK;
}

static void serve(struct liar *liar, uint32_t function, uint64_t argument,
	uint32_t *result, uint64_t *value)
{
	static const uint32_t leaves[] = { 0, 1, 4, 7, 0x80000000u,
		0x80000001u };
	struct call_cpuid_table *table;
	struct call_io *io;
	struct call_clock *clock;
	struct call_wait *wait;

	*result = OE_OK;
	*value = 0;
	switch (function) {
	case CALL_HOST_FUNCTION:
		add((struct call_args *)argument);
		break;
	case CALL_MALLOC:
		*value = (uint64_t)liar->drv->shared_alloc(argument);
		break;
	case CALL_FREE:
		break;
	case CALL_CPUID_TABLE:
		table = (struct call_cpuid_table *)argument;
		for (unsigned i = 0; i < 6; i++)
			__cpuid_count(leaves[i], 0, table->row[i][0],
				table->row[i][1], table->row[i][2],
				table->row[i][3]);
		break;
	case CALL_WRITE:
		io = (struct call_io *)argument;
		io->result = (int64_t)io->size;
		break;
	case CALL_CLOCK:
		clock = (struct call_clock *)argument;
		clock->seconds = 1000;
		clock->nanoseconds = 5;
		clock->result = 0;
		break;
	case CALL_THREAD_WAIT_TIMED:
		wait = (struct call_wait *)argument;
		wait->result = 0;
		break;
	case CALL_LOG:
	case CALL_THREAD_WAIT:
	case CALL_THREAD_WAKE:
	case CALL_SLEEP:
		break;
	default:
		*result = OE_NOT_FOUND;
	}
}

int liar_call(struct liar *liar, unsigned tcs, uint32_t function,
	uint64_t argument, uint64_t *value)
{
	struct drv_call call, pass;
	int error = liar_enter(liar, tcs, &call, SGX_EENTER,
		CALL_ARG1(CALL_ECALL, function, 0), argument);

	for (;;) {
		uint32_t asked = CALL_FUNCTION(call.rdi), result;
		uint64_t answer;

		if (error)
			return -1;
		if (call.function == SGX_ERESUME) {
			error = liar_enter(liar, tcs, &pass, SGX_EENTER,
				CALL_ARG1(CALL_ECALL, CALL_VIRTUAL_EXCEPTION,
					0), 0);
			if (error || pass.function != SGX_EEXIT
					|| pass.rsi != CALL_RESUME)
				return -1;
			error = liar_enter(liar, tcs, &call, SGX_ERESUME, 0,
				0);
			continue;
		}
		if (call.function != SGX_EEXIT)
			return -1;
		if (CALL_CODE(call.rdi) == CALL_ERET) {
			*value = call.rsi;
			return (int)CALL_RESULT(call.rdi);
		}
		if (CALL_CODE(call.rdi) != CALL_OCALL)
			return -1;
		liar->ocalls++;
		serve(liar, asked, call.rsi, &result, &answer);
		if (liar->script)
			liar->script(liar, asked, call.rsi, &result, &answer);
		error = liar_enter(liar, tcs, &call, SGX_EENTER,
			CALL_ARG1(CALL_ORET, asked, result), answer);
	}
}

uint64_t liar_function(struct liar *liar, unsigned tcs, uint64_t id,
	void *arguments, size_t size)
{
	struct liar_block *block = liar->block[tcs];
	size_t all = (24 + size + 15) & ~(size_t)15;
	uint64_t value = OE_UNEXPECTED;

	memset(block->in, 0, 24);
	memcpy(block->in + 24, arguments, size);
	block->args = (struct call_args){
		.function_id = id, .in = (uint64_t)block->in, .in_size = all,
		.out = (uint64_t)block->out, .out_size = all,
	};
	if (liar_call(liar, tcs, CALL_ENCLAVE_FUNCTION,
			(uint64_t)&block->args, &value))
		return OE_UNEXPECTED;
	memcpy(arguments, block->out + 24, size);
	return value;
}

void liar_start(struct liar *liar)
{
	uint64_t value = 1, guard = 0;

	assert_int_equal(liar_call(liar, 0, CALL_INIT_ENCLAVE,
		(uint64_t)liar->block[0], &value), 0);
	assert_int_equal(value, OE_OK);
	assert_int_equal(liar_function(liar, 0, LT_GUARD_ADDRESS, &guard, 8),
		OE_OK);
	assert_true(guard > liar->base && guard < liar->base + liar->size);
	liar->guard = guard;
}

int liar_intact(struct liar *liar, unsigned tcs)
{
	liar_script script = liar->script;
	int intact[2] = { 0 }, sum[2] = { 0, 41 };

	liar->script = NULL;
	liar->block[tcs]->context.ocall_buffer =
		(uint64_t)liar->block[tcs]->ocall;
	liar->block[tcs]->context.ocall_buffer_size = CALL_OCALL_BUFFER_SIZE;
	if (liar_function(liar, tcs, LT_GUARD_INTACT, intact, sizeof(intact))
			|| liar_function(liar, tcs, LT_OCALL, sum, sizeof(sum)))
		return 0;
	liar->script = script;
	return intact[0] == 1 && sum[0] == 42;
}
