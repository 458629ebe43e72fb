/* SPDX-License-Identifier: MIT */
#include "bench_threads.h"
#include "bench_stat.h"
#include "bench_u.h"
#include "bench_work.h"
#include "cli.h"
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define RUN_NS 120000000
#define REPEATS 5
#define THREADS_MAX 8

static const unsigned int g_threads[] = { 1, 2, 4, 8 };
static const unsigned int g_work_us[] = { 0, 5, 50 };
#define THREAD_ROWS (sizeof(g_threads) / sizeof(*g_threads))
#define WORK_ROWS (sizeof(g_work_us) / sizeof(*g_work_us))

struct gang {
	oe_enclave_t *enclave;
	uint64_t rounds; /* of work between calls */
	bool stop; /* atomic */
	pthread_barrier_t start;
};

struct member {
	struct gang *gang;
	pthread_t thread;
	uint64_t calls;
	oe_result_t result;
};

static void *member_run(void *argument)
{
	struct member *member = argument;
	struct gang *gang = member->gang;
	uint64_t sink = 1;

	pthread_barrier_wait(&gang->start);
	while (!__atomic_load_n(&gang->stop, __ATOMIC_RELAXED)) {
		member->result = bench_empty(gang->enclave);
		if (member->result != OE_OK)
			break;
		member->calls++;
		if (gang->rounds)
			sink = bench_work(gang->rounds, sink);
	}
	__asm__ volatile("" : : "r"(sink));
	return NULL;
}

/* Calls per second of all threads together; -1 after a message. */
static double gang_run(oe_enclave_t *enclave, unsigned int threads,
	uint64_t rounds)
{
	struct gang gang = { .enclave = enclave, .rounds = rounds };
	struct member members[THREADS_MAX] = { 0 };
	const struct timespec nap = { 0, RUN_NS };
	oe_result_t result = OE_OK;
	uint64_t start, calls = 0;
	double seconds;

	if (pthread_barrier_init(&gang.start, NULL, threads + 1))
		return cli_error("out of memory"), -1;
	for (unsigned int i = 0; i < threads; i++) {
		members[i].gang = &gang;
		if (pthread_create(&members[i].thread, NULL, member_run,
				&members[i])) {
			/* Those that wait at the barrier cannot go on. */
			cli_error("cannot start %u threads", threads);
			_Exit(CLI_FAILED);
		}
	}
	pthread_barrier_wait(&gang.start);
	start = bench_now();
	nanosleep(&nap, NULL);
	__atomic_store_n(&gang.stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < threads; i++) {
		pthread_join(members[i].thread, NULL);
		calls += members[i].calls;
		if (members[i].result != OE_OK)
			result = members[i].result;
	}
	seconds = (double)(bench_now() - start) / 1e9;
	pthread_barrier_destroy(&gang.start);
	if (result != OE_OK) {
		cli_error("a call failed with %u threads: %s", threads,
			oe_result_str(result));
		return -1;
	}
	return (double)calls / seconds;
}

static bool measure(oe_enclave_t *enclave, double round_ns,
	double rate[THREAD_ROWS][WORK_ROWS])
{
	static double samples[THREAD_ROWS][WORK_ROWS][REPEATS];

	for (unsigned int repeat = 0; repeat < REPEATS; repeat++)
		for (unsigned int t = 0; t < THREAD_ROWS; t++)
			for (unsigned int w = 0; w < WORK_ROWS; w++) {
				double r = gang_run(enclave, g_threads[t],
					(uint64_t)(g_work_us[w] * 1000.0 /
						round_ns + 0.5));

				if (r < 0)
					return false;
				samples[t][w][repeat] = r;
			}
	for (unsigned int t = 0; t < THREAD_ROWS; t++)
		for (unsigned int w = 0; w < WORK_ROWS; w++)
			rate[t][w] = bench_median(samples[t][w], REPEATS);
	return true;
}

bool bench_threads(struct bench_report *report, oe_enclave_t *enclave,
	double round_ns)
{
	double rate[THREAD_ROWS][WORK_ROWS];
	json_t *rows = json_array();
	double worst = -1;

	if (!measure(enclave, round_ns, rate))
		return false;
	if (!report->json)
		printf("\n%s\n%*s %14s %14s %14s\n", _("calls per second, by "
			"threads and work between calls"),
			CLI_CELL(8, _("threads")), "0 us", "5 us", "50 us");
	for (unsigned int t = 0; t < THREAD_ROWS; t++) {
		if (!report->json)
			printf("%8u %14.0f %14.0f %14.0f\n", g_threads[t],
				rate[t][0], rate[t][1], rate[t][2]);
		for (unsigned int w = 0; w < WORK_ROWS; w++)
			json_array_append_new(rows, json_pack(
				"{s:i, s:i, s:f}", "threads", g_threads[t],
				"work_us", g_work_us[w], "calls_per_s",
				rate[t][w]));
	}
	bench_report_add(report, "throughput", rows);
	for (unsigned int w = 0; w < WORK_ROWS; w++) {
		double ratio = rate[THREAD_ROWS - 1][w] / rate[1][w];

		if (worst < 0 || ratio < worst)
			worst = ratio;
	}
	if (!report->json)
		putchar('\n');
	bench_report_at_least(report, "calls of 8 threads / of 2, worst case",
		worst, 0.25);
	return true;
}
