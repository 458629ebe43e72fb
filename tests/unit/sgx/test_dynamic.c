/* SPDX-License-Identifier: MIT */
/* SDM 3D: EAUG, EMODPR, EMODT, EACCEPT, EMODPE, EACCEPTCOPY */
/* EAUG, EMODPR, EMODT and what the enclave says to them: EACCEPT, EMODPE,
 * EACCEPTCOPY; ERDINFO. */
#include "world.h"

#define S 4u /* EPC page of the SECS */
#define NEW 50u /* a free page, and where it goes */
#define NEW_AT (WORLD_BASE + 0x40000)
#define SECINFO (world_linaddr(WORLD_DATA) + 0x40)

static int setup(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();

	world_build_init(w, S, &e);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static struct sgx_outcome eaug(struct world *w, uint32_t epc, uint64_t linaddr)
{
	const struct sgx_pageinfo pageinfo = { .linaddr = linaddr,
		.secs = sgx_epc_address(S) };

	return sgx_eaug(&w->m, 0x3000, sgx_epc_address(epc), &pageinfo);
}

static struct sgx_outcome emodpr(struct world *w, uint32_t epc, uint64_t flags)
{
	const struct sgx_secinfo secinfo = { .flags = flags };

	return sgx_emodpr(&w->m, 0x40, sgx_epc_address(epc), &secinfo);
}

static struct sgx_outcome emodt(struct world *w, uint32_t epc, uint64_t flags)
{
	const struct sgx_secinfo secinfo = { .flags = flags };

	return sgx_emodt(&w->m, 0x40, sgx_epc_address(epc), &secinfo);
}

static void ask(struct world *w, uint64_t flags)
{
	struct sgx_secinfo *secinfo = world_at(w, S, SECINFO);

	*secinfo = (struct sgx_secinfo){ .flags = flags };
}

static struct sgx_outcome eaccept(struct world *w, uint64_t linaddr,
	uint64_t flags)
{
	ask(w, flags);
	return sgx_eaccept(&w->m, S, SECINFO, linaddr);
}

static void track(struct world *w)
{
	expect_ok(sgx_etrack(&w->m, sgx_epc_address(S)));
}

static void grows(void **state)
{
	struct world *w = *state;
	const uint64_t want = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W |
		SGX_SECINFO_PENDING;
	static const uint8_t zero[SGX_PAGE_SIZE];

	expect_ok(eaug(w, NEW, NEW_AT));
	world_check(w);
	assert_memory_equal(w->epc[NEW], zero, sizeof zero);
	assert_int_equal(w->changed[NEW], 1);
	assert_int_equal(w->epcm[NEW].flags, SGX_EPCM_VALID |
		SGX_EPCM_PENDING);
	/* nothing to use yet */
	expect_pf(sgx_egetkey(&w->m, S, NEW_AT, NEW_AT + 512), NEW_AT,
		ENCLU_PF);
	expect_error(eaccept(w, NEW_AT, want | SGX_SECINFO_X),
		SGX_PAGE_ATTRIBUTES_MISMATCH);
	/* no thread has to leave first */
	expect_ok(eaccept(w, NEW_AT, want));
	assert_int_equal(w->epcm[NEW].flags, SGX_EPCM_VALID);
	expect_error(eaccept(w, NEW_AT, want), SGX_PAGE_ATTRIBUTES_MISMATCH);
	expect_pf(eaug(w, NEW, NEW_AT), sgx_epc_address(NEW), ENCLS_PF);
}

static void grows_with_content(void **state)
{
	struct world *w = *state;
	const uint64_t rx = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X;
	const uint64_t from = world_linaddr(WORLD_CODE);

	expect_ok(eaug(w, NEW, NEW_AT));
	ask(w, rx);
	expect_ok(sgx_eacceptcopy(&w->m, S, SECINFO, NEW_AT, from));
	assert_memory_equal(w->epc[NEW], w->epc[S + WORLD_CODE],
		SGX_PAGE_SIZE);
	assert_int_equal(w->epcm[NEW].rwx, SGX_SECINFO_R | SGX_SECINFO_X);
	assert_int_equal(w->epcm[NEW].flags, SGX_EPCM_VALID);
	expect_error(sgx_eacceptcopy(&w->m, S, SECINFO, NEW_AT, from),
		SGX_PAGE_ATTRIBUTES_MISMATCH);
	ask(w, SGX_SECINFO_REG | SGX_SECINFO_W);
	expect_gp(sgx_eacceptcopy(&w->m, S, SECINFO, NEW_AT, from));
}

static void permissions_go_and_come(void **state)
{
	struct world *w = *state;
	const uint32_t page = S + WORLD_DATA + 1;
	const uint64_t at = world_linaddr(WORLD_DATA) + 0x1000;
	const uint64_t want = SGX_SECINFO_REG | SGX_SECINFO_R |
		SGX_SECINFO_PR;
	struct sgx_lp *lp = &w->lp[0];

	lp->regs.rbx = world_linaddr(WORLD_TCS);
	expect_ok(sgx_eenter(&w->m, lp, S));
	expect_gp(emodpr(w, page, SGX_SECINFO_W));
	expect_ok(emodpr(w, page, SGX_SECINFO_R));
	assert_int_equal(w->epcm[page].rwx, SGX_SECINFO_R);
	expect_error(eaccept(w, at, want), SGX_NOT_TRACKED);
	track(w);
	expect_error(eaccept(w, at, want), SGX_NOT_TRACKED);
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
	expect_ok(eaccept(w, at, want));
	ask(w, SGX_SECINFO_W);
	expect_ok(sgx_emodpe(&w->m, S, SECINFO, at));
	assert_int_equal(w->epcm[page].rwx, SGX_SECINFO_R | SGX_SECINFO_W);
	assert_int_equal(w->changed[page], 3);
	expect_ok(emodpr(w, page, 0));
	ask(w, SGX_SECINFO_W);
	expect_gp(sgx_emodpe(&w->m, S, SECINFO, at));
	expect_pf(sgx_emodpe(&w->m, S, SECINFO, world_linaddr(WORLD_TCS)),
		world_linaddr(WORLD_TCS), ENCLU_PF);
}

static void a_page_is_given_back(void **state)
{
	struct world *w = *state;
	const uint32_t page = S + WORLD_GUARD;
	const uint64_t at = world_linaddr(WORLD_GUARD);

	expect_gp(emodt(w, page, SGX_SECINFO_REG));
	expect_ok(emodt(w, page, SGX_SECINFO_TRIM));
	assert_int_equal(w->epcm[page].rwx, 0);
	/* it is no regular page any more */
	expect_pf(emodt(w, page, SGX_SECINFO_TCS), sgx_epc_address(page),
		ENCLS_PF);
	expect_error(eaccept(w, at, SGX_SECINFO_TRIM | SGX_SECINFO_MODIFIED),
		SGX_NOT_TRACKED);
	track(w);
	expect_error(eaccept(w, at, SGX_SECINFO_TCS | SGX_SECINFO_MODIFIED),
		SGX_PAGE_ATTRIBUTES_MISMATCH);
	expect_ok(eaccept(w, at, SGX_SECINFO_TRIM | SGX_SECINFO_MODIFIED));
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(page)));
}

