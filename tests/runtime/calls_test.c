/* SPDX-License-Identifier: MIT */
/* Calls, threads, exceptions and abort, through the API that programs use. */
#include <errno.h>
#include <openenclave/host.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime_u.h"
#include "support/world.h"

#define THREADS 8 /* as many as the enclave has */

static oe_enclave_t *enclave, *second;
static oe_result_t nested_result;
static pthread_barrier_t all_inside, may_leave;
static const char *image;

static _Thread_local int mine;

int rt_host_add(int a, int b)
{
	mine++;
	return a + b;
}

void rt_host_nothing(void)
{
}

/* 0: a second call of the same enclave from within its ocall; 1: of another
 * enclave, which makes an ocall of its own; 2: stays until all have come. */
int rt_host_nest(int depth)
{
	int result = -1;

	if (depth == 2) {
		pthread_barrier_wait(&all_inside);
		pthread_barrier_wait(&may_leave);
		return 0;
	}

	if (!depth) {
		nested_result = rt_add(enclave, &result, 1, 2);
		return result;
	}
	nested_result = rt_nested(second, &result, 0);
	return result;
}

static oe_enclave_t *create(void)
{
	oe_enclave_t *made = NULL;

	assert_int_equal(oe_create_runtime_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &made), OE_OK);
	assert_non_null(made);
	return made;
}

static int set_up(void **state)
{
	(void)state;
	enclave = create();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return oe_terminate_enclave(enclave);
}

static void ecalls(void **state)
{
	int sum = 0;

	(void)state;
	assert_int_equal(rt_empty(enclave), OE_OK);
	assert_int_equal(rt_add(enclave, &sum, 40, 2), OE_OK);
	assert_int_equal(sum, 42);
	assert_int_equal(rt_relocated(enclave, &sum), OE_OK);
	assert_int_equal(sum, 1);
	assert_int_equal(rt_constructed(enclave, &sum), OE_OK);
	assert_int_equal(sum, 1);
	assert_int_equal(rt_print(enclave, &sum, "printed inside"), OE_OK);
	assert_int_equal(sum, 15);
}

static void buffers(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 4096, 65536,
		200000, 1 << 20 };
	uint8_t *data = malloc(1 << 20);
	uint64_t sum;

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint64_t want = 0;

		memset(data, 0xee, 1 << 20);
		assert_int_equal(rt_fill(enclave, data, sizes[s], s + 1),
			OE_OK);
		for (size_t i = 0; i < sizes[s]; i++)
			assert_int_equal(data[i], s + 1);
		if (sizes[s] < 1 << 20)
			assert_int_equal(data[sizes[s]], 0xee);
		for (size_t i = 0; i < sizes[s]; i++)
			want += data[i] = i * 7;
		assert_int_equal(rt_sum(enclave, &sum, data, sizes[s]), OE_OK);
		assert_int_equal(sum, want);
	}
	free(data);
}

static void ocalls(void **state)
{
	int result;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(rt_ocall(enclave, &result, i), OE_OK);
		assert_int_equal(result, i + 1);
	}
}

static void *own_thread(void *argument)
{
	int rounds = *(int *)argument, result;

	for (int i = 0; i < rounds; i++)
		if (rt_ocall(enclave, &result, i))
			return NULL;
	*(int *)argument = mine;
	return NULL;
}

/* An ocall runs as the thread that made the ecall. */
static void host_thread_local(void **state)
{
	int counts[3] = { 10, 20, 30 }, result;
	pthread_t made[3];

	(void)state;
	mine = 5;
	for (unsigned i = 0; i < 3; i++)
		pthread_create(&made[i], NULL, own_thread, &counts[i]);
	errno = ENOTTY;
	assert_int_equal(rt_ocall(enclave, &result, 1), OE_OK);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(mine, 6);
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(made[i], NULL);
		assert_int_equal(counts[i], 10 * (i + 1));
	}
}

static void nesting(void **state)
{
	int result;

	(void)state;
	assert_int_equal(rt_nested(enclave, &result, 0), OE_OK);
	assert_int_equal(nested_result, OE_REENTRANT_ECALL);
	assert_int_equal(result, -1);
	/* Another enclave may be called, and call out itself. */
	second = create();
	assert_int_equal(rt_nested(enclave, &result, 1), OE_OK);
	assert_int_equal(oe_terminate_enclave(second), OE_OK);
	/* And the first one is as it was. */
	assert_int_equal(rt_ocall(enclave, &result, 1), OE_OK);
	assert_int_equal(result, 2);
}

