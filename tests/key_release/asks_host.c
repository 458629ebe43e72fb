/* SPDX-License-Identifier: MIT */
/*
 * asks-host ENCLAVE URL KEY PINS: has a key released to the enclave.  PINS are
 * the 128 digits of what `coffer key pin` prints: the key service's pin, then
 * that of the attestation service.  Prints "released SIZE", or "refused REASON"
 * with status 1.
 */
#include <openenclave/host.h>

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "asks_u.h"

int main(int argc, char **argv)
{
	oe_enclave_t *enclave = NULL;
	uint8_t pins[64], digest[32];
	char reason[256] = "";
	oe_result_t result, answer = OE_UNEXPECTED;
	size_t read = 0, size = 0;

	if (argc != 5 || !OPENSSL_hexstr2buf_ex(pins, sizeof(pins), &read,
			argv[4], '\0') || read != sizeof(pins)) {
		fprintf(stderr, "usage: asks-host ENCLAVE URL KEY PINS\n");
		return 2;
	}
	result = oe_create_asks_enclave(argv[1], OE_ENCLAVE_TYPE_SGX, 0, NULL,
		0, &enclave);
	if (!result) {
		result = ask_key(enclave, &answer, argv[2], argv[2], argv[3],
			"", pins, pins + 32, digest, &size, reason);
		oe_terminate_enclave(enclave);
	}
	if (result || answer) {
		printf("refused %s %s\n", oe_result_str(result ? result :
			answer), reason);
		return 1;
	}
	printf("released %zu\n", size);
	return 0;
}
