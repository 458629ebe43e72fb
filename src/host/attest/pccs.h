/* SPDX-License-Identifier: MIT */
/*
 * Collateral from a service with the interface of Intel's PCCS, such as
 * `coffer serve`.  Nobody has checked it.
 */
#ifndef COFFER_HOST_ATTEST_PCCS_H
#define COFFER_HOST_ATTEST_PCCS_H

#include "attest/collateral.h"
#include "attest/pck.h"
#include "common/why.h"

/* Parts in the order of struct attest_collateral, each with a NUL behind it
 * that does not count. */
struct pccs_collateral {
	uint8_t *part[ATTEST_COLLATERAL_PARTS]; /* malloc */
	size_t size[ATTEST_COLLATERAL_PARTS];
};

/*
 * url: the service's base, with or without /sgx/certification/vN.  ca_file,
 * if not NULL: whom to trust with TLS instead of the system's authorities.
 * 0 or a negative errno and why, with *out empty: -ENOENT for a machine that
 * the service does not know, -EPROTO, -EIO, -EINVAL, -ENOMEM.
 */
int pccs_get(const char *url, const char *ca_file, const uint8_t fmspc[6],
	enum attest_ca ca, struct pccs_collateral *out, struct why *why);
void pccs_free(struct pccs_collateral *collateral);

#endif
