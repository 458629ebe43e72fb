/* SPDX-License-Identifier: MIT */
/* SDM 3D: EDBGRD, EDBGWR */
#include "leaf.h"

#define TARGET (STAGE_A + WORLD_GUARD) /* no access at all */
#define TCS_PAGE (STAGE_A + WORLD_TCS)

static void prepare(struct call *c)
{
	c->rcx = sgx_epc_address(TARGET) + 0x128;
	c->data = 0x1122334455667788;
	memset(c->w->epc[TARGET], 0xd6, SGX_PAGE_SIZE);
}

static void prepare_rd_tcs(struct call *c)
{
	prepare(c);
	c->rcx = sgx_epc_address(TCS_PAGE) + 32;
}

static void prepare_wr_tcs(struct call *c)
{
	prepare(c);
	c->rcx = sgx_epc_address(TCS_PAGE) + 8;
	c->data = SGX_TCS_DBGOPTIN;
}

static struct sgx_outcome run_rd(struct call *c)
{
	return sgx_edbgrd(&c->w->m, c->rcx, &c->data);
}

static struct sgx_outcome run_wr(struct call *c)
{
	return sgx_edbgwr(&c->w->m, c->rcx, c->data);
}

static struct sgx_epcm_entry *entry(struct call *c)
{
	return &c->w->epcm[c->rcx >> 12 & 63];
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 4;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void page_free(struct call *c)
{
	entry(c)->flags = 0;
}

static void is_secs(struct call *c)
{
	entry(c)->type = SGX_PT_SECS;
}

static void is_trim(struct call *c)
{
	entry(c)->type = SGX_PT_TRIM;
}

static void is_va(struct call *c)
{
	entry(c)->type = SGX_PT_VA;
}

static void pending(struct call *c)
{
	entry(c)->flags |= SGX_EPCM_PENDING;
}

static void modified(struct call *c)
{
	entry(c)->flags |= SGX_EPCM_MODIFIED;
}

static void beyond_the_fields(struct call *c)
{
	c->rcx = (c->rcx & ~4095ull) + 72;
}

static void oentry(struct call *c)
{
	c->rcx = (c->rcx & ~4095ull) + 32;
}

static void no_debug(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_DEBUG;
}

#define FIRST_ROWS \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) }, \
	{ "page free", page_free, PF(ENCLS_PF, rcx) }, \
	{ "page a SECS", is_secs, PF(ENCLS_PF, rcx) }, \
	{ "page a TRIM", is_trim, PF(ENCLS_PF, rcx) }
#define NEXT_ROWS \
	{ "page pending", pending, ZF(SGX_PAGE_NOT_DEBUGGABLE) }, \
	{ "page modified", modified, ZF(SGX_PAGE_NOT_DEBUGGABLE) }

static const struct defect rd_defects[] = {
	FIRST_ROWS,
	NEXT_ROWS,
	{ "no debug enclave", no_debug, GP },
};
static const struct defect rd_tcs_defects[] = {
	FIRST_ROWS,
	NEXT_ROWS,
	{ "beyond the TCS's fields", beyond_the_fields, GP },
	{ "no debug enclave", no_debug, GP },
};
static const struct defect wr_defects[] = {
	FIRST_ROWS,
	{ "page a VA", is_va, PF(ENCLS_PF, rcx) },
	NEXT_ROWS,
	{ "no debug enclave", no_debug, GP },
};
static const struct defect wr_tcs_defects[] = {
	FIRST_ROWS,
	{ "page a VA", is_va, PF(ENCLS_PF, rcx) },
	NEXT_ROWS,
	{ "not FLAGS", oentry, GP },
	{ "no debug enclave", no_debug, GP },
};

static const struct leaf leaf_edbgrd = {
	"EDBGRD", prepare, NULL, run_rd, true, rd_defects, COUNT(rd_defects),
};
static const struct leaf leaf_edbgrd_tcs = {
	"EDBGRD of a TCS", prepare_rd_tcs, NULL, run_rd, true, rd_tcs_defects,
	COUNT(rd_tcs_defects),
};
static const struct leaf leaf_edbgwr = {
	"EDBGWR", prepare, NULL, run_wr, true, wr_defects, COUNT(wr_defects),
};
static const struct leaf leaf_edbgwr_tcs = {
	"EDBGWR of a TCS", prepare_wr_tcs, NULL, run_wr, true,
	wr_tcs_defects, COUNT(wr_tcs_defects),
};
LEAF_TESTS(edbgrd)
LEAF_TESTS(edbgrd_tcs)
LEAF_TESTS(edbgwr)
LEAF_TESTS(edbgwr_tcs)

static void reads(void **state)
{
	static struct call c;

	leaf_run_legal(&leaf_edbgrd, &c);
	assert_int_equal(c.data, 0xd6d6d6d6d6d6d6d6);
	leaf_run_legal(&leaf_edbgrd_tcs, &c);
	assert_int_equal(c.data, 0x40);
	c.rcx = sgx_epc_address(TCS_PAGE) + 64;
	expect_ok(run_rd(&c));
	assert_int_equal(c.data, 0xfff00000fff);
}

/* In use or not, never the version. */
static void reads_versions(void **state)
{
	static struct call c;

	leaf_stage(&leaf_edbgrd, &c);
	c.rcx = sgx_epc_address(STAGE_V);
	expect_ok(run_rd(&c));
	assert_int_equal(c.data, 0);
	c.rcx += 8;
	expect_ok(run_rd(&c));
	assert_int_equal(c.data, UINT64_MAX);
}

static void writes(void **state)
{
	static struct call c;
	uint64_t word;

	leaf_run_legal(&leaf_edbgwr, &c);
	memcpy(&word, c.w->epc[TARGET] + 0x128, sizeof word);
	assert_int_equal(word, 0x1122334455667788);
	assert_int_equal(c.w->epc[TARGET][0x127], 0xd6);
	assert_int_equal(c.w->epc[TARGET][0x130], 0xd6);
	leaf_run_legal(&leaf_edbgwr_tcs, &c);
	assert_int_equal(((struct sgx_tcs *)c.w->epc[TCS_PAGE])->flags,
		SGX_TCS_DBGOPTIN);
}

/* FLAGS that no TCS can have are refused. */
static void reserved_flags(void **state)
{
	static struct call c;

	leaf_stage(&leaf_edbgwr_tcs, &c);
	c.data = 4;
	expect_gp(run_wr(&c));
}

/* Blocked pages can be looked at. */
static void blocked(void **state)
{
	static struct call c;

	leaf_stage(&leaf_edbgrd, &c);
	c.w->epcm[TARGET].flags |= SGX_EPCM_BLOCKED;
	expect_ok(run_rd(&c));
	expect_ok(run_wr(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(edbgrd),
		LEAF_LIST(edbgrd_tcs),
		LEAF_LIST(edbgwr),
		LEAF_LIST(edbgwr_tcs),
		cmocka_unit_test(reads),
		cmocka_unit_test(reads_versions),
		cmocka_unit_test(writes),
		cmocka_unit_test(reserved_flags),
		cmocka_unit_test(blocked),
	};

	return cmocka_run_group_tests_name("edbg", tests, NULL, NULL);
}
