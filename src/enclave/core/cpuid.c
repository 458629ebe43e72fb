/* SPDX-License-Identifier: MIT */
/*
 * CPUID is illegal in enclaves: six leaves are fetched from the host once.
 * The host may lie; a lie can choose between implementations of the same
 * function, no more.  Without AES-NI the enclave does not start, as crypto
 * in software leaks through caches.
 */
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <openenclave/bits/result.h>
#include <string.h>

#define AES_NI (1u << 25)

/* By register; bit numbers as in the manual's tables. */
#define LEAF1_C_AVX (1u << 12 | 1u << 28 | 1u << 29) /* FMA AVX F16C */
#define LEAF7_B_AVX2 (1u << 5)
#define LEAF7_C_AVX (1u << 9 | 1u << 10) /* VAES VPCLMULQDQ */
/* F DQ IFMA, PF ER CD, BW VL */
#define LEAF7_B_AVX512 (1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 \
	| 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31)
/* VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
#define LEAF7_C_AVX512 (1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14)
/* 4VNNIW 4FMAPS VP2INTERSECT FP16 */
#define LEAF7_D_AVX512 (1u << 2 | 1u << 3 | 1u << 8 | 1u << 23)
#define LEAF7_D_AMX (1u << 22 | 1u << 24 | 1u << 25)

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

/* Features whose registers XFRM does not have are not the enclave's: an
 * exception would lose them.  XGETBV says so on silicon; where the processor
 * is software it cannot. */
static void hide_unsaved(struct call_cpuid_table *t)
{
	if (!(core_xstate_mask & SGX_XFRM_AVX)) {
		t->row[1][2] &= ~LEAF1_C_AVX;
		t->row[3][1] &= ~LEAF7_B_AVX2;
		t->row[3][2] &= ~LEAF7_C_AVX;
	}
	if ((core_xstate_mask & SGX_XFRM_AVX512) != SGX_XFRM_AVX512) {
		t->row[3][1] &= ~LEAF7_B_AVX512;
		t->row[3][2] &= ~LEAF7_C_AVX512;
		t->row[3][3] &= ~LEAF7_D_AVX512;
	}
	t->row[3][3] &= ~LEAF7_D_AMX;
}

oe_result_t core_cpuid_initialize(void)
{
	struct call_cpuid_table copy;
	oe_result_t result = fetch(&copy);

	if (result)
		return result;
	if (!(copy.row[1][2] & AES_NI))
		return OE_UNSUPPORTED;
	/* No leaf and sub-leaf beyond the cached ones is offered. */
	copy.row[0][0] = 7;
	copy.row[3][0] = 0;
	copy.row[4][0] = 0x80000001u;
	hide_unsaved(&copy);
	table = copy;
	present = true;
	return OE_OK;
}

bool core_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	if (!present || (leaf == 4 && subleaf))
		return false;
	if (leaf == 7 && subleaf) {
		memset(out, 0, 4 * sizeof(out[0]));
		return true;
	}
	for (unsigned i = 0; i < CALL_CPUID_ROWS; i++) {
		if (leaves[i] != leaf)
			continue;
		for (unsigned r = 0; r < 4; r++)
			out[r] = table.row[i][r];
		return true;
	}
	return false;
}
