/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of enclave code, from the instruction to the vectored handler
 * and back: one per vector and one per instruction that SGX forbids, with
 * odd registers, flags and stacks; within each other; from many threads.
 */
#include <asm/prctl.h>
#include <cpuid.h>
#include <openenclave/host.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "faults_u.h"
#include "plan.h"
#include "support/world.h"

#define THREADS 4
#define ROUNDS 6

static oe_enclave_t *enclave;
static const char *image;

int ft_host_double(int value)
{
	return 2 * value;
}

static int set_up(void **state)
{
	(void)state;
	return (int)oe_create_faults_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &enclave);
}

static int tear_down(void **state)
{
	(void)state;
	return (int)oe_terminate_enclave(enclave);
}

static bool cpuid_traps; /* on this box */

static bool can_forbid_cpuid(void)
{
	if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0ul) != 0)
		return false;
	syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1ul);
	return true;
}

/* Two that read the stack, which with AC set would fault of itself. */
static bool makes_sense(uint32_t fault, uint32_t how)
{
	if ((fault == FT_CPUID || fault == FT_CPUID_PREFIXED) && !cpuid_traps)
		return false;
	return !((fault == FT_RETF || fault == FT_IRET)
		&& (how & FT_AC_FLAG) && (how & FT_ODD_STACK));
}

static int raise_all(uint64_t seed)
{
	int result, exinfo, wrong = 0;

	if (ft_has_exinfo(enclave, &exinfo))
		return -1;
	for (uint32_t fault = 0; fault < FT_COUNT; fault++) {
		for (uint32_t how = 0; how < FT_ALL; how++) {
			if (!makes_sense(fault, how))
				continue;
			if (ft_raise(enclave, &result, fault, seed, how
					| (exinfo ? 0 : FT_COARSE))) {
				print_error("fault %u, %x: enclave lost\n",
					fault, how);
				return -1;
			}
			if (result) {
				print_error("fault %u, %x: %d\n", fault, how,
					result);
				wrong++;
			}
		}
	}
	return wrong;
}

static void every_vector(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++)
		assert_int_equal(raise_all(0x9e3779b97f4a7c15ull * (i + 1)), 0);
}

static void *raising_thread(void *argument)
{
	for (unsigned i = 0; i < 2; i++)
		if (raise_all((uintptr_t)argument * 77 + i))
			return (void *)1;
	return NULL;
}

static void from_many_threads(void **state)
{
	pthread_t threads[THREADS];
	void *result;

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
			raising_thread, (void *)i), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
}

static void within_each_other(void **state)
{
	int result;

	(void)state;
	for (int depth = 1; depth <= 12; depth++) {
		assert_int_equal(ft_nest(enclave, &result, depth), OE_OK);
		assert_int_equal(result, depth);
	}
}

/* Deeper than the runtime follows, or than the stack holds: the end of this
 * enclave and of nothing else. */
static void too_deep(void **state)
{
	int result;

	(void)state;
	assert_int_equal(ft_nest(enclave, &result, 1000), OE_ENCLAVE_ABORTING);
	assert_int_equal(ft_nest(enclave, &result, 1), OE_ENCLAVE_ABORTING);
}

static void list_of_handlers(void **state)
{
	int result;

	(void)state;
	assert_int_equal(ft_churn(enclave, &result, 200), OE_OK);
	assert_int_equal(result, 0);
	assert_int_equal(ft_escape(enclave, &result), OE_OK);
	assert_int_equal(result, 0);
	assert_int_equal(ft_other_fs(enclave, &result), OE_OK);
	assert_int_equal(result, 0);
	assert_int_equal(ft_verdict(enclave, &result, 0xffffffff), OE_OK);
	assert_int_equal(result, 0);
}

static void verdict_of_abort(void **state)
{
	int result;

	(void)state;
	assert_int_equal(ft_verdict(enclave, &result, 0xfffffff0),
		OE_ENCLAVE_ABORTING);
	assert_int_equal(ft_churn(enclave, &result, 1), OE_ENCLAVE_ABORTING);
}

/* The cell goes on: the host is told the vector, and not that the machine is
 * gone. */
