/* SPDX-License-Identifier: MIT */
/*
 * AEX-Notify and EDECCSSA in the cell, by a bare enclave that goes on with
 * its interrupted code itself; and vector state up to AVX-512 in the frame.
 */
#include "bare.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* enclave.S */
enum { OP_ADD = 0, OP_UD = 2, OP_READ = 3, OP_WRITE = 4, OP_SPIN = 5,
	OP_ENCLU = 13, OP_WIDE = 16 };
enum { NOTIFIED, STEP, REPORT, LOAD, STORE, GIVE_UP }; /* exception entries */
#define NOTICES 0x3300ull /* offset of the count from the TCS */
#define ARM (1ull << 56) /* AEXNOTIFY, in the word of EXITINFO */

static struct bare_cpu cpu;
static struct bare_enclave enclave;

static void build(uint64_t attributes, uint64_t tcs_flags)
{
	bare_attributes.flags = SGX_ATTR_MODE64BIT | attributes;
	bare_tcs_flags = tcs_flags;
	bare_build(&cpu, &enclave, 4);
}

static int setup(void **state)
{
	bare_start(&cpu, NULL);
	return 0;
}

static int teardown(void **state)
{
	bare_stop(&cpu);
	return 0;
}

static void arm(uint32_t tcs, uint32_t frame)
{
	bare_call(&enclave, tcs, OP_WRITE, bare_gpr(&enclave, tcs)
		+ frame * 4096 + offsetof(struct sgx_gprsgx, exit_info), ARM);
}

static uint64_t notices(uint32_t tcs)
{
	return bare_call(&enclave, tcs, OP_READ, enclave.tcs[tcs] + NOTICES,
		0);
}

static struct drv_call visit(uint32_t tcs, uint32_t function, uint64_t rdi,
	uint64_t rsi, uint64_t rdx)
{
	struct drv_call c = {
		.rdi = rdi, .rsi = rsi, .rdx = rdx, .function = function,
	};

	assert_int_equal(bare_enter(&enclave, tcs, &c), 0);
	return c;
}

struct spinner {
	pthread_t thread;
	uint32_t tcs;
	uint64_t *stop;
};

static void *spin(void *arg)
{
	struct spinner *s = arg;
	struct drv_call c = {
		.rdi = OP_SPIN, .rsi = (uintptr_t)s->stop,
		.function = SGX_EENTER,
	};

	return bare_enter(&enclave, s->tcs, &c) != 0
		|| c.function != SGX_EEXIT || c.rsi != 1 ? (void *)1 : NULL;
}

/* Kicks the enclave for a second while all its threads spin on registers
 * that must not change. */
static void kick_spinners(void)
{
	uint64_t *stop = bare_arena(&cpu, 4096);
	struct spinner s[4];
	time_t end = time(NULL) + 2;
	void *result;

	*stop = 0;
	for (uint32_t i = 0; i < 4; i++) {
		s[i] = (struct spinner){ .tcs = i, .stop = stop };
		pthread_create(&s[i].thread, NULL, spin, &s[i]);
	}
	while (time(NULL) < end)
		bare_simple(&enclave, DOOR_KICK);
	*stop = 1;
	for (uint32_t i = 0; i < 4; i++) {
		pthread_join(s[i].thread, &result);
		assert_null(result);
	}
}

static bool all_noticed(void)
{
	bool all = true;

	for (uint32_t i = 0; i < 4; i++)
		all = all && notices(i) > 0;
	return all;
}

static void interrupts_are_noticed(void **state)
{
	int tries = 0;

	build(SGX_ATTR_AEXNOTIFY, SGX_TCS_AEXNOTIFY);
	/* Nobody asked. */
	kick_spinners();
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(notices(i), 0);
	for (uint32_t i = 0; i < 4; i++)
		arm(i, 0);
	/* A thread that had no processor meanwhile noticed nothing. */
	do
		kick_spinners();
	while (!all_noticed() && ++tries < 60);
	assert_true(all_noticed());
	assert_true(bare_stat(&enclave).aex > 0);
	bare_remove(&enclave);
}

/* Without the attribute the byte means nothing; with it on one side only the
 * TCS cannot be entered. */
static void notices_need_both_bits(void **state)
{
	build(0, 0);
	arm(0, 0);
	kick_spinners();
	assert_int_equal(notices(0), 0);
	bare_remove(&enclave);
	build(SGX_ATTR_AEXNOTIFY, 0);
	assert_int_equal(visit(0, SGX_EENTER, OP_ADD, 0, 0).vector,
		SGX_VECTOR_GP);
	bare_remove(&enclave);
}