static void *count_thread(void *argument)
{
	oe_result_t *result = argument;
	int counter;

	*result = rt_thread_counter(enclave, &counter, 2000);
	return NULL;
}

static void *barrier_thread(void *argument)
{
	oe_result_t *result = argument;
	int met = 0;

	*result = rt_barrier(enclave, &met, THREADS);
	return NULL;
}

static void run_threads(void *(*body)(void *), unsigned count,
	oe_result_t results[])
{
	pthread_t threads[2 * THREADS];

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body,
			&results[i]), 0);
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void threads(void **state)
{
	oe_result_t results[THREADS];
	int counter;

	(void)state;
	run_threads(count_thread, THREADS, results);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(results[i], OE_OK);
	assert_int_equal(rt_thread_counter(enclave, &counter, 0), OE_OK);
	assert_int_equal(counter, THREADS * 2000);
	/* All eight at once inside, waiting for each other. */
	run_threads(barrier_thread, THREADS, results);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(results[i], OE_OK);
}

static void *mixed_thread(void *argument)
{
	oe_result_t *result = argument;
	uint8_t data[3000];
	uint64_t sum;
	int value;

	memset(data, 3, sizeof(data));
	for (int i = 0; i < 300; i++) {
		*result = rt_add(enclave, &value, i, 1);
		if (*result || value != i + 1)
			goto bad;
		*result = rt_ocall(enclave, &value, i);
		if (*result || value != i + 1)
			goto bad;
		*result = rt_sum(enclave, &sum, data, (size_t)i * 10);
		if (*result || sum != (uint64_t)i * 30)
			goto bad;
		*result = rt_survive(enclave, &value, 5);
		if (*result || value != 5)
			goto bad;
	}
	return NULL;
bad:
	if (!*result)
		*result = OE_UNEXPECTED;
	return NULL;
}

/* Calls both ways and exceptions, from more threads than processors. */
static void all_at_once(void **state)
{
	oe_result_t results[THREADS];

	(void)state;
	run_threads(mixed_thread, THREADS, results);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(results[i], OE_OK);
}

static void *held_thread(void *argument)
{
	oe_result_t *result = argument;
	int value;

	*result = rt_nested(enclave, &value, 2);
	return NULL;
}

static void out_of_threads(void **state)
{
	oe_result_t results[THREADS];
	pthread_t held[THREADS];
	int sum;

	(void)state;
	pthread_barrier_init(&all_inside, NULL, THREADS + 1);
	pthread_barrier_init(&may_leave, NULL, THREADS + 1);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&held[i], NULL, held_thread,
			&results[i]), 0);
	pthread_barrier_wait(&all_inside);
	assert_int_equal(rt_add(enclave, &sum, 1, 1), OE_OUT_OF_THREADS);
	pthread_barrier_wait(&may_leave);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(held[i], NULL);
		assert_int_equal(results[i], OE_OK);
	}
	assert_int_equal(rt_add(enclave, &sum, 1, 1), OE_OK);
	assert_int_equal(sum, 2);
}

