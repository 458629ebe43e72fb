/* SPDX-License-Identifier: MIT */
/*
 * A hostile host: whatever it enters with and answers, the enclave reads and
 * writes nothing that it must not, and nothing hangs.  After each attack the
 * enclave's guarded memory is as it was and it still works, unless the
 * attack is one that ends an enclave.
 */
#include "liar.h"

#include "cell/control.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/world.h"

/* The runtime's idea of where a cell is. */
_Static_assert(CELL_IMAGE_END <= CALL_HOST_LOWEST, "the cell's image");
_Static_assert(CELL_PRIVATE == CALL_NO_HOST
	&& CELL_PRIVATE_END == CALL_NO_HOST_END, "the cell's own range");

#define SECONDS 600 /* a case that takes longer hangs */

static const char *image;
static struct liar liar;

static int set_up(void **state)
{
	(void)state;
	alarm(SECONDS);
	liar_load(&liar, image);
	liar_start(&liar);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	liar_unload(&liar);
	alarm(0);
	return 0;
}

/* An entry that must come back at once with an answer or a fault. */
static void refused(unsigned tcs, uint32_t function, uint64_t rdi,
	uint64_t rsi)
{
	struct drv_call call;

	assert_int_equal(liar_enter(&liar, tcs, &call, function, rdi, rsi), 0);
	if (call.function == SGX_EEXIT) {
		assert_int_equal(CALL_CODE(call.rdi), CALL_ERET);
		assert_true(CALL_RESULT(call.rdi) || call.rsi);
	} else {
		assert_int_equal(call.function, function);
		assert_int_equal(call.vector, SGX_VECTOR_GP);
	}
}

static void wrong_codes(void **state)
{
	static const uint32_t codes[] = { 0, CALL_ERET, CALL_OCALL, CALL_ORET,
		5, 0xffff };

	(void)state;
	for (unsigned c = 0; c < 6; c++)
		for (uint32_t f = 0; f < 8; f++)
			refused(0, SGX_EENTER, CALL_ARG1(codes[c], f, 0),
				liar.guard);
	for (uint32_t f = 5; f < 0x10000; f += 97)
		refused(0, SGX_EENTER, CALL_ARG1(CALL_ECALL, f, 0),
			(uint64_t)&liar.block[0]->args);
	refused(0, SGX_EENTER, CALL_ARG1(CALL_ECALL, CALL_VIRTUAL_EXCEPTION,
		0), 0);
	refused(0, SGX_EENTER, UINT64_MAX, UINT64_MAX);
	assert_true(liar_intact(&liar, 0));
}

static void wrong_tcs(void **state)
{
	uint64_t real = liar.tcs[0], wrong[] = { 0, liar.base,
		real + 4096, real - 4096, real + 8, liar.guard & ~4095ull,
		liar.base + liar.size, UINT64_MAX & ~4095ull };

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct drv_call call;
		int error;

		liar.tcs[0] = wrong[i];
		error = liar_enter(&liar, 0, &call, SGX_EENTER,
			CALL_ARG1(CALL_ECALL, CALL_ENCLAVE_FUNCTION, 0), 0);
		assert_true(error == -EINVAL || (!error
			&& call.function == SGX_EENTER));
	}
	liar.tcs[0] = real;
	/* No exception to resume from. */
	refused(0, SGX_ERESUME, 0, 0);
	assert_true(liar_intact(&liar, 0));
	assert_true(liar_intact(&liar, 1));
}

static oe_result_t call_at(uint64_t address)
{
	uint64_t value = OE_OK;
	int result = liar_call(&liar, 0, CALL_ENCLAVE_FUNCTION, address,
		&value);

	return result ? (oe_result_t)result : (oe_result_t)value;
}

static void argument_addresses(void **state)
{
	uint64_t end = liar.base + liar.size;
	uint64_t bad[] = { 0, 1, 7, liar.base, liar.guard, liar.tcs[0],
		liar.tcs[0] + 4096, end - 8, end - 56, liar.base - 8,
		liar.base - 48, UINT64_MAX - 7, UINT64_MAX - 55, UINT64_MAX,
		(uint64_t)&liar.block[0]->args + 4,
		/* Where a cell keeps itself. */
		CELL_IMAGE, CELL_IMAGE_END - 8, CELL_PRIVATE - 8,
		CELL_PRIVATE, CELL_AREAS, CELL_PRIVATE_END - 8 };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(call_at(bad[i]), OE_INVALID_PARAMETER);
	assert_true(liar_intact(&liar, 0));
}