static void a_page_becomes_a_tcs(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = &w->lp[0];
	struct sgx_tcs tcs = world_tcs();

	expect_ok(eaug(w, NEW, NEW_AT));
	expect_error(emodt(w, NEW, SGX_SECINFO_TCS), SGX_PAGE_NOT_MODIFIABLE);
	expect_ok(eaccept(w, NEW_AT, SGX_SECINFO_REG | SGX_SECINFO_R |
		SGX_SECINFO_W | SGX_SECINFO_PENDING));
	tcs.cssa = tcs.nssa;
	memcpy(w->epc[NEW], &tcs, sizeof tcs);
	expect_ok(emodt(w, NEW, SGX_SECINFO_TCS));
	track(w);
	expect_gp(eaccept(w, NEW_AT, SGX_SECINFO_TCS | SGX_SECINFO_MODIFIED));
	lp->regs.rbx = NEW_AT;
	expect_pf(sgx_eenter(&w->m, lp, S), NEW_AT, ENCLU_PF);
	tcs.cssa = 0;
	memcpy(w->epc[NEW], &tcs, sizeof tcs);
	expect_ok(eaccept(w, NEW_AT, SGX_SECINFO_TCS | SGX_SECINFO_MODIFIED));
	expect_ok(sgx_eenter(&w->m, lp, S));
	/* and goes again, but not under the thread */
	expect_ok(emodt(w, NEW, SGX_SECINFO_TRIM));
	track(w);
	expect_error(eaccept(w, NEW_AT, SGX_SECINFO_TRIM |
		SGX_SECINFO_MODIFIED), SGX_NOT_TRACKED);
	expect_error(sgx_eremove(&w->m, sgx_epc_address(NEW)),
		SGX_ENCLAVE_ACT);
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
	expect_ok(eaccept(w, NEW_AT, SGX_SECINFO_TRIM | SGX_SECINFO_MODIFIED));
	lp->regs.rbx = world_linaddr(WORLD_TCS);
	expect_ok(sgx_eenter(&w->m, lp, S));
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(NEW)));
	lp->regs.rbx = 0;
	expect_ok(sgx_eexit(&w->m, lp));
}

