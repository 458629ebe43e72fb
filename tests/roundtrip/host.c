/* SPDX-License-Identifier: MIT */
/*
 * trip_host IMAGE: every construct of EDL through the enclave IMAGE, from
 * the host to it and back. Exit status 0: all came through; 77: there is no
 * machine to run it.
 */
#include "trip.h"

#include <stdio.h>
#include <string.h>

oe_enclave_t *trip_enclave;
int trip_failures;

void trip_check(bool good, const char *text, int line)
{
	if (good)
		return;
	trip_failures++;
	printf("# host, line %d: %s\n", line, text);
}

void trip_report(const char *text)
{
	printf("# enclave, %s\n", text);
}

int main(int argc, char **argv)
{
	int inside = -1, outside;
	oe_result_t result;

	if (argc != 2)
		return 2;
	result = oe_create_trip_enclave(argv[1], OE_ENCLAVE_TYPE_SGX,
					OE_ENCLAVE_FLAG_DEBUG, NULL, 0,
					&trip_enclave);
	if (result != OE_OK) {
		printf("cannot create the enclave: %s\n",
		       oe_result_str(result));
		return 1;
	}
	trip_call_all();
	outside = trip_failures;
	printf("%sok 1 - calls of the enclave\n", outside ? "not " : "");
	CHECK(trip_run(trip_enclave, &inside) == OE_OK);
	printf("%sok 2 - calls of the host\n",
	       inside || trip_failures != outside ? "not " : "");
	result = oe_terminate_enclave(trip_enclave);
	printf("%sok 3 - the end\n", result ? "not " : "");
	printf("1..3\n");
	return outside || inside || trip_failures || result;
}
