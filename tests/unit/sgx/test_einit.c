/* SPDX-License-Identifier: MIT */
/* SDM 3D: EINIT, SIGSTRUCT */
/* EINIT: its checks in the manual's order, launch control both ways, and that
 * not a byte of a SIGSTRUCT can be changed unnoticed. */
#include "sgx/keys.h"
#include "world.h"

#define SECS_PAGE 2u

static const struct sgx_einittoken no_token;

struct fixture {
	struct world *w;
	struct sgx_sigstruct sig;
	struct sgx_einittoken token;
	uint8_t signers[2][32];
};

static struct fixture *make(uint64_t attributes)
{
	struct fixture *f = test_malloc(sizeof *f);
	struct world_enclave e = world_default();

	memset(f, 0, sizeof *f);
	f->w = world_new(64, 1);
	e.secs.attributes.flags = attributes;
	if (!(attributes & SGX_ATTR_KSS)) {
		memset(e.secs.config_id, 0, 64);
		e.secs.config_svn = 0;
	}
	world_build(f->w, SECS_PAGE, &e);
	world_sigstruct(f->w, SECS_PAGE, 0, &f->sig);
	world_mrsigner(0, f->signers[0]);
	world_mrsigner(1, f->signers[1]);
	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[0]);
	return f;
}

#define PLAIN (SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG | SGX_ATTR_KSS)

static int setup(void **state)
{
	*state = make(PLAIN);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	world_check(f->w);
	world_free(f->w);
	test_free(f);
	return 0;
}

static struct sgx_outcome run(struct fixture *f)
{
	return world_einit(f->w, SECS_PAGE, &f->sig, &f->token);
}

static void refuse(struct fixture *f, uint32_t error)
{
	uint64_t before = world_state(f->w);

	expect_error(run(f), error);
	assert_true(world_state(f->w) == before);
}

static void resign(struct fixture *f)
{
	world_sign(&f->sig, 0);
}

static void initialises(void **state)
{
	struct fixture *f = *state;
	struct sgx_secs secs;
	uint64_t rax = 5, rflags = 0xfff;
	struct sgx_outcome o;

	f->sig.isv_prod_id = 0x1234;
	f->sig.isv_svn = 0x5678;
	f->sig.vendor = 0x8086;
	resign(f);
	o = run(f);
	expect_ok(o);
	sgx_outcome_apply(&o, &rax, &rflags);
	assert_int_equal(rax, 0);
	assert_int_equal(rflags, 0xfff & ~0x8d5);
	assert_int_equal(sgx_secs_read(&f->w->m, SECS_PAGE, &secs), 0);
	assert_int_equal(secs.isv_prod_id, 0x1234);
	assert_int_equal(secs.isv_svn, 0x5678);
	assert_int_equal(secs.attributes.flags, PLAIN | SGX_ATTR_INIT);
	assert_memory_equal(secs.mrenclave, f->sig.enclave_hash, 32);
	assert_memory_equal(secs.mrsigner, f->signers[0], 32);
	expect_gp(run(f)); /* once only */
}

static void operands(void **state)
{
	struct fixture *f = *state;
	struct sgx_machine *m = &f->w->m;
	const uint64_t secs = sgx_epc_address(SECS_PAGE);
	const uint64_t beyond = sgx_epc_address(64);

	expect_gp(sgx_einit(m, 0x1010, secs, 0x200, &f->sig, &no_token, 0));
	expect_gp(sgx_einit(m, 0x1000, secs + 8, 0x200, &f->sig, &no_token,
		0));
	expect_gp(sgx_einit(m, 0x1000, secs, 0x100, &f->sig, &no_token, 0));
	expect_pf(sgx_einit(m, 0x1000, beyond, 0x200, &f->sig, &no_token, 0),
		beyond, ENCLS_PF);
	/* not a SECS, but only after the signature */
	expect_pf(sgx_einit(m, 0x1000, sgx_epc_address(SECS_PAGE + 1), 0x200,
		&f->sig, &no_token, 0), sgx_epc_address(SECS_PAGE + 1),
		ENCLS_PF);
	expect_pf(sgx_einit(m, 0x1000, sgx_epc_address(60), 0x200, &f->sig,
		&no_token, 0), sgx_epc_address(60), ENCLS_PF);
	f->sig.signature[0] ^= 1;
	expect_error(sgx_einit(m, 0x1000, sgx_epc_address(60), 0x200, &f->sig,
		&no_token, 0), SGX_INVALID_SIGNATURE);
}

