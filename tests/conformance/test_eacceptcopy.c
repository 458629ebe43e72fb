/* SPDX-License-Identifier: MIT */
/* SDM 3D: EACCEPTCOPY */
#include "leaf.h"

#define AT(page) (WORLD_BASE + ((page) - 1) * (uint64_t)SGX_PAGE_SIZE)
#define INFO_PAGE (STAGE_A + WORLD_DATA)
#define FROM_PAGE (STAGE_A + WORLD_CODE)
#define TARGET STAGE_F
#define LINADDR (WORLD_BASE + 0x20000)

static struct sgx_secinfo *info(struct call *c)
{
	return (struct sgx_secinfo *)(c->w->epc[INFO_PAGE] + 64);
}

static struct sgx_epcm_entry *entry(struct call *c)
{
	return &c->w->epcm[TARGET];
}

static void prepare(struct call *c)
{
	c->rbx = AT(WORLD_DATA) + 64;
	c->rcx = LINADDR;
	c->rdx = AT(WORLD_CODE);
	stage_page(c->w, STAGE_A, TARGET, LINADDR, SGX_PT_REG, 3,
		SGX_EPCM_PENDING, 0);
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eacceptcopy(&c->w->m, STAGE_A, c->rbx, c->rcx, c->rdx);
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

static void rdx_misaligned(struct call *c)
{
	c->rdx |= 0x800;
}

static void rbx_outside(struct call *c)
{
	c->rbx = WORLD_BASE + WORLD_SIZE;
}

static void rcx_outside(struct call *c)
{
	c->rcx = WORLD_BASE - SGX_PAGE_SIZE;
}

static void rdx_outside(struct call *c)
{
	c->rdx = 0;
}

static void secinfo_reserved(struct call *c)
{
	info(c)->reserved[0] = 1;
}

static void write_only(struct call *c)
{
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_W;
}

static void secinfo_type(struct call *c)
{
	info(c)->flags = SGX_SECINFO_TCS | SGX_SECINFO_R;
}

static void not_pending(struct call *c)
{
	entry(c)->flags = SGX_EPCM_VALID;
}

static void executable(struct call *c)
{
	entry(c)->rwx |= SGX_SECINFO_X;
}

PAGE_SPOILS(secinfo, INFO_PAGE)
PAGE_SPOILS(source, FROM_PAGE)
PAGE_SPOILS(target, TARGET)

#define ROWS(operand, reg) \
	{ #operand " free", operand##_free, PF(ENCLU_PF, reg) }, \
	{ #operand " blocked", operand##_blocked, PF(ENCLU_PF, reg) }, \
	{ #operand " pending", operand##_pending, PF(ENCLU_PF, reg) }, \
	{ #operand " modified", operand##_modified, PF(ENCLU_PF, reg) }, \
	{ #operand " a TCS", operand##_is_tcs, PF(ENCLU_PF, reg) }, \
	{ #operand " a TRIM", operand##_is_trim, PF(ENCLU_PF, reg) }, \
	{ #operand " another's", operand##_of_other, PF(ENCLU_PF, reg) }, \
	{ #operand " elsewhere", operand##_elsewhere, PF(ENCLU_PF, reg) }, \
	{ #operand " unreadable", operand##_no_read, PF(ENCLU_PF, reg) }
#define MISMATCH ZF(SGX_PAGE_ATTRIBUTES_MISMATCH)

static const struct defect defects[] = {
	{ "no such leaf", feature, GP },
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RDX misaligned", rdx_misaligned, GP },
	{ "RBX outside ELRANGE", rbx_outside, GP },
	{ "RCX outside ELRANGE", rcx_outside, GP },
	{ "RDX outside ELRANGE", rdx_outside, GP },
	{ "SECINFO not mapped", secinfo_unmapped, PF(SGX_PF_U, rbx) },
	{ "SECINFO not EPC", secinfo_ordinary, PF(ENCLU_PF, rbx) },
	{ "target not mapped", target_unmapped, PF(SGX_PF_U | SGX_PF_W, rcx) },
	{ "target not EPC", target_ordinary, PF(ENCLU_PF | SGX_PF_W, rcx) },
	{ "source not mapped", source_unmapped, PF(SGX_PF_U, rdx) },
	{ "source not EPC", source_ordinary, PF(ENCLU_PF, rdx) },
	ROWS(secinfo, rbx),
	{ "SECINFO reserved", secinfo_reserved, GP },
	{ "W without R", write_only, GP },
	{ "SECINFO type", secinfo_type, GP },
	ROWS(source, rdx),
	{ "target free", target_free, MISMATCH },
	{ "target not pending", not_pending, MISMATCH },
	{ "target modified", target_modified, MISMATCH },
	{ "target blocked", target_blocked, MISMATCH },
	{ "target a TCS", target_is_tcs, MISMATCH },
	{ "target another's", target_of_other, MISMATCH },
	{ "target unreadable", target_no_read, MISMATCH },
	{ "target unwritable", target_no_write, MISMATCH },
	{ "target executable", executable, MISMATCH },
	{ "target elsewhere", target_elsewhere, MISMATCH },
};

static const struct leaf leaf_eacceptcopy = {
	"EACCEPTCOPY", prepare, NULL, run, true, defects, COUNT(defects),
};
LEAF_TESTS(eacceptcopy)

static void copies(void **state)
{
	static struct call c;
	struct sgx_epcm_entry expected;

	leaf_stage(&leaf_eacceptcopy, &c);
	expected = *entry(&c);
	expected.flags = SGX_EPCM_VALID;
	expected.rwx = SGX_SECINFO_R | SGX_SECINFO_X;
	c.w->epc[FROM_PAGE][4095] = 0x3c;
	expect_ok(run(&c));
	assert_memory_equal(entry(&c), &expected, sizeof expected);
	assert_memory_equal(c.w->epc[TARGET], c.w->epc[FROM_PAGE],
		SGX_PAGE_SIZE);
	assert_int_equal(c.w->changed[TARGET], 1);
	world_check(c.w);
	expect_error(run(&c), SGX_PAGE_ATTRIBUTES_MISMATCH);
}

/* An engine that names something else than a SECS has lost its way. */
static void in_no_enclave(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_eacceptcopy, &c);
	before = world_state(c.w);
	expect_machine(sgx_eacceptcopy(&c.w->m, STAGE_V, c.rbx, c.rcx,
		c.rdx));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eacceptcopy),
		cmocka_unit_test(copies),
		cmocka_unit_test(in_no_enclave),
	};

	return cmocka_run_group_tests_name("eacceptcopy", tests, NULL, NULL);
}
