/* SPDX-License-Identifier: MIT */
/* SDM 3D: ERESUME, AEX */
#include "entering.h"

static void prepare(struct call *c)
{
	struct sgx_gprsgx *gpr = gpr_of(c, 0);
	uint64_t *words = (uint64_t *)gpr;

	outside(c, SGX_ERESUME);
	c->w->lp[0].xcr0 = WORLD_XFRM;
	tcs_of(c)->cssa = 1;
	for (size_t i = 0; i < 16; i++)
		words[i] = 0xe000 + i;
	gpr->rflags = 0xffffffff;
	gpr->rip = WORLD_BASE + 0x123;
	gpr->fsbase = 0x111000;
	gpr->gsbase = 0x222000;
	c->w->epc[STAGE_A + WORLD_SSA][512] = 7; /* XSTATE_BV */
	c->w->epc[STAGE_A + WORLD_SSA][576] = 0x5a; /* of AVX */
}

static void finish(struct call *c)
{
	c->w->lp[0].regs.rbx = c->rbx;
	c->w->lp[0].regs.rcx = c->rcx;
}

static uint8_t g_image[XSAVE_SIZE];

static struct sgx_outcome run(struct call *c)
{
	return sgx_eresume(&c->w->m, &c->w->lp[0], STAGE_A, g_image,
		sizeof g_image);
}

PAGE_SPOILS(frame, STAGE_A + WORLD_SSA)

static void nothing_saved(struct call *c)
{
	tcs_of(c)->cssa = 0;
}

static void rip(struct call *c)
{
	gpr_of(c, 0)->rip = NOT_CANONICAL;
}

static void fsbase(struct call *c)
{
	gpr_of(c, 0)->fsbase = NOT_CANONICAL;
}

static void gsbase(struct call *c)
{
	gpr_of(c, 0)->gsbase = NOT_CANONICAL;
}

static void xstate_bv(struct call *c)
{
	c->w->epc[STAGE_A + WORLD_SSA][512] = 0x27;
}

static void xsave_header(struct call *c)
{
	c->w->epc[STAGE_A + WORLD_SSA][520] = 1;
}

static void mxcsr(struct call *c)
{
	c->w->epc[STAGE_A + WORLD_SSA][27] = 1;
}

static const struct defect defects[] = {
	ENTERING_ROWS,
	{ "CSSA 0", nothing_saved, GP },
	FRAME_ROWS(frame, SSA_AT),
	{ "RIP not canonical", rip, GP },
	{ "FSBASE not canonical", fsbase, GP },
	{ "GSBASE not canonical", gsbase, GP },
	{ "TCS busy", entering_active, GP },
	{ "XSTATE_BV beyond XFRM", xstate_bv, GP },
	{ "XSAVE header", xsave_header, GP },
	{ "MXCSR", mxcsr, GP },
};

static const struct leaf leaf_eresume = {
	"ERESUME", prepare, finish, run, false, defects, COUNT(defects),
};
LEAF_TESTS(eresume)

static void resumes(void **state)
{
	static struct call c;
	const struct sgx_regs *r;
	struct sgx_lp *lp;

	leaf_stage(&leaf_eresume, &c);
	stage_secs(c.w, STAGE_A)->epoch = 6;
	lp = &c.w->lp[0];
	r = &lp->regs;
	expect_ok(run(&c));
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(((const uint64_t *)r)[i], 0xe000 + i);
	assert_int_equal(r->rip, WORLD_BASE + 0x123);
	assert_int_equal(r->fsbase, 0x111000);
	assert_int_equal(r->gsbase, 0x222000);
	/* IOPL, IF and bit 1 stay; VM and what is not flags do not come */
	assert_int_equal(r->rflags, 0x346 - SGX_RFLAGS_TF +
		(SGX_RFLAGS_CF | SGX_RFLAGS_AF | SGX_RFLAGS_SF |
		SGX_RFLAGS_DF | SGX_RFLAGS_OF | SGX_RFLAGS_NT |
		SGX_RFLAGS_RF | SGX_RFLAGS_AC | SGX_RFLAGS_ID));
	assert_true(lp->inside);
	assert_int_equal(lp->epoch, 6);
	assert_int_equal(lp->xcr0, 7);
	assert_int_equal(tcs_of(&c)->cssa, 0);
	assert_int_equal(tcs_of(&c)->state, 1);
	assert_int_equal(tcs_of(&c)->aep, AEP);
	assert_memory_equal(g_image, c.w->epc[STAGE_A + WORLD_SSA],
		XSAVE_SIZE);
	world_check(c.w);
}

