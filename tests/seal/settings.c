/* SPDX-License-Identifier: MIT */
/* Every setting, what it does, and what is refused. */
#include "seal_test.h"

#define COUNT(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

void test_settings(void **state)
{
	static const struct {
		struct sl_setting setting;
		oe_result_t want;
	} cases[] = {
		{ VALUE(POLICY, OE_SEAL_POLICY_UNIQUE), OE_OK },
		{ VALUE(POLICY, OE_SEAL_POLICY_PRODUCT), OE_OK },
		{ VALUE(POLICY, 0), OE_INVALID_PARAMETER },
		{ VALUE(POLICY, 3), OE_INVALID_PARAMETER },
		{ { .type = CONTEXT, .size = 16 }, OE_UNSUPPORTED },
		{ VALUE(CONTEXT, 0), OE_UNSUPPORTED },
		{ { .type = IV, .size = 12, .bytes = "twelve bytes" }, OE_OK },
		{ { .type = IV, .size = 11 }, OE_INVALID_PARAMETER },
		{ { .type = IV, .size = 13 }, OE_INVALID_PARAMETER },
		{ VALUE(IV, 0), OE_INVALID_PARAMETER },
		{ VALUE(KEYNAME, 4), OE_OK },
		{ VALUE(KEYNAME, 3), OE_INVALID_KEYNAME },
		{ VALUE(KEYNAME, 1), OE_INVALID_KEYNAME },
		{ VALUE(KEYNAME, 0), OE_INVALID_KEYNAME },
		{ VALUE(KEYNAME, 0xc0fe), OE_INVALID_KEYNAME },
		/* It takes the attribute PROVISIONKEY. */
		{ VALUE(KEYNAME, 2), OE_INVALID_PARAMETER },
		{ VALUE(ISVSVN, 2), OE_OK },
		{ VALUE(ISVSVN, 0), OE_OK },
		{ VALUE(ISVSVN, 3), OE_INVALID_ISVSVN },
		{ VALUE(CETMASK, 0), OE_UNSUPPORTED },
		{ { .type = CPUSVN, .size = 16 }, OE_OK },
		{ { .type = CPUSVN, .size = 15 }, OE_INVALID_PARAMETER },
		{ { .type = CPUSVN, .size = 16, .bytes = {
			255, 255, 255, 255, 255, 255, 255, 255,
			255, 255, 255, 255, 255, 255, 255, 255 } },
			OE_INVALID_CPUSVN },
		{ VALUE(FLAGSMASK, 0), OE_OK },
		{ VALUE(FLAGSMASK, UINT64_MAX), OE_OK },
		{ VALUE(XFRMMASK, UINT64_MAX), OE_OK },
		{ VALUE(MISCMASK, UINT32_MAX), OE_OK },
		{ VALUE(MISCMASK, 0), OE_OK },
		{ VALUE(CONFIGSVN, 0), OE_OK },
		/* The enclave is one without KSS. */
		{ VALUE(CONFIGSVN, 1), OE_INVALID_PARAMETER },
		{ VALUE(3, 0), OE_UNSUPPORTED },
		{ VALUE(0x8008, 0), OE_UNSUPPORTED },
		{ VALUE(0xc000, 0), OE_UNSUPPORTED },
		{ VALUE(-1, 0), OE_UNSUPPORTED },
	};
	oe_enclave_t *twin = start(USUAL);

	(void)state;
	for (int image = USUAL; image <= MBEDTLS; image++) {
		oe_enclave_t *e = start_with(image, 0);

		for (size_t i = 0; i < COUNT(cases); i++) {
			struct blob blob;
			oe_result_t result = seal_with(e, &cases[i].setting, 1,
				&blob);

			if (result != cases[i].want)
				fail_msg("case %zu: %s", i,
					oe_result_str(result));
			assert_int_equal(blob.size,
				result ? 0 : HEADER + TEXT_SIZE);
			if (result)
				continue;
			assert_int_equal(open_by(e, &blob), OE_OK);
			/* No mask opens it to a debugger. */
			assert_int_equal(open_by(twin, &blob), OE_UNSUPPORTED);
			if (cases[i].setting.type == IV)
				assert_memory_equal(blob.bytes + AT_IV,
					"twelve bytes", 12);
		}
		stop(e);
	}
	stop(twin);
}

/* Where settings stand in the request, the last one counts; and versions
 * below one's own open to older enclaves. */
void test_versions(void **state)
{
	const struct sl_setting all[] = {
		VALUE(ISVSVN, 2), VALUE(ISVSVN, 1),
		VALUE(FLAGSMASK, 0x1122334455667788),
		VALUE(XFRMMASK, 0x99aabbccddeeff01),
		VALUE(MISCMASK, 0x23456789),
		{ .type = CPUSVN, .size = 16 },
		VALUE(POLICY, OE_SEAL_POLICY_PRODUCT),
	};
	oe_enclave_t *usual = start(USUAL), *older = start(OLDER);
	struct blob blob;

	(void)state;
	assert_int_equal(seal_with(usual, all, COUNT(all), &blob), OE_OK);
	assert_memory_equal(blob.bytes, "\4\0\2\0\1\0\0\0", 8);
	assert_memory_equal(blob.bytes + AT_CPUSVN,
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(blob.bytes + 24, "\x88\x77\x66\x55\x44\x33\x22\x11"
		"\x01\xff\xee\xdd\xcc\xbb\xaa\x99", 16);
	assert_memory_equal(blob.bytes + 72, "\x89\x67\x45\x23", 4);
	assert_int_equal(open_by(usual, &blob), OE_OK);
	assert_int_equal(open_by(older, &blob), OE_OK);
	assert_int_equal(seal_with(usual, all, 1, &blob), OE_OK);
	assert_int_equal(open_by(usual, &blob), OE_OK);
	assert_int_equal(open_by(older, &blob), OE_UNSUPPORTED);
	stop(usual);
	stop(older);
}

void test_kss(void **state)
{
	const struct sl_setting zero = VALUE(CONFIGSVN, 0);
	const struct sl_setting one = VALUE(CONFIGSVN, 1);
	oe_enclave_t *e = start(KSS);
	struct blob blob;

	(void)state;
	assert_int_equal(seal_with(e, &zero, 1, &blob), OE_OK);
	assert_int_equal(open_by(e, &blob), OE_OK);
	/* This one was started without a configuration: its number is 0. */
	assert_int_equal(seal_with(e, &one, 1, &blob), OE_INVALID_ISVSVN);
	stop(e);
}