static oe_result_t call_with(uint64_t id, uint64_t in, uint64_t in_size,
	uint64_t out, uint64_t out_size)
{
	struct call_args *args = &liar.block[0]->args;

	memset(args, 0, sizeof(*args));
	args->function_id = id;
	args->in = in;
	args->in_size = in_size;
	args->out = out;
	args->out_size = out_size;
	return call_at((uint64_t)args);
}

static void buffers_and_sizes(void **state)
{
	uint64_t in = (uint64_t)liar.block[0]->in;
	uint64_t out = (uint64_t)liar.block[0]->out;
	uint64_t end = liar.base + liar.size;
	uint64_t inside[] = { 0, liar.base, liar.guard, liar.tcs[0] - 8192,
		end - 32, liar.base - 16, UINT64_MAX - 31, CELL_IMAGE,
		CELL_CONTROL, CELL_AREAS, CELL_TABLE, CELL_PRIVATE - 16 };
	uint64_t sizes[] = { 0, 1, 16, 23, 24, 40, 31, UINT64_MAX,
		UINT64_MAX - 15, UINT64_MAX - 31, 1ull << 63 };
	static const uint64_t ids[] = { 1000, UINT32_MAX, UINT64_MAX,
		UINT64_MAX / 8 + 1 };

	(void)state;
	for (unsigned i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		assert_int_equal(call_with(LT_GUARD_ADDRESS, inside[i], 32,
			out, 32), OE_INVALID_PARAMETER);
		assert_int_equal(call_with(LT_GUARD_ADDRESS, in, 32,
			inside[i], 32), OE_INVALID_PARAMETER);
	}
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		oe_result_t result = call_with(LT_GUARD_ADDRESS, in, sizes[i],
			out, 32);

		assert_true(result != OE_OK);
		result = call_with(LT_GUARD_ADDRESS, in, 32, out, sizes[i]);
		assert_true(result != OE_OK);
	}
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(call_with(ids[i], in, 32, out, 32),
			OE_NOT_FOUND);
	assert_true(liar_intact(&liar, 0));
}

static void contexts(void **state)
{
	uint64_t bad[] = { liar.guard, liar.base, 4, UINT64_MAX - 7,
		liar.base - 64, (uint64_t)liar.block[0] + 4 };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct drv_call call = {
			.rdi = CALL_ARG1(CALL_ECALL, CALL_ENCLAVE_FUNCTION,
				0),
			.rsi = (uint64_t)&liar.block[0]->args, .rdx = bad[i],
			.tcs = liar.tcs[0], .function = SGX_EENTER,
		};

		assert_int_equal(liar.drv->enter(liar.machine, &call), 0);
		assert_int_equal(call.function, SGX_EEXIT);
		assert_int_equal(call.rdi, CALL_ARG1(CALL_ERET,
			CALL_ENCLAVE_FUNCTION, OE_INVALID_PARAMETER));
	}
	/* The context's own buffer is inside: the enclave asks for memory
	 * instead, and works. */
	liar.block[0]->context.ocall_buffer = liar.guard;
	liar.block[0]->context.ocall_buffer_size = 4096;
	{
		int sum[2] = { 0, 1 };

		liar.block[1]->context.ocall_buffer = liar.guard;
		assert_int_equal(liar_function(&liar, 1, LT_OCALL, sum,
			sizeof(sum)), OE_OK);
		assert_int_equal(sum[0], 2);
	}
	assert_true(liar_intact(&liar, 0));
}

static void *spin_thread(void *flag)
{
	struct {
		int result, pad;
		void *flag;
	} arguments = { 0, 0, flag };

	liar_function(&liar, 0, LT_SPIN, &arguments, sizeof(arguments));
	return NULL;
}

static void busy_tcs(void **state)
{
	int *flag = liar.drv->shared_alloc(64);
	pthread_t thread;

	(void)state;
	flag[0] = flag[1] = 0;
	assert_int_equal(pthread_create(&thread, NULL, spin_thread, flag), 0);
	while (!__atomic_load_n(&flag[1], __ATOMIC_SEQ_CST))
		usleep(1000);
	for (int i = 0; i < 20; i++) {
		struct drv_call call;

		assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER,
			CALL_ARG1(CALL_ECALL, CALL_ENCLAVE_FUNCTION, 0), 0),
			0);
		assert_int_equal(call.function, SGX_EENTER);
		assert_int_equal(call.vector, SGX_VECTOR_GP);
	}
	assert_true(liar_intact(&liar, 1));
	__atomic_store_n(flag, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	liar.drv->shared_free(flag);
	assert_true(liar_intact(&liar, 0));
}

