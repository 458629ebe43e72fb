/* SPDX-License-Identifier: MIT */
/* SDM 3D: EBLOCK */
#include "leaf.h"

#define TARGET (STAGE_A + WORLD_DATA)

static void prepare(struct call *c)
{
	c->rcx = sgx_epc_address(TARGET);
	stage_secs(c->w, STAGE_A)->epoch = 7;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eblock(&c->w->m, c->rcx);
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

PAGE_SPOILS(target, TARGET)

static void is_secs(struct call *c)
{
	c->rcx = sgx_epc_address(STAGE_A);
}

static void is_va(struct call *c)
{
	c->rcx = sgx_epc_address(STAGE_V);
}

static const struct defect defects[] = {
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "page free", target_free, ZF(SGX_PG_INVLD) },
	{ "page a SECS", is_secs, CF_ALONE(SGX_PG_IS_SECS) },
	{ "page a VA", is_va, CF_ALONE(SGX_NOTBLOCKABLE) },
	{ "page blocked", target_blocked, CF(SGX_BLKSTATE) },
};

static const struct leaf leaf_eblock = {
	"EBLOCK", prepare, NULL, run, true, defects, COUNT(defects),
};
LEAF_TESTS(eblock)

/* Each type that has an owner can be blocked, whatever its state. */
static void blocks(void **state)
{
	static const uint8_t types[] = { SGX_PT_REG, SGX_PT_TCS, SGX_PT_TRIM };
	static struct call c;

	for (size_t i = 0; i < COUNT(types); i++) {
		struct sgx_epcm_entry expected;

		leaf_stage(&leaf_eblock, &c);
		c.w->epcm[TARGET].type = types[i];
		c.w->epcm[TARGET].flags |= i == 2 ? SGX_EPCM_MODIFIED :
			SGX_EPCM_PENDING;
		c.w->epcm[TARGET].rwx = 0;
		expected = c.w->epcm[TARGET];
		expected.flags |= SGX_EPCM_BLOCKED;
		expected.epoch = 7;
		expect_ok(run(&c));
		assert_memory_equal(&c.w->epcm[TARGET], &expected,
			sizeof expected);
		assert_int_equal(c.w->changed[TARGET], 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eblock),
		cmocka_unit_test(blocks),
	};

	return cmocka_run_group_tests_name("eblock", tests, NULL, NULL);
}
