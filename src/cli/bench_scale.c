/* SPDX-License-Identifier: MIT */
/*
 * What many enclaves and large ones cost: a call beside a hundred others that
 * nobody calls, and creation by heap and by enclaves alive.  On a machine of
 * the benchmark's own, of the smallest size that has 4 GiB of EPC.
 */
#include "bench.h"
#include "bench_enclave.h"
#include "bench_machine.h"
#include "bench_stat.h"
#include "bench_u.h"
#include "cli.h"
#include <stdio.h>
#include <string.h>

#define SIZE "Standard_DC1s_v3"
#define MANY 100
#define RUNS 5
#define CALL_ROUNDS 301
#define CREATE_ROUNDS 11
#define CREATE_ROUNDS_ALIVE 7
#define GROW_ROUNDS 31

static const struct {
	const char *image;
	int mib;
} g_heaps[] = {
	{ BENCH_IMAGE_1M, 1 }, { BENCH_IMAGE_16M, 16 }, { BENCH_IMAGE_64M, 64 },
	{ BENCH_IMAGE_256M, 256 }, { BENCH_IMAGE_1G, 1024 },
};
#define HEAPS (sizeof(g_heaps) / sizeof(*g_heaps))

static const int g_alive[] = { 0, 10, 25, 50, MANY - 1 };
#define ALIVE_ROWS (sizeof(g_alive) / sizeof(*g_alive))

struct scale {
	oe_enclave_t *first; /* the one that is called */
	oe_enclave_t *other[MANY - 1];
	int others;
	double call_one, call_many, call_ratio; /* ns */
	double by_heap[HEAPS], by_alive[ALIVE_ROWS]; /* ms */
	double fixed, growing, growing_ratio; /* ms */
};

static bool run_empty(void *context, uint64_t count)
{
	struct scale *s = context;
	oe_result_t result = OE_OK;

	while (count-- && result == OE_OK)
		result = bench_empty(s->first);
	if (result != OE_OK)
		cli_error("a call of the benchmark failed: %s",
			oe_result_str(result));
	return result == OE_OK;
}

static bool time_call(struct scale *s, double *ns)
{
	struct bench_measure m = { .batch = run_empty, .context = s,
		.warm = 10, .cpu = bench_cpu(0) };

	if (!bench_run(&m, 1, CALL_ROUNDS))
		return false;
	*ns = m.median;
	return true;
}

/* To that many others alive. */
static bool populate(struct scale *s, int others)
{
	oe_result_t result = OE_OK;

	while (s->others < others) {
		oe_enclave_t *e = bench_enclave_new(BENCH_IMAGE_1M);

		if (!e)
			return false;
		s->other[s->others++] = e;
		/* Each has run, and is asleep as who is not called. */
		result = bench_empty(e);
		if (result != OE_OK)
			break;
	}
	while (result == OE_OK && s->others > others)
		result = oe_terminate_enclave(s->other[--s->others]);
	if (result != OE_OK)
		cli_error("with %d enclaves alive: %s", s->others + 1,
			oe_result_str(result));
	return result == OE_OK;
}

/* Alone, among a hundred, and alone again, so that what drifts drifts out. */
static bool time_calls(struct scale *s)
{
	double one[RUNS], many[RUNS], ratio[RUNS], before, after;

	if (!time_call(s, &before))
		return false;
	for (int i = 0; i < RUNS; i++) {
		if (!populate(s, MANY - 1) || !time_call(s, &many[i]) ||
		    !populate(s, 0) || !time_call(s, &after))
			return false;
		one[i] = (before + after) / 2;
		ratio[i] = many[i] / one[i];
		before = after;
	}
	s->call_one = bench_median(one, RUNS);
	s->call_many = bench_median(many, RUNS);
	s->call_ratio = bench_median(ratio, RUNS);
	return true;
}

static bool create_once(const char *image, double *ms)
{
	uint64_t start = bench_now();
	oe_enclave_t *e = bench_enclave_new(image);

	if (!e)
		return false;
	*ms = (double)(bench_now() - start) / 1e6;
	return oe_terminate_enclave(e) == OE_OK;
}

