/* SPDX-License-Identifier: MIT */
/* SDM 3D: ECREATE, SECS */
#include "common/crypto_openssl.h"
#include "leaf.h"

#define TARGET STAGE_F

static void prepare(struct call *c)
{
	c->rbx = 0x20;
	c->rcx = sgx_epc_address(TARGET);
	c->pageinfo.srcpge = 0x1000;
	c->pageinfo.secinfo = 0x40;
	c->secs = world_secs();
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_ecreate(&c->w->m, c->rbx, c->rcx, &c->pageinfo,
		&c->secinfo, &c->secs);
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

static void secinfo_misaligned(struct call *c)
{
	c->pageinfo.secinfo |= 0x20;
}

static void linaddr_given(struct call *c)
{
	c->pageinfo.linaddr = 0x1000;
}

static void secs_given(struct call *c)
{
	c->pageinfo.secs = sgx_epc_address(STAGE_A);
}

static void secinfo_reserved(struct call *c)
{
	c->secinfo.reserved[55] = 1;
}

static void secinfo_bit(struct call *c)
{
	c->secinfo.flags |= 1ull << 63;
}

static void secinfo_type(struct call *c)
{
	c->secinfo.flags |= SGX_SECINFO_REG;
}

static void target_valid(struct call *c)
{
	c->w->epcm[TARGET].flags = SGX_EPCM_VALID;
}

static void xfrm_without_sse(struct call *c)
{
	c->secs.attributes.xfrm = 5;
}

static void xfrm_unknown(struct call *c)
{
	c->secs.attributes.xfrm |= 1ull << 40;
}

static void misc_unknown(struct call *c)
{
	c->secs.misc_select |= 2;
}

static void frame_too_small(struct call *c)
{
	c->secs.ssa_frame_size = 0;
}

static void base_not_canonical(struct call *c)
{
	c->secs.base = 0x800000000000;
}

static void size_too_large(struct call *c)
{
	c->secs.size = 1ull << 56;
	c->secs.base = 0;
}

static void size_too_small(struct call *c)
{
	c->secs.size = 4096;
}

static void size_not_power(struct call *c)
{
	c->secs.size = 3 * WORLD_SIZE;
	c->secs.base = 0;
}

static void base_not_aligned(struct call *c)
{
	c->secs.base += SGX_PAGE_SIZE;
}

static void attribute_init(struct call *c)
{
	c->secs.attributes.flags |= SGX_ATTR_INIT;
}

static void attribute_unknown(struct call *c)
{
	c->secs.attributes.flags |= 0x100;
}

static void cet_given(struct call *c)
{
	c->secs.cet_attributes = 1;
}

static void bitmap_given(struct call *c)
{
	c->secs.cet_leg_bitmap_offset = 0x1000;
}

static void reserved_given(struct call *c)
{
	c->secs.reserved4[3833] = 1;
}

static void config_without_kss(struct call *c)
{
	c->secs.attributes.flags &= ~SGX_ATTR_KSS;
}

static const struct defect defects[] = {
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "SRCPGE misaligned", srcpge_misaligned, GP },
	{ "SECINFO misaligned", secinfo_misaligned, GP },
	{ "LINADDR given", linaddr_given, GP },
	{ "SECS given", secs_given, GP },
	{ "SECINFO reserved byte", secinfo_reserved, GP },
	{ "SECINFO reserved bit", secinfo_bit, GP },
	{ "SECINFO type", secinfo_type, GP },
	{ "page valid", target_valid, PF(ENCLS_PF, rcx) },
	{ "XFRM without SSE", xfrm_without_sse, GP },
	{ "XFRM unknown", xfrm_unknown, GP },
	{ "MISCSELECT unknown", misc_unknown, GP },
	{ "SSA frame too small", frame_too_small, GP },
	{ "BASEADDR not canonical", base_not_canonical, GP },
	{ "SIZE too large", size_too_large, GP },
	{ "SIZE too small", size_too_small, GP },
	{ "SIZE no power of two", size_not_power, GP },
	{ "BASEADDR not aligned", base_not_aligned, GP },
	{ "ATTRIBUTES.INIT", attribute_init, GP },
	{ "ATTRIBUTES unknown", attribute_unknown, GP },
	{ "CET_ATTRIBUTES", cet_given, GP },
	{ "CET_LEG_BITMAP_OFFSET", bitmap_given, GP },
	{ "SECS reserved byte", reserved_given, GP },
	{ "CONFIGID without KSS", config_without_kss, GP },
};

static const struct leaf leaf_ecreate = {
	"ECREATE", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(ecreate)

static void makes(void **state)
{
	const struct sgx_epcm_entry expected = { .secs = TARGET,
		.flags = SGX_EPCM_VALID, .type = SGX_PT_SECS };
	static struct call c;
	struct sgx_measure measure;
	const struct secs *s;
	uint64_t eid;

	leaf_stage(&leaf_ecreate, &c);
	memset(c.secs.mrenclave, 1, 32);
	memset(c.secs.mrsigner, 2, 32);
	c.secs.isv_svn = c.secs.isv_prod_id = 3;
	c.secinfo.flags = SGX_SECINFO_RWX; /* of no importance */
	eid = c.w->m.next_eid;
	expect_ok(run(&c));
	world_check(c.w);
	assert_memory_equal(&c.w->epcm[TARGET], &expected, sizeof expected);
	s = stage_secs(c.w, TARGET);
	assert_int_equal(s->size, WORLD_SIZE);
	assert_int_equal(s->base, WORLD_BASE);
	assert_int_equal(s->misc_select, SGX_MISC_EXINFO);
	assert_memory_equal(&s->attributes, &c.secs.attributes, 16);
	assert_memory_equal(s->config_id, c.secs.config_id, 64);
	assert_int_equal(s->config_svn, c.secs.config_svn);
	for (int i = 0; i < 32; i++)
		assert_int_equal(s->mrenclave[i] | s->mrsigner[i], 0);
	assert_int_equal(s->isv_svn | s->isv_prod_id, 0);
	assert_int_equal(s->children, 0);
	assert_int_equal(s->eid, eid);
	assert_int_equal(c.w->m.next_eid, eid + 1);
	sgx_measure_ecreate(&measure, crypto_openssl_sha256(), 1, WORLD_SIZE);
	assert_memory_equal(&s->measure, &measure, sizeof measure);
}

/* A 32-bit enclave has its own limits. */
static void of_32_bits(void **state)
{
	static struct call c;

	leaf_stage(&leaf_ecreate, &c);
	c.secs.attributes.flags &= ~SGX_ATTR_MODE64BIT;
	expect_gp(run(&c));
	c.secs.base = 0x80000000;
	c.secs.size = 1ull << 31;
	expect_gp(run(&c));
	c.secs.size = 1ull << 30;
	expect_ok(run(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(ecreate),
		cmocka_unit_test(makes),
		cmocka_unit_test(of_32_bits),
	};

	return cmocka_run_group_tests_name("ecreate", tests, NULL, NULL);
}
