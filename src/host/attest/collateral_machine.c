/* SPDX-License-Identifier: MIT */
/* Collateral for applications: what their enclaves would be given, from the
 * machine's quoting service. */
#include "evidence/world.h"
#include "ocalls/ocalls.h"

#include <string.h>

/* The three arguments of a part. */
#define ROOM(A, PART) (A)->data[COLLATERAL_##PART], \
	(A)->room[COLLATERAL_##PART], &(A)->size[COLLATERAL_##PART]

oe_result_t world_ask(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct collateral_room *room)
{
	uint8_t copy[6];

	memcpy(copy, fmspc, sizeof(copy));
	/* A machine's collateral has one baseline. */
	if (baseline)
		return OE_UNSUPPORTED;
	return oe_get_quote_verification_collateral_ocall(copy,
		ca == ATTEST_CA_PLATFORM, ROOM(room, TCB),
		ROOM(room, TCB_CHAIN), ROOM(room, PCK_CRL),
		ROOM(room, ROOT_CRL), ROOM(room, PCK_CRL_CHAIN),
		ROOM(room, QE), ROOM(room, QE_CHAIN));
}
