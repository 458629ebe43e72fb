/* SPDX-License-Identifier: MIT */
/* SDM 3D: EGETKEY, Keys */
#include "leaf.h"

#define REQUEST_PAGE (STAGE_A + WORLD_DATA)
#define KEY_PAGE (STAGE_A + WORLD_DATA + 1)
#define REQUEST_AT (world_linaddr(WORLD_DATA) + 1024)
#define KEY_AT (world_linaddr(WORLD_DATA) + SGX_PAGE_SIZE + 48)

static struct sgx_keyrequest *request(struct call *c)
{
	return (struct sgx_keyrequest *)(c->w->epc[REQUEST_PAGE] + 1024);
}

static const uint8_t *key(struct call *c)
{
	return c->w->epc[KEY_PAGE] + 48;
}

static void prepare(struct call *c)
{
	struct sgx_keyrequest *r = request(c);

	c->rbx = REQUEST_AT;
	c->rcx = KEY_AT;
	stage_secs(c->w, STAGE_A)->attributes.flags |=
		SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY;
	r->key_name = SGX_KEYNAME_SEAL;
	r->key_policy = SGX_KEYPOLICY_MRSIGNER;
	r->isv_svn = 9;
	r->config_svn = 3;
	memcpy(r->cpusvn, c->w->m.cpusvn, 16);
	r->attributes_mask.flags = ~0ull;
	r->attributes_mask.xfrm = ~0ull;
	r->misc_mask = ~0u;
	r->key_id[3] = 0x42;
}

static void prepare_provision(struct call *c)
{
	prepare(c);
	request(c)->key_name = SGX_KEYNAME_PROVISION;
}

static struct sgx_outcome run(struct call *c)
{
	return sgx_egetkey(&c->w->m, STAGE_A, c->rbx, c->rcx);
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
	c->rcx += 8;
}

static void rcx_outside(struct call *c)
{
	c->rcx = WORLD_BASE - 16;
}

static void reserved1(struct call *c)
{
	request(c)->reserved1 = 1;
}

static void cet_mask(struct call *c)
{
	request(c)->cet_attributes_mask = 1;
}

static void reserved2(struct call *c)
{
	request(c)->reserved2[433] = 1;
}

static void policy_reserved(struct call *c)
{
	request(c)->key_policy |= 0x40;
}

static void config_without_kss(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &= ~SGX_ATTR_KSS;
}

static void policy_without_kss(struct call *c)
{
	config_without_kss(c);
	request(c)->config_svn = 0;
	request(c)->key_policy |= SGX_KEYPOLICY_NOISVPRODID;
}

static void key_name(struct call *c)
{
	request(c)->key_name = 5;
}

static void attribute(struct call *c)
{
	stage_secs(c->w, STAGE_A)->attributes.flags &=
		~SGX_ATTR_PROVISIONKEY;
}

static void cpusvn(struct call *c)
{
	request(c)->cpusvn[9] = 1;
}

static void isv_svn(struct call *c)
{
	request(c)->isv_svn = 10;
}

static void config_svn(struct call *c)
{
	request(c)->config_svn = 4;
}

PAGE_SPOILS(keyrequest, REQUEST_PAGE)
PAGE_SPOILS(output, KEY_PAGE)

#define FIRST_ROWS \
	{ "RBX misaligned", rbx_misaligned, GP }, \
	{ "RBX outside ELRANGE", rbx_outside, GP }, \
	PAGE_ROWS_READ(keyrequest, rbx), \
	{ "RCX misaligned", rcx_misaligned, GP }, \
	{ "RCX outside ELRANGE", rcx_outside, GP }, \
	PAGE_ROWS_WRITE(output, rcx), \
	{ "reserved at 7", reserved1, GP }, \
	{ "reserved at 78", reserved2, GP }, \
	{ "CET_ATTRIBUTES_MASK", cet_mask, GP }, \
	{ "KEYPOLICY reserved", policy_reserved, GP }, \
	{ "CONFIGSVN without KSS", config_without_kss, GP }, \
	{ "KSS policy without KSS", policy_without_kss, GP }

static const struct defect defects[] = {
	FIRST_ROWS,
	{ "KEYNAME", key_name, ZF(SGX_INVALID_KEYNAME) },
	{ "CPUSVN", cpusvn, ZF(SGX_INVALID_CPUSVN) },
	{ "ISVSVN", isv_svn, ZF(SGX_INVALID_ISVSVN) },
	{ "CONFIGSVN", config_svn, ZF(SGX_INVALID_ISVSVN) },
};

