/* SPDX-License-Identifier: MIT */
/* SDM 3D: EACCEPT */
#include "leaf.h"

#define INFO_PAGE (STAGE_A + WORLD_DATA)
#define INFO_AT (WORLD_BASE + (WORLD_DATA - 1) * (uint64_t)SGX_PAGE_SIZE + 64)
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

static struct sgx_tcs *tcs(struct call *c)
{
	return (struct sgx_tcs *)c->w->epc[TARGET];
}

static void prepare(struct call *c)
{
	c->rbx = INFO_AT;
	c->rcx = LINADDR;
	stage_secs(c->w, STAGE_A)->epoch = 6;
}

/* A page that EAUG offered. */
static void prepare_pending(struct call *c)
{
	prepare(c);
	stage_page(c->w, STAGE_A, TARGET, LINADDR, SGX_PT_REG, 3,
		SGX_EPCM_PENDING, 0);
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W |
		SGX_SECINFO_PENDING;
}

/* A page that lost W in epoch 5. */
static void prepare_restricted(struct call *c)
{
	prepare(c);
	stage_page(c->w, STAGE_A, TARGET, LINADDR, SGX_PT_REG, 1,
		SGX_EPCM_PR, 0);
	entry(c)->epoch = 5;
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_PR;
}

/* A page that was filled and then made a TCS in epoch 5. */
static void prepare_tcs(struct call *c)
{
	prepare(c);
	stage_page(c->w, STAGE_A, TARGET, LINADDR, SGX_PT_TCS, 0,
		SGX_EPCM_MODIFIED, 0);
	entry(c)->epoch = 5;
	*tcs(c) = world_tcs();
	info(c)->flags = SGX_SECINFO_TCS | SGX_SECINFO_MODIFIED;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eaccept(&c->w->m, STAGE_A, c->rbx, c->rcx);
}

static void feature(struct call *c)
{
	c->w->m.profile.features &= ~SGX_FEATURE_SGX2;
}

static void rbx_misaligned(struct call *c)
{
	c->rbx += 32;
}

static void rbx_outside(struct call *c)
{
	c->rbx = WORLD_BASE + WORLD_SIZE;
}

static void secinfo_reserved(struct call *c)
{
	info(c)->reserved[55] = 1;
}

static void secinfo_bit(struct call *c)
{
	info(c)->flags |= 1ull << 17;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rcx_outside(struct call *c)
{
	c->rcx = WORLD_BASE - SGX_PAGE_SIZE;
}

static void request_nothing(struct call *c)
{
	info(c)->flags &= ~(SGX_SECINFO_PENDING | SGX_SECINFO_PR |
		SGX_SECINFO_MODIFIED);
}

static void request_reg_modified(struct call *c)
{
	info(c)->flags = SGX_SECINFO_REG | SGX_SECINFO_PENDING |
		SGX_SECINFO_MODIFIED;
}

static void request_tcs_pending(struct call *c)
{
	info(c)->flags = SGX_SECINFO_TCS | SGX_SECINFO_PENDING |
		SGX_SECINFO_MODIFIED;
}

static void request_trim_restricted(struct call *c)
{
	info(c)->flags = SGX_SECINFO_TRIM | SGX_SECINFO_PR |
		SGX_SECINFO_MODIFIED;
}

static void request_va(struct call *c)
{
	info(c)->flags = (uint64_t)SGX_PT_VA << 8 | SGX_SECINFO_MODIFIED;
}

static void is_va(struct call *c)
{
	entry(c)->type = SGX_PT_VA;
}

static void elsewhere(struct call *c)
{
	entry(c)->linaddr += SGX_PAGE_SIZE;
}

static void pending(struct call *c)
{
	entry(c)->flags ^= SGX_EPCM_PENDING;
}

static void modified(struct call *c)
{
	entry(c)->flags ^= SGX_EPCM_MODIFIED;
}

static void access_r(struct call *c)
{
	entry(c)->rwx ^= SGX_SECINFO_R;
}

static void access_w(struct call *c)
{
	entry(c)->rwx ^= SGX_SECINFO_W;
}

static void access_x(struct call *c)
{
	entry(c)->rwx ^= SGX_SECINFO_X;
}

static void trim(struct call *c)
{
	entry(c)->type = SGX_PT_TRIM;
}

static void no_etrack(struct call *c)
{
	entry(c)->epoch = 6;
}

static void still_inside(struct call *c)
{
	stage_inside(c->w, 1, STAGE_A, 5);
}

static void tcs_reserved(struct call *c)
{
	tcs(c)->reserved[0] = 1;
}

static void tcs_flags(struct call *c)
{
	tcs(c)->flags |= 8;
}

static void tcs_debug(struct call *c)
{
	tcs(c)->flags |= SGX_TCS_DBGOPTIN;
}

static void tcs_frames(struct call *c)
{
	tcs(c)->cssa = tcs(c)->nssa;
}

static void tcs_aep(struct call *c)
{
	tcs(c)->aep = 1;
}

static void tcs_state(struct call *c)
{
	tcs(c)->state = 1;
}

static void tcs_limit(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_MODE64BIT;
	tcs(c)->gslimit = 0xffe;
}

PAGE_SPOILS(secinfo, INFO_PAGE)
PAGE_SPOILS(target, TARGET)

#define FIRST_ROWS \
	{ "no such leaf", feature, GP }, \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RBX outside ELRANGE", rbx_outside, GP }, \
	PAGE_ROWS_READ(secinfo, rbx), \
	{ "SECINFO reserved byte", secinfo_reserved, GP }, \
	{ "SECINFO reserved bit", secinfo_bit, GP }, \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside ELRANGE", rcx_outside, GP }, \
	{ "page not mapped", target_unmapped, PF(SGX_PF_U, rcx) }, \
	{ "page not EPC", target_ordinary, PF(ENCLU_PF, rcx) }, \
	{ "request for nothing", request_nothing, GP }, \
	{ "request REG MODIFIED", request_reg_modified, GP }, \
	{ "request TCS PENDING", request_tcs_pending, GP }, \
	{ "request TRIM PR", request_trim_restricted, GP }, \
	{ "request VA", request_va, GP }, \
	{ "page free", target_free, PF(ENCLU_PF, rcx) }, \
	{ "page blocked", target_blocked, PF(ENCLU_PF, rcx) }, \
	{ "page a VA", is_va, PF(ENCLU_PF, rcx) }, \
	{ "page another's", target_of_other, PF(ENCLU_PF, rcx) }, \
	{ "address", elsewhere, MISMATCH }, \
	{ "PENDING", pending, MISMATCH }, \
	{ "MODIFIED", modified, MISMATCH }, \
	{ "R", access_r, MISMATCH }, \
	{ "W", access_w, MISMATCH }, \
	{ "X", access_x, MISMATCH }, \
	{ "type", trim, MISMATCH }
