/* SPDX-License-Identifier: MIT */
/* Collateral for verifiers that belong to no machine: what they are given. */
#include "evidence/world.h"
#include "oe/enclave.h"

oe_result_t world_ask(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct collateral_room *room)
{
	host_log(HOST_ERROR, "Endorsements have to come with the evidence: "
		"this library fetches none");
	return OE_QUOTE_PROVIDER_LOAD_ERROR;
}