/* ---- AEX-Notify ---- */

static void prepare_notify(struct call *c)
{
	prepare(c);
	stage_secs(c->w, STAGE_A)->attributes.flags |= SGX_ATTR_AEXNOTIFY;
	tcs_of(c)->flags |= SGX_TCS_AEXNOTIFY;
	gpr_of(c, 0)->aexnotify = 1;
}

PAGE_SPOILS(next, STAGE_A + WORLD_SSA + 1)

static void no_frame_left(struct call *c)
{
	tcs_of(c)->nssa = 1;
}

static void oentry(struct call *c)
{
	tcs_of(c)->oentry = NOT_CANONICAL;
}

static const struct defect notify_defects[] = {
	{ "CSSA 0", nothing_saved, GP },
	FRAME_ROWS(frame, SSA_AT),
	{ "CSSA at NSSA", no_frame_left, GP },
	FRAME_ROWS(next, SSA_AT + SGX_PAGE_SIZE),
	{ "entry not canonical", oentry, GP },
	{ "TCS busy", entering_active, GP },
};

static const struct leaf leaf_notify = {
	"ERESUME with notification", prepare_notify, finish, run, false,
	notify_defects, COUNT(notify_defects),
};
LEAF_TESTS(notify)

/* ERESUME becomes EENTER, on the frame above the one to be resumed. */
static void notifies(void **state)
{
	static struct call c;
	struct sgx_regs expected;
	struct sgx_lp *lp;

	leaf_stage(&leaf_notify, &c);
	lp = &c.w->lp[0];
	expected = lp->regs;
	expect_ok(run(&c));
	expected.rax = 1;
	expected.rcx = 0x400003;
	expected.rip = WORLD_BASE + 0x40;
	expected.rflags &= ~SGX_RFLAGS_TF;
	expected.fsbase = world_linaddr(WORLD_DATA);
	expected.gsbase = world_linaddr(WORLD_DATA) + SGX_PAGE_SIZE;
	assert_memory_equal(&lp->regs, &expected, sizeof expected);
	assert_int_equal(lp->gpr_page, STAGE_A + WORLD_SSA + 1);
	assert_int_equal(tcs_of(&c)->cssa, 1);
	assert_int_equal(gpr_of(&c, 1)->ursp, expected.rsp);
	assert_int_equal(gpr_of(&c, 1)->urbp, expected.rbp);
	world_check(c.w);
}

/* Only where TCS and frame both ask for it. */
static void notifies_on_demand(void **state)
{
	static struct call c;

	leaf_stage(&leaf_notify, &c);
	gpr_of(&c, 0)->aexnotify = 0xfe;
	expect_ok(run(&c));
	assert_int_equal(c.w->lp[0].regs.rip, WORLD_BASE + 0x123);
	leaf_stage(&leaf_eresume, &c);
	gpr_of(&c, 0)->aexnotify = 1;
	expect_ok(run(&c));
	assert_int_equal(c.w->lp[0].regs.rip, WORLD_BASE + 0x123);
}

/* ---- AEX ---- */

static struct sgx_lp *inside(struct call *c)
{
	struct sgx_lp *lp;

	leaf_stage(&leaf_eresume, c);
	expect_ok(run(c));
	lp = &c->w->lp[0];
	lp->regs.rflags |= SGX_RFLAGS_TF;
	for (size_t i = 0; i < 16; i++)
		((uint64_t *)&lp->regs)[i] = 0xaa00 + i;
	return lp;
}

static struct sgx_event exception(uint8_t vector)
{
	return (struct sgx_event){ .kind = SGX_EVENT_EXCEPTION,
		.vector = vector, .error_code = 0x8007,
		.address = WORLD_BASE + 0x5123 };
}

