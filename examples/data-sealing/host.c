/* SPDX-License-Identifier: MIT */
/* Who can open what version 1 of an enclave has sealed? */
#include <openenclave/host.h>
#include <stdio.h>
#include <string.h>

#include "sealing_u.h"

#define NOTE "the wine is in the cellar"
#define LABEL "note 1"

enum { SAME, NEXT, OTHER, ENCLAVES };
static const char *const who[ENCLAVES] = {
	"the same enclave", "the next version", "another signer's"
};

static struct {
	size_t size;
	uint8_t bytes[1024];
} sealed;

static oe_result_t open_by(const char *path, const char *label)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result, answer = OE_UNEXPECTED;
	char note[64] = "";

	result = oe_create_sealing_enclave(path, OE_ENCLAVE_TYPE_SGX,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &enclave);
	if (result == OE_OK)
		result = open_note(enclave, &answer, label, sealed.bytes,
			sealed.size, note, sizeof(note));
	if (result == OE_OK)
		result = answer;
	if (result == OE_OK && strcmp(note, NOTE))
		result = OE_FAILURE;
	oe_terminate_enclave(enclave);
	return result;
}

static oe_result_t seal_by(const char *path, bool unique)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result, answer = OE_UNEXPECTED;

	result = oe_create_sealing_enclave(path, OE_ENCLAVE_TYPE_SGX,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &enclave);
	if (result == OE_OK)
		result = seal_note(enclave, &answer, unique, LABEL, NOTE,
			sealed.bytes, sizeof(sealed.bytes), &sealed.size);
	if (result == OE_OK)
		result = answer;
	oe_terminate_enclave(enclave);
	return result;
}

static int tell_version(const char *path)
{
	oe_enclave_t *enclave = NULL;
	uint32_t number = 0;
	oe_result_t result;

	result = oe_create_sealing_enclave(path, OE_ENCLAVE_TYPE_SGX,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &enclave);
	if (result == OE_OK)
		result = version(enclave, &number);
	oe_terminate_enclave(enclave);
	printf("%s: version %u, %s\n", path, number, oe_result_str(result));
	return result != OE_OK;
}

/* Says what happened; 1 if it should not have. */
static int expect(const char *what, oe_result_t result, oe_result_t wanted)
{
	printf("  %-32s %s%s\n", what, oe_result_str(result),
		result == wanted ? "" : "  WRONG");
	return result != wanted;
}

static int try_policy(char *const *paths, bool unique)
{
	int wrong;

	printf("sealed for %s:\n", unique ? "this enclave" : "its product");
	wrong = expect("sealed", seal_by(paths[SAME], unique), OE_OK);
	for (int i = 0; i < ENCLAVES; i++) {
		bool may = i == SAME || (i == NEXT && !unique);

		wrong += expect(who[i], open_by(paths[i], LABEL),
			may ? OE_OK : OE_UNSUPPORTED);
	}
	wrong += expect("with another label", open_by(paths[SAME], "note 2"),
		OE_UNSUPPORTED);
	sealed.bytes[sealed.size - 1] ^= 1;
	wrong += expect("with one bit changed", open_by(paths[SAME], LABEL),
		OE_UNSUPPORTED);
	return wrong;
}

int main(int argc, char **argv)
{
	if (argc != 1 + ENCLAVES) {
		fprintf(stderr, "usage: %s VERSION1 VERSION2 OTHER\n", argv[0]);
		return 2;
	}
	for (int i = 1; i <= ENCLAVES; i++)
		if (tell_version(argv[i]))
			return 1;
	return try_policy(argv + 1, true) + try_policy(argv + 1, false)
		? 1 : 0;
}
