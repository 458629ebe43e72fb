/* SPDX-License-Identifier: MIT */
#include "bench_stat.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_NS 200000u

static cpu_set_t g_allowed; /* set once, below */
static pthread_once_t g_allowed_once = PTHREAD_ONCE_INIT;

static void read_allowed(void)
{
	if (sched_getaffinity(0, sizeof(g_allowed), &g_allowed)) {
		CPU_ZERO(&g_allowed);
		CPU_SET(0, &g_allowed);
	}
}

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] :
		(values[count / 2 - 1] + values[count / 2]) / 2;
}

int bench_cpu(unsigned int n)
{
	pthread_once(&g_allowed_once, read_allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &g_allowed) && !n--)
			return cpu;
	return -1;
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	pthread_once(&g_allowed_once, read_allowed);
	if (cpu < 0) {
		sched_setaffinity(0, sizeof(g_allowed), &g_allowed);
		return;
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static bool timed(struct bench_measure *m, uint64_t *ns)
{
	uint64_t start;

	if (m->warm && !m->batch(m->context, m->warm))
		return false;
	start = bench_now();
	if (!m->batch(m->context, m->count))
		return false;
	*ns = bench_now() - start;
	if (m->rest)
		m->rest(m->context);
	return true;
}

/* Doubles the batch until it takes long enough, twice, as the first time may
 * have been a disturbance. */
static bool calibrate(struct bench_measure *m)
{
	bool chosen = m->count != 0;
	int enough = 0;
	uint64_t ns;

	if (!chosen)
		m->count = 1;
	for (;;) {
		if (!timed(m, &ns))
			return false;
		if (chosen || m->count >= UINT64_C(1) << 40)
			return true;
		if (ns < BATCH_NS)
			m->count *= 2;
		else if (++enough == 2)
			return true;
	}
}

bool bench_run(struct bench_measure *measures, size_t count,
	unsigned int rounds)
{
	bool ok = true;

	if (rounds > BENCH_ROUNDS_MAX)
		rounds = BENCH_ROUNDS_MAX;
	for (size_t i = 0; ok && i < count; i++) {
		bench_pin(measures[i].cpu);
		ok = calibrate(&measures[i]);
	}
	for (unsigned int round = 0; ok && round < rounds; round++) {
		for (size_t i = 0; ok && i < count; i++) {
			struct bench_measure *m = &measures[i];
			uint64_t ns = 0;

			bench_pin(m->cpu);
			ok = timed(m, &ns);
			m->samples[round] = (double)ns / (double)m->count;
		}
	}
	bench_pin(-1);
	for (size_t i = 0; ok && i < count; i++) {
		double sorted[BENCH_ROUNDS_MAX];

		memcpy(sorted, measures[i].samples, rounds * sizeof(*sorted));
		measures[i].median = bench_median(sorted, rounds);
	}
	return ok;
}