static const struct defect provision_defects[] = {
	FIRST_ROWS,
	{ "no PROVISIONKEY", attribute, ZF(SGX_INVALID_ATTRIBUTE) },
	{ "CPUSVN", cpusvn, ZF(SGX_INVALID_CPUSVN) },
	{ "ISVSVN", isv_svn, ZF(SGX_INVALID_ISVSVN) },
};

static const struct leaf leaf_egetkey = {
	"EGETKEY", prepare, NULL, run, true, defects, COUNT(defects),
};
static const struct leaf leaf_provision = {
	"EGETKEY of PROVISION", prepare_provision, NULL, run, true,
	provision_defects, COUNT(provision_defects),
};
LEAF_TESTS(egetkey)
LEAF_TESTS(provision)

/* Which key needs which attribute. */
static void attributes(void **state)
{
	static const uint64_t needed[] = { SGX_ATTR_EINITTOKENKEY,
		SGX_ATTR_PROVISIONKEY, SGX_ATTR_PROVISIONKEY, 0, 0 };
	static struct call c;

	for (uint16_t name = 0; name < COUNT(needed); name++) {
		leaf_stage(&leaf_egetkey, &c);
		request(&c)->key_name = name;
		expect_ok(run(&c));
		stage_secs(c.w, STAGE_A)->attributes.flags &=
			~(SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY);
		if (needed[name])
			expect_error(run(&c), SGX_INVALID_ATTRIBUTE);
		else
			expect_ok(run(&c));
	}
}

/* The REPORT key knows no version and no attribute that is missing. */
static void report_key_is_not_checked(void **state)
{
	static struct call c;

	leaf_stage(&leaf_egetkey, &c);
	request(&c)->key_name = SGX_KEYNAME_REPORT;
	memset(request(&c)->cpusvn, 0xff, 16);
	request(&c)->isv_svn = request(&c)->config_svn = 0xffff;
	expect_ok(run(&c));
}

/* Of each key: which inputs of the manual's table change it. */
enum input {
	IN_CPUSVN, IN_ISVSVN, IN_PRODID, IN_FAMILY, IN_EXTPROD, IN_MRENCLAVE,
	IN_MRSIGNER, IN_ATTRIBUTES, IN_ATTRIBUTE_MASK, IN_MISC, IN_MISC_MASK,
	IN_KEYID, IN_POLICY, IN_CONFIGID, IN_CONFIGSVN, IN_EPOCH, IN_FUSES,
	INPUTS,
};

static void vary(struct call *c, enum input input)
{
	struct secs *s = stage_secs(c->w, STAGE_A);
	struct sgx_keyrequest *r = request(c);

	switch (input) {
	case IN_CPUSVN: r->cpusvn[0]--; break;
	case IN_ISVSVN: r->isv_svn--; break;
	case IN_PRODID: s->isv_prod_id++; break;
	case IN_FAMILY: s->isv_family_id[15]++; break;
	case IN_EXTPROD: s->isv_ext_prod_id[15]++; break;
	case IN_MRENCLAVE: s->mrenclave[0]++; break;
	case IN_MRSIGNER: s->mrsigner[0]++; break;
	case IN_ATTRIBUTES: s->attributes.flags ^= SGX_ATTR_DEBUG; break;
	case IN_ATTRIBUTE_MASK: r->attributes_mask.flags ^= 1ull << 40; break;
	case IN_MISC: s->misc_select ^= 1; break;
	case IN_MISC_MASK: r->misc_mask ^= 1u << 30; break;
	case IN_KEYID: r->key_id[31]++; break;
	case IN_POLICY: r->key_policy ^= SGX_KEYPOLICY_MRENCLAVE; break;
	case IN_CONFIGID: s->config_id[63]++; break;
	case IN_CONFIGSVN: r->config_svn--; break;
	case IN_EPOCH: c->w->m.fuses.owner_epoch[0]++; break;
	case IN_FUSES: c->w->m.fuses.seal[0]++; break;
	default: fail();
	}
}

/* With every policy that the key takes, but MRENCLAVE for SEAL, which
 * IN_POLICY adds. */