static void unhandled(void **state)
{
	static const uint32_t faults[] = { FT_UD2, FT_PF_WRITE, FT_AC, FT_MF,
		FT_XM, FT_CPUID, FT_STACK_SEGMENT };
	int result;

	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!makes_sense(faults[i], 0))
			continue;
		assert_int_equal(set_up(state), 0);
		assert_int_equal(ft_unhandled(enclave, &result, faults[i]),
			OE_ENCLAVE_ABORTING);
		assert_int_equal(tear_down(state), 0);
	}
}

/* From the runtime's own copy, which offers no more than it has; the model
 * of the processor is that of the box. */
static void cpuid(void **state)
{
	uint32_t r[4], a, b, c, d;
	int result;

	(void)state;
	if (!cpuid_traps) {
		print_message("CPUID cannot be trapped on this box\n");
		skip();
	}
	assert_int_equal(ft_cpuid(enclave, &result, 0, 0, r), OE_OK);
	assert_int_equal(r[0], 7);
	__cpuid_count(0, 0, a, b, c, d);
	assert_int_equal(r[1], b);
	assert_int_equal(ft_cpuid(enclave, &result, 1, 0, r), OE_OK);
	__cpuid_count(1, 0, a, b, c, d);
	assert_int_equal(r[0], a);
	assert_int_equal(r[3], d);
	assert_int_equal(ft_cpuid(enclave, &result, 7, 0, r), OE_OK);
	__cpuid_count(7, 0, a, b, c, d);
	assert_int_equal(r[1] & ~b, 0);
	/* XFRM is x87, SSE and AVX. */
	assert_int_equal(r[1] & 1u << 16, 0);
	assert_int_equal(r[1] & 1u << 5, b & 1u << 5);
	assert_int_equal(ft_cpuid(enclave, &result, 7, 1, r), OE_OK);
	assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	assert_int_equal(ft_cpuid(enclave, &result, 0x80000000u, 0, r), OE_OK);
	assert_int_equal(r[0], 0x80000001u);
	/* One that it does not have is the program's to handle. */
	assert_int_equal(ft_cpuid(enclave, &result, 4, 1, r),
		OE_ENCLAVE_ABORTING);
}

/* Executed on a machine with SGX2, emulated on one without. */
static void time_stamps(void **state)
{
	uint64_t before, inside;

	(void)state;
	for (int i = 0; i < 20; i++) {
		before = __builtin_ia32_rdtsc();
		assert_int_equal(ft_tsc(enclave, &inside, i & 1), OE_OK);
		assert_in_range(inside, before, __builtin_ia32_rdtsc());
	}
}

/* They are the crypto library's work, and this enclave has none. */
static void no_key_pairs(void **state)
{
	const oe_asymmetric_key_params_t params = {
		OE_ASYMMETRIC_KEY_EC_SECP256P1, OE_ASYMMETRIC_KEY_PEM, NULL, 0
	};
	uint8_t *key = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(oe_get_public_key_by_policy(enclave,
		OE_SEAL_POLICY_UNIQUE, &params, &key, &size, NULL, NULL),
		OE_UNSUPPORTED);
	assert_null(key);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_vector, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(from_many_threads, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(within_each_other, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(too_deep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(list_of_handlers, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(verdict_of_abort, set_up,
			tear_down),
		cmocka_unit_test(unhandled),
		cmocka_unit_test_setup_teardown(cpuid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_stamps, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(no_key_pairs, set_up,
			tear_down),
	};
	struct world world;
	char lines[80];
	int status = -1;
	pid_t child;

	if (argc != 3 && argc != 4)
		return 2;
	image = argv[1];
	cpuid_traps = can_forbid_cpuid();
	snprintf(lines, sizeof(lines), "size=%s\n%s%s\n", argv[2],
		argc == 4 ? "epc_pages=" : "", argc == 4 ? argv[3] : "");
	if (world_open(&world, -1) || world_configure(&world, -1, lines))
		return 2;
	/* The machine ends when its last application has ended. */
	child = fork();
	if (!child)
		exit(cmocka_run_group_tests_name("exceptions", tests, NULL,
			NULL));
	/* Meanwhile interrupts land anywhere. */
	while (!waitpid(child, &status, WNOHANG)) {
		pid_t cell = world_find_cell();

		for (int i = 0; cell > 0 && i < 20; i++)
			kill(cell, SIGURG);
		world_nap(2);
	}
	world_wait_empty(WORLD_PATIENCE);
	return status || world_close(&world);
}
