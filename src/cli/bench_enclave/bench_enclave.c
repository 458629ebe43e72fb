/* SPDX-License-Identifier: MIT */
#include "bench_t.h"
#include "bench_walk.h"
#include "bench_work.h"
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *g_secret; /* of the last bench_hide, until the enclave ends */

static struct {
	void *pages;
	uint32_t room, count; /* pages: taken, in the ring */
	uint32_t at;
} g_walk;

void bench_empty(void)
{
}

void bench_in(const void *data, size_t size)
{
	(void)data;
	(void)size;
}

void bench_one_ocall(void)
{
	if (bench_nothing() != OE_OK)
		oe_abort();
}

uint64_t bench_enclave_work(uint64_t rounds, uint64_t seed)
{
	return bench_work(rounds, seed);
}

oe_result_t bench_hide(uint64_t *address, uint8_t *complement, size_t size)
{
	uint8_t *secret;
	oe_result_t result;

	if (!address || !complement || !size)
		return OE_INVALID_PARAMETER;
	secret = malloc(size);
	if (!secret)
		return OE_OUT_OF_MEMORY;
	result = oe_random(secret, size);
	if (result != OE_OK) {
		free(secret);
		return result;
	}
	free(g_secret);
	g_secret = secret;
	*address = (uint64_t)secret;
	for (size_t i = 0; i < size; i++)
		complement[i] = (uint8_t)~secret[i];
	return OE_OK;
}

oe_result_t bench_walk_lay(uint32_t count, bool shuffled, uint64_t seed)
{
	uint32_t *next;

	if (!count || (g_walk.pages && count > g_walk.room))
		return OE_INVALID_PARAMETER;
	if (!g_walk.pages) {
		g_walk.pages = aligned_alloc(WALK_PAGE,
			(size_t)count * WALK_PAGE);
		g_walk.room = count;
	}
	next = malloc(count * sizeof(*next));
	if (!g_walk.pages || !next) {
		free(next);
		return OE_OUT_OF_MEMORY;
	}
	walk_lay(g_walk.pages, count, shuffled ? WALK_RANDOM : WALK_ASCENDING,
		seed, next);
	free(next);
	g_walk.count = count;
	g_walk.at = 0;
	return OE_OK;
}

uint32_t bench_walk_run(uint64_t steps)
{
	if (g_walk.count)
		g_walk.at = walk_run(g_walk.pages, g_walk.at, steps);
	return g_walk.at;
}

uint32_t bench_walk_wrong(uint32_t visits)
{
	return walk_wrong(g_walk.pages, g_walk.count, visits);
}

#define REPORT_HEADER 16 /* before SGX's REPORT in Open Enclave's */

oe_result_t bench_report(uint64_t count, const uint8_t *target,
	const uint8_t *data, uint8_t *report)
{
	oe_result_t result = OE_INVALID_PARAMETER;
	uint8_t *made;
	size_t size;

	if (!target || !data || !report)
		return result;
	while (count--) {
		result = oe_get_report(0, data, 64, target, 512, &made, &size);
		if (result != OE_OK)
			return result;
		if (!count)
			memcpy(report, made + REPORT_HEADER, 432);
		oe_free_report(made);
	}
	return result;
}
