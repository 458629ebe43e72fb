/* SPDX-License-Identifier: MIT */
/* SDM 3D: EAUG */
#include "leaf.h"

#define TARGET STAGE_F
#define LINADDR (WORLD_BASE + 0x20000)

static void prepare(struct call *c)
{
	c->rbx = 0x20;
	c->rcx = sgx_epc_address(TARGET);
	c->pageinfo.linaddr = LINADDR;
	c->pageinfo.secs = sgx_epc_address(STAGE_A);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eaug(&c->w->m, c->rbx, c->rcx, &c->pageinfo);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_SGX2;
}

static void rbx_misaligned(struct call *c)
{
	c->rbx |= 0x10;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void secs_misaligned(struct call *c)
{
	c->pageinfo.secs |= 0x800;
}

static void linaddr_misaligned(struct call *c)
{
	c->pageinfo.linaddr |= 0x800;
}

static void srcpge_given(struct call *c)
{
	c->pageinfo.srcpge = 0x1000;
}

static void secinfo_given(struct call *c)
{
	c->pageinfo.secinfo = 0x40;
}

static void secs_outside(struct call *c)
{
	c->pageinfo.secs = OUTSIDE_EPC;
}

static void target_valid(struct call *c)
{
	c->w->epcm[TARGET].flags = SGX_EPCM_VALID;
}

static void secs_free(struct call *c)
{
	c->w->epcm[STAGE_A].flags = 0;
}

static void secs_not_secs(struct call *c)
{
	c->w->epcm[STAGE_A].type = SGX_PT_REG;
}

static void not_initialised(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_INIT;
}

static void linaddr_outside(struct call *c)
{
	c->pageinfo.linaddr = WORLD_BASE + WORLD_SIZE;
}

static void linaddr_below(struct call *c)
{
	c->pageinfo.linaddr = WORLD_BASE - SGX_PAGE_SIZE;
}

static const struct defect defects[] = {
	{ "no such leaf", feature, GP },
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "SECS misaligned", secs_misaligned, GP },
	{ "LINADDR misaligned", linaddr_misaligned, GP },
	{ "SRCPGE given", srcpge_given, GP },
	{ "SECINFO given", secinfo_given, GP },
	{ "SECS outside the EPC", secs_outside, PF(ENCLS_PF, pageinfo.secs) },
	{ "page valid", target_valid, PF(ENCLS_PF, rcx) },
	{ "SECS free", secs_free, PF(ENCLS_PF, pageinfo.secs) },
	{ "SECS of another type", secs_not_secs, PF(ENCLS_PF, pageinfo.secs) },
	{ "not initialised", not_initialised, GP },
	{ "LINADDR beyond ELRANGE", linaddr_outside, GP },
	{ "LINADDR below ELRANGE", linaddr_below, GP },
};

static const struct leaf leaf_eaug = {
	"EAUG", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(eaug)

static void offers(void **state)
{
	const struct sgx_epcm_entry expected = { .linaddr = LINADDR,
		.secs = STAGE_A, .flags = SGX_EPCM_VALID | SGX_EPCM_PENDING,
		.type = SGX_PT_REG, .rwx = SGX_SECINFO_R | SGX_SECINFO_W };
	static const uint8_t empty[SGX_PAGE_SIZE];
	static struct call c;
	struct secs before;

	leaf_stage(&leaf_eaug, &c);
	before = *stage_secs(c.w, STAGE_A);
	expect_ok(run(&c));
	world_check(c.w);
	assert_memory_equal(&c.w->epcm[TARGET], &expected, sizeof expected);
	assert_memory_equal(c.w->epc[TARGET], empty, sizeof empty);
	before.children++;
	assert_memory_equal(stage_secs(c.w, STAGE_A), &before, sizeof before);
	assert_int_equal(c.w->changed[TARGET], 1);
}

static void no_storage(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_eaug, &c);
	c.w->place_left = 0;
	before = world_state(c.w);
	expect_machine(run(&c));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eaug),
		cmocka_unit_test(offers),
		cmocka_unit_test(no_storage),
	};

	return cmocka_run_group_tests_name("eaug", tests, NULL, NULL);
}
