/* SPDX-License-Identifier: MIT */
/* SDM 3D: EADD */
#include "common/crypto_openssl.h"
#include "leaf.h"

#define TARGET STAGE_F
#define LINADDR (WORLD_BASE + 0x20000)

static void prepare(struct call *c)
{
	c->rbx = 0x20;
	c->rcx = sgx_epc_address(TARGET);
	c->pageinfo = (struct sgx_pageinfo){ .linaddr = LINADDR,
		.srcpge = 0x1000, .secinfo = 0x40,
		.secs = sgx_epc_address(STAGE_B) };
	c->secinfo.flags = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W;
	memset(c->page, 0x5e, sizeof c->page);
}

static void prepare_tcs(struct call *c)
{
	struct sgx_tcs tcs = world_tcs();

	prepare(c);
	c->secinfo.flags = SGX_SECINFO_TCS | SGX_SECINFO_RWX;
	memcpy(c->page, &tcs, sizeof tcs);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eadd(&c->w->m, c->rbx, c->rcx, &c->pageinfo, &c->secinfo,
		c->page);
}

static struct sgx_tcs *tcs_of(struct call *c)
{
	return (struct sgx_tcs *)c->page;
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

static void srcpge_misaligned(struct call *c)
{
	c->pageinfo.srcpge |= 0x800;
}

static void secs_misaligned(struct call *c)
{
	c->pageinfo.secs |= 0x800;
}

static void secinfo_misaligned(struct call *c)
{
	c->pageinfo.secinfo |= 0x20;
}

static void linaddr_misaligned(struct call *c)
{
	c->pageinfo.linaddr |= 0x10;
}

static void secs_outside(struct call *c)
{
	c->pageinfo.secs = OUTSIDE_EPC;
}

static void secinfo_reserved(struct call *c)
{
	c->secinfo.reserved[0] = 1;
}

static void secinfo_bit(struct call *c)
{
	c->secinfo.flags |= 1ull << 16;
}

static void secinfo_pending(struct call *c)
{
	c->secinfo.flags |= SGX_SECINFO_PENDING;
}

static void secinfo_type(struct call *c)
{
	c->secinfo.flags = SGX_SECINFO_TRIM;
}

static void target_valid(struct call *c)
{
	c->w->epcm[TARGET].flags = SGX_EPCM_VALID;
}

static void secs_free(struct call *c)
{
	c->w->epcm[STAGE_B].flags = 0;
}

static void secs_not_secs(struct call *c)
{
	c->w->epcm[STAGE_B].type = SGX_PT_REG;
}

static void write_only(struct call *c)
{
	c->secinfo.flags &= ~SGX_SECINFO_R;
}

static void linaddr_outside(struct call *c)
{
	c->pageinfo.linaddr = WORLD_BASE + WORLD_SIZE;
}

static void linaddr_below(struct call *c)
{
	c->pageinfo.linaddr = WORLD_BASE - SGX_PAGE_SIZE;
}

static void initialised(struct call *c)
{
	stage_secs(c->w, STAGE_B)->attributes.flags |= SGX_ATTR_INIT;
}

static void tcs_flag(struct call *c)
{
	tcs_of(c)->flags |= 4;
}

static void tcs_reserved(struct call *c)
{
	tcs_of(c)->reserved[4023] = 1;
}

#define FIRST_ROWS \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) }, \
	{ "SRCPGE misaligned", srcpge_misaligned, GP }, \
	{ "SECS misaligned", secs_misaligned, GP }, \
	{ "SECINFO misaligned", secinfo_misaligned, GP }, \
	{ "LINADDR misaligned", linaddr_misaligned, GP }, \
	{ "SECS outside the EPC", secs_outside, \
		PF(ENCLS_PF, pageinfo.secs) }, \
	{ "SECINFO reserved byte", secinfo_reserved, GP }, \
	{ "SECINFO reserved bit", secinfo_bit, GP }, \
	{ "SECINFO PENDING", secinfo_pending, GP }, \
	{ "SECINFO type", secinfo_type, GP }, \
	{ "page valid", target_valid, PF(ENCLS_PF, rcx) }, \
	{ "SECS free", secs_free, PF(ENCLS_PF, pageinfo.secs) }, \
	{ "SECS of another type", secs_not_secs, PF(ENCLS_PF, pageinfo.secs) }

#define LAST_ROWS \
	{ "LINADDR beyond ELRANGE", linaddr_outside, GP }, \
	{ "LINADDR below ELRANGE", linaddr_below, GP }, \
	{ "enclave initialised", initialised, GP }

static const struct defect defects[] = {
	FIRST_ROWS,
	{ "W without R", write_only, GP },
	LAST_ROWS,
};

static const struct defect tcs_defects[] = {
	FIRST_ROWS,
	{ "TCS reserved flag", tcs_flag, GP },
	{ "TCS reserved byte", tcs_reserved, GP },
	LAST_ROWS,
};

static const struct leaf leaf_eadd = {
	"EADD", prepare, NULL, run, false, defects, COUNT(defects),
};
static const struct leaf leaf_eadd_tcs = {
	"EADD of a TCS", prepare_tcs, NULL, run, false, tcs_defects,
	COUNT(tcs_defects),
};
LEAF_TESTS(eadd)
LEAF_TESTS(eadd_tcs)

static void adds(void **state)
{
	const struct sgx_epcm_entry expected = { .linaddr = LINADDR,
		.secs = STAGE_B, .flags = SGX_EPCM_VALID, .type = SGX_PT_REG,
		.rwx = SGX_SECINFO_R | SGX_SECINFO_W };
	struct sgx_measure measure;
	static struct call c;
	uint64_t children;

	leaf_stage(&leaf_eadd, &c);
	children = stage_secs(c.w, STAGE_B)->children;
	measure = stage_secs(c.w, STAGE_B)->measure;
	expect_ok(run(&c));
	assert_memory_equal(&c.w->epcm[TARGET], &expected, sizeof expected);
	assert_memory_equal(c.w->epc[TARGET], c.page, sizeof c.page);
	assert_int_equal(stage_secs(c.w, STAGE_B)->children, children + 1);
	sgx_measure_eadd(&measure, crypto_openssl_sha256(), 0x20000,
		c.secinfo.flags, 1);
	assert_memory_equal(&stage_secs(c.w, STAGE_B)->measure, &measure,
		sizeof measure);
	world_check(c.w);
}

/* What software may not choose is cleared: no access to the page, nothing
 * saved yet, no debugging. */
static void normalises_a_tcs(void **state)
{
	struct sgx_measure measure;
	static struct call c;
	struct sgx_tcs expected;

	leaf_stage(&leaf_eadd_tcs, &c);
	measure = stage_secs(c.w, STAGE_B)->measure;
	tcs_of(&c)->flags = SGX_TCS_DBGOPTIN;
	tcs_of(&c)->cssa = 2;
	tcs_of(&c)->aep = 0x1234;
	tcs_of(&c)->state = 1;
	expect_ok(run(&c));
	expected = world_tcs();
	assert_memory_equal(c.w->epc[TARGET], &expected, sizeof expected);
	assert_int_equal(c.w->epcm[TARGET].rwx, 0);
	assert_int_equal(c.w->epcm[TARGET].type, SGX_PT_TCS);
	sgx_measure_eadd(&measure, crypto_openssl_sha256(), 0x20000,
		SGX_SECINFO_TCS, 1);
	assert_memory_equal(&stage_secs(c.w, STAGE_B)->measure, &measure,
		sizeof measure);
	world_check(c.w);
}

/* Limits end in FFFh, in a 32-bit enclave. */
static void limits_of_32_bits(void **state)
{
	static struct call c;

	leaf_stage(&leaf_eadd_tcs, &c);
	stage_secs(c.w, STAGE_B)->attributes.flags &= ~SGX_ATTR_MODE64BIT;
	tcs_of(&c)->fslimit = 0xffe;
	expect_gp(run(&c));
	tcs_of(&c)->fslimit = 0x1fff;
	tcs_of(&c)->gslimit = 0;
	expect_gp(run(&c));
	tcs_of(&c)->gslimit = 0xfff;
	expect_ok(run(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eadd),
		LEAF_LIST(eadd_tcs),
		cmocka_unit_test(adds),
		cmocka_unit_test(normalises_a_tcs),
		cmocka_unit_test(limits_of_32_bits),
	};

	return cmocka_run_group_tests_name("eadd", tests, NULL, NULL);
}
