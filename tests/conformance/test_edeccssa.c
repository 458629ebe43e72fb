/* SPDX-License-Identifier: MIT */
/* SDM 3D: EDECCSSA */
#include "entering.h"

static void prepare(struct call *c)
{
	struct sgx_lp *lp = &c->w->lp[0];

	stage_inside(c->w, 0, STAGE_A, 1);
	outside(c, SGX_EDECCSSA);
	tcs_of(c)->cssa = 2;
	lp->frame[0] = lp->gpr_page = STAGE_A + WORLD_SSA + 2;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_edeccssa(&c->w->m, &c->w->lp[0]);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_EDECCSSA;
}

static void not_inside(struct call *c)
{
	c->w->lp[0].inside = false;
}

static void first_frame(struct call *c)
{
	tcs_of(c)->cssa = 0;
}

PAGE_SPOILS(frame, STAGE_A + WORLD_SSA + 1)

static const struct defect defects[] = {
	{ "no such leaf", feature, GP },
	{ "outside", not_inside, GP },
	{ "CSSA 0", first_frame, GP },
	FRAME_ROWS(frame, SSA_AT + SGX_PAGE_SIZE),
};

static const struct leaf leaf_edeccssa = {
	"EDECCSSA", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(edeccssa)

/* Nothing but CSSA and the frame to be used. */
static void decrements(void **state)
{
	static struct call c;
	struct sgx_lp expected;
	struct sgx_tcs tcs;

	leaf_stage(&leaf_edeccssa, &c);
	expected = c.w->lp[0];
	tcs = *tcs_of(&c);
	expect_ok(run(&c));
	tcs.cssa = 1;
	expected.frame[0] = expected.gpr_page = STAGE_A + WORLD_SSA + 1;
	assert_memory_equal(&c.w->lp[0], &expected, sizeof expected);
	assert_memory_equal(tcs_of(&c), &tcs, sizeof tcs);
	world_check(c.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(edeccssa),
		cmocka_unit_test(decrements),
	};

	return cmocka_run_group_tests_name("edeccssa", tests, NULL, NULL);
}
