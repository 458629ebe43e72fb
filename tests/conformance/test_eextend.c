/* SPDX-License-Identifier: MIT */
/* SDM 3D: EEXTEND */
#include "common/crypto_openssl.h"
#include "leaf.h"

#define TARGET (STAGE_B + WORLD_CODE)
#define CHUNK 0x300u

static void prepare(struct call *c)
{
	c->rbx = sgx_epc_address(STAGE_B);
	c->rcx = sgx_epc_address(TARGET) + CHUNK;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_eextend(&c->w->m, c->rbx, c->rcx);
}

static void rbx_misaligned(struct call *c)
{
	c->rbx |= 0x800;
}

static void rbx_outside(struct call *c)
{
	c->rbx = OUTSIDE_EPC;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x80;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void target_free(struct call *c)
{
	c->w->epcm[TARGET].flags = 0;
}

static void target_trim(struct call *c)
{
	c->w->epcm[TARGET].type = SGX_PT_TRIM;
}

static void target_va(struct call *c)
{
	c->w->epcm[TARGET].type = SGX_PT_VA;
}

static void of_another(struct call *c)
{
	c->w->epcm[TARGET].secs = STAGE_E;
}

static void initialised(struct call *c)
{
	stage_secs(c->w, STAGE_B)->attributes.flags |= SGX_ATTR_INIT;
}

static const struct defect defects[] = {
	{ "RBX misaligned", rbx_misaligned, GP },
	{ "RBX outside the EPC", rbx_outside, PF(ENCLS_PF, rbx) },
	{ "RCX misaligned", rcx_misaligned, GP },
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) },
	{ "page free", target_free, PF(ENCLS_PF, rcx) },
	{ "page a TRIM", target_trim, PF(ENCLS_PF, rcx) },
	{ "page a VA", target_va, PF(ENCLS_PF, rcx) },
	{ "another enclave's page", of_another, GP },
	{ "enclave initialised", initialised, GP },
};

static const struct leaf leaf_eextend = {
	"EEXTEND", prepare, NULL, run, false, defects, COUNT(defects),
};
LEAF_TESTS(eextend)

static void measures(void **state)
{
	static struct call c;
	struct sgx_measure measure;
	uint64_t blocks;

	for (uint32_t epc = TARGET; epc <= STAGE_B + WORLD_TCS;
	     epc += WORLD_TCS - WORLD_CODE) {
		leaf_stage(&leaf_eextend, &c);
		c.rcx = sgx_epc_address(epc) + CHUNK;
		measure = stage_secs(c.w, STAGE_B)->measure;
		blocks = measure.blocks;
		expect_ok(run(&c));
		sgx_measure_eextend(&measure, crypto_openssl_sha256(),
			c.w->epcm[epc].linaddr - WORLD_BASE + CHUNK,
			c.w->epc[epc] + CHUNK);
		assert_int_equal(measure.blocks, blocks + 5);
		assert_memory_equal(&stage_secs(c.w, STAGE_B)->measure,
			&measure, sizeof measure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(eextend),
		cmocka_unit_test(measures),
	};

	return cmocka_run_group_tests_name("eextend", tests, NULL, NULL);
}
