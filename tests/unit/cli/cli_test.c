/* SPDX-License-Identifier: MIT */
#include "bench_crypto.h"
#include "bench_fault.h"
#include "bench_floor.h"
#include "bench_stat.h"
#include "bench_svg.h"
#include "bench_walk.h"
#include "bench_work.h"
#include "cli.h"
#include "vm/machine.h"
#include "pry.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
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

static void walk_visits_every_page(void **state)
{
	enum { PAGES = 777 };
	uint8_t *base = aligned_alloc(WALK_PAGE, PAGES * WALK_PAGE);
	uint32_t next[PAGES];

	assert_non_null(base);
	for (int order = WALK_ASCENDING; order <= WALK_RANDOM; order++) {
		walk_lay(base, PAGES, order, 9, next);
		assert_int_equal(walk_wrong(base, PAGES, 0), 0);
		/* Not before the last step does it come to where it began. */
		assert_int_not_equal(walk_run(base, 0, PAGES - 1), 0);
		assert_int_equal(walk_wrong(base, PAGES, 1), 1);
		assert_int_equal(walk_run(base, 0, 2 * PAGES), 0);
		assert_int_equal(walk_wrong(base, PAGES, 2),
			PAGES - 1 /* visited three times */);
	}
	walk_lay(base, PAGES, WALK_ASCENDING, 9, next);
	assert_int_equal(walk_run(base, 0, 5), 5);
	walk_lay(base, 1, WALK_RANDOM, 9, next);
	assert_int_equal(walk_run(base, 0, 3), 0);
	assert_int_equal(walk_wrong(base, 1, 3), 0);
	free(base);
}

static void fault_floor(void **state)
{
	struct bench_fault *f;
	double ns = 0;

	if (bench_cpu(1) < 0)
		skip();
	f = bench_fault_new(bench_cpu(1), false);
	assert_non_null(f);
	bench_pin(bench_cpu(0));
	for (int i = 0; i < 3; i++) {
		assert_true(bench_fault_round(f, &ns));
		/* A signal alone takes more. */
		assert_true(ns > 500);
	}
	bench_pin(-1);
	bench_fault_free(f);
	bench_fault_free(NULL);
}

static void page_crypto(void **state)
{
	struct bench_crypto *c = bench_crypto_new();

	assert_non_null(c);
	assert_true(bench_crypto_batch(c, 10));
	assert_true(bench_crypto_batch(c, 1));
	bench_crypto_free(c);
	bench_crypto_free(NULL);
}

static void picture(void **state)
{
	const struct bench_svg_point points[] = {
		{ 0.5, 3e7, 1e8 }, { 1, 2e7, 9e7 }, { 8, 9e4, 1.8e5 },
	};
	char path[] = "/tmp/coffer-cli-XXXXXX", text[16384];
	size_t n;
	FILE *f;

	close(mkstemp(path));
	assert_int_equal(bench_svg_write(path, points, 3, 7168, "a size"), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	unlink(path);
	assert_ptr_equal(strstr(text, "<svg "), text);
	assert_string_equal(text + n - 7, "</svg>\n");
	assert_non_null(strstr(text, "28 MiB"));
	assert_non_null(strstr(text, "224 MiB"));
	assert_non_null(strstr(text, "8 x EPC, random: 90000 pages/s, "
		"351.6 MiB/s"));
	assert_null(strstr(text, "nan"));
	assert_int_equal(bench_svg_write("/nowhere/at/all", points, 3, 7168,
		""), -ENOENT);
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
		cmocka_unit_test(walk_visits_every_page),
		cmocka_unit_test(fault_floor),
		cmocka_unit_test(page_crypto),
		cmocka_unit_test(picture),
		cmocka_unit_test(floor_partner),
		cmocka_unit_test(control_process),
		cmocka_unit_test(own_memory),
		cmocka_unit_test(machine_that_does_not_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
