/* SPDX-License-Identifier: MIT */
/* SDM 3D: ETRACK, ETRACKC, Tracking */
#include "leaf.h"

static void prepare(struct call *c)
{
	c->rcx = sgx_epc_address(STAGE_A);
	stage_secs(c->w, STAGE_A)->epoch = 5;
}

static void prepare_c(struct call *c)
{
	c->w->m.profile.features |= SGX_FEATURE_OVERSUB;
	prepare(c);
	c->rcx = sgx_epc_address(STAGE_A + WORLD_DATA);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_etrack(&c->w->m, c->rcx);
}

static struct sgx_outcome run_c(struct call *c)
{
	return sgx_etrackc(&c->w->m, c->rcx);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_OVERSUB;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void secs_free(struct call *c)
{
	c->w->epcm[STAGE_A].flags = 0;
}

static void not_secs(struct call *c)
{
	c->w->epcm[STAGE_A].type = SGX_PT_VA;
}

static void still_inside(struct call *c)
{
	stage_inside(c->w, 2, STAGE_A, 4);
}

PAGE_SPOILS(target, STAGE_A + WORLD_DATA)

static void is_va(struct call *c)
{
	c->w->epcm[STAGE_A + WORLD_DATA].type = SGX_PT_VA;
}

static const struct defect defects[] = {
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "SECS free", secs_free, PF(ENCLS_PF, rcx) },
	{ "not a SECS", not_secs, PF(ENCLS_PF, rcx) },
	{ "inside since the epoch before", still_inside,
		ZF(SGX_PREV_TRK_INCMPL) },
};

static const struct defect c_defects[] = {
	{ "no such leaf", feature, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "page free", target_free, ZF(SGX_PG_INVLD) },
	{ "page without owner", is_va, CF(SGX_TRACK_NOT_REQUIRED) },
	{ "inside since the epoch before", still_inside,
		ZF(SGX_PREV_TRK_INCMPL) },
};

static const struct leaf leaf_etrack = {
	"ETRACK", prepare, NULL, run, true, defects, COUNT(defects),
};
static const struct leaf leaf_etrackc = {
	"ETRACKC", prepare_c, NULL, run_c, true, c_defects, COUNT(c_defects),
};
LEAF_TESTS(etrack)
LEAF_TESTS(etrackc)

/* Who entered in the epoch that ends may stay; the one before must be gone
 * before the next begins. */
static void begins_an_epoch(void **state)
{
	static struct call c;

	leaf_stage(&leaf_etrack, &c);
	stage_inside(c.w, 0, STAGE_A, 5);
	expect_ok(run(&c));
	assert_int_equal(stage_secs(c.w, STAGE_A)->epoch, 6);
	assert_int_equal(c.w->tracked[STAGE_A], 6);
	expect_error(run(&c), SGX_PREV_TRK_INCMPL);
	c.w->lp[0].epoch = 6;
	expect_ok(run(&c));
	assert_int_equal(stage_secs(c.w, STAGE_A)->epoch, 7);
	world_check(c.w);
}

/* Of one enclave, not of the others. */
static void is_the_enclaves_own(void **state)
{
	static struct call c;

	leaf_stage(&leaf_etrack, &c);
	stage_inside(c.w, 0, STAGE_B, 1);
	expect_ok(run(&c));
	assert_int_equal(stage_secs(c.w, STAGE_B)->epoch, 1);
	assert_int_equal(c.w->tracked[STAGE_B], 0);
}

/* By the SECS or any page that has one. */
static void tracks_by_any_page(void **state)
{
	static const uint32_t pages[] = { STAGE_A, STAGE_A + WORLD_TCS,
		STAGE_A + WORLD_CODE };
	static struct call c;

	for (size_t i = 0; i < COUNT(pages); i++) {
		leaf_stage(&leaf_etrackc, &c);
		c.rcx = sgx_epc_address(pages[i]);
		expect_ok(run_c(&c));
		assert_int_equal(stage_secs(c.w, STAGE_A)->epoch, 6);
		assert_int_equal(c.w->tracked[STAGE_A], 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(etrack),
		LEAF_LIST(etrackc),
		cmocka_unit_test(begins_an_epoch),
		cmocka_unit_test(is_the_enclaves_own),
		cmocka_unit_test(tracks_by_any_page),
	};

	return cmocka_run_group_tests_name("etrack", tests, NULL, NULL);
}
