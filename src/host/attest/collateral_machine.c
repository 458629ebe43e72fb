/* SPDX-License-Identifier: MIT */
/* Collateral for applications: from their machine's quoting service. */
#include "evidence/world.h"
#include "oe/enclave.h"
#include "quoting.h"

#include <errno.h>

oe_result_t world_collateral_get(const uint8_t fmspc[6], enum attest_ca ca,
	const void *baseline, size_t baseline_size,
	struct world_collateral *collateral)
{
	struct quoting_collateral got;
	struct why why = { "" };
	int error;

	(void)baseline_size;
	if (baseline)
		return OE_UNSUPPORTED;
	error = quoting_collateral(fmspc, ca == ATTEST_CA_PLATFORM
		? QUOTING_CA_PLATFORM : QUOTING_CA_PROCESSOR, 4, &got, &why);
	if (error) {
		host_log(HOST_ERROR, "No collateral: %s", why.text);
		return error == -ENOMEM ? OE_OUT_OF_MEMORY
			: error == -ENODEV ? OE_SERVICE_UNAVAILABLE
			: OE_QUOTE_PROVIDER_CALL_ERROR;
	}
	collateral->view = got.view;
	collateral->memory = got.memory;
	return OE_OK;
}

void world_collateral_free(struct world_collateral *collateral)
{
	struct quoting_collateral got = { .memory = collateral->memory };

	quoting_collateral_free(&got);
	collateral->memory = NULL;
}
