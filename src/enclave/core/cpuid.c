/* SPDX-License-Identifier: MIT */
/*
 * CPUID is illegal in enclaves: six leaves are fetched from the host once.
 * The host may lie; a lie can choose between implementations of the same
 * function, no more.  Without AES-NI the enclave does not start, as crypto
 * in software leaks through caches.
 */
#include "priv.h"

#include <openenclave/bits/result.h>
#include <string.h>

#define AES_NI (1u << 25)

static const uint32_t leaves[CALL_CPUID_ROWS] = {
	0, 1, 4, 7, 0x80000000u, 0x80000001u
};
static struct call_cpuid_table table;
static bool present;

/* Defined by programs whose EDL imports it from openenclave/edl/sgx. */
oe_result_t oe_sgx_get_cpuid_table_ocall(oe_result_t *result, void *buffer,
	size_t size) __attribute__((weak));

static oe_result_t fetch(struct call_cpuid_table *copy)
{
	struct call_cpuid_table *shared;
	oe_result_t result, answer = OE_FAILURE;

	if (oe_sgx_get_cpuid_table_ocall) {
		result = oe_sgx_get_cpuid_table_ocall(&answer, copy,
			sizeof(*copy));
		return result ? result : answer;
	}
	shared = core_ocall_buffer(sizeof(*shared));
	if (!shared)
		return OE_OUT_OF_MEMORY;
	result = core_ocall(CALL_CPUID_TABLE, (uint64_t)shared, NULL);
	memcpy(copy, shared, sizeof(*copy));
	core_ocall_buffer_free(shared);
	return result;
}

oe_result_t core_cpuid_initialize(void)
{
	struct call_cpuid_table copy;
	oe_result_t result = fetch(&copy);

	if (result)
		return result;
	if (!(copy.row[1][2] & AES_NI))
		return OE_UNSUPPORTED;
	/* No leaf beyond the cached ones is offered. */
	copy.row[0][0] = 7;
	copy.row[4][0] = 0x80000001u;
	table = copy;
	present = true;
	return OE_OK;
}

bool core_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	if (!present || (leaf == 4 && subleaf))
		return false;
	for (unsigned i = 0; i < CALL_CPUID_ROWS; i++) {
		if (leaves[i] != leaf)
			continue;
		for (unsigned r = 0; r < 4; r++)
			out[r] = table.row[i][r];
		return true;
	}
	return false;
}