static void pending_event(void **state)
{
	struct fixture *f = *state;
	const uint64_t secs = sgx_epc_address(SECS_PAGE);

	expect_error(sgx_einit(&f->w->m, 0x1000, secs, 0x200, &f->sig,
		&no_token, true), SGX_UNMASKED_EVENT);
	f->sig.exponent = 65537;
	expect_error(sgx_einit(&f->w->m, 0x1000, secs, 0x200, &f->sig,
		&no_token, true), SGX_INVALID_SIG_STRUCT);
}

/* What a flip of each byte of SIGSTRUCT must end in. */
static uint32_t error_of_flip(size_t offset)
{
	if (offset < 20 || (offset >= 24 && offset < 40) ||
	    (offset >= 44 && offset < 128))
		return SGX_INVALID_SIG_STRUCT;
	if (offset >= 512 && offset < 516)
		return SGX_INVALID_SIG_STRUCT;
	if ((offset >= 908 && offset < 912) ||
	    (offset >= 992 && offset < 1008) ||
	    (offset >= 1028 && offset < 1040))
		return SGX_INVALID_SIG_STRUCT;
	return SGX_INVALID_SIGNATURE;
}

static void every_flip_is_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = (uint8_t *)&f->sig;

	for (size_t i = 0; i < sizeof f->sig; i++) {
		bytes[i] ^= 1u << i % 8;
		expect_error(run(f), error_of_flip(i));
		bytes[i] ^= 1u << i % 8;
	}
	expect_ok(run(f));
}

static void every_measured_bit_counts(void **state)
{
	struct fixture *f = *state;

	for (int bit = 0; bit < 256; bit++) {
		f->sig.enclave_hash[bit / 8] ^= 1u << bit % 8;
		if (bit % 32 == 0) {
			resign(f);
			refuse(f, SGX_INVALID_MEASUREMENT);
		} else {
			refuse(f, SGX_INVALID_SIGNATURE);
		}
		f->sig.enclave_hash[bit / 8] ^= 1u << bit % 8;
	}
}

static void keys_that_are_none(void **state)
{
	struct fixture *f = *state;
	uint8_t modulus[384];

	memcpy(modulus, f->sig.modulus, 384);
	memset(f->sig.modulus, 0, 384);
	refuse(f, SGX_INVALID_SIGNATURE);
	f->sig.modulus[0] = 1; /* everything is 0 modulo 1 */
	refuse(f, SGX_INVALID_SIGNATURE);
	memcpy(f->sig.modulus, modulus, 384);
	f->sig.modulus[383] &= 0x7f; /* 3071 bits */
	refuse(f, SGX_INVALID_SIGNATURE);
	memcpy(f->sig.modulus, modulus, 384);
	f->sig.modulus[0] &= 0xfe;
	refuse(f, SGX_INVALID_SIGNATURE);
	memcpy(f->sig.modulus, modulus, 384);
	memset(f->sig.signature, 0, 384);
	refuse(f, SGX_INVALID_SIGNATURE);
	memcpy(f->sig.signature, modulus, 384);
	refuse(f, SGX_INVALID_SIGNATURE);
}

static void vendor(void **state)
{
	struct fixture *f = *state;

	f->sig.vendor = 1;
	resign(f);
	refuse(f, SGX_INVALID_SIG_STRUCT);
}

static void identifiers_need_kss(void **state)
{
	struct fixture *f = *state;

	f->sig.isv_family_id[15] = 1;
	resign(f);
	refuse(f, SGX_INVALID_SIG_STRUCT);
	f->sig.isv_family_id[15] = 0;
	f->sig.isv_ext_prod_id[0] = 1;
	resign(f);
	refuse(f, SGX_INVALID_SIG_STRUCT);
	f->sig.isv_ext_prod_id[0] = 0;
	resign(f);
	expect_ok(run(f));
}

