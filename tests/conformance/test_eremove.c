/* SPDX-License-Identifier: MIT */
/* SDM 3D: EREMOVE */
#include "leaf.h"

#define TARGET (STAGE_A + WORLD_DATA)

static void prepare(struct call *c)
{
	c->rcx = sgx_epc_address(TARGET);
}

static void prepare_secs(struct call *c)
{
	c->rcx = sgx_epc_address(STAGE_E);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eremove(&c->w->m, c->rcx);
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void somebody_inside(struct call *c)
{
	stage_inside(c->w, 1, STAGE_A, 1);
}

static void has_child(struct call *c)
{
	stage_page(c->w, STAGE_E, STAGE_F, WORLD_BASE, SGX_PT_REG, 0, 0, 0);
}

static const struct defect defects[] = {
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "a processor inside", somebody_inside, ZF(SGX_ENCLAVE_ACT) },
};

static const struct defect secs_defects[] = {
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "a page left", has_child, ZF(SGX_CHILD_PRESENT) },
};

static const struct leaf leaf_eremove = {
	"EREMOVE", prepare, NULL, run, true, defects, COUNT(defects),
};
static const struct leaf leaf_eremove_secs = {
	"EREMOVE of a SECS", prepare_secs, NULL, run, true, secs_defects,
	COUNT(secs_defects),
};
LEAF_TESTS(eremove)
LEAF_TESTS(eremove_secs)

static void is_free(const struct world *w, uint32_t epc)
{
	static const struct sgx_epcm_entry none;

	assert_memory_equal(&w->epcm[epc], &none, sizeof none);
	assert_false(w->placed[epc]);
}

static void frees(void **state)
{
	static struct call c;
	uint64_t children;

	leaf_stage(&leaf_eremove, &c);
	children = stage_secs(c.w, STAGE_A)->children;
	expect_ok(run(&c));
	is_free(c.w, TARGET);
	assert_int_equal(stage_secs(c.w, STAGE_A)->children, children - 1);
	/* a free page stays free, and that is no error */
	expect_ok(run(&c));
	world_check(c.w);
}

static void frees_what_has_no_threads(void **state)
{
	static struct call c;

	/* a VA page has no owner */
	leaf_stage(&leaf_eremove, &c);
	stage_inside(c.w, 0, STAGE_A, 1);
	c.rcx = sgx_epc_address(STAGE_V);
	expect_ok(run(&c));
	is_free(c.w, STAGE_V);
	/* a trimmed page goes while threads are inside, when it is accepted */
	stage_page(c.w, STAGE_A, STAGE_F, WORLD_BASE + 0x20000, SGX_PT_TRIM, 0,
		SGX_EPCM_MODIFIED, 1);
	c.rcx = sgx_epc_address(STAGE_F);
	expect_error(run(&c), SGX_ENCLAVE_ACT);
	c.w->epcm[STAGE_F].flags = SGX_EPCM_VALID;
	expect_ok(run(&c));
	is_free(c.w, STAGE_F);
	world_check(c.w);
}

/* Whatever state the page is in. */
static void state_is_no_matter(void **state)
{
	static const uint8_t flags[] = { SGX_EPCM_BLOCKED, SGX_EPCM_PENDING,
		SGX_EPCM_MODIFIED, SGX_EPCM_PR };
	static struct call c;

	for (size_t i = 0; i < COUNT(flags); i++) {
		leaf_stage(&leaf_eremove, &c);
		c.w->epcm[TARGET].flags |= flags[i];
		expect_ok(run(&c));
		is_free(c.w, TARGET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eremove),
		LEAF_LIST(eremove_secs),
		cmocka_unit_test(frees),
		cmocka_unit_test(frees_what_has_no_threads),
		cmocka_unit_test(state_is_no_matter),
	};

	return cmocka_run_group_tests_name("eremove", tests, NULL, NULL);
}
