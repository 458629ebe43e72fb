/* SPDX-License-Identifier: MIT */
/* SDM 3D: ELDB, ELDU, ELDBC, ELDUC, Eviction, VA page */
#include "leaf.h"

#define GONE (STAGE_A + WORLD_DATA)
#define TARGET STAGE_F
#define SLOT (sgx_epc_address(STAGE_V) + 0x50)

static enum sgx_eld_kind g_kind;
static struct sgx_epcm_entry g_was;
static uint8_t g_content[SGX_PAGE_SIZE];

/* The page at epc goes out, and the call is the one to bring it back. */
static void evict(struct call *c, uint32_t epc)
{
	struct sgx_pageinfo out = { .srcpge = 0x3000, .secinfo = 0x80 };

	g_was = c->w->epcm[epc];
	memcpy(g_content, c->w->epc[epc], sizeof g_content);
	expect_ok(sgx_ewb(&c->w->m, 0x20, sgx_epc_address(epc), SLOT, &out,
		c->page, &c->pcmd, &c->pageinfo.linaddr));
	c->rbx = 0x20;
	c->rcx = sgx_epc_address(TARGET);
	c->rdx = SLOT;
	c->pageinfo.srcpge = 0x3000;
	c->pageinfo.secinfo = 0x80;
	c->w->m.profile.features |= SGX_FEATURE_OVERSUB;
}

static void prepare(struct call *c)
{
	stage_secs(c->w, STAGE_A)->epoch = 6;
	c->w->epcm[GONE].flags |= SGX_EPCM_BLOCKED;
	c->w->epcm[GONE].epoch = 5;
	for (uint32_t i = 0; i < SGX_PAGE_SIZE; i++)
		c->w->epc[GONE][i] = (uint8_t)(i * 7);
	evict(c, GONE);
	c->pageinfo.secs = sgx_epc_address(STAGE_A);
}

static void prepare_secs(struct call *c)
{
	stage_secs(c->w, STAGE_E)->epoch = 9;
	evict(c, STAGE_E);
}