static void thread_local_variables(void **state)
{
	uint64_t before;

	(void)state;
	/* Each outermost call finds them as the image has them. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rt_tls(enclave, &before, 77), OE_OK);
		assert_int_equal(before, 0);
	}
}

static void ranges_and_host_memory(void **state)
{
	static const size_t sizes[] = { 1, 100, 5000, 100000 };
	uint64_t outside[2];
	int bad;

	(void)state;
	assert_int_equal(rt_ranges(enclave, &bad, outside), OE_OK);
	assert_int_equal(bad, 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(rt_host_memory(enclave, &bad, sizes[i]),
			OE_OK);
		assert_int_equal(bad, 0);
	}
}

/* What oe_host_malloc gave is the program's to free, with free(3), before
 * its enclave ends and after. */
static void memory_given_to_the_host(void **state)
{
	char *early, *late, *kept;

	(void)state;
	assert_int_equal(rt_host_gift(enclave, &early), OE_OK);
	assert_string_equal(early, "for the host to keep");
	free(early);
	assert_int_equal(rt_host_gift(enclave, &late), OE_OK);
	assert_int_equal(rt_host_gift(enclave, &kept), OE_OK);
	free(late);
	assert_int_equal(tear_down(state), 0);
	assert_string_equal(kept, "for the host to keep");
	free(kept);
	assert_int_equal(set_up(state), 0);
	free(malloc(100));
}

static void randomness(void **state)
{
	uint64_t a[4], b[4];
	int result;

	(void)state;
	assert_int_equal(rt_random(enclave, &result, a), OE_OK);
	assert_int_equal(result, OE_OK);
	assert_int_equal(rt_random(enclave, &result, b), OE_OK);
	for (int i = 0; i < 4; i++)
		assert_int_not_equal(a[i], b[i]);
}

static void seal_keys(void **state)
{
	uint8_t unique[16], product[16], again[16];
	int result;

	(void)state;
	assert_int_equal(rt_seal_key(enclave, &result, OE_SEAL_POLICY_UNIQUE,
		unique), OE_OK);
	assert_int_equal(result, OE_OK);
	assert_int_equal(rt_seal_key(enclave, &result, OE_SEAL_POLICY_PRODUCT,
		product), OE_OK);
	assert_int_equal(result, OE_OK);
	assert_memory_not_equal(unique, product, 16);
	assert_int_equal(rt_seal_key(enclave, &result, OE_SEAL_POLICY_UNIQUE,
		again), OE_OK);
	assert_memory_equal(unique, again, 16);
	assert_int_equal(rt_seal_key(enclave, &result, 3, again), OE_OK);
	assert_int_equal(result, OE_INVALID_PARAMETER);
}

#ifdef IN_A_WORLD
static void reports(void **state)
{
	uint8_t *report;
	oe_report_t parsed;
	size_t size, info_size;
	void *info;
	int result;

	(void)state;
	assert_int_equal(rt_report(enclave, &result, -1), OE_OK);
	assert_int_equal(result, OE_OK);
	/* Every part of the body, and the MAC. */
	for (int bit = 0; bit < 384 * 8; bit += 97) {
		assert_int_equal(rt_report(enclave, &result, bit), OE_OK);
		assert_int_equal(result, OE_VERIFY_FAILED_AES_CMAC_MISMATCH);
	}
	assert_int_equal(rt_report(enclave, &result, 416 * 8 + 3), OE_OK);
	assert_int_equal(result, OE_VERIFY_FAILED_AES_CMAC_MISMATCH);

	/* From the host: made for nobody, then for the enclave itself. */
	assert_int_equal(oe_get_report(enclave, 0, NULL, 0, &report, &size),
		OE_OK);
	assert_int_equal(size, 16 + 432);
	assert_int_equal(oe_parse_report(report, size, &parsed), OE_OK);
	assert_int_equal(parsed.identity.security_version, 1);
	assert_int_equal(parsed.identity.attributes,
		OE_REPORT_ATTRIBUTES_DEBUG);
	assert_int_equal(oe_verify_report(enclave, report, size, NULL),
		OE_VERIFY_FAILED_AES_CMAC_MISMATCH);
	assert_int_equal(oe_get_target_info(report, size, &info, &info_size),
		OE_OK);
	oe_free_report(report);
	assert_int_equal(oe_get_report(enclave, 0, info, info_size, &report,
		&size), OE_OK);
	assert_int_equal(oe_verify_report(enclave, report, size, &parsed),
		OE_OK);
	oe_free_target_info(info);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(oe_parse_report(report, cut, &parsed),
			OE_OK);
	oe_free_report(report);
}
#endif

static void exceptions(void **state)
{
	static const int kinds[] = { 0, 1, 2, 3, 5 };
	uint32_t r[4];
	int result;

	(void)state;
	assert_int_equal(rt_handlers(enclave, &result), OE_OK);
	assert_int_equal(result, 0);
	for (int round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 5; i++) {
			assert_int_equal(rt_fault(enclave, &result, kinds[i]),
				OE_OK);
			if (result)
				print_error("fault %d: %d\n", kinds[i], result);
			assert_int_equal(result, 0);
		}
	}
	assert_int_equal(rt_cpuid(enclave, &result, r, 0), OE_OK);
	/* The processor's own answer where CPUID does not trap. */
	assert_true(r[0] >= 7);
	assert_true(!memcmp(&r[1], "Genu", 4) || !memcmp(&r[1], "Auth", 4));
	assert_int_equal(rt_cpuid(enclave, &result, r, 0x80000001u), OE_OK);
}

