/* SPDX-License-Identifier: MIT */
/* SDM 3D: EENTER, EEXIT, TCS */
#include "entering.h"

static void prepare(struct call *c)
{
	outside(c, SGX_EENTER);
	c->w->lp[0].xcr0 = WORLD_XFRM;
}

/* Defects speak of RBX and RCX in the call; they are the registers. */
static void finish(struct call *c)
{
	c->w->lp[0].regs.rbx = c->rbx;
	c->w->lp[0].regs.rcx = c->rcx;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eenter(&c->w->m, &c->w->lp[0], STAGE_A);
}

PAGE_SPOILS(frame, STAGE_A + WORLD_SSA)

static void no_frame_left(struct call *c)
{
	tcs_of(c)->cssa = tcs_of(c)->nssa = 0;
}

static void oentry(struct call *c)
{
	tcs_of(c)->oentry = NOT_CANONICAL;
}

static void fsbase(struct call *c)
{
	tcs_of(c)->ofsbase = NOT_CANONICAL;
}

static void gsbase(struct call *c)
{
	tcs_of(c)->ogsbase = NOT_CANONICAL;
}

static const struct defect defects[] = {
	ENTERING_ROWS,
	{ "CSSA at NSSA", no_frame_left, GP },
	FRAME_ROWS(frame, SSA_AT),
	{ "entry not canonical", oentry, GP },
	{ "FSBASE not canonical", fsbase, GP },
	{ "GSBASE not canonical", gsbase, GP },
	{ "TCS busy", entering_active, GP },
};

static const struct leaf leaf_eenter = {
	"EENTER", prepare, finish, run, false, defects, COUNT(defects),
};
LEAF_TESTS(eenter)

static void enters(void **state)
{
	static struct call c;
	struct sgx_regs expected;
	struct sgx_gprsgx gpr;
	struct sgx_lp *lp;

	leaf_stage(&leaf_eenter, &c);
	stage_secs(c.w, STAGE_A)->epoch = 5;
	lp = &c.w->lp[0];
	expected = lp->regs;
	gpr = *gpr_of(&c, 0);
	gpr.ursp = expected.rsp;
	gpr.urbp = expected.rbp;
	expect_ok(run(&c));
	expected.rax = 0;
	expected.rcx = 0x400003;
	expected.rip = WORLD_BASE + 0x40;
	expected.rflags &= ~SGX_RFLAGS_TF;
	expected.fsbase = world_linaddr(WORLD_DATA);
	expected.gsbase = world_linaddr(WORLD_DATA) + SGX_PAGE_SIZE;
	assert_memory_equal(&lp->regs, &expected, sizeof expected);
	assert_true(lp->inside && !lp->opt_in);
	assert_int_equal(lp->secs, STAGE_A);
	assert_int_equal(lp->tcs, TCS_PAGE);
	assert_int_equal(lp->epoch, 5);
	assert_int_equal(lp->xcr0, 7);
	assert_int_equal(tcs_of(&c)->aep, AEP);
	assert_int_equal(tcs_of(&c)->state, 1);
	assert_int_equal(tcs_of(&c)->cssa, 0);
	assert_memory_equal(gpr_of(&c, 0), &gpr, sizeof gpr);
	world_check(c.w);
}

/* A debugger's entry keeps TF; AEX-Notify need not agree with the SECS. */
static void opts_in(void **state)
{
	static struct call c;

	leaf_stage(&leaf_eenter, &c);
	tcs_of(&c)->flags = SGX_TCS_DBGOPTIN | SGX_TCS_AEXNOTIFY;
	expect_ok(run(&c));
	assert_true(c.w->lp[0].opt_in);
	assert_true(c.w->lp[0].regs.rflags & SGX_RFLAGS_TF);
}

