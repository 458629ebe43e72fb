/* SPDX-License-Identifier: MIT */
/* Fuzz target: endorsements, packed again when they can be read; and the
 * dates of what is in them. */
#include "attest/endorsements.h"
#include "attest/verify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_collateral collateral, again;
	int64_t created, created_again, from, until;
	uint8_t *copy = malloc(size + !size), *packed;
	size_t packed_size;
	struct why why;

	memcpy(copy, data, size);
	if (!attest_endorsements_unpack(copy, size, &collateral, &created,
			&why)) {
		attest_collateral_window(&collateral, &from, &until, &why);
		if (!attest_endorsements_pack(&collateral, created, &packed,
				&packed_size)) {
			if (attest_endorsements_unpack(packed, packed_size,
					&again, &created_again, &why) ||
					created_again != created)
				abort();
			free(packed);
		}
	}
	free(copy);
	return 0;
}
