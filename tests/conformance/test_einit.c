/* SPDX-License-Identifier: MIT */
/* SDM 3D: EINIT, SIGSTRUCT */
#include "common/crypto_openssl.h"
#include "leaf.h"
#include "sgx/keys.h"

#define OTHER_SIGNER 1

static void prepare(struct call *c)
{
	uint8_t mrsigner[32];

	c->rbx = 0x1000;
	c->rcx = sgx_epc_address(STAGE_B);
	c->rdx = 0x200;
	world_sigstruct(c->w, STAGE_B, 0, &c->sig);
	c->sig.isv_prod_id = 0x1234;
	c->sig.isv_svn = 0x567;
	c->sig.isv_family_id[1] = 3;
	c->sig.isv_ext_prod_id[2] = 4;
	world_mrsigner(0, mrsigner);
	sgx_wrmsr_lepubkeyhash(&c->w->m, mrsigner);
}

/* With a token of a launch enclave, whose signer is the other one. */
static void prepare_token(struct call *c)
{
	const struct secs *s = stage_secs(c->w, STAGE_B);
	uint8_t mrsigner[32];

	prepare(c);
	world_mrsigner(OTHER_SIGNER, mrsigner);
	sgx_wrmsr_lepubkeyhash(&c->w->m, mrsigner);
	c->token.valid = 1;
	c->token.attributes = s->attributes;
	memcpy(c->token.mrenclave, c->sig.enclave_hash, 32);
	world_mrsigner(0, c->token.mrsigner);
	memcpy(c->token.cpusvn_le, c->w->m.cpusvn, 16);
	c->token.isv_svn_le = 1;
	c->token.masked_attributes_le.flags = SGX_ATTR_EINITTOKENKEY;
	c->token.key_id[0] = 9;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_einit(&c->w->m, c->rbx, c->rcx, c->rdx, &c->sig, &c->token,
		c->event);
}

/* Signing takes long, and most pairs of defects sign the same. */
static void sign(struct sgx_sigstruct *sig)
{
	static struct sgx_sigstruct known[256];
	static size_t count;
	struct sgx_sigstruct plain = *sig;

	memset(plain.modulus, 0, 384);
	memset(plain.signature, 0, 384);
	memset(plain.q1, 0, 768);
	plain.exponent = 3;
	for (size_t i = 0; i < count; i += 2) {
		if (memcmp(&known[i], &plain, sizeof plain))
			continue;
		*sig = known[i + 1];
		return;
	}
	world_sign(sig, 0);
	if (count == COUNT(known))
		return;
	known[count++] = plain;
	known[count++] = *sig;
}

/* All defects of signed fields are signed, except the one of the
 * signature itself; a token is MACed, except if its MAC is the defect. */
static bool g_mac_spoiled;

static void finish(struct call *c)
{
	uint32_t exponent = c->sig.exponent;
	uint8_t key[16];

	sign(&c->sig);
	if (exponent != 3)
		c->sig.exponent = exponent;
	if (c->spoil_signature)
		c->sig.signature[7] ^= 1;
	if (!c->token.valid)
		return;
	key_derive_einittoken(&c->w->m, &c->token, key);
	crypto_openssl()->aes128_cmac(key, &c->token, 192, c->token.mac);
	c->token.mac[3] ^= g_mac_spoiled;
	g_mac_spoiled = false;
}

static void rbx_misaligned(struct call *c)
{
	c->rbx |= 0x800;
}

static void rcx_misaligned(struct call *c)
{
	c->rcx |= 0x800;
}

static void rdx_misaligned(struct call *c)
{
	c->rdx |= 0x100;
}

static void rcx_outside(struct call *c)
{
	c->rcx = OUTSIDE_EPC;
}

static void header(struct call *c)
{
	c->sig.header[4] ^= 1;
}

static void vendor(struct call *c)
{
	c->sig.vendor = 0x8087;
}

static void header2(struct call *c)
{
	c->sig.header2[0] ^= 2;
}

static void exponent(struct call *c)
{
	c->sig.exponent = 5;
}

static void sig_reserved1(struct call *c)
{
	c->sig.reserved1[83] = 1;
}

static void sig_reserved2(struct call *c)
{
	c->sig.reserved2[1] = 1;
}

static void sig_reserved3(struct call *c)
{
	c->sig.reserved3[0] = 1;
}

