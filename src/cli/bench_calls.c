/* SPDX-License-Identifier: MIT */
/*
 * How long calls take.  All that is compared takes turns (bench_stat.h), on
 * the same processor, so that what disturbs one disturbs the others.
 */
#include "bench.h"
#include "bench_enclave.h"
#include "bench_floor.h"
#include "bench_idle.h"
#include "bench_stat.h"
#include "bench_threads.h"
#include "bench_u.h"
#include "bench_work.h"
#include "cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 601
#define WORK_ROUNDS 101
#define SLEEP_ROUNDS 41
#define SLEEP_BETWEEN_NS 20000000
#define SLEEP_WORK_NS 120000.0 /* past the end of anybody's spinning */
#define WARM 10 /* wakes the other side */
#define KIB64 65536u

struct calls {
	oe_enclave_t *enclave;
	uint8_t *from, *to; /* KIB64 each */
};

static bool good(oe_result_t result)
{
	if (result != OE_OK)
		cli_error("a call of the benchmark failed: %s",
			oe_result_str(result));
	return result == OE_OK;
}

static bool run_getppid(void *context, uint64_t count)
{
	(void)context;
	while (count--)
		syscall(SYS_getppid);
	return true;
}

static bool run_empty(void *context, uint64_t count)
{
	struct calls *calls = context;
	oe_result_t result = OE_OK;

	while (count-- && result == OE_OK)
		result = bench_empty(calls->enclave);
	return good(result);
}

static bool run_in(struct calls *calls, uint64_t count, size_t size)
{
	oe_result_t result = OE_OK;

	while (count-- && result == OE_OK)
		result = bench_in(calls->enclave, calls->from, size);
	return good(result);
}

static bool run_in_64(void *context, uint64_t count)
{
	return run_in(context, count, 64);
}

static bool run_in_4k(void *context, uint64_t count)
{
	return run_in(context, count, 4096);
}

static bool run_in_64k(void *context, uint64_t count)
{
	return run_in(context, count, KIB64);
}

static bool run_ocall(void *context, uint64_t count)
{
	struct calls *calls = context;
	oe_result_t result = OE_OK;

	while (count-- && result == OE_OK)
		result = bench_one_ocall(calls->enclave);
	return good(result);
}

static bool run_memcpy(void *context, uint64_t count)
{
	struct calls *calls = context;

	while (count--) {
		memcpy(calls->to, calls->from, KIB64);
		__asm__ volatile("" : : "r"(calls->to) : "memory");
	}
	return true;
}

static volatile uint64_t g_result; /* keeps the compiler from skipping work */

static bool run_outside(void *context, uint64_t count)
{
	(void)context;
	g_result = bench_work(count, 42);
	return true;
}

static bool run_inside(void *context, uint64_t count)
{
	struct calls *calls = context;
	uint64_t result = 0;

	if (!good(bench_enclave_work(calls->enclave, &result, count, 42)))
		return false;
	g_result = result;
	return true;
}

enum {
	SYSCALL, FLOOR, ECALL, IN_64, IN_4K, IN_64K, MEMCPY, FLOOR_64K, OCALL,
	MEASURES
};

static bool time_calls(struct calls *calls, struct bench_floor *floor,
	struct bench_measure m[MEASURES])
{
	static const struct {
		const char *name;
		bool (*batch)(void *, uint64_t);
	} table[MEASURES] = {
		[SYSCALL] = { "syscall_ns", run_getppid },
		[FLOOR] = { "mailbox_floor_ns", bench_floor_batch },
		[ECALL] = { "ecall_ns", run_empty },
		[IN_64] = { "ecall_in_64_ns", run_in_64 },
		[IN_4K] = { "ecall_in_4k_ns", run_in_4k },
		[IN_64K] = { "ecall_in_64k_ns", run_in_64k },
		[MEMCPY] = { "memcpy_64k_ns", run_memcpy },
		[FLOOR_64K] = { "mailbox_floor_64k_ns",
			bench_floor_data_batch },
		[OCALL] = { "ecall_ocall_ns", run_ocall },
	};

	for (int i = 0; i < MEASURES; i++) {
		bool is_floor = i == FLOOR || i == FLOOR_64K;

		m[i] = (struct bench_measure){
			.name = table[i].name,
			.batch = table[i].batch,
			.rest = is_floor ? bench_floor_rest : NULL,
			.warm = WARM,
			.context = is_floor ? (void *)floor : (void *)calls,
			.cpu = bench_cpu(0),
		};
	}
	return bench_run(m, MEASURES, ROUNDS);
}

/* Native speed: a round's time inside and outside, and the median over the
 * rounds of the one over the other, as both are hit by the same weather. */
static bool time_work(struct calls *calls, double *inside, double *outside,
	double *ratio)
{
	struct bench_measure m[2] = {
		{ .batch = run_outside, .context = calls, .cpu = -1 },
		{ .batch = run_inside, .context = calls, .cpu = -1 },
	};
	double ratios[WORK_ROUNDS];

	/* Batches of about 2 ms: a call more or less does not show. */
	m[0].count = m[1].count = 200;
	if (!bench_run(m, 1, WORK_ROUNDS))
		return false;
	m[0].count = m[1].count = (uint64_t)(2e6 / m[0].median) + 1;
	m[0].warm = m[1].warm = 1;
	if (!bench_run(m, 2, WORK_ROUNDS))
		return false;
	for (int i = 0; i < WORK_ROUNDS; i++)
		ratios[i] = m[1].samples[i] / m[0].samples[i];
	*ratio = bench_median(ratios, WORK_ROUNDS);
	*outside = m[0].median;
	*inside = m[1].median;
	return true;
}