/* In the middle of an ocall. */
static void nest(struct liar *l, uint32_t function, uint64_t argument,
	uint32_t *result, uint64_t *value)
{
	static const uint32_t functions[] = { CALL_ENCLAVE_FUNCTION,
		CALL_INIT_ENCLAVE, CALL_AT_EXIT_FUNCTIONS, 9 };
	struct drv_call call;

	(void)argument;
	(void)result;
	(void)value;
	if (function != CALL_HOST_FUNCTION)
		return;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(liar_enter(l, 0, &call, SGX_EENTER,
			CALL_ARG1(CALL_ECALL, functions[i], 0),
			(uint64_t)&l->block[0]->args), 0);
		assert_int_equal(call.function, SGX_EEXIT);
		assert_int_equal(call.rdi, CALL_ARG1(CALL_ERET, functions[i],
			OE_REENTRANT_ECALL));
	}
	assert_int_equal(liar_enter(l, 0, &call, SGX_EENTER,
		CALL_ARG1(CALL_ECALL, CALL_VIRTUAL_EXCEPTION, 0), 0), 0);
	assert_int_equal(CALL_RESULT(call.rdi), OE_UNEXPECTED);
	refused(0, SGX_ERESUME, 0, 0);
}

static void re_entry(void **state)
{
	int sum[2] = { 0, 5 };

	(void)state;
	liar.script = nest;
	assert_int_equal(liar_function(&liar, 0, LT_OCALL, sum, sizeof(sum)),
		OE_OK);
	assert_int_equal(sum[0], 6);
	assert_true(liar_intact(&liar, 0));
}

static uint32_t lie_result;
static uint64_t lie_value;
static uint32_t lie_function;

static void lie(struct liar *l, uint32_t function, uint64_t argument,
	uint32_t *result, uint64_t *value)
{
	(void)l;
	(void)argument;
	if (function != lie_function)
		return;
	*result = lie_result;
	*value = lie_value;
}

static void answers(void **state)
{
	static const uint32_t results[] = { OE_FAILURE, 63, 0x7fff, 0xffff };
	int sum[2];

	(void)state;
	liar.script = lie;
	lie_function = CALL_HOST_FUNCTION;
	lie_value = liar.guard;
	for (unsigned i = 0; i < 4; i++) {
		lie_result = results[i];
		sum[0] = 0;
		sum[1] = 7;
		assert_int_equal(liar_function(&liar, 0, LT_OCALL, sum,
			sizeof(sum)), OE_OK);
		assert_true(sum[0] < 0);
	}
	liar.script = NULL;
	assert_true(liar_intact(&liar, 0));
}

/* ORET for another function than the one that was called. */
static void wrong_answer(void **state)
{
	struct liar_block *block = liar.block[0];
	struct drv_call call;
	uint64_t value;

	(void)state;
	block->args = (struct call_args){ .function_id = LT_OCALL,
		.in = (uint64_t)block->in, .in_size = 32,
		.out = (uint64_t)block->out, .out_size = 32 };
	memset(block->in, 0, 32);
	assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER, CALL_ARG1(
		CALL_ECALL, CALL_ENCLAVE_FUNCTION, 0), (uint64_t)&block->args),
		0);
	assert_int_equal(CALL_CODE(call.rdi), CALL_OCALL);
	assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER, CALL_ARG1(
		CALL_ORET, CALL_MALLOC, 0), liar.guard), 0);
	assert_int_equal(CALL_CODE(call.rdi), CALL_ERET);
	value = call.rsi;
	assert_int_equal(value, OE_OK);
	assert_true(*(int *)(block->out + 24) < 0);
	assert_true(liar_intact(&liar, 0));
}

static void odd_memory(void **state)
{
	struct {
		int result, pad;
		uint64_t size;
	} ask = { 0, 0, 40000 };

	(void)state;
	liar.script = lie;
	lie_function = CALL_MALLOC;
	lie_result = OE_OK;
	lie_value = 0;
	assert_int_equal(liar_function(&liar, 0, LT_HOST_MEMORY, &ask, 16),
		OE_OK);
	assert_int_equal(ask.result, 0);
	/* Not aligned: not taken. */
	lie_value = (uint64_t)liar.block[0]->in + 8;
	assert_int_equal(liar_function(&liar, 0, LT_HOST_MEMORY, &ask, 16),
		OE_OK);
	assert_int_equal(ask.result, 0);
	lie_result = OE_FAILURE;
	lie_value = liar.guard;
	assert_int_equal(liar_function(&liar, 0, LT_HOST_MEMORY, &ask, 16),
		OE_OK);
	assert_int_equal(ask.result, 0);
	liar.script = NULL;
	assert_true(liar_intact(&liar, 0));
}