static void sig_reserved4(struct call *c)
{
	c->sig.reserved4[11] = 1;
}

static void sig_cet(struct call *c)
{
	c->sig.cet_attributes = 1;
}

static void event(struct call *c)
{
	c->event = true;
}

static void signature(struct call *c)
{
	c->spoil_signature = true;
}

static void secs_free(struct call *c)
{
	c->w->epcm[STAGE_B].flags = 0;
}

static void not_secs(struct call *c)
{
	c->w->epcm[STAGE_B].type = SGX_PT_VA;
}

static void initialised(struct call *c)
{
	stage_secs(c->w, STAGE_B)->attributes.flags |= SGX_ATTR_INIT;
}

static void without_kss(struct call *c)
{
	stage_secs(c->w, STAGE_B)->attributes.flags &= ~SGX_ATTR_KSS;
	c->sig.attributes_mask.flags &= ~SGX_ATTR_KSS;
	c->token.attributes = stage_secs(c->w, STAGE_B)->attributes;
}

static void measurement(struct call *c)
{
	c->sig.enclave_hash[31] ^= 0x80;
}

static void launch_key(struct call *c)
{
	uint8_t mrsigner[32];

	world_mrsigner(OTHER_SIGNER, mrsigner);
	sgx_wrmsr_lepubkeyhash(&c->w->m, mrsigner);
	stage_secs(c->w, STAGE_B)->attributes.flags |= SGX_ATTR_EINITTOKENKEY;
	c->sig.attributes.flags |= SGX_ATTR_EINITTOKENKEY;
}

static void attributes(struct call *c)
{
	c->sig.attributes.flags ^= SGX_ATTR_PROVISIONKEY;
}

static void xfrm(struct call *c)
{
	c->sig.attributes.xfrm ^= SGX_XFRM_AVX;
}

static void misc_select(struct call *c)
{
	c->sig.misc_select ^= 1;
}

static void not_launched(struct call *c)
{
	uint8_t nobody[32] = { 1 };

	sgx_wrmsr_lepubkeyhash(&c->w->m, nobody);
}

static void token_debug(struct call *c)
{
	struct secs *s = stage_secs(c->w, STAGE_B);

	s->attributes.flags &= ~SGX_ATTR_DEBUG;
	c->sig.attributes.flags &= ~SGX_ATTR_DEBUG;
	c->token.attributes.flags &= ~SGX_ATTR_DEBUG;
	c->token.masked_attributes_le.flags |= SGX_ATTR_DEBUG;
}

static void token_valid_bits(struct call *c)
{
	c->token.valid |= 2;
}

static void token_reserved(struct call *c)
{
	c->token.reserved4[22] = 1;
}

static void token_cpusvn(struct call *c)
{
	c->token.cpusvn_le[15] = 1;
}

static void token_mac(struct call *c)
{
	g_mac_spoiled = true;
}

static void token_mrenclave(struct call *c)
{
	c->token.mrenclave[0] ^= 1;
}

static void token_mrsigner(struct call *c)
{
	c->token.mrsigner[0] ^= 1;
}

static void token_flags(struct call *c)
{
	c->token.attributes.flags ^= SGX_ATTR_PROVISIONKEY;
}

static void token_attributes(struct call *c)
{
	c->token.attributes.xfrm ^= SGX_XFRM_AVX;
}

#define FIRST_ROWS \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RDX misaligned", rdx_misaligned, GP }, \
	{ "RCX outside the EPC", rcx_outside, PF(ENCLS_PF, rcx) }, \
	{ "HEADER", header, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "VENDOR", vendor, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "HEADER2", header2, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "EXPONENT", exponent, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "reserved at 44", sig_reserved1, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "reserved at 910", sig_reserved2, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "reserved at 992", sig_reserved3, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "reserved at 1028", sig_reserved4, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "CET_ATTRIBUTES", sig_cet, ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "event pending", event, ZF(SGX_UNMASKED_EVENT) }, \
	{ "signature", signature, ZF(SGX_INVALID_SIGNATURE) }, \
	{ "SECS free", secs_free, PF(ENCLS_PF, rcx) }, \
	{ "not a SECS", not_secs, PF(ENCLS_PF, rcx) }, \
	{ "initialised", initialised, GP }, \
	{ "ISVFAMILYID without KSS", without_kss, \
		ZF(SGX_INVALID_SIG_STRUCT) }, \
	{ "measurement", measurement, ZF(SGX_INVALID_MEASUREMENT) }