static void exceptions_are_noticed(void **state)
{
	struct drv_call c;
	uint64_t gpr;

	build(SGX_ATTR_AEXNOTIFY, SGX_TCS_AEXNOTIFY);
	gpr = bare_gpr(&enclave, 1);
	arm(1, 0);
	c = visit(1, SGX_EENTER, OP_UD, 0, 0);
	assert_int_equal(c.function, SGX_ERESUME);
	assert_int_equal(c.vector, SGX_VECTOR_UD);
	assert_int_equal(visit(1, SGX_EENTER, STEP, gpr, 0).function,
		SGX_EEXIT);
	/* ERESUME becomes an entry; its handler does the rest. */
	c = visit(1, SGX_ERESUME, 0, 0, 0);
	assert_int_equal(c.function, SGX_EEXIT);
	assert_int_equal(c.rsi, 0x55);
	assert_int_equal(notices(1), 1);
	/* No frame is left over. */
	c = visit(1, SGX_ERESUME, 0, 0, 0);
	assert_int_equal(c.function, SGX_ERESUME);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	bare_remove(&enclave);
}

static void no_frame_for_the_notice(void **state)
{
	struct drv_call c;

	build(SGX_ATTR_AEXNOTIFY, SGX_TCS_AEXNOTIFY);
	arm(0, 1);
	assert_int_equal(visit(0, SGX_EENTER, OP_UD, 0, 0).function,
		SGX_ERESUME);
	/* The handler faults: both frames are full, and the second is armed. */
	c = visit(0, SGX_EENTER, LOAD, enclave.base + 0x8000, 0);
	assert_int_equal(c.function, SGX_ERESUME);
	c = visit(0, SGX_ERESUME, 0, 0, 0);
	assert_int_equal(c.function, SGX_ERESUME);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	bare_remove(&enclave);
}

static void frames_given_up(void **state)
{
	struct drv_call c;

	build(0, 0);
	/* There is none. */
	c = visit(0, SGX_EENTER, OP_ENCLU, SGX_EDECCSSA, 0);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	/* That #GP's own, and another. */
	c = visit(0, SGX_EENTER, GIVE_UP, 0, 0);
	assert_int_equal(c.function, SGX_EEXIT);
	assert_int_equal(bare_call(&enclave, 0, OP_ADD, 1, 0), 2);
	for (int i = 0; i < 100; i++) {
		c = visit(0, SGX_EENTER, OP_UD, 0, 0);
		assert_int_equal(c.vector, SGX_VECTOR_UD);
		c = visit(0, SGX_EENTER, GIVE_UP, 0, 0);
		assert_int_equal(c.function, SGX_EEXIT);
	}
	c = visit(0, SGX_ERESUME, 0, 0, 0);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	assert_int_equal(bare_call(&enclave, 0, OP_ADD, 1, 0), 2);
	bare_remove(&enclave);
}

/* A frame that the enclave changed comes back as changed. */
static void edited_frames(void **state)
{
	uint64_t gpr;

	build(0, 0);
	gpr = bare_gpr(&enclave, 2);
	assert_int_equal(visit(2, SGX_EENTER, OP_UD, 7, 0).vector,
		SGX_VECTOR_UD);
	assert_int_equal(visit(2, SGX_EENTER, LOAD, gpr
		+ offsetof(struct sgx_gprsgx, rsi), 0).rsi, 7);
	assert_int_equal(visit(2, SGX_EENTER, LOAD, gpr
		+ offsetof(struct sgx_gprsgx, rflags), 0).rsi & 0x10000,
		0x10000);
	visit(2, SGX_EENTER, STEP, gpr, 0);
	/* NT set, which IRETQ would not stand. */
	visit(2, SGX_EENTER, STORE, gpr + offsetof(struct sgx_gprsgx, rflags),
		0x44202);
	assert_int_equal(visit(2, SGX_ERESUME, 0, 0, 0).rsi, 0x55);
	bare_remove(&enclave);
}

static void wide_vectors(void **state)
{
	uint32_t low, high;

	if (!__builtin_cpu_supports("avx512bw"))
		skip();
	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	bare_attributes.xfrm = low & 0xe7;
	build(0, 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(visit(1, SGX_EENTER, OP_WIDE, 0, 0).vector,
			SGX_VECTOR_UD);
		visit(1, SGX_EENTER, STEP, bare_gpr(&enclave, 1), 0);
		assert_int_equal(visit(1, SGX_ERESUME, 0, 0, 0).rsi,
			0x0102030405060708);
	}
	bare_remove(&enclave);
	bare_attributes.xfrm = 7;
	/* Not in XFRM: not in the frame. */
	build(0, 0);
	visit(1, SGX_EENTER, OP_WIDE, 0, 0);
	visit(1, SGX_EENTER, STEP, bare_gpr(&enclave, 1), 0);
	assert_int_equal(visit(1, SGX_ERESUME, 0, 0, 0).rsi, 0);
	bare_remove(&enclave);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interrupts_are_noticed),
		cmocka_unit_test(notices_need_both_bits),
		cmocka_unit_test(exceptions_are_noticed),
		cmocka_unit_test(no_frame_for_the_notice),
		cmocka_unit_test(frames_given_up),
		cmocka_unit_test(edited_frames),
		cmocka_unit_test(wide_vectors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