static void abort_is_for_ever(void **state)
{
	int result;

	(void)state;
	assert_int_equal(rt_abort(enclave), OE_ENCLAVE_ABORTING);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rt_add(enclave, &result, 1, 1),
			OE_ENCLAVE_ABORTING);
}

static void *lonely_thread(void *argument)
{
	oe_result_t *result = argument;
	int met;

	/* One more than will ever come. */
	*result = rt_barrier(enclave, &met, THREADS);
	return NULL;
}

static void abort_wakes_sleepers(void **state)
{
	oe_result_t results[3];
	pthread_t sleepers[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&sleepers[i], NULL,
			lonely_thread, &results[i]), 0);
	usleep(100000);
	assert_int_equal(rt_abort(enclave), OE_ENCLAVE_ABORTING);
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(sleepers[i], NULL);
		assert_int_equal(results[i], OE_ENCLAVE_ABORTING);
	}
}

static void creation_refused(void **state)
{
	oe_enclave_t *made = (oe_enclave_t *)1;
	oe_enclave_setting_t odd = { .setting_type = 7 };

	(void)state;
	assert_int_equal(oe_create_runtime_enclave("/nowhere/at/all",
		OE_ENCLAVE_TYPE_AUTO, 1, NULL, 0, &made), OE_NOT_FOUND);
	assert_null(made);
	assert_int_equal(oe_create_runtime_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		0x40, NULL, 0, &made), OE_INVALID_PARAMETER);
	assert_int_equal(oe_create_runtime_enclave(image,
		OE_ENCLAVE_TYPE_OPTEE, 1, NULL, 0, &made),
		OE_INVALID_PARAMETER);
	assert_int_equal(oe_create_runtime_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		1, &odd, 0, &made), OE_INVALID_PARAMETER);
	assert_int_equal(oe_create_runtime_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		1, NULL, 1, &made), OE_INVALID_PARAMETER);
	assert_int_equal(oe_create_runtime_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		1, &odd, 1, &made), OE_INVALID_PARAMETER);
	assert_int_equal(oe_create_runtime_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		1, NULL, 0, NULL), OE_INVALID_PARAMETER);
	assert_int_equal(oe_terminate_enclave(NULL), OE_INVALID_PARAMETER);
	assert_string_equal(oe_result_str(OE_OUT_OF_THREADS),
		"OE_OUT_OF_THREADS");
	assert_string_equal(oe_result_str((oe_result_t)51), "UNKNOWN");
	assert_string_equal(oe_result_str((oe_result_t)0x80000000u),
		"UNKNOWN");
}

static void failed_assertion(void **state)
{
	(void)state;
	assert_int_equal(rt_assert(enclave), OE_ENCLAVE_ABORTING);
	assert_int_equal(rt_empty(enclave), OE_ENCLAVE_ABORTING);
}

static void unhandled_exception(void **state)
{
	int result;

	(void)state;
	assert_int_equal(rt_fault_unhandled(enclave, &result, 0),
		OE_ENCLAVE_ABORTING);
	assert_int_not_equal(rt_empty(enclave), OE_OK);
}

static void stack_overflow(void **state)
{
	int result;

	(void)state;
	assert_int_equal(rt_stack_overflow(enclave, &result, 100000),
		OE_ENCLAVE_ABORTING);
	assert_int_not_equal(rt_empty(enclave), OE_OK);
}

static int run(struct world *world)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ecalls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(buffers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ocalls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(host_thread_local, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(nesting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(threads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(out_of_threads, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(thread_local_variables, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(ranges_and_host_memory, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(memory_given_to_the_host,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(randomness, set_up, tear_down),
		cmocka_unit_test_setup_teardown(seal_keys, set_up, tear_down),
#ifdef IN_A_WORLD
		cmocka_unit_test_setup_teardown(reports, set_up, tear_down),
#endif
		cmocka_unit_test_setup_teardown(exceptions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(abort_is_for_ever, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(abort_wakes_sleepers, set_up,
			tear_down),
		cmocka_unit_test(creation_refused),
		cmocka_unit_test_setup_teardown(failed_assertion, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(unhandled_exception, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(stack_overflow, set_up,
			tear_down),
	};

	return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
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
