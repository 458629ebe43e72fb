/* SPDX-License-Identifier: MIT */
/* SDM 3D: ECREATE, SECS */
/* ECREATE: each check of the manual, in its order, and the effect. */
#include "world.h"

static int setup(void **state)
{
	*state = world_new(16, 1);
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

/* All operands of one ECREATE, legal to begin with. */
struct operands {
	uint64_t rbx, rcx;
	struct sgx_pageinfo pageinfo;
	struct sgx_secinfo secinfo;
	struct sgx_secs secs;
};

static struct operands legal(void)
{
	return (struct operands){ .rbx = 0x20, .rcx = 0x2000,
		.pageinfo = { .srcpge = 0x1000, .secinfo = 0x40 },
		.secs = world_secs() };
}

static struct sgx_outcome run(struct world *w, const struct operands *o)
{
	return sgx_ecreate(&w->m, o->rbx, o->rcx, &o->pageinfo, &o->secinfo,
		&o->secs);
}

static void refuse_gp(struct world *w, const struct operands *o)
{
	uint64_t before = world_state(w);

	expect_gp(run(w, o));
	assert_true(world_state(w) == before);
}

#define GP_WITH(w, change) do { \
	struct operands bad = legal(); \
	change; \
	refuse_gp(w, &bad); \
} while (0)

static void makes_a_secs(void **state)
{
	struct world *w = *state;
	struct operands o = legal();
	struct sgx_outcome outcome;
	struct sgx_secs secs;

	memset(o.secs.mrenclave, 0x11, 32);
	memset(o.secs.mrsigner, 0x22, 32);
	o.secs.isv_svn = o.secs.isv_prod_id = 77;
	o.secinfo.flags = SGX_SECINFO_RWX;
	outcome = run(w, &o);
	expect_ok(outcome);
	assert_false(outcome.writes_rax || outcome.writes_flags);
	assert_int_equal(w->epcm[2].type, SGX_PT_SECS);
	assert_int_equal(w->m.next_eid, 2);
	assert_int_equal(sgx_secs_read(&w->m, 2, &secs), 0);
	memset(o.secs.mrenclave, 0, 32);
	memset(o.secs.mrsigner, 0, 32);
	o.secs.isv_svn = o.secs.isv_prod_id = 0;
	assert_memory_equal(&secs, &o.secs, sizeof secs);
	for (size_t i = 1024; i < SGX_PAGE_SIZE; i++)
		assert_int_equal(w->epc[2][i], 0);
}

static void numbers_are_never_reused(void **state)
{
	struct world *w = *state;
	struct sgx_secs secs = world_secs();

	for (uint32_t i = 0; i < 5; i++) {
		expect_ok(world_ecreate(w, 3, &secs));
		assert_int_equal(w->m.next_eid, i + 2);
		expect_ok(sgx_eremove(&w->m, sgx_epc_address(3)));
	}
}

static void alignment(void **state)
{
	struct world *w = *state;

	GP_WITH(w, bad.rbx = 0x30);
	GP_WITH(w, bad.rcx = 0x2008);
	GP_WITH(w, bad.pageinfo.srcpge = 0x1800);
	GP_WITH(w, bad.pageinfo.secinfo = 0x20);
	GP_WITH(w, bad.pageinfo.linaddr = 0x1000);
	GP_WITH(w, bad.pageinfo.secs = 0x1000);
}

static void secinfo(void **state)
{
	struct world *w = *state;

	GP_WITH(w, bad.secinfo.flags = SGX_SECINFO_REG);
	GP_WITH(w, bad.secinfo.flags = SGX_SECINFO_TCS);
	for (int bit = 3; bit < 64; bit++)
		GP_WITH(w, bad.secinfo.flags = 1ull << bit);
	for (size_t i = 0; i < sizeof((struct sgx_secinfo *)0)->reserved; i++)
		GP_WITH(w, bad.secinfo.reserved[i] = 1);
}

