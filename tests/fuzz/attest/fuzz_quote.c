/* SPDX-License-Identifier: MIT */
/* Fuzz target: quotes, and the PCK certificate inside. */
#include "attest/pck.h"
#include "attest/quote.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_quote quote;
	struct attest_pck pck;
	struct why why;
	uint8_t *copy = malloc(size + !size);

	memcpy(copy, data, size);
	if (!attest_quote_parse(copy, size, &quote, &why)) {
		/* All of it lies within the bytes. */
		if (quote.size > size || quote.auth < copy ||
				quote.auth + quote.auth_size > quote.cert ||
				quote.cert + quote.cert_size != copy +
					quote.size)
			abort();
		attest_pck_of_quote(&quote, &pck, &why);
	}
	free(copy);
	return 0;
}
