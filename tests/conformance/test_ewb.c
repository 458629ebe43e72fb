/* SPDX-License-Identifier: MIT */
/* SDM 3D: EWB, Eviction, VA page */
#include "leaf.h"

#define TARGET (STAGE_A + WORLD_DATA)
#define SLOT (sgx_epc_address(STAGE_V) + 0x50)

static void prepare(struct call *c)
{
	c->rbx = 0x20;
	c->rcx = sgx_epc_address(TARGET);
	c->rdx = SLOT;
	c->pageinfo.srcpge = 0x3000;
	c->pageinfo.secinfo = 0x80;
	c->data = 0x1111;
	memset(c->page, 0xaa, sizeof c->page);
	memset(&c->pcmd, 0xbb, sizeof c->pcmd);
	memset(c->w->epc[TARGET], 0x5e, SGX_PAGE_SIZE);
	/* blocked in epoch 5, which has ended; a newcomer is inside */
	stage_secs(c->w, STAGE_A)->epoch = 6;
	c->w->epcm[TARGET].flags |= SGX_EPCM_BLOCKED;
	c->w->epcm[TARGET].epoch = 5;
	stage_inside(c->w, 0, STAGE_A, 6);
}

static void prepare_secs(struct call *c)
{
	prepare(c);
	c->rcx = sgx_epc_address(STAGE_E);
}

static void prepare_va(struct call *c)
{
	prepare(c);
	c->rcx = sgx_epc_address(STAGE_V + 1);
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_ewb(&c->w->m, c->rbx, c->rcx, c->rdx, &c->pageinfo,
		c->page, &c->pcmd, &c->data);
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

static void same_page(struct call *c)
{
	c->rdx = (c->rcx & ~4095ull) + 8;
}

static void linaddr_given(struct call *c)
{
	c->pageinfo.linaddr = WORLD_BASE;
}

static void secs_given(struct call *c)
{
	c->pageinfo.secs = sgx_epc_address(STAGE_A);
}

static void pcmd_misaligned(struct call *c)
{
	c->pageinfo.secinfo |= 0x40;
}

static void srcpge_misaligned(struct call *c)
{
	c->pageinfo.srcpge |= 0x800;
}

static void page_free(struct call *c)
{
	c->w->epcm[c->rcx >> 12 & 63].flags = 0;
}

static void va_free(struct call *c)
{
	c->w->epcm[STAGE_V].flags = 0;
}

static void va_other(struct call *c)
{
	c->w->epcm[STAGE_V].type = SGX_PT_REG;
}

static void not_blocked(struct call *c)
{
	c->w->epcm[TARGET].flags &= (uint8_t)~SGX_EPCM_BLOCKED;
}

static void no_etrack(struct call *c)
{
	stage_secs(c->w, STAGE_A)->epoch = 5;
}

static void still_inside(struct call *c)
{
	stage_inside(c->w, 1, STAGE_A, 5);
}

static void inside_for_long(struct call *c)
{
	stage_inside(c->w, 1, STAGE_A, 2);
}

static void has_child(struct call *c)
{
	stage_page(c->w, STAGE_E, STAGE_F, WORLD_BASE, SGX_PT_REG, 0, 0, 0);
}

#define FIRST_ROWS \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) }, \
	{ "RDX misaligned", rdx_misaligned, GP }, \
	{ "RDX outside the EPC", rdx_outside, PF(ENCLS_PF, rdx) }, \
	{ "RCX and RDX on one page", same_page, GP }, \
	{ "LINADDR given", linaddr_given, GP }, \
	{ "SECS given", secs_given, GP }, \
	{ "PCMD misaligned", pcmd_misaligned, GP }, \
	{ "SRCPGE misaligned", srcpge_misaligned, GP }, \
	{ "page free", page_free, PF(ENCLS_PF, rcx) }, \
	{ "VA page free", va_free, PF(ENCLS_PF, rdx) }, \
	{ "not a VA page", va_other, PF(ENCLS_PF, rdx) }

static const struct defect defects[] = {
	FIRST_ROWS,
	{ "not blocked", not_blocked, ZF(SGX_PAGE_NOT_BLOCKED) },
	{ "no ETRACK since", no_etrack, ZF(SGX_NOT_TRACKED) },
	{ "inside since then", still_inside, ZF(SGX_NOT_TRACKED) },
	{ "inside since before", inside_for_long, ZF(SGX_NOT_TRACKED) },
};

static const struct defect secs_defects[] = {
	FIRST_ROWS,
	{ "a page left", has_child, ZF(SGX_CHILD_PRESENT) },
};

static const struct defect va_defects[] = {
	FIRST_ROWS,
};

static const struct leaf leaf_ewb = {
	"EWB", prepare, NULL, run, true, defects, COUNT(defects),
};
static const struct leaf leaf_ewb_secs = {
	"EWB of a SECS", prepare_secs, NULL, run, true, secs_defects,
	COUNT(secs_defects),
};
static const struct leaf leaf_ewb_va = {
	"EWB of a VA page", prepare_va, NULL, run, true, va_defects,
	COUNT(va_defects),
};
LEAF_TESTS(ewb)
LEAF_TESTS(ewb_secs)
LEAF_TESTS(ewb_va)

static uint64_t slot(const struct call *c)
{
	uint64_t version;

	memcpy(&version, c->w->epc[STAGE_V] + 0x50, sizeof version);
	return version;
}

static void is_free(const struct world *w, uint32_t epc)
{
	static const struct sgx_epcm_entry none;

	assert_memory_equal(&w->epcm[epc], &none, sizeof none);
	assert_false(w->placed[epc]);
}

/* Each type and state of a page that has an owner, in its PCMD. */
static void writes_back(void **state)
{
	static const struct {
		uint8_t type, rwx, flags;
		uint64_t secinfo;
	} rows[] = {
		{ SGX_PT_REG, 0, 0, 0x200 },
		{ SGX_PT_REG, 5, 0, 0x205 },
		{ SGX_PT_REG, 7, 0, 0x207 },
		{ SGX_PT_REG, 3, SGX_EPCM_PENDING, 0x20b },
		{ SGX_PT_REG, 1, SGX_EPCM_PR, 0x221 },
		{ SGX_PT_TCS, 0, 0, 0x100 },
		{ SGX_PT_TCS, 0, SGX_EPCM_MODIFIED, 0x110 },
		{ SGX_PT_TRIM, 0, SGX_EPCM_MODIFIED, 0x410 },
		{ SGX_PT_TRIM, 0, 0, 0x400 },
	};
	static struct call c;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sgx_pcmd expected = { .secinfo.flags =
			rows[i].secinfo };
		struct sgx_epcm_entry *e;
		uint64_t version;

		leaf_stage(&leaf_ewb, &c);
		e = &c.w->epcm[TARGET];
		e->type = rows[i].type;
		e->rwx = rows[i].rwx;
		e->flags |= rows[i].flags;
		version = c.w->m.next_version;
		expected.enclave_id = stage_secs(c.w, STAGE_A)->eid;
		expect_ok(run(&c));
		memcpy(expected.mac, c.pcmd.mac, sizeof expected.mac);
		assert_memory_equal(&c.pcmd, &expected, sizeof expected);
		assert_int_equal(c.data, world_linaddr(WORLD_DATA));
		assert_int_equal(slot(&c), version);
		assert_int_equal(c.w->m.next_version, version + 1);
		is_free(c.w, TARGET);
		assert_int_equal(stage_secs(c.w, STAGE_A)->children,
			WORLD_ENCLAVE_PAGES - 2);
		world_check(c.w);
	}
}

