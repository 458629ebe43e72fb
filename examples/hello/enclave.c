/* SPDX-License-Identifier: MIT */
#include "hello_t.h"
#include <stdio.h>

void enclave_hello(void)
{
	printf("Hello world from the enclave\n");
	if (host_hello("the enclave") != OE_OK)
		fprintf(stderr, "The call to the host failed\n");
}
