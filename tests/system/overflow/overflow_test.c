/* SPDX-License-Identifier: MIT */
/*
 * Enclaves that need more pages than their machine has: all answers are
 * right, the EPC is never larger than it is, and the memory behind it neither.
 */
#include "look.h"
#include "scene.h"
#include "shared.h"
#include "cpu/door.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#define SMALLEST "size=Standard_DC1s_v2\n"
#define SMALLEST_PAGES 7168u /* 28 MiB */
#define SORT_MIB 112u
#define SORT_SEED 20260301u
#define LONG_WAIT 600000u
/* Memory that is neither an EPC page nor evicted: the processes' own. */
#define OWN_KIB 6144

static void configure(struct scene *s, const char *lines)
{
	assert_int_equal(world_configure(&s->world, (uid_t)-1, lines), 0);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* By another algorithm, and another library's SHA-256. */
static void sort_outside(char text[65])
{
	size_t count = (size_t)SORT_MIB << 17;
	uint64_t *words = malloc(count * sizeof(*words));
	unsigned char digest[32];

	assert_non_null(words);
	overflow_fill(words, count, SORT_SEED);
	qsort(words, count, sizeof(*words), compare);
	assert_int_equal(EVP_Digest(words, count * sizeof(*words), digest,
		NULL, EVP_sha256(), NULL), 1);
	free(words);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

struct seen {
	unsigned looks, tops; /* tops: that showed pages going both ways */
	uint64_t resident_most, evicted_most, epc_most, storage_most;
	uint64_t ins, outs;
	long cell_kib_most, secret_kib_least;
	bool secret;
};

static uint64_t number(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	assert_true(json_is_integer(value));
	return (uint64_t)json_integer_value(value);
}

/* What `coffer top --once --json` shows of the run. */
static void look_at_top(struct seen *seen)
{
	FILE *f = popen("\"" COFFER "\" top --once --json "
		"--interval 0.3", "re");
	json_t *top = f ? json_loadf(f, 0, NULL) : NULL;
	const json_t *enclave = json_array_get(json_object_get(top,
		"enclaves"), 0);
	const json_t *in = json_object_get(enclave, "page_ins_per_s");
	const json_t *out = json_object_get(enclave, "page_outs_per_s");

	if (f)
		assert_int_equal(pclose(f), 0);
	assert_non_null(top);
	assert_true(number(enclave, "resident") <= SMALLEST_PAGES);
	assert_true(number(top, "epc_used") <= SMALLEST_PAGES);
	assert_true(json_is_real(in) && json_is_real(out));
	if (json_real_value(in) > 0 && json_real_value(out) > 0 &&
	    !seen->tops++)
		print_message("  coffer top: resident %llu pages, evicted %llu; "
			"%.0f page-ins/s, %.0f page-outs/s\n",
			(unsigned long long)number(enclave, "resident"),
			(unsigned long long)number(enclave, "evicted"),
			json_real_value(in), json_real_value(out));
	json_decref(top);
}

/* One look at a machine with one enclave. */
static void look(struct seen *seen, pid_t cell, long secret_before)
{
	struct wire_enclave *items = NULL;
	struct wire_info info;
	size_t count = 0;
	long kib;

	assert_true(look_machine(&info, &items, &count));
	assert_int_equal(count, 1);
	assert_int_equal(info.epc_pages, SMALLEST_PAGES);
#define MOST(field, value) \
	(seen->field = seen->field > (value) ? seen->field : (value))
	MOST(resident_most, items[0].resident);
	MOST(evicted_most, items[0].evicted);
	MOST(epc_most, info.epc_used);
	MOST(storage_most, info.storage);
	kib = look_status(cell, "VmRSS");
	MOST(cell_kib_most, kib);
#undef MOST
	/* While most of what is sorted is elsewhere; the least, because others
	 * on this computer may take such memory for a while, too. */
	kib = look_meminfo("Unevictable") - secret_before;
	if (items[0].evicted >= SMALLEST_PAGES && kib < seen->secret_kib_least)
		seen->secret_kib_least = kib;
	seen->ins = items[0].page_ins;
	seen->outs = items[0].page_outs;
	seen->secret = info.cpu_flags & DOOR_CPU_SECRET_EPC;
	seen->looks++;
	free(items);
}

static void check_seen(const struct seen *seen)
{
	print_message("  %u looks: resident at most %llu pages, evicted %llu, "
		"EPC %llu of %u; %llu page-ins, %llu page-outs\n",
		seen->looks, (unsigned long long)seen->resident_most,
		(unsigned long long)seen->evicted_most,
		(unsigned long long)seen->epc_most, SMALLEST_PAGES,
		(unsigned long long)seen->ins, (unsigned long long)seen->outs);
	print_message("  memory: %llu pages behind the EPC; the cell at most "
		"%ld KiB; unevictable memory of this computer at least %+ld KiB\n",
		(unsigned long long)seen->storage_most, seen->cell_kib_most,
		seen->secret_kib_least);
	assert_true(seen->looks >= 3);
	assert_true(seen->tops > 0);
	assert_true(seen->resident_most > SMALLEST_PAGES / 2);
	/* Two answers, so two moments: each against the EPC's size, not one
	 * against the other. */
	assert_true(seen->resident_most <= SMALLEST_PAGES);
	assert_true(seen->epc_most <= SMALLEST_PAGES);
	/* Three quarters of what is sorted are always elsewhere. */
	assert_true(seen->evicted_most >= SORT_MIB * 256u - SMALLEST_PAGES);
	assert_true(seen->ins >= SORT_MIB * 256u);
	assert_true(seen->outs >= SORT_MIB * 256u);
	assert_true(seen->storage_most <= SMALLEST_PAGES);
	assert_true(seen->cell_kib_most > 0);
	assert_true(seen->cell_kib_most <= SMALLEST_PAGES * 4 + OWN_KIB);
	/* All processes of the computer together, so with room for others,
	 * but far from what is being sorted. */
	if (seen->secret)
		assert_true(seen->secret_kib_least <= SMALLEST_PAGES * 8);
}

static void test_sort(void **state)
{
	long secret_before = look_meminfo("Unevictable");
	struct scene *s = *state;
	struct seen seen = { .secret_kib_least = LONG_MAX };
	char outside[65] = "", rest[256], result[32], inside[65];
	unsigned long long ms;
	struct peer p;
	pid_t cell;

	configure(s, SMALLEST);
	scene_host(s, &p, OVERFLOW_HOST, OVERFLOW_ENCLAVE);
	cell = scene_pid(NULL);
	scene_ask(&p, "sorting", NULL, 0, "sort %u %u", SORT_MIB, SORT_SEED);
	while (!peer_hear(&p, rest, sizeof(rest), 50)) {
		look(&seen, cell, secret_before);
		if (!seen.tops)
			look_at_top(&seen);
		assert_true(seen.looks < LONG_WAIT / 50);
	}
	assert_int_equal(sscanf(rest, "sorted %31s %64s %llu", result, inside, &ms),
		3);
	assert_string_equal(result, "OE_OK");
	sort_outside(outside);
	print_message("  %u MiB sorted on 28 MiB of EPC in %llu ms\n", SORT_MIB,
		ms);
	assert_string_equal(inside, outside);
	check_seen(&seen);
	scene_host_end(&p);
	assert_null(look_empty(SCENE_WAIT));
	scene_end(s);
}

static void expect_all(struct peer *p, const char *word, unsigned count)
{
	unsigned good, of;
	char rest[128], result[64];

	assert_true(peer_expect(p, word, rest, sizeof(rest), LONG_WAIT));
	assert_int_equal(sscanf(rest, "%u %u %63s", &good, &of, result), 3);
	assert_string_equal(result, "OE_OK");
	assert_int_equal(of, count);
	assert_int_equal(good, count);
}

/* So many enclaves in so many hosts; all work at once. */
static void crowd(struct scene *s, unsigned hosts, unsigned enclaves,
	unsigned pages, unsigned rounds)
{
	struct wire_info info;
	struct peer p[8];
	char rest[128], expected[32];

	snprintf(expected, sizeof(expected), "%u OE_OK", enclaves);
	for (unsigned i = 0; i < hosts; i++) {
		scene_host(s, &p[i], OVERFLOW_HOST, OVERFLOW_SMALL);
		scene_ask(&p[i], "more", rest, sizeof(rest), "more %u",
			enclaves);
		assert_string_equal(rest, expected);
	}
	assert_true(look_machine(&info, NULL, NULL));
	assert_int_equal(info.enclaves, hosts * enclaves);
	assert_true(info.epc_used <= info.epc_pages);
	for (unsigned i = 0; i < hosts; i++)
		peer_say(&p[i], "all %u %u", pages, rounds);
	for (unsigned i = 0; i < hosts; i++)
		expect_all(&p[i], "all", enclaves);
	assert_true(look_machine(&info, NULL, NULL));
	print_message("  %u enclaves: %llu of %llu EPC pages, %llu page-ins, "
		"%llu page-outs\n", info.enclaves,
		(unsigned long long)info.epc_used,
		(unsigned long long)info.epc_pages,
		(unsigned long long)info.page_ins,
		(unsigned long long)info.page_outs);
	for (unsigned i = 0; i < hosts; i++)
		scene_host_end(&p[i]);
	assert_null(look_empty(SCENE_WAIT));
}

static void test_twenty(void **state)
{
	struct scene *s = *state;

	configure(s, SMALLEST);
	crowd(s, 4, 5, 2048, 1);
	scene_end(s);
}

static void test_hundred(void **state)
{
	struct scene *s = *state;

	configure(s, "size=Standard_DC1s_v3\n");
	crowd(s, 4, 25, 64, 4);
	scene_end(s);
}

/* Threads of one enclave: each on its own pages, then all on the same. */
static void test_threads(void **state)
{
	struct scene *s = *state;
	struct peer p;
	char rest[128];

	configure(s, "size=Standard_DC1s_v2\nepc_pages=2048\n");
	scene_host(s, &p, OVERFLOW_HOST, OVERFLOW_ENCLAVE);
	peer_say(&p, "threads 6 1024 1");
	expect_all(&p, "threads", 6);
	peer_say(&p, "share 6 3072 3");
	assert_true(peer_expect(&p, "shared", rest, sizeof(rest), LONG_WAIT));
	assert_string_equal(rest, "0 OE_OK");
	scene_host_end(&p);
	assert_null(look_empty(SCENE_WAIT));
	scene_end(s);
}

/* An argument names the cases to run, with * and ?. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sort, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_twenty, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_hundred, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_threads, scene_setup,
			scene_teardown),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
