/* SPDX-License-Identifier: MIT */
/* SDM 3D: ERDINFO */
#include "leaf.h"

#define TARGET (STAGE_A + WORLD_DATA)

static void prepare(struct call *c)
{
	c->w->m.profile.features |= SGX_FEATURE_OVERSUB;
	c->rbx = 0x20;
	c->rcx = sgx_epc_address(TARGET);
	memset(&c->rdinfo, 0x5a, sizeof c->rdinfo);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_erdinfo(&c->w->m, c->rbx, c->rcx, &c->rdinfo);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_OVERSUB;
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

PAGE_SPOILS(target, TARGET)

static const struct defect defects[] = {
	{ "no such leaf", feature, GP },
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, CF(SGX_PG_NONEPC) },
	{ "page free", target_free, CF(SGX_PG_INVLD) },
};

static const struct leaf leaf_erdinfo = {
	"ERDINFO", prepare, NULL, run, true, defects, COUNT(defects),
};
LEAF_TESTS(erdinfo)

static void tells(void **state)
{
	static const struct {
		uint32_t epc;
		uint8_t flags;
		uint64_t status, info;
	} rows[] = {
		{ TARGET, 0, 0, 0x203 },
		{ TARGET, SGX_EPCM_PR, 0, 0x223 },
		{ TARGET, SGX_EPCM_PENDING, 0, 0x20b },
		{ TARGET, SGX_EPCM_BLOCKED, 0, 0x8000000000000203 },
		{ STAGE_A + WORLD_TCS, SGX_EPCM_MODIFIED, 0, 0x110 },
		{ STAGE_V, 0, 0, 0x300 },
		{ STAGE_A, 0, SGX_RDINFO_CHLDPRESENT, 0 },
		{ STAGE_E, 0, 0, 0 },
	};
	static struct call c;

	for (size_t i = 0; i < COUNT(rows); i++) {
		leaf_stage(&leaf_erdinfo, &c);
		c.w->epcm[rows[i].epc].flags |= rows[i].flags;
		c.rcx = sgx_epc_address(rows[i].epc);
		expect_ok(run(&c));
		assert_int_equal(c.rdinfo.status, rows[i].status);
		assert_int_equal(c.rdinfo.flags, rows[i].info);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(erdinfo),
		cmocka_unit_test(tells),
	};

	return cmocka_run_group_tests_name("erdinfo", tests, NULL, NULL);
}
