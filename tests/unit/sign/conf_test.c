/* SPDX-License-Identifier: MIT */
/* Configuration files: what is read, what is refused with which words, and
 * how settings override properties. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sign/conf.h"
#include <stdlib.h>
#include <string.h>

static struct conf conf;
static char text[400];

static int read_text(const char *content, size_t size)
{
	FILE *in = fmemopen((void *)(uintptr_t)content, size, "rb");
	int rc;

	assert_non_null(in);
	text[0] = 0;
	rc = conf_read(in, "x.conf", &conf, text, sizeof(text));
	fclose(in);
	return rc;
}

static void accept(const char *content)
{
	if (read_text(content, strlen(content)))
		fail_msg("%s", text);
}

static void refuse(const char *content, const char *wanted)
{
	assert_int_equal(read_text(content, strlen(content)), -1);
	assert_string_equal(text, wanted);
}

static void every_setting_is_read(void **state)
{
	accept("# a comment\n"
		"\n"
		"  Debug=1\r\n"
		"NumHeapPages 1024\n"
		"NumStackPages\t=\t18446744073709551614\n"
		"NumTCS = 1024   \n"
		"ProductID=65534\n"
		"SecurityVersion=007\n"
		"FamilyID=00112233-4455-6677-8899-aabbccddeeff\n"
		"ExtendedProductID=AABBCCDD-EEFF-0011-2233-445566778899\n"
		"CapturePFGPExceptions==1\n"
		"CreateZeroBaseEnclave=1\n"
		"\t# another\n"
		"MaxHeapPages=262144\n"
		"MaxTCS 1024\n"
		"StartAddress=65536"); /* no newline at the end */
	for (int k = 0; k < CONF_KEY_COUNT; k++)
		assert_true(conf.has[k]);
	assert_int_equal(conf.number[CONF_DEBUG], 1);
	assert_int_equal(conf.number[CONF_NUM_HEAP_PAGES], 1024);
	assert_int_equal(conf.number[CONF_NUM_STACK_PAGES], UINT64_MAX - 1);
	assert_int_equal(conf.number[CONF_NUM_TCS], 1024);
	assert_int_equal(conf.number[CONF_PRODUCT_ID], 65534);
	assert_int_equal(conf.number[CONF_SECURITY_VERSION], 7);
	assert_memory_equal(conf.family_id, "\x00\x11\x22\x33\x44\x55\x66\x77"
		"\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	assert_memory_equal(conf.extended_product_id, "\xaa\xbb\xcc\xdd\xee"
		"\xff\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99", 16);
	assert_int_equal(conf.number[CONF_CAPTURE_PF_GP_EXCEPTIONS], 1);
	assert_int_equal(conf.number[CONF_CREATE_ZERO_BASE_ENCLAVE], 1);
	assert_int_equal(conf.number[CONF_START_ADDRESS], 65536);
	assert_int_equal(conf.number[CONF_MAX_HEAP_PAGES], 262144);
	assert_int_equal(conf.number[CONF_MAX_TCS], 1024);

	accept("FamilyID=0\n");
	assert_true(conf.has[CONF_FAMILY_ID]);
	assert_memory_equal(conf.family_id, (uint8_t[16]){0}, 16);
	accept("\n");
	for (int k = 0; k < CONF_KEY_COUNT; k++)
		assert_false(conf.has[k]);
}