#define MISMATCH ZF(SGX_PAGE_ATTRIBUTES_MISMATCH)

static const struct defect pending_defects[] = {
	FIRST_ROWS,
};

static const struct defect restricted_defects[] = {
	FIRST_ROWS,
	{ "no ETRACK since", no_etrack, ZF(SGX_NOT_TRACKED) },
	{ "inside since then", still_inside, ZF(SGX_NOT_TRACKED) },
};

static const struct defect tcs_defects[] = {
	FIRST_ROWS,
	{ "no ETRACK since", no_etrack, ZF(SGX_NOT_TRACKED) },
	{ "inside since then", still_inside, ZF(SGX_NOT_TRACKED) },
	{ "TCS reserved", tcs_reserved, GP },
	{ "TCS.FLAGS reserved", tcs_flags, GP },
	{ "TCS DBGOPTIN", tcs_debug, GP },
	{ "TCS CSSA at NSSA", tcs_frames, GP },
	{ "TCS AEP", tcs_aep, GP },
	{ "TCS STATE", tcs_state, GP },
	{ "TCS GSLIMIT", tcs_limit, GP },
};

static const struct leaf leaf_eaccept = {
	"EACCEPT", prepare_pending, NULL, run, true, pending_defects,
	COUNT(pending_defects),
};
static const struct leaf leaf_restricted = {
	"EACCEPT after EMODPR", prepare_restricted, NULL, run, true,
	restricted_defects, COUNT(restricted_defects),
};
static const struct leaf leaf_tcs = {
	"EACCEPT of a TCS", prepare_tcs, NULL, run, true, tcs_defects,
	COUNT(tcs_defects),
};
LEAF_TESTS(eaccept)
LEAF_TESTS(restricted)
LEAF_TESTS(tcs)

static void accepts(void **state)
{
	static const struct leaf *const leaves[] = { &leaf_eaccept,
		&leaf_restricted, &leaf_tcs };
	static struct call c;

	for (size_t i = 0; i < COUNT(leaves); i++) {
		struct sgx_epcm_entry expected;

		leaf_stage(leaves[i], &c);
		expected = *entry(&c);
		expected.flags = SGX_EPCM_VALID;
		expect_ok(run(&c));
		expected.epoch = entry(&c)->epoch; /* of no importance */
		assert_memory_equal(entry(&c), &expected, sizeof expected);
		assert_int_equal(c.w->changed[TARGET], 1);
		world_check(c.w);
		/* once only, where there is something to be said */
		if (leaves[i] != &leaf_restricted)
			expect_error(run(&c),
				SGX_PAGE_ATTRIBUTES_MISMATCH);
	}
}

/* A trimmed page, and one that nobody says anything of but PR. */
static void accepts_the_end(void **state)
{
	static struct call c;

	leaf_stage(&leaf_tcs, &c);
	entry(&c)->type = SGX_PT_TRIM;
	tcs(&c)->state = 77; /* content does not count */
	info(&c)->flags = SGX_SECINFO_TRIM | SGX_SECINFO_MODIFIED;
	expect_ok(run(&c));
	/* PR need not be set in the page */
	leaf_stage(&leaf_restricted, &c);
	entry(&c)->flags = SGX_EPCM_VALID;
	expect_ok(run(&c));
}

/* The thread that accepts is inside; it has entered after ETRACK. */
static void from_inside(void **state)
{
	static struct call c;

	leaf_stage(&leaf_restricted, &c);
	stage_inside(c.w, 0, STAGE_A, 6);
	expect_ok(run(&c));
	/* an offered page needs no tracking */
	leaf_stage(&leaf_eaccept, &c);
	stage_inside(c.w, 0, STAGE_A, 1);
	expect_ok(run(&c));
}

/* An engine that names something else than a SECS has lost its way. */
static void in_no_enclave(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_eaccept, &c);
	before = world_state(c.w);
	expect_machine(sgx_eaccept(&c.w->m, STAGE_V, c.rbx, c.rcx));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eaccept),
		LEAF_LIST(restricted),
		LEAF_LIST(tcs),
		cmocka_unit_test(accepts),
		cmocka_unit_test(accepts_the_end),
		cmocka_unit_test(from_inside),
		cmocka_unit_test(in_no_enclave),
	};

	return cmocka_run_group_tests_name("eaccept", tests, NULL, NULL);
}
