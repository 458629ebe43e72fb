/* SPDX-License-Identifier: MIT */
/*
 * Timing that noise hits alike: measurements of one table take turns, round
 * after round, each with a batch so short that most batches run undisturbed;
 * what counts is the median over the rounds.
 */
#ifndef COFFER_CLI_BENCH_STAT_H
#define COFFER_CLI_BENCH_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_ROUNDS_MAX 801

struct bench_measure {
	const char *name;
	/* Does the thing count times.  False ends the benchmark; it has
	 * printed why. */
	bool (*batch)(void *context, uint64_t count);
	void (*rest)(void *context); /* after each batch, not timed; or NULL */
	void *context;
	uint64_t count; /* per batch; 0: chosen so that one takes ~200 us */
	uint64_t warm; /* things done, not timed, before each batch */
	/* The calling thread's processor while this runs; -1: any. */
	int cpu;
	double samples[BENCH_ROUNDS_MAX]; /* out: ns per thing, by round */
	double median; /* out */
};

/* Nanoseconds of the monotonic clock. */
uint64_t bench_now(void);

double bench_median(double *values, size_t count); /* sorts them */

/* At most BENCH_ROUNDS_MAX rounds. */
bool bench_run(struct bench_measure *measures, size_t count,
	unsigned int rounds);

/* The n-th processor that this process may use, or -1. */
int bench_cpu(unsigned int n);

/* Keeps the calling thread on a processor; -1 gives it back all that the
 * process had at its first call here. */
void bench_pin(int cpu);

#endif