static void every_mistake_is_named(void **state)
{
	static const char *const numbers[] = {"NumHeapPages", "NumStackPages",
		"NumTCS", "ProductID", "SecurityVersion", "StartAddress"};
	static const char *const bools[] = {"Debug", "CapturePFGPExceptions",
		"CreateZeroBaseEnclave"};
	static const char *const ids[] = {"FamilyID", "ExtendedProductID"};
	static const char *const bad[] = {"-1", "+1", "0x10", "1 2", "a", "1k",
		"18446744073709551616"};
	static const char *const bad_ids[] = {"12",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeegg",
		"001122334455-6677-8899-aabbccddeeff00",
		"0011223344556677-8899-aabbccddeeff00"};
	char content[200], wanted[200];

	refuse("Debug\n", "x.conf(1): syntax error");
	refuse("\n#\nDebug =\n", "x.conf(3): syntax error");
	refuse("=1\n", "x.conf(1): syntax error");
	refuse("Debug=1\nColour=blue\n", "x.conf(2): unknown setting: Colour");
	refuse("debug=1\n", "x.conf(1): unknown setting: debug");
	for (size_t n = 0; n < sizeof(numbers) / sizeof(*numbers); n++) {
		for (size_t b = 0; b < sizeof(bad) / sizeof(*bad); b++) {
			snprintf(content, sizeof(content), "%s=%s\n",
				numbers[n], bad[b]);
			snprintf(wanted, sizeof(wanted),
				"x.conf(1): bad value for '%s': %s",
				numbers[n], bad[b]);
			refuse(content, wanted);
		}
		snprintf(content, sizeof(content), "%s=4096\n\n%s=8192\n",
			numbers[n], numbers[n]);
		snprintf(wanted, sizeof(wanted),
			"x.conf(3): Duplicate '%s' value provided", numbers[n]);
		if (strcmp(numbers[n], "NumTCS"))
			refuse(content, wanted);
	}
	refuse("NumTCS=1\nNumTCS=1\n",
		"x.conf(2): Duplicate 'NumTCS' value provided");
	refuse("NumTCS=1025\n", "x.conf(1): bad value for 'NumTCS': 1025");
	refuse("MaxTCS=1025\n", "x.conf(1): bad value for 'MaxTCS': 1025");
	refuse("ProductID=65535\n",
		"x.conf(1): bad value for 'ProductID': 65535");
	refuse("SecurityVersion=65535\n",
		"x.conf(1): bad value for 'SecurityVersion': 65535");
	refuse("NumHeapPages=18446744073709551615\n", "x.conf(1): bad value "
		"for 'NumHeapPages': 18446744073709551615");
	refuse("StartAddress=0\n", "x.conf(1): bad value for 'StartAddress': 0");
	refuse("StartAddress=4097\n",
		"x.conf(1): bad value for 'StartAddress': 4097");
	for (size_t b = 0; b < sizeof(bools) / sizeof(*bools); b++) {
		snprintf(wanted, sizeof(wanted),
			"x.conf(1): '%s' value must be 0 or 1", bools[b]);
		snprintf(content, sizeof(content), "%s=2\n", bools[b]);
		refuse(content, wanted);
		snprintf(content, sizeof(content), "%s=true\n", bools[b]);
		refuse(content, wanted);
		snprintf(content, sizeof(content), "%s=0\n%s=1\n", bools[b],
			bools[b]);
		snprintf(wanted, sizeof(wanted),
			"x.conf(2): Duplicate '%s' value provided", bools[b]);
		refuse(content, wanted);
	}
	for (size_t i = 0; i < 2; i++) {
		for (size_t b = 0; b < sizeof(bad_ids) / sizeof(*bad_ids);
			b++) {
			snprintf(content, sizeof(content), "%s=%s\n", ids[i],
				bad_ids[b]);
			snprintf(wanted, sizeof(wanted),
				"x.conf(1): bad value for '%s': %s, rc=-1",
				ids[i], bad_ids[b]);
			refuse(content, wanted);
		}
		snprintf(content, sizeof(content), "%s=0\n%s=0\n", ids[i],
			ids[i]);
		snprintf(wanted, sizeof(wanted),
			"x.conf(2): Duplicate '%s' value provided", ids[i]);
		refuse(content, wanted);
	}
	/* A zero byte hides nothing. */
	assert_int_equal(read_text("# \0\nDebug=1\n", 12), -1);
	assert_string_equal(text, "x.conf(1): syntax error");
	assert_int_equal(conf_read_file("/nonexistent.conf", &conf, text,
		sizeof(text)), -1);
	assert_string_equal(text,
		"/nonexistent.conf: No such file or directory");
}

