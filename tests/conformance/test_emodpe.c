/* SPDX-License-Identifier: MIT */
/* SDM 3D: EMODPE, Access control */
#include "leaf.h"

#define INFO_PAGE (STAGE_A + WORLD_DATA)
#define INFO_AT (WORLD_BASE + (WORLD_DATA - 1) * (uint64_t)SGX_PAGE_SIZE + 64)
#define TARGET (STAGE_A + WORLD_GUARD)
#define LINADDR (WORLD_BASE + (WORLD_GUARD - 1) * (uint64_t)SGX_PAGE_SIZE)

static struct sgx_secinfo *info(struct call *c)
{
	return (struct sgx_secinfo *)(c->w->epc[INFO_PAGE] + 64);
}

static void prepare(struct call *c)
{
	c->rbx = INFO_AT;
	c->rcx = LINADDR;
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_emodpe(&c->w->m, STAGE_A, c->rbx, c->rcx);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_SGX2;
}

static void rbx_misaligned(struct call *c)
{
	c->rbx += 32;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rbx_outside(struct call *c)
{
	c->rbx = WORLD_BASE + WORLD_SIZE;
}

static void rcx_outside(struct call *c)
{
	c->rcx = WORLD_BASE - SGX_PAGE_SIZE;
}

static void secinfo_reserved(struct call *c)
{
	info(c)->reserved[0] = 1;
}

static void secinfo_bit(struct call *c)
{
	info(c)->flags |= 1ull << 63;
}

static void write_only(struct call *c)
{
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_W;
}

PAGE_SPOILS(secinfo, INFO_PAGE)
PAGE_SPOILS(target, TARGET)

#define ROW(what, operand) \
	{ #operand " " #what, operand##_##what, PF(ENCLU_PF, rbx) }

static const struct defect defects[] = {
	{ "no such leaf", feature, GP },
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RBX outside ELRANGE", rbx_outside, GP },
	{ "RCX outside ELRANGE", rcx_outside, GP },
	{ "SECINFO not mapped", secinfo_unmapped, PF(SGX_PF_U, rbx) },
	{ "SECINFO not EPC", secinfo_ordinary, PF(ENCLU_PF, rbx) },
	{ "page not mapped", target_unmapped, PF(SGX_PF_U, rcx) },
	{ "page not EPC", target_ordinary, PF(ENCLU_PF, rcx) },
	ROW(free, secinfo),
	ROW(blocked, secinfo),
	ROW(pending, secinfo),
	ROW(modified, secinfo),
	ROW(is_tcs, secinfo),
	ROW(is_trim, secinfo),
	ROW(of_other, secinfo),
	ROW(elsewhere, secinfo),
	ROW(no_read, secinfo),
	{ "SECINFO reserved byte", secinfo_reserved, GP },
	{ "SECINFO reserved bit", secinfo_bit, GP },
	{ "page free", target_free, PF(ENCLU_PF, rcx) },
	{ "page blocked", target_blocked, PF(ENCLU_PF, rcx) },
	{ "page pending", target_pending, PF(ENCLU_PF, rcx) },
	{ "page modified", target_modified, PF(ENCLU_PF, rcx) },
	{ "page a TCS", target_is_tcs, PF(ENCLU_PF, rcx) },
	{ "page a TRIM", target_is_trim, PF(ENCLU_PF, rcx) },
	{ "page another's", target_of_other, PF(ENCLU_PF, rcx) },
	{ "page elsewhere", target_elsewhere, PF(ENCLU_PF, rcx) },
	{ "W without R", write_only, GP },
};

static const struct leaf leaf_emodpe = {
	"EMODPE", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(emodpe)

/* Only ever more rights; the other fields of SECINFO do not count. */
static void extends(void **state)
{
	static struct call c;

	for (uint8_t has = 0; has < 8; has++) {
		for (uint8_t asked = 0; asked < 8; asked++) {
			struct sgx_epcm_entry expected;

			if (has == 2 || has == 6)
				continue;
			leaf_stage(&leaf_emodpe, &c);
			c.w->epcm[TARGET].rwx = has;
			c.w->epcm[TARGET].flags |= SGX_EPCM_PR;
			info(&c)->flags = asked | SGX_SECINFO_TRIM;
			expected = c.w->epcm[TARGET];
			expected.rwx |= asked;
			if (expected.rwx == 2 || expected.rwx == 6) {
				expect_gp(run(&c));
				continue;
			}
			expect_ok(run(&c));
			assert_memory_equal(&c.w->epcm[TARGET], &expected,
				sizeof expected);
			assert_int_equal(c.w->changed[TARGET], 1);
			world_check(c.w);
		}
	}
}

/* An engine that names something else than a SECS has lost its way. */
static void in_no_enclave(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_emodpe, &c);
	before = world_state(c.w);
	expect_machine(sgx_emodpe(&c.w->m, STAGE_V, c.rbx, c.rcx));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(emodpe),
		cmocka_unit_test(extends),
		cmocka_unit_test(in_no_enclave),
	};

	return cmocka_run_group_tests_name("emodpe", tests, NULL, NULL);
}
