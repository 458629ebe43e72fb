/* SPDX-License-Identifier: MIT */
#include "hello_u.h"
#include <openenclave/host.h>
#include <stdio.h>

void host_hello(const char *from)
{
	printf("The host was called by %s\n", from);
}

int main(int argc, char **argv)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result;

	if (argc != 2) {
		fprintf(stderr, "usage: %s ENCLAVE\n", argv[0]);
		return 2;
	}
	result = oe_create_hello_enclave(argv[1], OE_ENCLAVE_TYPE_AUTO, 0, NULL,
		0, &enclave);
	if (result == OE_OK)
		result = enclave_hello(enclave);
	if (result != OE_OK)
		fprintf(stderr, "%s: %s\n", argv[1], oe_result_str(result));
	if (enclave)
		oe_terminate_enclave(enclave);
	return result == OE_OK ? 0 : 1;
}
