/* SPDX-License-Identifier: MIT */
/* Any bytes as an SGXS stream. */
#include "image/sgxs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_error error;
	uint8_t mrenclave[32];
	FILE *in;

	if (!size)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "rb");
	if (!in)
		return 0;
	sgxs_measure(in, mrenclave, &error);
	fclose(in);
	return 0;
}