static void agrees_on_notification(void **state)
{
	static struct call c;

	leaf_stage(&leaf_eenter, &c);
	stage_secs(c.w, STAGE_A)->attributes.flags |= SGX_ATTR_AEXNOTIFY;
	expect_gp(run(&c));
	tcs_of(&c)->flags = SGX_TCS_AEXNOTIFY;
	expect_ok(run(&c));
}

/* After an AEX the next frame is used, and the enclave is told. */
static void nests(void **state)
{
	static struct call c;

	leaf_stage(&leaf_eenter, &c);
	tcs_of(&c)->cssa = 2;
	expect_ok(run(&c));
	assert_int_equal(c.w->lp[0].regs.rax, 2);
	assert_int_equal(c.w->lp[0].gpr_page, STAGE_A + WORLD_SSA + 2);
	assert_int_equal(tcs_of(&c)->cssa, 2);
	leaf_stage(&leaf_eenter, &c);
	tcs_of(&c)->cssa = 3;
	expect_gp(run(&c));
}

/* GPRSGX lies at the end of the frame, on a page of its own if the frame has
 * two: it must be there as well. */
static void large_frames(void **state)
{
	static struct call c;

	leaf_stage(&leaf_eenter, &c);
	stage_secs(c.w, STAGE_A)->ssa_frame_size = 2;
	expect_ok(run(&c));
	assert_int_equal(c.w->lp[0].frame[0], STAGE_A + WORLD_SSA);
	assert_int_equal(c.w->lp[0].frame_count, 1);
	assert_int_equal(c.w->lp[0].gpr_page, STAGE_A + WORLD_SSA + 1);
	leaf_stage(&leaf_eenter, &c);
	stage_secs(c.w, STAGE_A)->ssa_frame_size = 2;
	c.w->epcm[STAGE_A + WORLD_SSA + 1].flags |= SGX_EPCM_BLOCKED;
	expect_pf(run(&c), SSA_AT + SGX_PAGE_SIZE, ENCLU_PF | SGX_PF_W);
}

/* A page that is waiting for EACCEPT of fewer rights is still a page. */
static void restricted_frame(void **state)
{
	static struct call c;

	leaf_stage(&leaf_eenter, &c);
	c.w->epcm[STAGE_A + WORLD_SSA].flags |= SGX_EPCM_PR;
	expect_ok(run(&c));
}

static void leaves(void **state)
{
	static struct call c;
	struct sgx_regs expected;
	struct sgx_lp *lp;

	leaf_stage(&leaf_eenter, &c);
	lp = &c.w->lp[0];
	expected = lp->regs;
	expect_gp(sgx_eexit(&c.w->m, lp)); /* not inside */
	expect_ok(run(&c));
	lp->regs.rbx = NOT_CANONICAL;
	expect_gp(sgx_eexit(&c.w->m, lp));
	assert_true(lp->inside);
	for (size_t i = 0; i < 16; i++)
		((uint64_t *)&lp->regs)[i] = ((uint64_t *)&expected)[i] = i;
	lp->regs.rbx = expected.rbx = expected.rip = 0x7000;
	lp->regs.rflags = expected.rflags = SGX_RFLAGS_TF | SGX_RFLAGS_CF;
	expected.rcx = AEP;
	expect_ok(sgx_eexit(&c.w->m, lp));
	assert_memory_equal(&lp->regs, &expected, sizeof expected);
	assert_false(lp->inside);
	assert_int_equal(lp->xcr0, WORLD_XFRM);
	assert_int_equal(tcs_of(&c)->state, 0);
	assert_int_equal(tcs_of(&c)->cssa, 0);
	world_check(c.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eenter),
		cmocka_unit_test(enters),
		cmocka_unit_test(opts_in),
		cmocka_unit_test(agrees_on_notification),
		cmocka_unit_test(nests),
		cmocka_unit_test(large_frames),
		cmocka_unit_test(restricted_frame),
		cmocka_unit_test(leaves),
	};

	return cmocka_run_group_tests_name("eenter", tests, NULL, NULL);
}
