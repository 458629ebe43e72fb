/* SPDX-License-Identifier: MIT */
/*
 * Reads a script of measurement steps on standard input and prints the value
 * of src/sgx/measure, for measure_reference.py to compare.  One step a line:
 *   ecreate FRAME SIZE      eadd OFFSET FLAGS COUNT
 *   eextend OFFSET HEX      page OFFSET FLAGS HEX      final
 */
#include "common/crypto_openssl.h"
#include "sgx/measure.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unhex(const char *text, uint8_t *to, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned int byte;

		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			exit(2);
		to[i] = (uint8_t)byte;
	}
}

int main(void)
{
	const struct sgx_sha256_ops *ops = crypto_openssl_sha256();
	static char line[16384], hex[2 * SGX_PAGE_SIZE + 1];
	static uint8_t page[SGX_PAGE_SIZE];
	struct sgx_measure m;
	uint64_t a, b, c;
	uint8_t value[32];

	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "ecreate %" SCNu64 " %" SCNu64, &a, &b) == 2) {
			sgx_measure_ecreate(&m, ops, (uint32_t)a, b);
		} else if (sscanf(line, "eadd %" SCNu64 " %" SCNu64 " %" SCNu64,
		    &a, &b, &c) == 3) {
			sgx_measure_eadd(&m, ops, a, b, c);
		} else if (sscanf(line, "eextend %" SCNu64 " %8192s", &a, hex)
		    == 2) {
			unhex(hex, page, SGX_CHUNK_SIZE);
			sgx_measure_eextend(&m, ops, a, page);
		} else if (sscanf(line, "page %" SCNu64 " %" SCNu64 " %8192s",
		    &a, &b, hex) == 3) {
			unhex(hex, page, SGX_PAGE_SIZE);
			sgx_measure_page(&m, ops, a, b, page);
		} else if (!strcmp(line, "final\n")) {
			sgx_measure_final(&m, ops, value);
			for (int i = 0; i < 32; i++)
				printf("%02x", value[i]);
			printf(" %" PRIu64 "\n", m.blocks);
		} else {
			fprintf(stderr, "bad step: %.60s\n", line);
			return 2;
		}
	}
	return 0;
}