/* Memory inside the enclave: whoever gives that is its enemy. */
static void memory_inside(void **state)
{
	static const int64_t shifts[] = { 0, -1 };
	struct {
		int result, pad;
		uint64_t size;
	} ask;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct drv_call call;

		ask.result = 0;
		ask.size = 40000;
		liar.script = lie;
		lie_function = CALL_MALLOC;
		lie_result = OE_OK;
		lie_value = shifts[i] ? liar.base - 4096 : liar.guard;
		assert_int_equal(liar_function(&liar, 0, LT_HOST_MEMORY, &ask,
			16), OE_ENCLAVE_ABORTING);
		/* Sticky, for every thread. */
		for (unsigned t = 0; t < LIAR_TCS; t++) {
			assert_int_equal(liar_enter(&liar, t, &call,
				SGX_EENTER, CALL_ARG1(CALL_ECALL,
					CALL_ENCLAVE_FUNCTION, 0),
				(uint64_t)&liar.block[t]->args), 0);
			assert_int_equal(call.rsi, OE_ENCLAVE_ABORTING);
		}
		liar.script = NULL;
		liar_unload(&liar);
		liar_load(&liar, image);
		liar_start(&liar);
	}
}

static void garble(struct liar *l, uint32_t function, uint64_t argument,
	uint32_t *result, uint64_t *value)
{
	static unsigned seed = 1;
	uint8_t *words = (uint8_t *)argument;

	(void)l;
	*value = (uint64_t)rand_r(&seed) << 32 | (uint64_t)rand_r(&seed);
	if (function == CALL_WRITE || function == CALL_CLOCK
			|| function == CALL_THREAD_WAIT_TIMED)
		for (unsigned i = 0; i < 32; i++)
			words[i] = (uint8_t)rand_r(&seed);
	if (function == CALL_HOST_FUNCTION)
		for (unsigned i = 0; i < 56; i++)
			words[i] = (uint8_t)rand_r(&seed);
	if (function == CALL_MALLOC)
		*value = 0;
	*result = 0;
}

static void garbage(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		struct {
			int result, pad;
			uint64_t pointer, size;
		} any = { 0 };

		liar.script = garble;
		liar.block[0]->context.ocall_buffer =
			(uint64_t)liar.block[0]->ocall;
		liar.block[0]->context.ocall_buffer_size =
			CALL_OCALL_BUFFER_SIZE;
		liar_function(&liar, 0, LT_PRINT, &any, 8);
		liar_function(&liar, 0, LT_WAIT, &any, 8);
		liar_function(&liar, 0, LT_OCALL, &any, 8);
	}
	liar.script = NULL;
	assert_true(liar_intact(&liar, 0));
}

static volatile int stop;

static void *flip_thread(void *state)
{
	struct liar_block *block = liar.block[0];
	uint64_t values[4] = { (uint64_t)block->in, liar.guard, 0,
		liar.base + liar.size - 16 };
	uint64_t sizes[4] = { 32, 8192, UINT64_MAX, 0 };

	(void)state;
	for (unsigned i = 0; !stop; i++) {
		*(volatile uint64_t *)&block->args.in = values[i & 3];
		*(volatile uint64_t *)&block->args.out = values[i >> 1 & 3];
		*(volatile uint64_t *)&block->args.in_size = sizes[i >> 2 & 3];
		*(volatile uint64_t *)&block->args.out_size =
			sizes[i >> 3 & 3];
		*(volatile uint64_t *)&block->args.function_id =
			i & 64 ? UINT64_MAX : LT_GUARD_INTACT;
	}
	return NULL;
}

/* Whatever the enclave reads twice, it must not trust the second time. */
static void changing_arguments(void **state)
{
	pthread_t thread;

	(void)state;
	stop = 0;
	assert_int_equal(pthread_create(&thread, NULL, flip_thread, NULL), 0);
	for (int i = 0; i < 20000; i++) {
		uint64_t value = OE_OK;
		int result = liar_call(&liar, 0, CALL_ENCLAVE_FUNCTION,
			(uint64_t)&liar.block[0]->args, &value);

		assert_true(result == 0);
	}
	stop = 1;
	pthread_join(thread, NULL);
	assert_true(liar_intact(&liar, 0));
}

/* Enters LT_FAULT and stops where the AEX was. */
static void stop_at_fault(struct drv_call *call)
{
	struct liar_block *block = liar.block[0];

	memset(block->in, 0, 32);
	block->args = (struct call_args){ .function_id = LT_FAULT,
		.in = (uint64_t)block->in, .in_size = 32,
		.out = (uint64_t)block->out, .out_size = 32 };
	assert_int_equal(liar_enter(&liar, 0, call, SGX_EENTER, CALL_ARG1(
		CALL_ECALL, CALL_ENCLAVE_FUNCTION, 0), (uint64_t)&block->args),
		0);
	assert_int_equal(call->function, SGX_ERESUME);
	assert_int_equal(call->vector, SGX_VECTOR_UD);
}