/* A page keeps its state outside. */
static void states_survive_eviction(void **state)
{
	static const struct sgx_pageinfo none;
	static uint8_t page[SGX_PAGE_SIZE];
	struct world *w = *state;
	struct sgx_pageinfo back = { .secs = sgx_epc_address(S) };
	struct sgx_pcmd pcmd;
	const uint64_t want = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W |
		SGX_SECINFO_PENDING;

	expect_ok(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(60)));
	expect_ok(eaug(w, NEW, NEW_AT));
	expect_ok(sgx_eblock(&w->m, sgx_epc_address(NEW)));
	ask(w, want);
	expect_pf(sgx_eaccept(&w->m, S, SECINFO, NEW_AT), NEW_AT, ENCLU_PF);
	track(w);
	expect_ok(sgx_ewb(&w->m, 0, sgx_epc_address(NEW), sgx_epc_address(60),
		&none, page, &pcmd, &back.linaddr));
	expect_ok(sgx_eld(&w->m, SGX_ELD_U, 0, sgx_epc_address(NEW + 1),
		sgx_epc_address(60), &back, &pcmd, page));
	assert_int_equal(w->epcm[NEW + 1].flags, SGX_EPCM_VALID |
		SGX_EPCM_PENDING);
	assert_int_equal(w->changed[NEW + 1], 1);
	expect_ok(eaccept(w, NEW_AT, want));
}

static void sgx1_has_none_of_it(void **state)
{
	struct world *w = *state;

	w->m.profile.features &= ~SGX_FEATURE_SGX2;
	expect_gp(eaug(w, NEW, NEW_AT));
	expect_gp(emodpr(w, S + 1, SGX_SECINFO_R));
	expect_gp(emodt(w, S + 1, SGX_SECINFO_TRIM));
	expect_gp(eaccept(w, NEW_AT, SGX_SECINFO_REG | SGX_SECINFO_PENDING));
	expect_gp(sgx_emodpe(&w->m, S, SECINFO, world_linaddr(WORLD_CODE)));
	expect_gp(sgx_eacceptcopy(&w->m, S, SECINFO, NEW_AT,
		world_linaddr(WORLD_CODE)));
}

static void only_after_einit(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	const struct sgx_pageinfo pageinfo = { .linaddr = NEW_AT,
		.secs = sgx_epc_address(20) };

	world_build(w, 20, &e);
	expect_gp(sgx_eaug(&w->m, 0, sgx_epc_address(NEW), &pageinfo));
	expect_gp(emodpr(w, 21, SGX_SECINFO_R));
	expect_gp(emodt(w, 21, SGX_SECINFO_TRIM));
}

static struct sgx_outcome erdinfo(struct world *w, uint32_t epc,
	struct sgx_rdinfo *info)
{
	return sgx_erdinfo(&w->m, 0x20, sgx_epc_address(epc), info);
}

static void tells_what_a_page_is(void **state)
{
	struct world *w = *state;
	struct sgx_rdinfo info;
	struct sgx_outcome o;

	expect_gp(erdinfo(w, S, &info));
	w->m.profile.features |= SGX_FEATURE_OVERSUB;
	expect_gp(sgx_erdinfo(&w->m, 0x10, sgx_epc_address(S), &info));
	o = erdinfo(w, 64, &info);
	assert_true(o.cf && !o.zf && o.rax == SGX_PG_NONEPC);
	o = erdinfo(w, NEW, &info);
	assert_true(o.cf && !o.zf && o.rax == SGX_PG_INVLD);
	expect_ok(erdinfo(w, S, &info));
	assert_int_equal(info.status, SGX_RDINFO_CHLDPRESENT);
	assert_int_equal(info.flags, 0);
	assert_int_equal(info.enclave_context, sgx_epc_address(S));
	expect_ok(sgx_eblock(&w->m, sgx_epc_address(S + WORLD_DATA)));
	expect_ok(erdinfo(w, S + WORLD_DATA, &info));
	assert_int_equal(info.status, 0);
	assert_true(info.flags == (SGX_RDINFO_BLOCKED | SGX_SECINFO_REG |
		SGX_SECINFO_R | SGX_SECINFO_W));
	assert_int_equal(info.enclave_context, sgx_epc_address(S));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(grows), TEST(grows_with_content),
		TEST(permissions_go_and_come), TEST(a_page_is_given_back),
		TEST(a_page_becomes_a_tcs), TEST(states_survive_eviction),
		TEST(sgx1_has_none_of_it), TEST(only_after_einit),
		TEST(tells_what_a_page_is),
	};

	return cmocka_run_group_tests_name("dynamic", tests, NULL, NULL);
}