static void target_page(void **state)
{
	struct world *w = *state;
	struct operands o = legal();

	o.rcx = sgx_epc_address(16);
	expect_pf(run(w, &o), o.rcx, ENCLS_PF);
	o.rcx = 0xffffffffff000;
	expect_pf(run(w, &o), o.rcx, ENCLS_PF);
	o = legal();
	expect_ok(run(w, &o));
	expect_pf(run(w, &o), o.rcx, ENCLS_PF);
	expect_ok(world_eadd(w, 2, 3, WORLD_BASE, SGX_SECINFO_REG |
		SGX_SECINFO_R, (uint8_t[SGX_PAGE_SIZE]){ 0 }));
	o.rcx = sgx_epc_address(3);
	expect_pf(run(w, &o), o.rcx, ENCLS_PF);
}

/* Where two things are wrong, the earlier check answers. */
static void order(void **state)
{
	struct world *w = *state;
	struct operands o = legal();

	o.rcx = sgx_epc_address(99);
	o.pageinfo.linaddr = 1;
	expect_pf(run(w, &o), o.rcx, ENCLS_PF);
	o.rbx = 1;
	expect_gp(run(w, &o));
	o = legal();
	expect_ok(run(w, &o));
	o.secs.size = 5;
	expect_pf(run(w, &o), o.rcx, ENCLS_PF);
	o.secinfo.flags = SGX_SECINFO_REG;
	expect_gp(run(w, &o));
}

static void xfrm(void **state)
{
	static const uint64_t legal_xfrm[] = { 3, 7, 0xe7 };
	static const uint64_t illegal[] = { 0, 1, 2, 6, 0xe3, 0x27, 0x67, 0xa7,
		0x1f, 0x207, 1ull << 63 | 7, 0x100000007, 0x60007 };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof illegal / sizeof *illegal; i++)
		GP_WITH(w, bad.secs.attributes.xfrm = illegal[i]);
	for (size_t i = 0; i < sizeof legal_xfrm / sizeof *legal_xfrm; i++) {
		struct operands o = legal();

		o.secs.attributes.xfrm = legal_xfrm[i];
		expect_ok(run(w, &o));
		expect_ok(sgx_eremove(&w->m, o.rcx));
	}
}

static void misc_and_frame_size(void **state)
{
	struct world *w = *state;
	struct sgx_profile *p = &w->m.profile;
	struct operands o = legal();

	for (int bit = 1; bit < 32; bit++)
		GP_WITH(w, bad.secs.misc_select = 1u << bit);
	GP_WITH(w, bad.secs.ssa_frame_size = 0);
	/* 16 bytes too many for one page, but only with EXINFO */
	p->xsave.component[2] = (struct sgx_xsave_component){
		4096 - 184 - 256, 256 };
	GP_WITH(w, (void)0);
	o.secs.misc_select = 0;
	expect_ok(run(w, &o));
	expect_ok(sgx_eremove(&w->m, o.rcx));
	o.secs.misc_select = SGX_MISC_EXINFO;
	o.secs.ssa_frame_size = 2;
	expect_ok(run(w, &o));
}

