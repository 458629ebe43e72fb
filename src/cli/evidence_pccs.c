/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include "host/attest/pccs.h"

int evidence_from_pccs(const char *url, const char *ca_file,
	const struct attest_pck *pck, struct evidence *evidence,
	struct why *why)
{
	struct pccs_collateral got;
	int error = pccs_get(url, ca_file, pck->fmspc, pck->ca, &got, why);

	for (unsigned int i = 0; !error && i < ATTEST_COLLATERAL_PARTS; i++)
		evidence_set(evidence, i, got.part[i], got.size[i]);
	return error;
}
