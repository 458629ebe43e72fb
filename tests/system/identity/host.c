/* SPDX-License-Identifier: MIT */
/*
 * The host of the identity tests: ident_host ENCLAVE.
 *
 *   who               who MRENCLAVE MRSIGNER
 *   seal POLICY FILE  sealed RESULT; the sealed text is written to FILE
 *   open FILE         opened RESULT; 0 if it is the text that was sealed
 */
#include "../hosting.h"

#include <string.h>

#include "ident_u.h"

#define SEALED 604

static oe_enclave_t *g_enclave;
static const uint8_t g_text[64] = "What is sealed here is opened here alone.";

static int do_seal(unsigned policy, const char *path)
{
	uint8_t sealed[SEALED];
	int status = -9;
	FILE *f;

	if (identity_seal(g_enclave, &status, policy, g_text, sealed) != OE_OK)
		return -8;
	f = fopen(path, "wb");
	if (!f || fwrite(sealed, 1, SEALED, f) != SEALED)
		status = -7;
	if (f)
		fclose(f);
	return status;
}

static int do_open(const char *path)
{
	uint8_t sealed[SEALED], text[64];
	int status = -9;
	FILE *f = fopen(path, "rb");

	if (!f || fread(sealed, 1, SEALED, f) != SEALED)
		status = -7;
	else if (identity_open(g_enclave, &status, sealed, text) != OE_OK)
		status = -8;
	else if (!status && memcmp(text, g_text, sizeof(text)))
		status = -6;
	if (f)
		fclose(f);
	return status;
}

static bool command(const char *line)
{
	uint8_t enclave[32], signer[32];
	char path[512];
	unsigned policy;
	int status = -1;
	oe_result_t result;

	if (!strcmp(line, "who")) {
		result = test_who(g_enclave, &status, enclave, signer);
		answer_who(result == OE_OK && !status, enclave, signer);
	} else if (sscanf(line, "seal %u %511s", &policy, path) == 2) {
		answer("sealed %d", do_seal(policy, path));
	} else if (sscanf(line, "open %511s", path) == 1) {
		answer("opened %d", do_open(path));
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!loaded(oe_create_ident_enclave(argv[1], OE_ENCLAVE_TYPE_SGX, 0, NULL,
		0, &g_enclave)))
		return 1;
	serve(command);
	return oe_terminate_enclave(g_enclave) == OE_OK ? 0 : 1;
}