static int setup_without_kss(void **state)
{
	*state = make(PLAIN & ~SGX_ATTR_KSS);
	return 0;
}

static void masks(void **state)
{
	struct fixture *f = *state;
	struct sgx_attributes *mask = &(struct sgx_attributes){ 0 };

	/* each attribute bit that differs under the mask */
	for (int bit = 1; bit < 11; bit++) {
		f->sig.attributes.flags ^= 1ull << bit;
		resign(f);
		refuse(f, SGX_INVALID_ATTRIBUTE);
		f->sig.attributes.flags ^= 1ull << bit;
	}
	f->sig.attributes.xfrm ^= 0xe0;
	resign(f);
	refuse(f, SGX_INVALID_ATTRIBUTE);
	/* out of the mask it may differ */
	mask->flags = ~0ull;
	mask->xfrm = ~0xe0ull;
	f->sig.attributes_mask = *mask;
	f->sig.misc_select = 0;
	resign(f);
	refuse(f, SGX_INVALID_ATTRIBUTE);
	f->sig.misc_mask = ~SGX_MISC_EXINFO;
	resign(f);
	expect_ok(run(f));
}

static void debug_cannot_be_added_by_the_host(void **state)
{
	struct fixture *f = *state;

	/* signed as a production enclave, loaded as a debug one */
	f->sig.attributes.flags &= ~SGX_ATTR_DEBUG;
	f->sig.attributes_mask.flags = ~0ull;
	resign(f);
	refuse(f, SGX_INVALID_ATTRIBUTE);
}

static void launch_policy(void **state)
{
	struct fixture *f = *state;

	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[1]);
	refuse(f, SGX_INVALID_EINITTOKEN);
	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[0]);
	expect_ok(run(f));
}

static int setup_launch_enclave(void **state)
{
	*state = make(PLAIN | SGX_ATTR_EINITTOKENKEY);
	return 0;
}

static void launch_enclave_needs_the_launch_signer(void **state)
{
	struct fixture *f = *state;

	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[1]);
	refuse(f, SGX_INVALID_ATTRIBUTE);
	f->token.valid = 1; /* a token does not help */
	refuse(f, SGX_INVALID_ATTRIBUTE);
	f->token.valid = 0;
	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[0]);
	expect_ok(run(f));
}

/* ---- Tokens ---- */

static void mac_token(struct fixture *f)
{
	uint8_t key[16];

	key_derive_einittoken(&f->w->m, &f->token, key);
	assert_int_equal(f->w->crypto.aes128_cmac(key, &f->token, 192,
		f->token.mac), 0);
}

/* The launch signer is signer 1; its enclave let signer 0's through. */
static int setup_token(void **state)
{
	struct fixture *f = make(PLAIN);

	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[1]);
	f->token.valid = 1;
	f->token.attributes = f->sig.attributes;
	memcpy(f->token.mrenclave, f->sig.enclave_hash, 32);
	memcpy(f->token.mrsigner, f->signers[0], 32);
	memcpy(f->token.cpusvn_le, f->w->m.cpusvn, 16);
	f->token.isv_prod_id_le = 3;
	f->token.isv_svn_le = 4;
	f->token.masked_attributes_le.flags = SGX_ATTR_INIT |
		SGX_ATTR_MODE64BIT | SGX_ATTR_EINITTOKENKEY;
	f->token.key_id[5] = 0x55;
	mac_token(f);
	*state = f;
	return 0;
}

static void token_lets_in(void **state)
{
	expect_ok(run(*state));
}

/* Each byte that is MACed, or that the key depends on, or the MAC. */
static void token_flips(void **state)
{
	struct fixture *f = *state;
	uint8_t *bytes = (uint8_t *)&f->token;

	for (size_t i = 4; i < sizeof f->token; i++) {
		bool is_cpusvn = i >= 192 && i < 208;
		uint32_t error = SGX_INVALID_EINITTOKEN;
		uint8_t old = bytes[i];

		bytes[i] ^= 0x80;
		if (is_cpusvn) /* larger than the machine's */
			error = SGX_INVALID_CPUSVN;
		refuse(f, error);
		bytes[i] = old;
	}
	f->token.cpusvn_le[0]--; /* older, so another key */
	refuse(f, SGX_INVALID_EINITTOKEN);
	f->token.cpusvn_le[0]++;
	expect_ok(run(f));
}

