/* SPDX-License-Identifier: MIT */
/* SDM 3D: ERESUME, EDECCSSA */
/* AEX-Notify: an ERESUME that tells the enclave, and EDECCSSA. */
#include "world.h"

#define S 2u /* EPC page of the SECS */
#define TCS world_linaddr(WORLD_TCS)
#define SSA world_linaddr(WORLD_SSA)
#define XSAVE_SIZE 832u
#define OUTSIDE 0x400000ull

/* An enclave with the attribute; the flag is put into its TCS. */
static int setup(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();

	e.secs.attributes.flags |= SGX_ATTR_AEXNOTIFY;
	world_build_init(w, S, &e);
	expect_ok(sgx_edbgwr(&w->m, sgx_epc_address(S + WORLD_TCS) + 8,
		SGX_TCS_AEXNOTIFY));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static struct sgx_gprsgx *gpr_of(struct world *w, uint32_t frame)
{
	return world_at(w, S, SSA + frame * 0x1000 + 4096 - 184);
}

static void aim(struct sgx_lp *lp)
{
	lp->regs.rbx = TCS;
	lp->regs.rcx = 0x7000;
	lp->regs.rip = OUTSIDE;
	lp->regs.rsp = 0x1230;
	lp->regs.rbp = 0x4560;
}

/* Enter and be interrupted at rip 0x77. */
static void enter_and_leave(struct world *w, struct sgx_lp *lp)
{
	const struct sgx_event event = { .kind = SGX_EVENT_INTERRUPT };
	static const uint8_t image[XSAVE_SIZE];

	aim(lp);
	expect_ok(sgx_eenter(&w->m, lp, S));
	lp->regs.rip = 0x77;
	sgx_aex(&w->m, lp, &event, image, sizeof image);
}

static void flags_have_to_agree(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	const uint64_t flags = sgx_epc_address(S + WORLD_TCS) + 8;

	aim(lp);
	expect_ok(sgx_edbgwr(&w->m, flags, 0));
	expect_gp(sgx_eenter(&w->m, lp, S));
	expect_gp(sgx_entry_probe(&w->m, S, TCS, 0, WORLD_XFRM));
	expect_ok(sgx_edbgwr(&w->m, flags, SGX_TCS_DBGOPTIN));
	expect_ok(sgx_entry_probe(&w->m, S, TCS, 0, WORLD_XFRM));
	expect_ok(sgx_edbgwr(&w->m, flags, SGX_TCS_AEXNOTIFY));
	expect_ok(sgx_entry_probe(&w->m, S, TCS, 0, WORLD_XFRM));
}

static void resumes_unless_asked(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	uint8_t image[XSAVE_SIZE];

	enter_and_leave(w, lp);
	aim(lp);
	expect_ok(sgx_eresume(&w->m, lp, S, image, sizeof image));
	assert_false(lp->notified);
	assert_int_equal(lp->regs.rip, 0x77);
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
}

static void notifies(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	const struct sgx_tcs *tcs = world_at(w, S, TCS);
	uint8_t image[XSAVE_SIZE] = { 0x5a };

	enter_and_leave(w, lp);
	gpr_of(w, 0)->aexnotify = SGX_GPRSGX_AEXNOTIFY;
	aim(lp);
	expect_ok(sgx_eresume(&w->m, lp, S, image, sizeof image));
	assert_true(lp->inside && lp->notified);
	assert_int_equal(image[0], 0x5a);
	assert_int_equal(lp->regs.rax, 1);
	assert_int_equal(lp->regs.rcx, OUTSIDE + 3);
	assert_true(lp->regs.rip == WORLD_BASE + 0x40);
	assert_int_equal(tcs->cssa, 1);
	assert_int_equal(lp->gpr_page, S + WORLD_SSA + 1);
	assert_int_equal(gpr_of(w, 1)->ursp, 0x1230);
	assert_int_equal(gpr_of(w, 0)->rip, 0x77);
	world_check(w);

	/* the handler goes on in frame 0 */
	expect_ok(sgx_edeccssa(&w->m, lp));
	assert_int_equal(tcs->cssa, 0);
	assert_int_equal(lp->gpr_page, S + WORLD_SSA);
	expect_gp(sgx_edeccssa(&w->m, lp));
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
	expect_gp(sgx_edeccssa(&w->m, lp));
}

static void needs_another_frame(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	struct sgx_tcs *tcs = world_at(w, S, TCS);
	uint8_t image[XSAVE_SIZE];

	tcs->nssa = 1;
	enter_and_leave(w, lp);
	gpr_of(w, 0)->aexnotify = SGX_GPRSGX_AEXNOTIFY;
	aim(lp);
	expect_gp(sgx_eresume(&w->m, lp, S, image, sizeof image));
	tcs->nssa = 3;
	w->epcm[S + WORLD_SSA + 1].flags |= SGX_EPCM_BLOCKED;
	expect_pf(sgx_eresume(&w->m, lp, S, image, sizeof image),
		SSA + 0x1000, ENCLU_PF | SGX_PF_W);
}

static void edeccssa_checks_the_frame(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	uint64_t before;

	enter_and_leave(w, lp);
	aim(lp);
	expect_ok(sgx_eenter(&w->m, lp, S));
	w->epcm[S + WORLD_SSA].flags |= SGX_EPCM_BLOCKED;
	before = world_state(w);
	expect_pf(sgx_edeccssa(&w->m, lp), SSA, ENCLU_PF | SGX_PF_W);
	assert_true(world_state(w) == before);
	w->epcm[S + WORLD_SSA].flags &= ~SGX_EPCM_BLOCKED;
	w->m.profile.features &= ~SGX_FEATURE_EDECCSSA;
	expect_gp(sgx_edeccssa(&w->m, lp));
	w->m.profile.features |= SGX_FEATURE_EDECCSSA;
	expect_ok(sgx_edeccssa(&w->m, lp));
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flags_have_to_agree), TEST(resumes_unless_asked),
		TEST(notifies), TEST(needs_another_frame),
		TEST(edeccssa_checks_the_frame),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