#define ATTRIBUTE_ROWS \
	{ "ATTRIBUTES", attributes, ZF(SGX_INVALID_ATTRIBUTE) }, \
	{ "XFRM", xfrm, ZF(SGX_INVALID_ATTRIBUTE) }, \
	{ "MISCSELECT", misc_select, ZF(SGX_INVALID_ATTRIBUTE) }

static const struct defect defects[] = {
	FIRST_ROWS,
	{ "EINITTOKENKEY", launch_key, ZF(SGX_INVALID_ATTRIBUTE) },
	ATTRIBUTE_ROWS,
	{ "not launched", not_launched, ZF(SGX_INVALID_EINITTOKEN) },
};

static const struct defect token_defects[] = {
	FIRST_ROWS,
	ATTRIBUTE_ROWS,
	{ "token for debug", token_debug, ZF(SGX_INVALID_EINITTOKEN) },
	{ "token VALID bits", token_valid_bits, ZF(SGX_INVALID_EINITTOKEN) },
	{ "token reserved", token_reserved, ZF(SGX_INVALID_EINITTOKEN) },
	{ "token CPUSVN", token_cpusvn, ZF(SGX_INVALID_CPUSVN) },
	{ "token MAC", token_mac, ZF(SGX_INVALID_EINITTOKEN) },
	{ "token MRENCLAVE", token_mrenclave, ZF(SGX_INVALID_MEASUREMENT) },
	{ "token MRSIGNER", token_mrsigner, ZF(SGX_INVALID_MEASUREMENT) },
	{ "token ATTRIBUTES", token_flags, ZF(SGX_INVALID_ATTRIBUTE) },
	{ "token XFRM", token_attributes, ZF(SGX_INVALID_ATTRIBUTE) },
};

static const struct leaf leaf_einit = {
	"EINIT", prepare, finish, run, true, defects, COUNT(defects),
};
static const struct leaf leaf_einit_token = {
	"EINIT with a token", prepare_token, finish, run, true, token_defects,
	COUNT(token_defects),
};
LEAF_TESTS(einit)
LEAF_TESTS(einit_token)

static void initialises(void **state)
{
	static struct call c;
	struct secs expected;
	struct secs *s;

	leaf_stage(&leaf_einit, &c);
	s = stage_secs(c.w, STAGE_B);
	expected = *s;
	leaf_run_legal(&leaf_einit, &c);
	expected.attributes.flags |= SGX_ATTR_INIT;
	memcpy(expected.mrenclave, c.sig.enclave_hash, 32);
	world_mrsigner(0, expected.mrsigner);
	expected.isv_prod_id = 0x1234;
	expected.isv_svn = 0x567;
	expected.isv_family_id[1] = 3;
	expected.isv_ext_prod_id[2] = 4;
	expected.measure = s->measure; /* spent */
	assert_memory_equal(s, &expected, sizeof expected);
}

/* Bits outside of the masks are the loader's. */
static void masks(void **state)
{
	static struct call c;

	leaf_stage(&leaf_einit, &c);
	c.sig.attributes.flags ^= SGX_ATTR_DEBUG;
	c.sig.attributes.xfrm ^= SGX_XFRM_AVX;
	c.sig.misc_select ^= 1;
	finish(&c);
	expect_error(run(&c), SGX_INVALID_ATTRIBUTE);
	c.sig.attributes_mask.flags &= ~SGX_ATTR_DEBUG;
	c.sig.attributes_mask.xfrm &= ~SGX_XFRM_AVX;
	finish(&c);
	expect_error(run(&c), SGX_INVALID_ATTRIBUTE);
	c.sig.misc_mask &= ~1u;
	finish(&c);
	expect_ok(run(&c));
}

static void no_cryptography(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_einit_token, &c);
	finish(&c);
	c.w->cmac_fails = true;
	before = world_state(c.w);
	expect_machine(run(&c));
	assert_int_equal(world_state(c.w), before);
	c.w->cmac_fails = false;
	expect_ok(run(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(einit),
		LEAF_LIST(einit_token),
		cmocka_unit_test(initialises),
		cmocka_unit_test(masks),
		cmocka_unit_test(no_cryptography),
	};

	return cmocka_run_group_tests_name("einit", tests, NULL, NULL);
}
