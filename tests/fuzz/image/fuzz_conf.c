/* SPDX-License-Identifier: MIT */
/* Any bytes as a configuration file of oesign. */
#include "sign/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	oe_sgx_enclave_properties_t properties = {.header = {0}};
	struct conf conf;
	char text[200];
	FILE *in;

	if (!size)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "rb");
	if (!in)
		return 0;
	if (!conf_read(in, "fuzz", &conf, text, sizeof(text)))
		conf_apply(&conf, &properties);
	fclose(in);
	return 0;
}
