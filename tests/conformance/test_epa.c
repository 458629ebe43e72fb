/* SPDX-License-Identifier: MIT */
/* SDM 3D: EPA */
#include "leaf.h"

#define TARGET STAGE_F

static void prepare(struct call *c)
{
	c->rbx = SGX_PT_VA;
	c->rcx = sgx_epc_address(TARGET);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_epa(&c->w->m, c->rbx, c->rcx);
}

static void rbx_other(struct call *c)
{
	c->rbx = SGX_PT_REG;
}

static void rbx_high(struct call *c)
{
	c->rbx |= 1ull << 32;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void target_valid(struct call *c)
{
	c->w->epcm[TARGET].flags = SGX_EPCM_VALID;
}

static const struct defect defects[] = {
	{ "RBX not PT_VA", rbx_other, GP },
	{ "RBX with high bits", rbx_high, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "page valid", target_valid, PF(ENCLS_PF, rcx) },
};

static const struct leaf leaf_epa = {
	"EPA", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(epa)

static void makes(void **state)
{
	const struct sgx_epcm_entry expected = { .secs = TARGET,
		.flags = SGX_EPCM_VALID, .type = SGX_PT_VA };
	static const uint8_t empty[SGX_PAGE_SIZE];
	static struct call c;

	leaf_run_legal(&leaf_epa, &c);
	assert_memory_equal(&c.w->epcm[TARGET], &expected, sizeof expected);
	assert_memory_equal(c.w->epc[TARGET], empty, sizeof empty);
}

static void no_storage(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_epa, &c);
	c.w->place_left = 0;
	before = world_state(c.w);
	expect_machine(run(&c));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(epa),
		cmocka_unit_test(makes),
		cmocka_unit_test(no_storage),
	};

	return cmocka_run_group_tests_name("epa", tests, NULL, NULL);
}
