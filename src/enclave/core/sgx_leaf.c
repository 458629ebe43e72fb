/* SPDX-License-Identifier: MIT */
/* EGETKEY and EREPORT.  Operands need 512-byte alignment, the key 16. */
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <string.h>

static void wipe(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

uint32_t core_egetkey(const struct sgx_keyrequest *request, uint8_t key[16])
{
	struct sgx_keyrequest aligned __attribute__((aligned(512)));
	uint8_t out[16] __attribute__((aligned(16)));
	uint64_t rax = SGX_EGETKEY;

	memcpy(&aligned, request, sizeof(aligned));
	memset(out, 0, sizeof(out));
	__asm__ volatile(".byte 0x0f, 0x01, 0xd7" /* enclu */
		: "+a"(rax) : "b"(&aligned), "c"(out) : "memory", "cc");
	if (!rax)
		memcpy(key, out, sizeof(out));
	wipe(out, sizeof(out));
	return (uint32_t)rax;
}

void core_ereport(const struct sgx_targetinfo *target, const uint8_t *data,
	struct sgx_report *report)
{
	struct sgx_targetinfo to __attribute__((aligned(512)));
	uint8_t from[64] __attribute__((aligned(128)));
	struct sgx_report out __attribute__((aligned(512)));
	uint64_t rax = SGX_EREPORT;

	memset(&to, 0, sizeof(to));
	memset(from, 0, sizeof(from));
	memset(&out, 0, sizeof(out));
	if (target)
		memcpy(&to, target, sizeof(to));
	if (data)
		memcpy(from, data, sizeof(from));
	__asm__ volatile(".byte 0x0f, 0x01, 0xd7" /* enclu */
		: "+a"(rax) : "b"(&to), "c"(from), "d"(&out)
		: "memory", "cc");
	memcpy(report, &out, sizeof(out));
}