static bool time_create(const char *image, size_t rounds, double *ms)
{
	double samples[CREATE_ROUNDS];

	for (size_t i = 0; i < rounds; i++)
		if (!create_once(image, &samples[i]))
			return false;
	*ms = bench_median(samples, rounds);
	return true;
}

/* In turns, as the two are compared. */
static bool time_growing(struct scale *s)
{
	double fixed[GROW_ROUNDS], growing[GROW_ROUNDS], ratio[GROW_ROUNDS];

	for (int i = 0; i < GROW_ROUNDS; i++) {
		if (!create_once(BENCH_IMAGE_1M, &fixed[i]) ||
		    !create_once(BENCH_IMAGE_GROW_1G, &growing[i]))
			return false;
		ratio[i] = growing[i] / fixed[i];
	}
	s->fixed = bench_median(fixed, GROW_ROUNDS);
	s->growing = bench_median(growing, GROW_ROUNDS);
	s->growing_ratio = bench_median(ratio, GROW_ROUNDS);
	return true;
}

static bool time_creation(struct scale *s)
{
	bool ok = time_growing(s);

	for (size_t i = 0; ok && i < HEAPS; i++)
		ok = time_create(g_heaps[i].image, CREATE_ROUNDS,
			&s->by_heap[i]);
	for (size_t i = 0; ok && i < ALIVE_ROWS; i++)
		ok = populate(s, g_alive[i]) && time_create(BENCH_IMAGE_1M,
			CREATE_ROUNDS_ALIVE, &s->by_alive[i]);
	return ok && populate(s, 0);
}

static void show_creation(struct bench_report *r, const struct scale *s)
{
	json_t *heaps = json_array(), *alive = json_array();

	if (!r->json)
		printf("\n%s\n", _("milliseconds to create an enclave, by MiB "
			"of heap"));
	for (size_t i = 0; i < HEAPS; i++) {
		if (!r->json)
			printf("%8d %10.1f\n", g_heaps[i].mib, s->by_heap[i]);
		json_array_append_new(heaps, json_pack("{s:i, s:f}", "heap_mib",
			g_heaps[i].mib, "ms", s->by_heap[i]));
	}
	if (!r->json)
		printf("\n%s\n", _("with 1 MiB of heap, by other enclaves "
			"alive"));
	for (size_t i = 0; i < ALIVE_ROWS; i++) {
		/* The one that is called is alive as well. */
		if (!r->json)
			printf("%8d %10.1f\n", g_alive[i] + 1, s->by_alive[i]);
		json_array_append_new(alive, json_pack("{s:i, s:f}", "alive",
			g_alive[i] + 1, "ms", s->by_alive[i]));
	}
	bench_report_add(r, "create_by_heap", heaps);
	bench_report_add(r, "create_by_alive", alive);
}

static void show(struct bench_report *r, const struct scale *s)
{
	bench_report_figure(r, "ecall_1_ns", s->call_one, "ns",
		"an empty call, one enclave alive");
	bench_report_figure(r, "ecall_100_ns", s->call_many, "ns",
		"the same beside 99 others");
	bench_report_figure(r, "create_1m_ms", s->fixed, "ms",
		"create an enclave with 1 MiB of heap");
	bench_report_figure(r, "create_grow_1g_ms", s->growing, "ms",
		"with 1 MiB that may grow to 1 GiB");
	show_creation(r, s);
	if (!r->json)
		putchar('\n');
	bench_report_at_most(r, "ecall_100_ns / ecall_1_ns", s->call_ratio,
		1.1);
	bench_report_at_most(r, "create_grow_1g_ms / create_1m_ms",
		s->growing_ratio, 1.5);
}

int bench_scale(bool json)
{
	struct bench_machine machine = { "" };
	static struct scale s;
	struct bench_report report;
	bool ok;

	if (!bench_machine_open(&machine, SIZE))
		return CLI_FAILED;
	bench_report_begin(&report, json);
	s.first = bench_enclave_new(BENCH_IMAGE_1M);
	ok = s.first && time_calls(&s) && time_creation(&s);
	if (ok)
		show(&report, &s);
	while (s.others > 0)
		oe_terminate_enclave(s.other[--s.others]);
	if (s.first)
		oe_terminate_enclave(s.first);
	bench_machine_close(&machine);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}
