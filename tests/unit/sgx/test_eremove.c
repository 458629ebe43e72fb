/* SPDX-License-Identifier: MIT */
/* SDM 3D: EREMOVE */
/* EREMOVE, alone and in runs. */
#include "world.h"

#define SECS_PAGE 4u

static int setup(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();

	world_build_init(w, SECS_PAGE, &e);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static void enter(struct world *w, struct sgx_lp *lp)
{
	lp->regs.rbx = world_linaddr(WORLD_TCS);
	lp->regs.rcx = 0x1000;
	expect_ok(sgx_eenter(&w->m, lp, SECS_PAGE));
}

static void operands(void **state)
{
	struct world *w = *state;
	uint64_t before = world_state(w);

	expect_gp(sgx_eremove(&w->m, sgx_epc_address(5) + 0x100));
	expect_gp(sgx_eremove(&w->m, sgx_epc_address(1000) + 1));
	expect_pf(sgx_eremove(&w->m, sgx_epc_address(64)), sgx_epc_address(64),
		ENCLS_PF);
	assert_true(world_state(w) == before);
}

static void free_page(void **state)
{
	struct world *w = *state;
	uint64_t before = world_state(w), rax = 77, rflags = 0x8d7;
	struct sgx_outcome o = sgx_eremove(&w->m, sgx_epc_address(63));

	expect_ok(o);
	assert_true(world_state(w) == before);
	sgx_outcome_apply(&o, &rax, &rflags);
	assert_int_equal(rax, 0);
	assert_int_equal(rflags, 0x2);
}

static void child_then_secs(void **state)
{
	struct world *w = *state;
	uint64_t before = world_state(w);

	expect_error(sgx_eremove(&w->m, sgx_epc_address(SECS_PAGE)),
		SGX_CHILD_PRESENT);
	assert_true(world_state(w) == before);
	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++) {
		expect_error(sgx_eremove(&w->m, sgx_epc_address(SECS_PAGE)),
			SGX_CHILD_PRESENT);
		expect_ok(sgx_eremove(&w->m, sgx_epc_address(SECS_PAGE + p)));
		assert_int_equal(w->epcm[SECS_PAGE + p].flags, 0);
		world_check(w);
	}
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(SECS_PAGE)));
	assert_int_equal(w->places, w->releases);
}

static void not_while_a_thread_is_inside(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	uint64_t before;

	enter(w, lp);
	before = world_state(w);
	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++)
		expect_error(sgx_eremove(&w->m,
			sgx_epc_address(SECS_PAGE + p)), SGX_ENCLAVE_ACT);
	expect_error(sgx_eremove(&w->m, sgx_epc_address(SECS_PAGE)),
		SGX_CHILD_PRESENT);
	assert_true(world_state(w) == before);
	lp->regs.rbx = 0x5000;
	expect_ok(sgx_eexit(&w->m, lp));
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(SECS_PAGE + 1)));
}

static void another_enclave_does_not_matter(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();

	world_build(w, 30, &e);
	enter(w, &w->lp[0]);
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(31)));
	world_check(w);
}

static void removed_page_can_be_used_again(void **state)
{
	struct world *w = *state;
	const uint32_t code = SECS_PAGE + WORLD_CODE;
	struct sgx_secs secs = world_secs();

	expect_ok(sgx_eremove(&w->m, sgx_epc_address(code)));
	expect_ok(world_ecreate(w, code, &secs));
	assert_int_equal(w->epcm[code].type, SGX_PT_SECS);
}

static void runs(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	uint32_t done;

	/* up to the SECS, which still has children behind it */
	world_build(w, 20, &e);
	expect_error(sgx_eremove_run(&w->m, 0, 64, &done), SGX_CHILD_PRESENT);
	assert_int_equal(done, SECS_PAGE);
	/* children of one, free pages, then the other's SECS */
	expect_error(sgx_eremove_run(&w->m, SECS_PAGE + 1, 59, &done),
		SGX_CHILD_PRESENT);
	assert_int_equal(done, 20 - SECS_PAGE - 1);
	world_check(w);
	expect_ok(sgx_eremove_run(&w->m, 21, 43, &done));
	assert_int_equal(done, 43);
	world_check(w);
	/* now the whole EPC */
	expect_ok(sgx_eremove_run(&w->m, 0, 64, &done));
	assert_int_equal(done, 64);
	assert_int_equal(w->places, w->releases);
	/* beyond the end */
	expect_pf(sgx_eremove_run(&w->m, 60, 10, &done), sgx_epc_address(64),
		ENCLS_PF);
	assert_int_equal(done, 4);
	expect_ok(sgx_eremove_run(&w->m, 1000, 0, &done));
	assert_int_equal(done, 0);
}

/* Children of two enclaves side by side, in turn and with holes. */
static void run_over_two_owners(void **state)
{
	struct world *w = *state;
	struct sgx_secs secs = world_secs();
	uint32_t done;

	expect_ok(world_ecreate(w, 40, &secs));
	expect_ok(world_ecreate(w, 41, &secs));
	for (uint32_t i = 0; i < 12; i++)
		if (i != 7)
			expect_ok(world_eadd(w, 40 + (i / 2 & 1), 42 + i,
				WORLD_BASE + i * 0x1000, SGX_SECINFO_REG,
				(uint8_t[SGX_PAGE_SIZE]){ 0 }));
	expect_ok(sgx_eremove_run(&w->m, 42, 9, &done));
	assert_int_equal(done, 9);
	world_check(w);
	expect_ok(sgx_eremove_run(&w->m, 51, 3, &done));
	expect_ok(sgx_eremove_run(&w->m, 40, 2, &done));
}

/* A run takes children and the SECS behind them in one go. */
static void run_with_the_secs_last(void **state)
{
	struct world *w = *state;
	struct sgx_secs secs = world_secs();
	uint32_t done;

	expect_ok(world_ecreate(w, 50, &secs));
	for (uint32_t i = 0; i < 3; i++)
		expect_ok(world_eadd(w, 50, 47 + i, WORLD_BASE + i * 0x1000,
			SGX_SECINFO_REG, (uint8_t[SGX_PAGE_SIZE]){ 0 }));
	expect_ok(sgx_eremove_run(&w->m, 47, 4, &done));
	assert_int_equal(done, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(operands, setup, teardown),
		cmocka_unit_test_setup_teardown(free_page, setup, teardown),
		cmocka_unit_test_setup_teardown(child_then_secs, setup,
			teardown),
		cmocka_unit_test_setup_teardown(not_while_a_thread_is_inside,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			another_enclave_does_not_matter, setup, teardown),
		cmocka_unit_test_setup_teardown(
			removed_page_can_be_used_again, setup, teardown),
		cmocka_unit_test_setup_teardown(runs, setup, teardown),
		cmocka_unit_test_setup_teardown(run_over_two_owners, setup,
			teardown),
		cmocka_unit_test_setup_teardown(run_with_the_secs_last, setup,
			teardown),
	};

	return cmocka_run_group_tests_name("eremove", tests, NULL, NULL);
}