/* Nothing of the page can be seen, and no two evictions look alike. */
static void hides(void **state)
{
	static struct call c;
	uint8_t first[SGX_PAGE_SIZE];
	struct sgx_pcmd pcmd;
	uint32_t same = 0;

	leaf_run_legal(&leaf_ewb, &c);
	memcpy(first, c.page, sizeof first);
	pcmd = c.pcmd;
	leaf_stage(&leaf_ewb, &c);
	c.w->m.next_version++;
	expect_ok(run(&c));
	for (uint32_t i = 0; i < SGX_PAGE_SIZE; i++) {
		same += c.page[i] == first[i];
		same += c.page[i] == 0x5e;
	}
	assert_true(same < 100);
	assert_memory_not_equal(pcmd.mac, c.pcmd.mac, sizeof pcmd.mac);
}

static void of_a_secs(void **state)
{
	static struct call c;
	uint64_t eid;

	leaf_stage(&leaf_ewb_secs, &c);
	eid = stage_secs(c.w, STAGE_E)->eid;
	expect_ok(run(&c));
	assert_int_equal(c.pcmd.secinfo.flags, 0);
	assert_int_equal(c.pcmd.enclave_id, eid);
	assert_int_equal(c.data, 0);
	is_free(c.w, STAGE_E);
	world_check(c.w);
}

static void of_a_va_page(void **state)
{
	static struct call c;

	leaf_run_legal(&leaf_ewb_va, &c);
	assert_int_equal(c.pcmd.secinfo.flags, 0x300);
	assert_int_equal(c.pcmd.enclave_id, 0);
	assert_int_equal(c.data, 0);
	is_free(c.w, STAGE_V + 1);
}

/* A slot in use is told and taken all the same; what it held is lost. */
static void slot_in_use(void **state)
{
	struct sgx_outcome o;
	static struct call c;
	uint64_t version;

	leaf_stage(&leaf_ewb, &c);
	c.w->epc[STAGE_V][0x50] = 0x33;
	version = c.w->m.next_version;
	o = run(&c);
	assert_int_equal(o.kind, SGX_OUTCOME_ERROR);
	assert_int_equal(o.rax, SGX_VA_SLOT_OCCUPIED);
	assert_true(o.cf && !o.zf && o.writes_flags && o.writes_rax);
	assert_int_equal(slot(&c), version);
	assert_int_equal(c.data, world_linaddr(WORLD_DATA));
	is_free(c.w, TARGET);
	world_check(c.w);
}

static void no_cryptography(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_ewb, &c);
	c.w->gcm_fails = true;
	before = world_state(c.w);
	expect_machine(run(&c));
	assert_int_equal(world_state(c.w), before);
	assert_int_equal(c.data, 0x1111);
	assert_int_equal(c.page[17], 0xaa);
	assert_int_equal(c.pcmd.mac[0], 0xbb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(ewb),
		LEAF_LIST(ewb_secs),
		LEAF_LIST(ewb_va),
		cmocka_unit_test(writes_back),
		cmocka_unit_test(hides),
		cmocka_unit_test(of_a_secs),
		cmocka_unit_test(of_a_va_page),
		cmocka_unit_test(slot_in_use),
		cmocka_unit_test(no_cryptography),
	};

	return cmocka_run_group_tests_name("ewb", tests, NULL, NULL);
}