static void token_of_another_machine(void **state)
{
	struct fixture *f = *state;

	f->w->m.fuses.root[31] ^= 1;
	refuse(f, SGX_INVALID_EINITTOKEN);
	f->w->m.fuses.root[31] ^= 1;
	f->w->m.fuses.seal[0] ^= 1;
	refuse(f, SGX_INVALID_EINITTOKEN);
	f->w->m.fuses.seal[0] ^= 1;
	expect_ok(run(f));
}

static void token_reserved(void **state)
{
	struct fixture *f = *state;
	static const size_t reserved[] = { 1, 3, 4, 47, 96, 127, 160, 191, 212,
		213, 235 };
	uint8_t *bytes = (uint8_t *)&f->token;

	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
		bytes[reserved[i]] = 2;
		mac_token(f);
		refuse(f, SGX_INVALID_EINITTOKEN);
		bytes[reserved[i]] = 0;
	}
}

static void token_for_another_enclave(void **state)
{
	struct fixture *f = *state;

	f->token.mrenclave[0] ^= 1;
	mac_token(f);
	refuse(f, SGX_INVALID_MEASUREMENT);
	f->token.mrenclave[0] ^= 1;
	f->token.mrsigner[0] ^= 1;
	mac_token(f);
	refuse(f, SGX_INVALID_MEASUREMENT);
	f->token.mrsigner[0] ^= 1;
	f->token.attributes.flags ^= SGX_ATTR_PROVISIONKEY;
	mac_token(f);
	refuse(f, SGX_INVALID_ATTRIBUTE);
	f->token.attributes.flags ^= SGX_ATTR_PROVISIONKEY;
	f->token.attributes.xfrm ^= 4;
	mac_token(f);
	refuse(f, SGX_INVALID_ATTRIBUTE);
}

static int setup_production_token(void **state)
{
	struct fixture *f;

	setup_token(state);
	f = *state;
	world_free(f->w);
	test_free(f);
	f = make(PLAIN & ~SGX_ATTR_DEBUG);
	sgx_wrmsr_lepubkeyhash(&f->w->m, f->signers[1]);
	f->token.valid = 1;
	f->token.attributes = f->sig.attributes;
	memcpy(f->token.mrenclave, f->sig.enclave_hash, 32);
	memcpy(f->token.mrsigner, f->signers[0], 32);
	f->token.masked_attributes_le.flags = SGX_ATTR_INIT | SGX_ATTR_DEBUG;
	mac_token(f);
	*state = f;
	return 0;
}

static void debug_launch_enclave(void **state)
{
	struct fixture *f = *state;

	refuse(f, SGX_INVALID_EINITTOKEN);
	f->token.masked_attributes_le.flags = SGX_ATTR_INIT;
	mac_token(f);
	expect_ok(run(f));
}

static void backend_failure_is_not_an_answer(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	f->w->cmac_fails = true;
	before = world_state(f->w);
	expect_machine(run(f));
	assert_true(world_state(f->w) == before);
	f->w->cmac_fails = false;
	expect_ok(run(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_WITH(name, with) \
	cmocka_unit_test_setup_teardown(name, with, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(initialises), TEST(operands), TEST(pending_event),
		TEST(every_flip_is_refused), TEST(every_measured_bit_counts),
		TEST(keys_that_are_none), TEST(vendor),
		TEST_WITH(identifiers_need_kss, setup_without_kss),
		TEST(masks), TEST(debug_cannot_be_added_by_the_host),
		TEST(launch_policy),
		TEST_WITH(launch_enclave_needs_the_launch_signer,
			setup_launch_enclave),
		TEST_WITH(token_lets_in, setup_token),
		TEST_WITH(token_flips, setup_token),
		TEST_WITH(token_of_another_machine, setup_token),
		TEST_WITH(token_reserved, setup_token),
		TEST_WITH(token_for_another_enclave, setup_token),
		TEST_WITH(debug_launch_enclave, setup_production_token),
		TEST_WITH(backend_failure_is_not_an_answer, setup_token),
	};

	return cmocka_run_group_tests_name("einit", tests, NULL, NULL);
}