/* A call for which the enclave's thread has to be woken, and which takes so
 * long that the caller has to be woken too, less what the work takes. */
static bool time_asleep(struct calls *calls, double round_ns, double *out)
{
	const struct timespec nap = { 0, SLEEP_BETWEEN_NS };
	uint64_t rounds = (uint64_t)(SLEEP_WORK_NS / round_ns) + 1;
	double whole[SLEEP_ROUNDS], work[SLEEP_ROUNDS];

	for (int i = 0; i < SLEEP_ROUNDS; i++) {
		uint64_t start;

		nanosleep(&nap, NULL);
		start = bench_now();
		if (!run_inside(calls, rounds))
			return false;
		whole[i] = (double)(bench_now() - start);
		start = bench_now();
		run_outside(calls, rounds);
		work[i] = (double)(bench_now() - start);
	}
	*out = bench_median(whole, SLEEP_ROUNDS) -
		bench_median(work, SLEEP_ROUNDS);
	return true;
}

static void show_calls(struct bench_report *report,
	const struct bench_measure m[MEASURES])
{
	static const char *const notes[MEASURES] = {
		[SYSCALL] = N_("getppid"),
		[FLOOR] = N_("two pinned processes, 16 registers each way"),
		[ECALL] = N_("an empty call into an enclave and back"),
		[IN_64] = N_("with 64 bytes in"),
		[IN_4K] = N_("with 4 KiB in"),
		[IN_64K] = N_("with 64 KiB in"),
		[MEMCPY] = N_("memcpy of 64 KiB"),
		[FLOOR_64K] = N_("the floor, and 64 KiB copied in and out of "
			"shared memory"),
		[OCALL] = N_("a call in that makes one call out"),
	};

	for (int i = 0; i < MEASURES; i++)
		bench_report_figure(report, m[i].name, m[i].median, "ns",
			notes[i]);
}

static void show_limits(struct bench_report *report,
	const struct bench_measure m[MEASURES], double work_ratio)
{
	double ecall = m[ECALL].median;

	bench_report_at_most(report, "ecall_ns / syscall_ns",
		ecall / m[SYSCALL].median, 2);
	bench_report_at_most(report, "ecall_ns / mailbox_floor_ns",
		ecall / m[FLOOR].median, 1.3);
	bench_report_at_most(report, "ecall_ocall_ns / ecall_ns",
		m[OCALL].median / ecall, 2.2);
	bench_report_at_most(report,
		"(ecall_in_64k_ns - ecall_ns) / memcpy_64k_ns",
		(m[IN_64K].median - ecall) / m[MEMCPY].median, 2);
	bench_report_at_most(report, "compute inside / outside", work_ratio,
		1.02);
}

static int calls_with(struct calls *calls, struct bench_floor *floor,
	bool json)
{
	struct bench_measure m[MEASURES];
	struct bench_report report;
	double inside, outside, ratio, asleep, idle;
	bool ok;

	bench_report_begin(&report, json);
	ok = time_calls(calls, floor, m);
	if (ok) {
		show_calls(&report, m);
		ok = time_work(calls, &inside, &outside, &ratio) &&
			time_asleep(calls, outside, &asleep);
	}
	if (ok) {
		bench_report_figure(&report, "asleep_ns", asleep, "ns",
			"a call when both sides had gone to sleep");
		bench_report_figure(&report, "compute_outside_ns", outside, "ns",
			"one round of a computation");
		bench_report_figure(&report, "compute_inside_ns", inside, "ns",
			"the same object code inside the enclave");
		ok = bench_threads(&report, calls->enclave, outside);
	}
	if (ok && bench_idle(calls->enclave, &idle)) {
		bench_report_figure(&report, "idle_cpu_percent", idle, "%",
			"of a processor, used by an enclave that nobody calls");
		bench_report_at_most(&report, "idle_cpu_percent", idle, 1);
	}
	if (ok)
		show_limits(&report, m, ratio);
	return ok ? bench_report_end(&report) : CLI_FAILED;
}

int bench_calls(bool json)
{
	struct calls calls = { 0 };
	struct bench_floor *floor = NULL;
	int status = CLI_FAILED;

	if (bench_cpu(1) < 0)
		return cli_error("this benchmark needs two processors");
	/* Before any thread is there. */
	floor = bench_floor_new(bench_cpu(1));
	if (!floor) {
		return cli_error("the floor's partner: %s", strerror(errno));
	}
	calls.from = aligned_alloc(4096, KIB64);
	calls.to = aligned_alloc(4096, KIB64);
	if (calls.from && calls.to) {
		memset(calls.from, 0x5a, KIB64);
		memset(calls.to, 0, KIB64);
		calls.enclave = bench_enclave_new(BENCH_IMAGE_CALLS);
	}
	if (calls.enclave) {
		status = calls_with(&calls, floor, json);
		oe_terminate_enclave(calls.enclave);
	}
	free(calls.from);
	free(calls.to);
	bench_floor_free(floor);
	return status;
}
