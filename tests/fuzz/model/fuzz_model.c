/* SPDX-License-Identifier: MIT */
/* Any bytes as a sequence of leaves; see tests/support/sgx/drive.h. */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct drive d;

	drive_run(&d, data, size);
	return 0;
}
