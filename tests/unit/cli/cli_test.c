/* SPDX-License-Identifier: MIT */
#include "bench_floor.h"
#include "bench_stat.h"
#include "bench_work.h"
#include "cli.h"
#include "machine.h"
#include "pry.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the four above first. */
#include <cmocka.h>

static void numbers(void **state)
{
	uint64_t n = 7;

	assert_true(cli_number("0", 10, &n));
	assert_int_equal(n, 0);
	assert_true(cli_number("18446744073709551615", UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_false(cli_number("18446744073709551616", UINT64_MAX, &n));
	assert_false(cli_number("11", 10, &n));
	assert_false(cli_number("-1", 10, &n));
	assert_false(cli_number(" 1", 10, &n));
	assert_false(cli_number("+1", 10, &n));
	assert_false(cli_number("1x", 10, &n));
	assert_false(cli_number("", 10, &n));
	assert_false(cli_number(NULL, 10, &n));
}

static void hexadecimal(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x1f, 0xa0, 0xff };
	char text[9];

	cli_hex(bytes, sizeof(bytes), text);
	assert_string_equal(text, "001fa0ff");
}

static void medians(void **state)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 100, 2 };

	assert_true(bench_median(odd, 3) == 5);
	assert_true(bench_median(even, 4) == 3);
}

static bool count_batches(void *context, uint64_t count)
{
	unsigned int *batches = context;

	(void)count;
	++*batches;
	return *batches < 100;
}

static void rounds(void **state)
{
	unsigned int batches = 0;
	struct bench_measure m = { .batch = count_batches, .context = &batches,
		.count = 1, .cpu = -1 };

	/* One more for warming up. */
	assert_true(bench_run(&m, 1, 9));
	assert_int_equal(batches, 10);
	assert_true(m.median > 0);
	/* A batch that fails ends it. */
	assert_false(bench_run(&m, 1, BENCH_ROUNDS_MAX));
	assert_int_equal(batches, 100);
}

static void work_depends_on_its_arguments(void **state)
{
	uint64_t a = bench_work(100, 1);

	assert_true(a == bench_work(100, 1));
	assert_true(a != bench_work(101, 1));
	assert_true(a != bench_work(100, 3));
}

static void floor_partner(void **state)
{
	struct bench_floor *partner;

	if (bench_cpu(1) < 0)
		skip();
	partner = bench_floor_new(bench_cpu(1));
	assert_non_null(partner);
	bench_pin(bench_cpu(0));
	assert_true(bench_floor_batch(partner, 1000));
	bench_floor_rest(partner);
	usleep(1000);
	assert_true(bench_floor_batch(partner, 1));
	assert_true(bench_floor_data_batch(partner, 100));
	bench_pin(-1);
	bench_floor_free(partner);
	bench_floor_free(NULL);
}

static void control_process(void **state)
{
	struct pry_control control;
	struct pry_status status;
	char name[256];

	assert_true(pry_control_start(&control));
	assert_true(pry_status(control.pid, &status));
	assert_int_equal(status.tracer, 0);
	assert_int_equal(pry_mapping(control.pid,
		(uint64_t)(uintptr_t)&control, name, sizeof(name)), 0);
	assert_string_equal(name, "[stack]");
	/* An ordinary program's code can be written by who may debug it. */
	assert_int_equal(pry_write_text(control.pid), 0);
	pry_control_stop(&control);
	assert_false(pry_status(control.pid, &status));
	assert_int_equal(pry_mapping(control.pid, 4096, name, sizeof(name)),
		-ENOENT);
}

static void own_memory(void **state)
{
	uint8_t from[32], to[32] = { 0 };

	memset(from, 0xa7, sizeof(from));
	assert_true(pry_vm_readv(getpid(), (uint64_t)(uintptr_t)from, to,
		sizeof(to)));
	assert_memory_equal(from, to, sizeof(to));
	assert_false(pry_vm_readv(getpid(), 0, to, sizeof(to)));
}

static void machine_that_does_not_run(void **state)
{
	char directory[] = "/tmp/coffer-cli-XXXXXX";
	struct machine machine;
	struct why why = { "" };

	assert_non_null(mkdtemp(directory));
	setenv("COFFER_RUNTIME_DIR", directory, 1);
	assert_int_equal(machine_open("nobody", &machine, &why), -ENOENT);
	assert_non_null(strstr(why.text, "nobody"));
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(medians),
		cmocka_unit_test(rounds),
		cmocka_unit_test(work_depends_on_its_arguments),
		cmocka_unit_test(floor_partner),
		cmocka_unit_test(control_process),
		cmocka_unit_test(own_memory),
		cmocka_unit_test(machine_that_does_not_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
