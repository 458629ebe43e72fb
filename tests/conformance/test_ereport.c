/* SPDX-License-Identifier: MIT */
/* SDM 3D: EREPORT, Keys, Access control */
#include "common/crypto_openssl.h"
#include "leaf.h"

/* TARGETINFO, REPORTDATA and REPORT each on a page of its own. */
#define TARGET_PAGE (STAGE_A + WORLD_DATA)
#define DATA_PAGE (STAGE_A + WORLD_DATA + 1)
#define REPORT_PAGE (STAGE_A + WORLD_SSA)
#define AT(page) (world_linaddr(WORLD_CODE) + \
	(uint64_t)((page) - STAGE_A - WORLD_CODE) * SGX_PAGE_SIZE)

static struct sgx_targetinfo *target(struct call *c)
{
	return (struct sgx_targetinfo *)(c->w->epc[TARGET_PAGE] + 512);
}

static const struct sgx_report *report(struct call *c)
{
	return (const struct sgx_report *)(c->w->epc[REPORT_PAGE] + 1024);
}

/* For the enclave itself. */
static void prepare(struct call *c)
{
	const struct secs *s = stage_secs(c->w, STAGE_A);
	struct sgx_targetinfo *t = target(c);

	c->rbx = AT(TARGET_PAGE) + 512;
	c->rcx = AT(DATA_PAGE) + 128;
	c->rdx = AT(REPORT_PAGE) + 1024;
	memcpy(t->mrenclave, s->mrenclave, 32);
	t->attributes = s->attributes;
	t->misc_select = s->misc_select;
	t->config_svn = s->config_svn;
	memcpy(t->config_id, s->config_id, 64);
	memset(c->w->epc[DATA_PAGE] + 128, 0x3d, 64);
	c->w->epc[REPORT_PAGE][1024 + 432] = 0x77;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_ereport(&c->w->m, STAGE_A, c->rbx, c->rcx, c->rdx);
}

static void rbx_misaligned(struct call *c)
{
	c->rbx += 256;
}

static void rbx_outside(struct call *c)
{
	c->rbx = WORLD_BASE + WORLD_SIZE;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx += 64;
}

static void rcx_outside(struct call *c)
{
	c->rcx = WORLD_BASE - 128;
}

static void rdx_misaligned(struct call *c)
{
	c->rdx += 256;
}

static void rdx_outside(struct call *c)
{
	c->rdx = 0;
}

static void target_reserved1(struct call *c)
{
	target(c)->reserved1[0] = 1;
}

static void target_reserved2(struct call *c)
{
	target(c)->reserved2[7] = 1;
}

static void target_reserved3(struct call *c)
{
	target(c)->reserved3[383] = 1;
}

PAGE_SPOILS(targetinfo, TARGET_PAGE)
PAGE_SPOILS(reportdata, DATA_PAGE)
PAGE_SPOILS(output, REPORT_PAGE)

static const struct defect defects[] = {
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RBX outside ELRANGE", rbx_outside, GP },
	PAGE_ROWS_READ(targetinfo, rbx),
	{ "TARGETINFO reserved at 49", target_reserved1, GP },
	{ "TARGETINFO reserved at 56", target_reserved2, GP },
	{ "TARGETINFO reserved at 128", target_reserved3, GP },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside ELRANGE", rcx_outside, GP },
	PAGE_ROWS_READ(reportdata, rcx),
	{ "RDX misaligned", rdx_misaligned, GP },
	{ "RDX outside ELRANGE", rdx_outside, GP },
	PAGE_ROWS_WRITE(output, rdx),
};

static const struct leaf leaf_ereport = {
	"EREPORT", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(ereport)

static void reports(void **state)
{
	static struct call c;
	struct sgx_report_body expected = { 0 };
	const struct secs *s;

	leaf_run_legal(&leaf_ereport, &c);
	s = stage_secs(c.w, STAGE_A);
	memcpy(expected.cpusvn, c.w->m.cpusvn, 16);
	expected.misc_select = s->misc_select;
	memcpy(expected.isv_ext_prod_id, s->isv_ext_prod_id, 16);
	expected.attributes = s->attributes;
	memcpy(expected.mrenclave, s->mrenclave, 32);
	memcpy(expected.mrsigner, s->mrsigner, 32);
	memcpy(expected.config_id, s->config_id, 64);
	expected.isv_prod_id = 5;
	expected.isv_svn = 9;
	expected.config_svn = 3;
	expected.isv_family_id[0] = 0xfa;
	memset(expected.report_data, 0x3d, 64);
	assert_memory_equal(&report(&c)->body, &expected, sizeof expected);
	assert_memory_equal(report(&c)->key_id, c.w->m.report_key_id, 32);
	assert_int_equal(c.w->epc[REPORT_PAGE][1024 + 432], 0x77);
}

/* The target gets the key that the report was MACed with. */
static void verifies(void **state)
{
	struct sgx_keyrequest *request;
	static struct call c;
	uint8_t mac[16];

	leaf_run_legal(&leaf_ereport, &c);
	request = (struct sgx_keyrequest *)c.w->epc[TARGET_PAGE];
	memset(request, 0, sizeof *request);
	request->key_name = SGX_KEYNAME_REPORT;
	memcpy(request->key_id, report(&c)->key_id, 32);
	expect_ok(sgx_egetkey(&c.w->m, STAGE_A, AT(TARGET_PAGE),
		AT(DATA_PAGE)));
	crypto_openssl()->aes128_cmac(c.w->epc[DATA_PAGE], report(&c), 384,
		mac);
	assert_memory_equal(mac, report(&c)->mac, 16);
}

/* A zeroed TARGETINFO is legal, for nobody. */
static void for_nobody(void **state)
{
	static struct call c;

	leaf_stage(&leaf_ereport, &c);
	memset(target(&c), 0, 512);
	expect_ok(run(&c));
}

/* An engine that names something else than a SECS has lost its way. */
static void in_no_enclave(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_ereport, &c);
	before = world_state(c.w);
	expect_machine(sgx_ereport(&c.w->m, STAGE_V, c.rbx, c.rcx, c.rdx));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(ereport),
		cmocka_unit_test(reports),
		cmocka_unit_test(verifies),
		cmocka_unit_test(for_nobody),
		cmocka_unit_test(in_no_enclave),
	};

	return cmocka_run_group_tests_name("ereport", tests, NULL, NULL);
}
