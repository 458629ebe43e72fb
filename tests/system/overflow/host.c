/* SPDX-License-Identifier: MIT */
/*
 * The host of the paging tests: one or more enclaves of an image, told what to
 * do by lines on standard input, answering by lines.
 *
 *   more N                    more N RESULT, after N enclaves in all
 *   sort MIB SEED             sorting, and later: sorted RESULT DIGEST MS
 *   all PAGES ROUNDS          every enclave works at once, on a thread each:
 *                             all GOOD OF RESULT
 *   threads N PAGES ROUNDS    N threads of the first enclave, each on pages
 *                             of its own: threads GOOD OF RESULT
 *   share N PAGES TIMES       N threads of it on the same pages:
 *                             shared WRONG RESULT
 *   thrash PAGES              every enclave works without an end: thrashing,
 *                             and later for each: thrash-ended RESULT
 *
 * GOOD counts the answers that are those of the same work outside.
 */
#include "../hosting.h"
#include "shared.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "overflow_u.h"

#define ENCLAVES_MAX 128u
#define THREADS_MAX 16u

static const char *g_path;
static oe_enclave_t *g_enclave[ENCLAVES_MAX];
static uint32_t g_count;

struct job {
	pthread_t thread;
	oe_enclave_t *enclave;
	uint32_t pages, rounds, number;
	uint64_t seed, answer;
	oe_result_t result;
	int inside; /* what the enclave's function returned */
};

static oe_result_t more(uint32_t count)
{
	oe_result_t result = OE_OK;

	while (g_count < count && result == OE_OK) {
		result = oe_create_overflow_enclave(g_path, OE_ENCLAVE_TYPE_SGX,
			0, NULL, 0, &g_enclave[g_count]);
		if (result == OE_OK)
			g_count++;
	}
	return result;
}

/* ---- sort ---- */

static uint64_t g_sort_words, g_sort_seed;

static void *sort_thread(void *unused)
{
	unsigned long long start = milliseconds();
	uint8_t digest[32] = { 0 };
	char text[65];
	int inside = -1;
	oe_result_t result = overflow_sort_inside(g_enclave[0], &inside,
		g_sort_words, g_sort_seed, digest);

	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	answer("sorted %s %s %llu", result == OE_OK && inside ? "heap" :
		oe_result_str(result), text, milliseconds() - start);
	return NULL;
}

/* ---- work ---- */

static void *work_thread(void *argument)
{
	struct job *job = argument;

	job->result = overflow_work_inside(job->enclave, &job->inside, job->pages,
		job->rounds, job->seed, &job->answer);
	return NULL;
}

static void *share_thread(void *argument)
{
	struct job *job = argument;

	job->result = overflow_share_add(job->enclave, job->rounds, job->number);
	return NULL;
}

/* All at once; false when a thread could not be started, which ends the
 * host. */
static void run_all(struct job *jobs, uint32_t count, void *(*run)(void *))
{
	for (uint32_t i = 0; i < count; i++)
		if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i]))
			exit(4);
	for (uint32_t i = 0; i < count; i++)
		pthread_join(jobs[i].thread, NULL);
}

static bool is_good(const struct job *job, uint64_t *memory)
{
	return job->result == OE_OK && !job->inside && job->answer ==
		overflow_work(memory, job->pages, job->rounds, job->seed);
}

static void work(const char *word, uint32_t count, uint32_t pages,
	uint32_t rounds, bool one_enclave)
{
	static struct job jobs[ENCLAVES_MAX];
	uint64_t *memory = malloc((size_t)pages * OVERFLOW_WORDS * 8);
	oe_result_t result = OE_OK;
	uint32_t good = 0;

	if (!memory)
		exit(4);
	for (uint32_t i = 0; i < count; i++)
		jobs[i] = (struct job){ .pages = pages, .rounds = rounds,
			.enclave = g_enclave[one_enclave ? 0 : i],
			.seed = 77 + 1000003u * i, .result = OE_UNEXPECTED };
	run_all(jobs, count, work_thread);
	for (uint32_t i = 0; i < count; i++) {
		good += is_good(&jobs[i], memory);
		if (jobs[i].result != OE_OK)
			result = jobs[i].result;
	}
	free(memory);
	answer("%s %u %u %s", word, good, count, oe_result_str(result));
}

static void share(uint32_t threads, uint32_t pages, uint32_t times)
{
	static struct job jobs[THREADS_MAX];
	uint32_t wrong = UINT32_MAX;
	int opened = -1;
	oe_result_t result = overflow_share_open(g_enclave[0], &opened, pages);

	for (uint32_t i = 0; i < threads; i++)
		jobs[i] = (struct job){ .enclave = g_enclave[0],
			.rounds = times, .number = i };
	if (result == OE_OK && !opened) {
		run_all(jobs, threads, share_thread);
		for (uint32_t i = 0; i < threads; i++)
			if (jobs[i].result != OE_OK)
				result = jobs[i].result;
	}
	if (result == OE_OK)
		result = overflow_share_wrong(g_enclave[0], &wrong,
			(uint64_t)threads * times);
	answer("shared %u %s", wrong, oe_result_str(result));
}

static void *thrash_thread(void *argument)
{
	struct job *job = argument;

	do
		work_thread(job);
	while (job->result == OE_OK && !job->inside);
	answer("thrash-ended %s", oe_result_str(job->result));
	return NULL;
}

static void thrash(uint32_t pages)
{
	static struct job jobs[ENCLAVES_MAX];

	for (uint32_t i = 0; i < g_count; i++) {
		jobs[i] = (struct job){ .enclave = g_enclave[i], .pages = pages,
			.rounds = 2, .seed = i };
		if (pthread_create(&jobs[i].thread, NULL, thrash_thread,
				&jobs[i]))
			exit(4);
		pthread_detach(jobs[i].thread);
	}
	answer("thrashing");
}

static bool command(const char *line)
{
	unsigned a, b, c;
	uint64_t seed;
	pthread_t thread;

	if (sscanf(line, "more %u", &a) == 1 && a <= ENCLAVES_MAX) {
		oe_result_t result = more(a);

		answer("more %u %s", g_count, oe_result_str(result));
	} else if (sscanf(line, "sort %u %" SCNu64, &a, &seed) == 2) {
		g_sort_words = (uint64_t)a << 17;
		g_sort_seed = seed;
		if (pthread_create(&thread, NULL, sort_thread, NULL))
			return false;
		pthread_detach(thread);
		answer("sorting");
	} else if (sscanf(line, "all %u %u", &a, &b) == 2) {
		work("all", g_count, a, b, false);
	} else if (sscanf(line, "threads %u %u %u", &a, &b, &c) == 3 &&
			a <= THREADS_MAX) {
		work("threads", a, b, c, true);
	} else if (sscanf(line, "share %u %u %u", &a, &b, &c) == 3 &&
			a <= THREADS_MAX) {
		share(a, b, c);
	} else if (sscanf(line, "thrash %u", &a) == 1) {
		thrash(a);
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	g_path = argv[1];
	if (!loaded(more(1)))
		return 1;
	serve(command);
	while (g_count)
		oe_terminate_enclave(g_enclave[--g_count]);
	return 0;
}
