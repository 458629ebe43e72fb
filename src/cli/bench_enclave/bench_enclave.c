/* SPDX-License-Identifier: MIT */
#include "bench_t.h"
#include "bench_work.h"
#include <openenclave/enclave.h>
#include <stdlib.h>

static uint8_t *g_secret; /* of the last bench_hide, until the enclave ends */

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
