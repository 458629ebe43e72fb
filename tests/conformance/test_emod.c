/* SPDX-License-Identifier: MIT */
/* SDM 3D: EMODPR, EMODT */
#include "leaf.h"

#define TARGET (STAGE_A + WORLD_DATA)

static void prepare(struct call *c)
{
	c->rbx = 0x40;
	c->rcx = sgx_epc_address(TARGET);
	stage_secs(c->w, STAGE_A)->epoch = 4;
}

static void prepare_pr(struct call *c)
{
	prepare(c);
	c->secinfo.flags = SGX_SECINFO_R | SGX_SECINFO_X;
}

static void prepare_t(struct call *c)
{
	prepare(c);
	c->secinfo.flags = SGX_SECINFO_TCS;
}

static struct sgx_outcome run_pr(struct call *c)
{
	return sgx_emodpr(&c->w->m, c->rbx, c->rcx, &c->secinfo);
}

static struct sgx_outcome run_t(struct call *c)
{
	return sgx_emodt(&c->w->m, c->rbx, c->rcx, &c->secinfo);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_SGX2;
}

static void rbx_misaligned(struct call *c)
{
	c->rbx |= 0x20;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void secinfo_reserved(struct call *c)
{
	c->secinfo.reserved[20] = 1;
}

static void secinfo_bit6(struct call *c)
{
	c->secinfo.flags |= 1ull << 6;
}

static void secinfo_bit16(struct call *c)
{
	c->secinfo.flags |= 1ull << 16;
}

static void write_only(struct call *c)
{
	c->secinfo.flags = SGX_SECINFO_W;
}

static void to_reg(struct call *c)
{
	c->secinfo.flags = SGX_SECINFO_REG;
}

static void to_secs(struct call *c)
{
	c->secinfo.flags = 0;
}

static void is_va(struct call *c)
{
	c->w->epcm[TARGET].type = SGX_PT_VA;
}

static void not_initialised(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_INIT;
}

PAGE_SPOILS(target, TARGET)

#define FIRST_ROWS \
	{ "no such leaf", feature, GP }, \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) }, \
	{ "SECINFO reserved byte", secinfo_reserved, GP }, \
	{ "SECINFO bit 6", secinfo_bit6, GP }, \
	{ "SECINFO bit 16", secinfo_bit16, GP }

static const struct defect pr_defects[] = {
	FIRST_ROWS,
	{ "W without R", write_only, GP },
	{ "page free", target_free, PF(ENCLS_PF, rcx) },
	{ "page pending", target_pending, ZF(SGX_PAGE_NOT_MODIFIABLE) },
	{ "page modified", target_modified, ZF(SGX_PAGE_NOT_MODIFIABLE) },
	{ "page a TCS", target_is_tcs, PF(ENCLS_PF, rcx) },
	{ "page a TRIM", target_is_trim, PF(ENCLS_PF, rcx) },
	{ "page a VA", is_va, PF(ENCLS_PF, rcx) },
	{ "not initialised", not_initialised, GP },
};

static const struct defect t_defects[] = {
	FIRST_ROWS,
	{ "to a REG", to_reg, GP },
	{ "to a SECS", to_secs, GP },
	{ "page free", target_free, PF(ENCLS_PF, rcx) },
	{ "page a TCS", target_is_tcs, PF(ENCLS_PF, rcx) },
	{ "page a TRIM", target_is_trim, PF(ENCLS_PF, rcx) },
	{ "page a VA", is_va, PF(ENCLS_PF, rcx) },
	{ "page pending", target_pending, ZF(SGX_PAGE_NOT_MODIFIABLE) },
	{ "page modified", target_modified, ZF(SGX_PAGE_NOT_MODIFIABLE) },
	{ "not initialised", not_initialised, GP },
};

static const struct leaf leaf_emodpr = {
	"EMODPR", prepare_pr, NULL, run_pr, true, pr_defects,
	COUNT(pr_defects),
};
static const struct leaf leaf_emodt = {
	"EMODT", prepare_t, NULL, run_t, true, t_defects, COUNT(t_defects),
};
LEAF_TESTS(emodpr)
LEAF_TESTS(emodt)

/* Only ever fewer rights, and tracked from here on. */
static void restricts(void **state)
{
	static struct call c;

	for (uint8_t has = 0; has < 8; has++) {
		for (uint8_t asked = 0; asked < 8; asked++) {
			struct sgx_epcm_entry expected;

			if (has == 2 || has == 6 || asked == 2 || asked == 6)
				continue; /* W without R */
			leaf_stage(&leaf_emodpr, &c);
			c.w->epcm[TARGET].rwx = has;
			c.secinfo.flags = asked | (asked & 1 ?
				SGX_SECINFO_TRIM : 0);
			expected = c.w->epcm[TARGET];
			expected.rwx = has & asked;
			expected.flags |= SGX_EPCM_PR;
			expected.epoch = 4;
			expect_ok(run_pr(&c));
			assert_memory_equal(&c.w->epcm[TARGET], &expected,
				sizeof expected);
			assert_int_equal(c.w->changed[TARGET], 1);
			world_check(c.w);
		}
	}
}

static void retypes(void **state)
{
	static const struct {
		uint8_t from, to;
	} rows[] = {
		{ SGX_PT_REG, SGX_PT_TCS }, { SGX_PT_REG, SGX_PT_TRIM },
		{ SGX_PT_TCS, SGX_PT_TRIM },
	};
	static struct call c;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sgx_epcm_entry expected;

		leaf_stage(&leaf_emodt, &c);
		c.secinfo.flags = (uint64_t)rows[i].to << 8 | SGX_SECINFO_R;
		c.w->epcm[TARGET].type = rows[i].from;
		c.w->epcm[TARGET].flags |= SGX_EPCM_PR;
		expected = c.w->epcm[TARGET];
		expected.rwx = 0;
		expected.type = rows[i].to;
		expected.flags = SGX_EPCM_VALID | SGX_EPCM_MODIFIED;
		expected.epoch = 4;
		expect_ok(run_t(&c));
		assert_memory_equal(&c.w->epcm[TARGET], &expected,
			sizeof expected);
		assert_int_equal(c.w->changed[TARGET], 1);
		world_check(c.w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(emodpr),
		LEAF_LIST(emodt),
		cmocka_unit_test(restricts),
		cmocka_unit_test(retypes),
	};

	return cmocka_run_group_tests_name("emod", tests, NULL, NULL);
}