static void at_an_exception(void **state)
{
	struct drv_call call;

	(void)state;
	stop_at_fault(&call);
	/* Resumed without a word to the enclave: the same again. */
	for (int i = 0; i < 5; i++) {
		assert_int_equal(liar_enter(&liar, 0, &call, SGX_ERESUME, 0,
			0), 0);
		assert_int_equal(call.function, SGX_ERESUME);
		assert_int_equal(call.vector, SGX_VECTOR_UD);
	}
	/* Anything but the exception's own call is refused. */
	for (uint32_t f = 0; f < 6; f++) {
		if (f == CALL_VIRTUAL_EXCEPTION)
			continue;
		assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER,
			CALL_ARG1(CALL_ECALL, f, 0), liar.guard), 0);
		assert_int_equal(call.function, SGX_EEXIT);
		assert_int_equal(CALL_RESULT(call.rdi), OE_UNEXPECTED);
	}
	assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER,
		CALL_ARG1(CALL_ORET, CALL_HOST_FUNCTION, 0), 0), 0);
	assert_int_equal(CALL_RESULT(call.rdi), OE_UNEXPECTED);
	/* The call itself, and then a second time for the same exception. */
	assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER, CALL_ARG1(
		CALL_ECALL, CALL_VIRTUAL_EXCEPTION, 0), liar.guard), 0);
	assert_int_equal(call.rsi, CALL_RESUME);
	assert_int_equal(liar_enter(&liar, 0, &call, SGX_EENTER, CALL_ARG1(
		CALL_ECALL, CALL_VIRTUAL_EXCEPTION, 0), liar.guard), 0);
	assert_int_equal(call.rsi, CALL_DO_NOT_RESUME);
	assert_int_equal(liar_enter(&liar, 0, &call, SGX_ERESUME, 0, 0), 0);
	assert_int_equal(call.function, SGX_EEXIT);
	assert_int_equal(CALL_CODE(call.rdi), CALL_ERET);
	assert_int_equal(call.rsi, OE_OK);
	assert_true(liar_intact(&liar, 0));
}

static void second_init(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(liar_call(&liar, 0, CALL_INIT_ENCLAVE, liar.guard,
		&value), 0);
	assert_true(liar_intact(&liar, 0));
}

static void before_init(void **state)
{
	struct liar fresh;
	uint64_t value;

	(void)state;
	liar_load(&fresh, image);
	for (uint32_t f = 2; f < 5; f++) {
		struct drv_call call;

		assert_int_equal(liar_enter(&fresh, 1, &call, SGX_EENTER,
			CALL_ARG1(CALL_ECALL, f, 0),
			(uint64_t)&fresh.block[1]->args), 0);
		assert_int_equal(call.function, SGX_EEXIT);
		assert_int_equal(CALL_CODE(call.rdi), CALL_ERET);
	}
	/* A handle inside, then processors that do not exist. */
	assert_int_equal(liar_call(&fresh, 0, CALL_INIT_ENCLAVE, fresh.base,
		&value), 0);
	assert_int_equal(value, OE_INVALID_PARAMETER);
	fresh.script = lie;
	lie_function = CALL_CPUID_TABLE;
	lie_result = OE_FAILURE;
	assert_int_equal(liar_call(&fresh, 0, CALL_INIT_ENCLAVE,
		(uint64_t)fresh.block[0], &value), 0);
	assert_int_not_equal(value, OE_OK);
	fresh.script = NULL;
	liar_start(&fresh);
	assert_true(liar_intact(&fresh, 0));
	liar_unload(&fresh);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run(struct world *world)
{
	const struct CMUnitTest tests[] = {
		CASE(wrong_codes), CASE(wrong_tcs), CASE(argument_addresses),
		CASE(buffers_and_sizes), CASE(contexts), CASE(busy_tcs),
		CASE(re_entry), CASE(answers), CASE(wrong_answer),
		CASE(odd_memory), CASE(memory_inside), CASE(garbage),
		CASE(changing_arguments), CASE(at_an_exception),
		CASE(second_init), CASE(before_init),
	};

	return cmocka_run_group_tests_name("hostile host", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	image = argv[1];
#ifdef IN_A_WORLD
	return world_run(NULL, run);
#else
	return run(NULL);
#endif
}