static oe_sgx_enclave_properties_t image_has(void)
{
	oe_sgx_enclave_properties_t p = {
		.header = {.size = sizeof(p), .enclave_type = 2,
			.size_settings = {10, 20, 3}},
		.config = {.product_id = 5, .security_version = 6,
			.flags = {1, 1, 0}, .family_id = {1},
			.extended_product_id = {2},
			.attributes = OE_SGX_FLAGS_MODE64BIT |
				OE_SGX_FLAGS_KSS | OE_SGX_FLAGS_DEBUG,
			.start_address = 0x10000},
	};

	return p;
}

static void absent_settings_leave_or_clear(void **state)
{
	oe_sgx_enclave_properties_t p = image_has();

	accept("# nothing\n");
	conf_apply(&conf, &p);
	assert_int_equal(p.header.size_settings.num_heap_pages, 10);
	assert_int_equal(p.header.size_settings.num_stack_pages, 20);
	assert_int_equal(p.header.size_settings.num_tcs, 3);
	assert_int_equal(p.config.product_id, 5);
	assert_int_equal(p.config.security_version, 6);
	assert_int_equal(p.config.start_address, 0x10000);
	/* These follow the file alone. */
	assert_int_equal(p.config.attributes,
		OE_SGX_FLAGS_MODE64BIT | OE_SGX_FLAGS_DEBUG);
	assert_int_equal(p.config.family_id[0], 0);
	assert_int_equal(p.config.extended_product_id[0], 0);
	assert_int_equal(p.config.flags.capture_pf_gp_exceptions, 0);
	assert_int_equal(p.config.flags.create_zero_base_enclave, 0);
}

static void present_settings_override(void **state)
{
	oe_sgx_enclave_properties_t p = image_has();

	accept("Debug=0\nNumHeapPages=1\nNumStackPages=2\nNumTCS=4\n"
		"ProductID=9\nSecurityVersion=8\nCapturePFGPExceptions=1\n"
		"ExtendedProductID=ff000000-0000-0000-0000-000000000000\n"
		"StartAddress=4096\n");
	conf_apply(&conf, &p);
	assert_int_equal(p.header.size_settings.num_heap_pages, 1);
	assert_int_equal(p.header.size_settings.num_stack_pages, 2);
	assert_int_equal(p.header.size_settings.num_tcs, 4);
	assert_int_equal(p.config.product_id, 9);
	assert_int_equal(p.config.security_version, 8);
	assert_int_equal(p.config.attributes,
		OE_SGX_FLAGS_MODE64BIT | OE_SGX_FLAGS_KSS);
	assert_int_equal(p.config.family_id[0], 0);
	assert_int_equal(p.config.extended_product_id[0], 0xff);
	assert_int_equal(p.config.flags.capture_pf_gp_exceptions, 1);
	/* A start address counts with CreateZeroBaseEnclave only. */
	assert_int_equal(p.config.start_address, 0x10000);
	accept("CreateZeroBaseEnclave=1\nStartAddress=4096\n");
	conf_apply(&conf, &p);
	assert_int_equal(p.config.flags.create_zero_base_enclave, 1);
	assert_int_equal(p.config.start_address, 4096);

	memset(&p, 0, sizeof(p));
	accept("Debug=1\n");
	conf_apply(&conf, &p);
	assert_int_equal(p.header.size, sizeof(p));
	assert_int_equal(p.header.enclave_type, 2);
	assert_int_equal(p.config.attributes,
		OE_SGX_FLAGS_MODE64BIT | OE_SGX_FLAGS_DEBUG);
}

static void growth_is_set_or_kept(void **state)
{
	struct image_growth growth = { 7, 8 };

	accept("NumHeapPages=1\n");
	conf_apply_growth(&conf, &growth);
	assert_int_equal(growth.max_heap_pages, 7);
	assert_int_equal(growth.max_tcs, 8);
	accept("MaxHeapPages=0\nMaxTCS=9\n");
	conf_apply_growth(&conf, &growth);
	assert_int_equal(growth.max_heap_pages, 0);
	assert_int_equal(growth.max_tcs, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_is_read),
		cmocka_unit_test(every_mistake_is_named),
		cmocka_unit_test(absent_settings_leave_or_clear),
		cmocka_unit_test(present_settings_override),
		cmocka_unit_test(growth_is_set_or_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
