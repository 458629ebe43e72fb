/* SPDX-License-Identifier: MIT */
/* SDM 3D: EDBGRD, EDBGWR, ERDINFO */
/* EDBGRD and EDBGWR. */
#include "world.h"

#define S 4u /* EPC page of the SECS */
#define VA 40u

static int setup(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();

	world_build_init(w, S, &e);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static uint64_t at(uint32_t page, uint32_t offset)
{
	return sgx_epc_address(S + page) + offset;
}

static void reads_and_writes(void **state)
{
	struct world *w = *state;
	uint64_t data = 1;

	expect_ok(sgx_edbgrd(&w->m, at(WORLD_CODE, 8), &data));
	assert_true(data == 0x9090909090909090ull);
	/* permissions do not matter */
	expect_ok(sgx_edbgwr(&w->m, at(WORLD_CODE, 8), 0xcc));
	expect_ok(sgx_edbgrd(&w->m, at(WORLD_CODE, 8), &data));
	assert_int_equal(data, 0xcc);
	expect_ok(sgx_edbgrd(&w->m, at(WORLD_TCS, 32), &data));
	assert_int_equal(data, 0x40);
	expect_gp(sgx_edbgrd(&w->m, at(WORLD_TCS, SGX_TCS_LIMIT), &data));
	expect_gp(sgx_edbgrd(&w->m, at(WORLD_CODE, 4), &data));
	expect_pf(sgx_edbgrd(&w->m, sgx_epc_address(S), &data),
		sgx_epc_address(S), ENCLS_PF);
	expect_pf(sgx_edbgrd(&w->m, sgx_epc_address(60), &data),
		sgx_epc_address(60), ENCLS_PF);
	expect_ok(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(VA)));
	expect_ok(sgx_edbgrd(&w->m, sgx_epc_address(VA) + 16, &data));
	assert_true(data == 0);
	expect_pf(sgx_edbgwr(&w->m, sgx_epc_address(VA), 1),
		sgx_epc_address(VA), ENCLS_PF);
}

static void opts_in(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];

	for (uint32_t offset = 0; offset < 4096; offset += 8)
		if (offset != 8)
			expect_gp(sgx_edbgwr(&w->m, at(WORLD_TCS, offset), 0));
	expect_gp(sgx_edbgwr(&w->m, at(WORLD_TCS, 8), 4));
	expect_ok(sgx_edbgwr(&w->m, at(WORLD_TCS, 8), SGX_TCS_DBGOPTIN));
	assert_int_equal(w->changed[S + WORLD_TCS], 1);
	lp->regs.rbx = world_linaddr(WORLD_TCS);
	expect_ok(sgx_eenter(&w->m, lp, S));
	assert_true(lp->opt_in);
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
}

static void production_enclaves_are_closed(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	uint64_t before, data = 5;

	e.secs.attributes.flags &= ~SGX_ATTR_DEBUG;
	world_build_init(w, 20, &e);
	before = world_state(w);
	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++) {
		expect_gp(sgx_edbgrd(&w->m, sgx_epc_address(20 + p) + 8,
			&data));
		expect_gp(sgx_edbgwr(&w->m, sgx_epc_address(20 + p) + 8, 0));
	}
	assert_int_equal(data, 5);
	assert_true(world_state(w) == before);
}

static void not_while_a_page_changes(void **state)
{
	struct world *w = *state;
	const struct sgx_pageinfo pageinfo = { .linaddr = WORLD_BASE + 0x40000,
		.secs = sgx_epc_address(S) };
	uint64_t data;

	expect_ok(sgx_eaug(&w->m, 0, sgx_epc_address(50), &pageinfo));
	expect_error(sgx_edbgrd(&w->m, sgx_epc_address(50), &data),
		SGX_PAGE_NOT_DEBUGGABLE);
	expect_error(sgx_edbgwr(&w->m, sgx_epc_address(50), 1),
		SGX_PAGE_NOT_DEBUGGABLE);
}

static void version_slots_show_use_only(void **state)
{
	static uint8_t page[SGX_PAGE_SIZE];
	struct world *w = *state;
	const struct sgx_pageinfo pageinfo = { 0 };
	struct sgx_pcmd pcmd;
	uint64_t linaddr, data;

	expect_ok(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(VA)));
	expect_ok(sgx_eblock(&w->m, at(WORLD_DATA, 0)));
	expect_ok(sgx_etrack(&w->m, sgx_epc_address(S)));
	expect_ok(sgx_ewb(&w->m, 0, at(WORLD_DATA, 0),
		sgx_epc_address(VA) + 8, &pageinfo, page, &pcmd, &linaddr));
	expect_ok(sgx_edbgrd(&w->m, sgx_epc_address(VA) + 8, &data));
	assert_true(data == UINT64_MAX);
	expect_ok(sgx_edbgrd(&w->m, sgx_epc_address(VA), &data));
	assert_true(data == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_and_writes), TEST(opts_in),
		TEST(production_enclaves_are_closed),
		TEST(not_while_a_page_changes),
		TEST(version_slots_show_use_only),
	};

	return cmocka_run_group_tests_name("debugging", tests, NULL, NULL);
}
