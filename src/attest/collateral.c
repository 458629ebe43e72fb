/* SPDX-License-Identifier: MIT */
#include "attest/collateral.h"

static const struct {
	size_t offset;
	const char *name;
} parts[ATTEST_COLLATERAL_PARTS] = {
#define PART(name) { offsetof(struct attest_collateral, name), #name }
	PART(tcb_info), PART(tcb_info_chain), PART(pck_crl),
	PART(pck_crl_chain), PART(root_crl), PART(qe_identity),
	PART(qe_identity_chain),
};

const struct attest_bytes *attest_collateral_part(
	const struct attest_collateral *collateral, unsigned int part)
{
	if (part >= ATTEST_COLLATERAL_PARTS)
		return NULL;
	return (const void *)((const char *)collateral + parts[part].offset);
}

const char *attest_collateral_part_name(unsigned int part)
{
	return part < ATTEST_COLLATERAL_PARTS ? parts[part].name : NULL;
}
