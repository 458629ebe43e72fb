/* SPDX-License-Identifier: MIT */
#include "bench_seal_t.h"

#include <openenclave/corelibc/stdlib.h>
#include <openenclave/seal.h>
#include <stdlib.h>

static uint8_t *plain, *sealed;
static size_t plain_size, sealed_size;

oe_result_t bench_seal_begin(size_t size)
{
	oe_free(sealed);
	free(plain);
	sealed = NULL;
	plain = calloc(1, size);
	plain_size = size;
	if (!plain)
		return OE_OUT_OF_MEMORY;
	return oe_seal(NULL, NULL, 0, plain, size, NULL, 0, &sealed,
		&sealed_size);
}

oe_result_t bench_seal_run(uint64_t count, bool open)
{
	oe_result_t result = OE_OK;
	uint8_t *made;
	size_t size;

	while (count-- && !result) {
		result = open
			? oe_unseal(sealed, sealed_size, NULL, 0, &made, &size)
			: oe_seal(NULL, NULL, 0, plain, plain_size, NULL, 0,
				&made, &size);
		if (!result)
			oe_free(made);
	}
	return result;
}
