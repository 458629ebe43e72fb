/* SPDX-License-Identifier: MIT */
/*
 * Open Enclave's container for collateral:
 *
 *   u32 version 1, u32 enclave type 2 (SGX), u32 size of what follows the
 *   header's 16 bytes, u32 element count 9, nine u32 offsets from the end of
 *   the offsets, the elements: 0 version (u32 1), 1 TCB info, 2 its chain,
 *   3 PCK CRL, 4 root CRL, 5 chain of the PCK CRL, 6 QE identity, 7 its
 *   chain, 8 time of creation ("YYYY-MM-DDTHH:MM:SSZ" and NUL)
 *
 * Texts carry a NUL, as Open Enclave writes them.
 */
#ifndef COFFER_ATTEST_ENDORSEMENTS_H
#define COFFER_ATTEST_ENDORSEMENTS_H

#include "attest/collateral.h"
#include "common/why.h"

#include <stddef.h>
#include <stdint.h>

enum {
	ATTEST_ENDORSEMENTS_MAX = 200 * 1024,
	ATTEST_ENDORSEMENTS_ELEMENTS = 9,
};

/*
 * Packs collateral, created at the given time (seconds since 1970), into a
 * new buffer that the caller frees.  0; -ENOMEM; -E2BIG; -EINVAL for a time
 * outside of the years 1970 to 9999.
 */
int attest_endorsements_pack(const struct attest_collateral *collateral,
	int64_t created, uint8_t **bytes, size_t *size);

/*
 * Takes a container apart; the collateral's parts point into bytes.  created
 * may be NULL.  0, or -EINVAL and why.
 */
int attest_endorsements_unpack(const uint8_t *bytes, size_t size,
	struct attest_collateral *collateral, int64_t *created,
	struct why *why);

#endif