static void depends(void **state)
{
#define M(x) (1u << IN_##x)
	static const uint32_t changes[] = {
		[SGX_KEYNAME_EINITTOKEN] = M(CPUSVN) | M(ISVSVN) | M(PRODID) |
			M(MRSIGNER) | M(ATTRIBUTES) | M(MISC) | M(KEYID) |
			M(EPOCH) | M(FUSES),
		[SGX_KEYNAME_PROVISION] = M(CPUSVN) | M(ISVSVN) | M(PRODID) |
			M(MRSIGNER) | M(ATTRIBUTES) | M(ATTRIBUTE_MASK) |
			M(MISC) | M(MISC_MASK),
		[SGX_KEYNAME_PROVISION_SEAL] = M(CPUSVN) | M(ISVSVN) |
			M(PRODID) | M(FAMILY) | M(EXTPROD) | M(MRSIGNER) |
			M(ATTRIBUTES) | M(ATTRIBUTE_MASK) | M(MISC) |
			M(MISC_MASK) | M(POLICY) | M(CONFIGID) |
			M(CONFIGSVN) | M(FUSES),
		[SGX_KEYNAME_REPORT] = M(MRENCLAVE) | M(ATTRIBUTES) |
			M(MISC) | M(KEYID) | M(CONFIGID) | M(EPOCH) |
			M(FUSES),
		[SGX_KEYNAME_SEAL] = M(CPUSVN) | M(ISVSVN) | M(PRODID) |
			M(FAMILY) | M(EXTPROD) | M(MRSIGNER) |
			M(ATTRIBUTES) | M(ATTRIBUTE_MASK) | M(MISC) |
			M(MISC_MASK) | M(KEYID) | M(POLICY) | M(CONFIGID) |
			M(CONFIGSVN) | M(EPOCH) | M(FUSES),
	};
#undef M
	static struct call c;
	uint8_t plain[16];

	for (uint16_t name = 0; name < COUNT(changes); name++) {
		for (int input = -1; input < INPUTS; input++) {
			leaf_stage(&leaf_egetkey, &c);
			request(&c)->key_name = name;
			request(&c)->key_policy = SGX_KEYPOLICY_MRSIGNER |
				SGX_KEYPOLICY_CONFIGID |
				SGX_KEYPOLICY_ISVFAMILYID |
				SGX_KEYPOLICY_ISVEXTPRODID;
			if (input >= 0)
				vary(&c, (enum input)input);
			expect_ok(run(&c));
			if (input < 0)
				memcpy(plain, key(&c), 16);
			else if (!memcmp(plain, key(&c), 16) !=
				!(changes[name] >> input & 1))
				fail_msg("key %u, input %d", name, input);
		}
	}
}

/* What a policy leaves out does not count, what it takes in does. */
static void policies(void **state)
{
	static const struct {
		uint16_t bit;
		enum input input;
		bool counts_with;
	} rows[] = {
		{ SGX_KEYPOLICY_MRENCLAVE, IN_MRENCLAVE, true },
		{ SGX_KEYPOLICY_MRSIGNER, IN_MRSIGNER, true },
		{ SGX_KEYPOLICY_NOISVPRODID, IN_PRODID, false },
		{ SGX_KEYPOLICY_CONFIGID, IN_CONFIGID, true },
		{ SGX_KEYPOLICY_CONFIGID, IN_CONFIGSVN, true },
		{ SGX_KEYPOLICY_ISVFAMILYID, IN_FAMILY, true },
		{ SGX_KEYPOLICY_ISVEXTPRODID, IN_EXTPROD, true },
	};
	static struct call c;
	uint8_t plain[16];

	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		bool with = i % 2;

		for (int varied = 0; varied < 2; varied++) {
			leaf_stage(&leaf_egetkey, &c);
			request(&c)->key_policy = with ? rows[i / 2].bit : 0;
			if (varied)
				vary(&c, rows[i / 2].input);
			expect_ok(run(&c));
			if (!varied)
				memcpy(plain, key(&c), 16);
		}
		assert_int_equal(memcmp(plain, key(&c), 16) != 0,
			with == rows[i / 2].counts_with);
	}
}

/* An engine that names something else than a SECS has lost its way. */
static void in_no_enclave(void **state)
{
	static struct call c;
	uint64_t before;

	leaf_stage(&leaf_egetkey, &c);
	before = world_state(c.w);
	expect_machine(sgx_egetkey(&c.w->m, STAGE_V, c.rbx, c.rcx));
	assert_int_equal(world_state(c.w), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEAF_LIST(egetkey),
		LEAF_LIST(provision),
		cmocka_unit_test(attributes),
		cmocka_unit_test(report_key_is_not_checked),
		cmocka_unit_test(depends),
		cmocka_unit_test(policies),
		cmocka_unit_test(in_no_enclave),
	};

	return cmocka_run_group_tests_name("egetkey", tests, NULL, NULL);
}
