/* SPDX-License-Identifier: MIT */
/*
 * Clock and collateral come from the host: a lie about either can make an
 * enclave refuse what is good, or judge by collateral that was good once; it
 * cannot make a signature.  The default root comes from the processor.
 */
#include "evidence/world.h"

#include "../core/core.h"
#include "evidence/roots.h"

#include <coffer/sgx_arch.h>
#include <openenclave/enclave.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "system_t.h"

int64_t world_time(void)
{
	int64_t seconds, nanoseconds;

	return core_host_clock(0, &seconds, &nanoseconds) ? 0 : seconds;
}

/* What was fused in when the processor was made; one that does not know the
 * name is Intel's. */
void world_default_roots(struct attest_roots *roots)
{
	struct sgx_keyrequest request = { .key_name = COFFER_KEYNAME_ROOT };
	uint8_t digest[16];
	uint32_t error = core_egetkey(&request, digest);

	if (!error)
		attest_roots_add_digest(roots, digest, sizeof(digest));
	else if (error == SGX_INVALID_KEYNAME)
		attest_roots_add_intel(roots);
}

/* The three arguments of a part. */
#define ROOM(A, PART) (A)->data[COLLATERAL_##PART], \
	(A)->room[COLLATERAL_##PART], &(A)->size[COLLATERAL_##PART]

oe_result_t world_ask(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size, struct collateral_room *a)
{
	oe_result_t result, answer = OE_UNEXPECTED;
	uint8_t copy[6];
	uint8_t which = ca == ATTEST_CA_PLATFORM;

	memcpy(copy, fmspc, sizeof(copy));
	if (baseline)
		result =
		oe_get_quote_verification_collateral_with_baseline_ocall(
			&answer, copy, which, (void *)baseline, baseline_size,
			ROOM(a, TCB),
			ROOM(a, TCB_CHAIN),
			ROOM(a, PCK_CRL),
			ROOM(a, ROOT_CRL),
			ROOM(a, PCK_CRL_CHAIN),
			ROOM(a, QE),
			ROOM(a, QE_CHAIN));
	else
		result = oe_get_quote_verification_collateral_ocall(
			&answer, copy, which,
			ROOM(a, TCB),
			ROOM(a, TCB_CHAIN),
			ROOM(a, PCK_CRL),
			ROOM(a, ROOT_CRL),
			ROOM(a, PCK_CRL_CHAIN),
			ROOM(a, QE),
			ROOM(a, QE_CHAIN));
	return result ? result : answer;
}

void world_log(int level, const char *format, ...)
{
	char text[400];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	core_log(level, "%s", text);
}