static void prepare_va(struct call *c)
{
	c->w->epc[STAGE_V + 1][16] = 0x21;
	evict(c, STAGE_V + 1);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eld(&c->w->m, g_kind, c->rbx, c->rcx, c->rdx, &c->pageinfo,
		&c->pcmd, c->page);
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

static void rdx_misaligned(struct call *c)
{
	c->rdx |= 4;
}

static void rdx_outside(struct call *c)
{
	c->rdx = OUTSIDE_EPC;
}

static void pcmd_misaligned(struct call *c)
{
	c->pageinfo.secinfo |= 0x40;
}

static void srcpge_misaligned(struct call *c)
{
	c->pageinfo.srcpge |= 0x800;
}

static void target_valid(struct call *c)
{
	c->w->epcm[TARGET].flags = SGX_EPCM_VALID;
}

static void va_free(struct call *c)
{
	c->w->epcm[STAGE_V].flags = 0;
}

static void va_other(struct call *c)
{
	c->w->epcm[STAGE_V].type = SGX_PT_REG;
}

static void secs_misaligned(struct call *c)
{
	c->pageinfo.secs |= 0x10;
}

static void secs_outside(struct call *c)
{
	c->pageinfo.secs = OUTSIDE_EPC;
}

static struct sgx_epcm_entry *named_secs(struct call *c)
{
	return &c->w->epcm[c->pageinfo.secs >> 12 & 63];
}

static void secs_free(struct call *c)
{
	named_secs(c)->flags = 0;
}

static void secs_not_secs(struct call *c)
{
	named_secs(c)->type = SGX_PT_REG;
}

static void secs_given(struct call *c)
{
	c->pageinfo.secs = sgx_epc_address(STAGE_A);
}

static void data_first(struct call *c)
{
	c->page[0] ^= 1;
}

static void data_last(struct call *c)
{
	c->page[4095] ^= 0x80;
}

static void mac(struct call *c)
{
	c->pcmd.mac[15] ^= 1;
}

static void access(struct call *c)
{
	c->pcmd.secinfo.flags ^= SGX_SECINFO_X;
}

static void pending(struct call *c)
{
	c->pcmd.secinfo.flags ^= SGX_SECINFO_PENDING;
}

static void type(struct call *c)
{
	c->pcmd.secinfo.flags ^= SGX_SECINFO_REG ^ SGX_SECINFO_TCS;
}

static void secinfo_reserved_bit(struct call *c)
{
	c->pcmd.secinfo.flags |= 1ull << 40;
}

static void secinfo_reserved(struct call *c)
{
	c->pcmd.secinfo.reserved[55] ^= 1;
}

static void pcmd_reserved(struct call *c)
{
	c->pcmd.reserved[39] ^= 1;
}

static void linaddr(struct call *c)
{
	c->pageinfo.linaddr += SGX_PAGE_SIZE;
}

static void linaddr_low(struct call *c)
{
	c->pageinfo.linaddr += 1;
}

static void version(struct call *c)
{
	c->w->epc[STAGE_V][0x50]--;
}

static void version_empty(struct call *c)
{
	memset(c->w->epc[STAGE_V] + 0x50, 0, 8);
}

static void other_slot(struct call *c)
{
	c->rdx = sgx_epc_address(STAGE_V) + 8;
}

static void other_enclave(struct call *c)
{
	c->pageinfo.secs = sgx_epc_address(STAGE_B);
}

static void other_key(struct call *c)
{
	c->w->m.paging_key[0] ^= 1;
}

#define MAC_FAILS ZF(SGX_MAC_COMPARE_FAIL)

#define FIRST_ROWS \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) }, \
	{ "RDX misaligned", rdx_misaligned, GP }, \
	{ "RDX outside the EPC", rdx_outside, PF(ENCLS_PF, rdx) }, \
	{ "PCMD misaligned", pcmd_misaligned, GP }, \
	{ "SRCPGE misaligned", srcpge_misaligned, GP }, \
	{ "page valid", target_valid, PF(ENCLS_PF, rcx) }, \
	{ "VA page free", va_free, PF(ENCLS_PF, rdx) }, \
	{ "not a VA page", va_other, PF(ENCLS_PF, rdx) }

#define LAST_ROWS \
	{ "first bit of the page", data_first, MAC_FAILS }, \
	{ "last bit of the page", data_last, MAC_FAILS }, \
	{ "MAC", mac, MAC_FAILS }, \
	{ "X", access, MAC_FAILS }, \
	{ "PENDING", pending, MAC_FAILS }, \
	{ "SECINFO.FLAGS reserved", secinfo_reserved_bit, MAC_FAILS }, \
	{ "SECINFO reserved", secinfo_reserved, MAC_FAILS }, \
	{ "PCMD reserved", pcmd_reserved, MAC_FAILS }, \
	{ "LINADDR", linaddr, MAC_FAILS }, \
	{ "LINADDR's lowest bit", linaddr_low, MAC_FAILS }, \
	{ "an older version", version, MAC_FAILS }, \
	{ "an empty slot", version_empty, MAC_FAILS }, \
	{ "another slot", other_slot, MAC_FAILS }, \
	{ "another machine", other_key, MAC_FAILS }

static const struct defect defects[] = {
	FIRST_ROWS,
	{ "SECS misaligned", secs_misaligned, GP },
	{ "SECS outside the EPC", secs_outside, PF(ENCLS_PF, pageinfo.secs) },
	{ "SECS free", secs_free, PF(ENCLS_PF, pageinfo.secs) },
	{ "not a SECS", secs_not_secs, PF(ENCLS_PF, pageinfo.secs) },
	LAST_ROWS,
	{ "type", type, MAC_FAILS },
	{ "another enclave", other_enclave, MAC_FAILS },
};

static const struct defect orphan_defects[] = {
	FIRST_ROWS,
	{ "SECS given", secs_given, GP },
	LAST_ROWS,
};

static const struct leaf leaf_eldu = {
	"ELDU", prepare, NULL, run, true, defects, COUNT(defects),
};
static const struct leaf leaf_eldu_secs = {
	"ELDU of a SECS", prepare_secs, NULL, run, true, orphan_defects,
	COUNT(orphan_defects),
};
static const struct leaf leaf_eldu_va = {
	"ELDU of a VA page", prepare_va, NULL, run, true, orphan_defects,
	COUNT(orphan_defects),
};
LEAF_TESTS(eldu)
LEAF_TESTS(eldu_secs)
LEAF_TESTS(eldu_va)

static bool blocks(enum sgx_eld_kind kind)
{
	return kind == SGX_ELD_B || kind == SGX_ELD_BC;
}

/* What comes back is what went out; the version cannot be used again. */
static void brings_back(void **state)
{
	static const struct {
		uint8_t type, rwx, flags;
	} states[] = {
		{ SGX_PT_REG, 3, 0 }, { SGX_PT_REG, 5, SGX_EPCM_PR },
		{ SGX_PT_REG, 3, SGX_EPCM_PENDING }, { SGX_PT_REG, 0, 0 },
		{ SGX_PT_TCS, 0, 0 }, { SGX_PT_TCS, 0, SGX_EPCM_MODIFIED },
		{ SGX_PT_TRIM, 0, SGX_EPCM_MODIFIED }, { SGX_PT_TRIM, 0, 0 },
	};
	static struct call c;

	for (g_kind = SGX_ELD_U; g_kind <= SGX_ELD_BC; g_kind++) {
		for (size_t i = 0; i < COUNT(states); i++) {
			struct sgx_epcm_entry *e;

			leaf_stage(&leaf_eldu, &c);
			/* out again with that state */
			expect_ok(run(&c));
			e = &c.w->epcm[TARGET];
			e->flags |= SGX_EPCM_BLOCKED | states[i].flags;
			e->type = states[i].type;
			e->rwx = states[i].rwx;
			memset(c.w->epc[TARGET], 0, 64);
			e->epoch = 5;
			c.pageinfo.linaddr = 0;
			evict(&c, TARGET);
			c.pcmd.enclave_id ^= 1; /* nobody looks at it */
			expect_ok(run(&c));
			assert_memory_equal(c.w->epc[TARGET], g_content,
				SGX_PAGE_SIZE);
			assert_int_equal(e->linaddr, g_was.linaddr);
			assert_int_equal(e->secs, STAGE_A);
			assert_int_equal(e->type, g_was.type);
			assert_int_equal(e->rwx, g_was.rwx);
			assert_int_equal(e->flags, SGX_EPCM_VALID |
				states[i].flags |
				(blocks(g_kind) ? SGX_EPCM_BLOCKED : 0));
			for (int b = 0; b < 8; b++)
				assert_int_equal(
					c.w->epc[STAGE_V][0x50 + b], 0);
			assert_int_equal(stage_secs(c.w, STAGE_A)->children,
				WORLD_ENCLAVE_PAGES - 1);
			world_check(c.w);
			c.rcx = sgx_epc_address(TARGET + 1);
			expect_error(run(&c), SGX_MAC_COMPARE_FAIL);
		}
	}
	g_kind = SGX_ELD_U;
}

/* A page loaded blocked can go out again after ETRACK. */
static void blocked_needs_tracking(void **state)
{
	struct sgx_pageinfo out = { .srcpge = 0x3000, .secinfo = 0x80 };
	static struct call c;

	leaf_stage(&leaf_eldu, &c);
	g_kind = SGX_ELD_B;
	expect_ok(run(&c));
	g_kind = SGX_ELD_U;
	expect_ok(sgx_etrack(&c.w->m, sgx_epc_address(STAGE_A)));
	expect_ok(sgx_ewb(&c.w->m, 0x20, c.rcx, SLOT, &out, c.page, &c.pcmd,
		&c.data));
}

static void secs_and_va_are_never_blocked(void **state)
{
	static const struct leaf *const leaves[] = { &leaf_eldu_secs,
		&leaf_eldu_va };
	static struct call c;

	g_kind = SGX_ELD_B;
	for (size_t i = 0; i < COUNT(leaves); i++) {
		struct sgx_epcm_entry *e;

		leaf_stage(leaves[i], &c);
		expect_ok(run(&c));
		e = &c.w->epcm[TARGET];
		assert_int_equal(e->flags, SGX_EPCM_VALID);
		assert_int_equal(e->secs, TARGET);
		assert_int_equal(e->type, g_was.type);
		assert_memory_equal(c.w->epc[TARGET], g_content,
			SGX_PAGE_SIZE);
		world_check(c.w);
	}
	g_kind = SGX_ELD_U;
	leaf_stage(&leaf_eldu_secs, &c);
	expect_ok(run(&c));
	assert_int_equal(c.w->tracked[TARGET], 9);
}

static void conflict_kinds_are_a_feature(void **state)
{
	static struct call c;

	for (g_kind = SGX_ELD_U; g_kind <= SGX_ELD_BC; g_kind++) {
		leaf_stage(&leaf_eldu, &c);
		c.w->m.profile.features &= ~SGX_FEATURE_OVERSUB;
		if (g_kind == SGX_ELD_UC || g_kind == SGX_ELD_BC)
			expect_gp(run(&c));
		else
			expect_ok(run(&c));
	}
	g_kind = SGX_ELD_U;
}

/* When the machine cannot, nothing stays behind. */
static void machine_fails(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_eldu, &c);
	c.w->place_left = 0;
	before = world_state(c.w);
	expect_machine(run(&c));
	assert_int_equal(world_state(c.w), before);
	c.w->place_left = UINT32_MAX;
	c.w->gcm_fails = true;
	expect_machine(run(&c));
	assert_int_equal(world_state(c.w), before);
	c.w->gcm_fails = false;
	expect_ok(run(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eldu),
		LEAF_LIST(eldu_secs),
		LEAF_LIST(eldu_va),
		cmocka_unit_test(brings_back),
		cmocka_unit_test(blocked_needs_tracking),
		cmocka_unit_test(secs_and_va_are_never_blocked),
		cmocka_unit_test(conflict_kinds_are_a_feature),
		cmocka_unit_test(machine_fails),
	};

	return cmocka_run_group_tests_name("eld", tests, NULL, NULL);
}