static void range(void **state)
{
	struct world *w = *state;
	struct operands o = legal();

	GP_WITH(w, bad.secs.base = 0x0000800000000000);
	GP_WITH(w, bad.secs.base = 0xffff7ffffff00000);
	GP_WITH(w, bad.secs.size = 4096; bad.secs.base = 0);
	GP_WITH(w, bad.secs.size = 0);
	GP_WITH(w, bad.secs.size = 0x180000);
	GP_WITH(w, bad.secs.base = WORLD_BASE + 0x80000);
	GP_WITH(w, bad.secs.size = 1ull << 56; bad.secs.base = 0);
	GP_WITH(w, bad.secs.size = 1ull << 63; bad.secs.base = 0);
	/* 32-bit: below 4 GiB, and smaller */
	GP_WITH(w, bad.secs.attributes.flags &= ~SGX_ATTR_MODE64BIT);
	GP_WITH(w, bad.secs.attributes.flags &= ~SGX_ATTR_MODE64BIT;
		bad.secs.base = 0; bad.secs.size = 1ull << 31);
	o.secs.attributes.flags &= ~SGX_ATTR_MODE64BIT;
	o.secs.base = 0x80000000;
	expect_ok(run(w, &o));
	expect_ok(sgx_eremove(&w->m, o.rcx));
	o = legal();
	o.secs.size = 8192;
	o.secs.base = 0xffffffffffffe000;
	expect_ok(run(w, &o));
	expect_ok(sgx_eremove(&w->m, o.rcx));
	o.secs.size = 1ull << 55;
	o.secs.base = 0;
	expect_ok(run(w, &o));
}

static void attributes(void **state)
{
	struct world *w = *state;
	const uint64_t allowed = SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT |
		SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY |
		SGX_ATTR_KSS | SGX_ATTR_AEXNOTIFY;
	struct operands o;

	for (int bit = 0; bit < 64; bit++)
		if (!(allowed >> bit & 1))
			GP_WITH(w, bad.secs.attributes.flags |= 1ull << bit);
	o = legal();
	o.secs.attributes.flags = allowed;
	expect_ok(run(w, &o));
}

static void reserved(void **state)
{
	struct world *w = *state;

	GP_WITH(w, bad.secs.cet_leg_bitmap_offset = 0x1000);
	GP_WITH(w, bad.secs.cet_attributes = 1);
	for (size_t i = 0; i < 15; i++)
		GP_WITH(w, bad.secs.reserved1[i] = 1);
	for (size_t i = 0; i < 32; i++) {
		GP_WITH(w, bad.secs.reserved2[i] = 1);
		GP_WITH(w, bad.secs.reserved3[i] = 1);
	}
	for (size_t i = 0; i < 3834; i++)
		GP_WITH(w, bad.secs.reserved4[i] = 1);
}

static void config_needs_kss(void **state)
{
	struct world *w = *state;
	struct operands o = legal();

	GP_WITH(w, bad.secs.attributes.flags &= ~SGX_ATTR_KSS;
		bad.secs.config_svn = 0);
	GP_WITH(w, bad.secs.attributes.flags &= ~SGX_ATTR_KSS;
		memset(bad.secs.config_id, 0, 64));
	o.secs.attributes.flags &= ~SGX_ATTR_KSS;
	o.secs.config_svn = 0;
	memset(o.secs.config_id, 0, 64);
	expect_ok(run(w, &o));
}

static void no_storage(void **state)
{
	struct world *w = *state;
	struct operands o = legal();
	uint64_t before;

	w->place_left = 0;
	before = world_state(w);
	expect_machine(run(w, &o));
	assert_true(world_state(w) == before);
	w->place_left = 1;
	expect_ok(run(w, &o));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_a_secs, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_are_never_reused,
			setup, teardown),
		cmocka_unit_test_setup_teardown(alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(secinfo, setup, teardown),
		cmocka_unit_test_setup_teardown(target_page, setup, teardown),
		cmocka_unit_test_setup_teardown(order, setup, teardown),
		cmocka_unit_test_setup_teardown(xfrm, setup, teardown),
		cmocka_unit_test_setup_teardown(misc_and_frame_size, setup,
			teardown),
		cmocka_unit_test_setup_teardown(range, setup, teardown),
		cmocka_unit_test_setup_teardown(attributes, setup, teardown),
		cmocka_unit_test_setup_teardown(reserved, setup, teardown),
		cmocka_unit_test_setup_teardown(config_needs_kss, setup,
			teardown),
		cmocka_unit_test_setup_teardown(no_storage, setup, teardown),
	};

	return cmocka_run_group_tests_name("ecreate", tests, NULL, NULL);
}