static void saves(void **state)
{
	struct sgx_event event = exception(SGX_VECTOR_DE);
	uint8_t image[XSAVE_SIZE] = { [512] = 7, [600] = 0x77 };
	static struct call c;
	struct sgx_lp *lp = inside(&c);
	struct sgx_gprsgx *gpr = gpr_of(&c, 0);
	struct sgx_regs expected = { .rax = SGX_ERESUME, .rbx = TCS_AT,
		.rcx = AEP, .rip = AEP };

	gpr->ursp = expected.rsp = 0x7770;
	gpr->urbp = expected.rbp = 0x8880;
	expected.fsbase = lp->outer_fsbase;
	expected.gsbase = lp->outer_gsbase;
	expected.rflags = lp->regs.rflags & ~(SGX_RFLAGS_CF | SGX_RFLAGS_PF |
		SGX_RFLAGS_AF | SGX_RFLAGS_ZF | SGX_RFLAGS_SF |
		SGX_RFLAGS_OF | SGX_RFLAGS_RF);
	sgx_aex(&c.w->m, lp, &event, image, sizeof image);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(((uint64_t *)gpr)[i], 0xaa00 + i);
	assert_int_equal(gpr->rip, WORLD_BASE + 0x123);
	assert_false(gpr->rflags & SGX_RFLAGS_TF);
	assert_int_equal(gpr->exit_info, 0x80000300);
	assert_int_equal(gpr->ursp, 0x7770);
	assert_int_equal(gpr->fsbase, 0x111000);
	assert_int_equal(c.w->epc[STAGE_A + WORLD_SSA][600], 0x77);
	assert_memory_equal(&lp->regs, &expected, sizeof expected);
	assert_false(lp->inside);
	assert_int_equal(lp->xcr0, WORLD_XFRM);
	assert_int_equal(tcs_of(&c)->cssa, 1);
	assert_int_equal(tcs_of(&c)->state, 0);
	world_check(c.w);
}

/* EXITINFO and EXINFO of each vector; 0 where nothing is told. */
static void tells(void **state)
{
	static const struct {
		uint8_t vector;
		uint32_t with, without;
		bool exinfo;
	} rows[] = {
		{ SGX_VECTOR_DE, 0x80000300, 0x80000300, false },
		{ SGX_VECTOR_DB, 0x80000301, 0x80000301, false },
		{ SGX_VECTOR_BP, 0x80000603, 0x80000603, false },
		{ SGX_VECTOR_BR, 0x80000305, 0x80000305, false },
		{ SGX_VECTOR_UD, 0x80000306, 0x80000306, false },
		{ SGX_VECTOR_NM, 0, 0, false },
		{ 8, 0, 0, false },
		{ SGX_VECTOR_GP, 0x8000030d, 0, true },
		{ SGX_VECTOR_PF, 0x8000030e, 0, true },
		{ SGX_VECTOR_MF, 0x80000310, 0x80000310, false },
		{ SGX_VECTOR_AC, 0x80000311, 0x80000311, false },
		{ 18, 0, 0, false },
		{ SGX_VECTOR_XM, 0x80000313, 0x80000313, false },
	};
	uint8_t image[XSAVE_SIZE] = { 0 };
	static struct call c;

	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct sgx_event event = exception(rows[i / 2].vector);
		struct sgx_exinfo expected = { .maddr = 0x5a5a5a5a5a5a5a5a,
			.errcd = 0x5a5a5a5a, .reserved = 0x5a5a5a5a };
		struct sgx_lp *lp = inside(&c);
		uint8_t *exinfo = (uint8_t *)gpr_of(&c, 0) - sizeof expected;

		memset(exinfo, 0x5a, sizeof expected);
		if (i % 2)
			stage_secs(c.w, STAGE_A)->misc_select = 0;
		if (!(i % 2) && rows[i / 2].exinfo)
			expected = (struct sgx_exinfo){
				rows[i / 2].vector == SGX_VECTOR_PF ?
				WORLD_BASE + 0x5123 : 0, 0x8007, 0 };
		sgx_aex(&c.w->m, lp, &event, image, sizeof image);
		assert_int_equal(gpr_of(&c, 0)->exit_info, i % 2 ?
			rows[i / 2].without : rows[i / 2].with);
		assert_memory_equal(exinfo, &expected, sizeof expected);
	}
}

static void interrupts_tell_nothing(void **state)
{
	struct sgx_event event = { .kind = SGX_EVENT_INTERRUPT,
		.vector = SGX_VECTOR_UD };
	uint8_t image[XSAVE_SIZE] = { 0 };
	static struct call c;
	struct sgx_lp *lp = inside(&c);

	gpr_of(&c, 0)->exit_info = 0x80000300;
	gpr_of(&c, 0)->aexnotify = 1;
	sgx_aex(&c.w->m, lp, &event, image, sizeof image);
	assert_int_equal(gpr_of(&c, 0)->exit_info, 0);
	assert_int_equal(gpr_of(&c, 0)->aexnotify, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eresume),
		cmocka_unit_test(resumes),
		LEAF_LIST(notify),
		cmocka_unit_test(notifies),
		cmocka_unit_test(notifies_on_demand),
		cmocka_unit_test(saves),
		cmocka_unit_test(tells),
		cmocka_unit_test(interrupts_tell_nothing),
	};

	return cmocka_run_group_tests_name("eresume", tests, NULL, NULL);
}
