/* SPDX-License-Identifier: MIT */
/* SDM 3D: Enumeration, Error codes */
/* Power-on, CPUID, the profile, and what cannot be a machine. */
#include "world.h"

static int setup(void **state)
{
	*state = world_new(1024, 1);
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static void cpuid(void **state)
{
	struct world *w = *state;
	uint32_t r[4];

	sgx_cpuid_12(&w->m, 0, r);
	assert_int_equal(r[0], 0x803);
	assert_int_equal(r[1], 1);
	assert_int_equal(r[2], 0);
	assert_int_equal(r[3], 0x381f);
	sgx_cpuid_12(&w->m, 1, r);
	assert_int_equal(r[0], 0x4b6);
	assert_int_equal(r[1], 0);
	assert_int_equal(r[2], 0xe7);
	assert_int_equal(r[3], 0);
	sgx_cpuid_12(&w->m, 2, r);
	assert_int_equal(r[0], 1);
	assert_int_equal(r[1], 0);
	assert_int_equal(r[2], 1024 * 4096 | 2);
	assert_int_equal(r[3], 0);
	w->m.epc_pages = 0x2000000; /* 128 GiB */
	sgx_cpuid_12(&w->m, 2, r);
	assert_int_equal(r[2], 2);
	assert_int_equal(r[3], 0x20);
	w->m.epc_pages = 1024;
	for (uint32_t leaf = 3; leaf < 10; leaf++) {
		sgx_cpuid_12(&w->m, leaf, r);
		assert_int_equal(r[0] | r[1] | r[2] | r[3], 0);
	}
}

static void cpuid_of_a_dcsv2(void **state)
{
	struct world *w = *state;
	struct sgx_xsave_table mpx = { .component = {
		[2] = { 576, 256 }, [3] = { 960, 64 }, [4] = { 1024, 64 } } };
	uint32_t r[4];

	sgx_profile_dcsv2(&w->m.profile, 0xff, &mpx);
	sgx_cpuid_12(&w->m, 0, r);
	assert_int_equal(r[0], 1);
	assert_int_equal(r[1], 0);
	assert_int_equal(r[3], 0x241f);
	sgx_cpuid_12(&w->m, 1, r);
	assert_int_equal(r[0], 0x36);
	assert_int_equal(r[2], 0x1f);
	sgx_cpuid_12(&w->m, 2, r);
	assert_int_equal(r[2] & 0xfff, 1);
	mpx.component[4].size = 0; /* half an MPX */
	sgx_profile_dcsv2(&w->m.profile, 0xff, &mpx);
	assert_int_equal(w->m.profile.attributes.xfrm, 0x7);
	sgx_profile_dcsv2(&w->m.profile, 0xe7, &world_xsave);
	assert_int_equal(w->m.profile.attributes.xfrm, 0x7);
}

static void profile_is_cut_to_the_host(void **state)
{
	struct sgx_xsave_table small = { .component = {
		[2] = { 576, 256 } } };
	struct sgx_profile p;

	sgx_profile_dcsv3(&p, 0x2ff, &world_xsave);
	assert_int_equal(p.attributes.xfrm, 0xe7);
	sgx_profile_dcsv3(&p, 0x7, &world_xsave);
	assert_int_equal(p.attributes.xfrm, 0x7);
	sgx_profile_dcsv3(&p, 0x67, &world_xsave); /* half an AVX-512 */
	assert_int_equal(p.attributes.xfrm, 0x7);
	sgx_profile_dcsv3(&p, 0xe3, &world_xsave);
	assert_int_equal(p.attributes.xfrm, 0x3);
	sgx_profile_dcsv3(&p, 0xe7, &small);
	assert_int_equal(p.attributes.xfrm, 0x7);
	sgx_profile_dcsv3(&p, 0, &small);
	assert_int_equal(p.attributes.xfrm, 0x3);
}

static int power_on(struct world *w, const struct sgx_profile *p,
	uint32_t pages)
{
	struct sgx_machine m;
	const struct sgx_machine *old = &w->m;

	return sgx_machine_init(&m, p, &old->fuses, old->cpusvn, old->epcm,
		pages, old->memory, old->memory_ctx, old->crypto);
}

static void refuses_to_start(void **state)
{
	struct world *w = *state;
	struct sgx_profile p = w->m.profile;

	assert_int_equal(power_on(w, &p, 1024), 0);
	assert_int_equal(power_on(w, &p, 0), -1);
	p.attributes.xfrm |= 0x8;
	assert_int_equal(power_on(w, &p, 1024), -1);
	p = w->m.profile;
	p.xsave.component[7].size = 28 * 1024;
	assert_int_equal(power_on(w, &p, 1024), -1);
	p = w->m.profile;
	p.size_log2_64 = 64;
	assert_int_equal(power_on(w, &p, 1024), -1);
	w->random_fails = true;
	p = w->m.profile;
	assert_int_equal(power_on(w, &p, 1024), -1);
}

static void boots_differ(void **state)
{
	struct world *a = *state, *b = world_new(16, 1);

	assert_memory_equal(&a->m.fuses, &b->m.fuses, sizeof a->m.fuses);
	assert_memory_not_equal(a->m.report_key_id, b->m.report_key_id, 32);
	world_free(b);
}

static void error_names(void **state)
{
	assert_string_equal(sgx_error_name(0), "SGX_SUCCESS");
	assert_string_equal(sgx_error_name(8), "SGX_INVALID_SIGNATURE");
	assert_string_equal(sgx_error_name(19),
		"SGX_PAGE_ATTRIBUTES_MISMATCH");
	assert_string_equal(sgx_error_name(256), "SGX_INVALID_KEYNAME");
	assert_string_equal(sgx_error_name(31), "SGX_NO_UPDATE");
	assert_string_equal(sgx_error_name(22), "?");
	assert_string_equal(sgx_error_name(65536), "?");
}

static void reading_a_secs(void **state)
{
	struct world *w = *state;
	struct sgx_secs secs = world_secs(), read;
	static const uint8_t zero[sizeof secs.reserved4];

	assert_int_equal(sgx_secs_read(&w->m, 3, &read), -1);
	assert_int_equal(sgx_secs_read(&w->m, 5000, &read), -1);
	expect_ok(world_ecreate(w, 3, &secs));
	assert_int_equal(sgx_secs_read(&w->m, 3, &read), 0);
	assert_memory_equal(&read, &secs, sizeof secs);
	/* nothing hidden comes along */
	assert_memory_equal(read.reserved4, zero, sizeof zero);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cpuid), TEST(cpuid_of_a_dcsv2),
		TEST(profile_is_cut_to_the_host),
		TEST(refuses_to_start), TEST(boots_differ), TEST(error_names),
		TEST(reading_a_secs),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
