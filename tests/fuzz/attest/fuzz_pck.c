/* SPDX-License-Identifier: MIT */
/* Fuzz target: Intel's extension of PCK certificates, and whole ones. */
#include "attest/pck.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_pck pck;
	struct why why;
	uint8_t *copy = malloc(size + !size);

	memcpy(copy, data, size);
	if (!attest_pck_parse_extension(copy, size, &pck, &why) &&
			pck.sgx_type > 2)
		abort();
	attest_pck_parse(copy, size, &pck, &why);
	free(copy);
	return 0;
}
