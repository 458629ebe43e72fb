/* SPDX-License-Identifier: MIT */
/* SDM 3D: Keys, EGETKEY, EREPORT */
/*
 * EGETKEY and EREPORT: operands and checks in order, what separates keys and
 * what does not, and who can verify a report.
 */
#include "sgx/secs.h"
#include "world.h"

#define A 10u /* EPC pages of enclaves' SECS */
#define B 30u

#define REQUEST world_linaddr(WORLD_DATA)
#define KEY (world_linaddr(WORLD_DATA) + 0x1010)
#define TARGET world_linaddr(WORLD_DATA)
#define DATA (world_linaddr(WORLD_DATA) + 0x480)
#define REPORT (world_linaddr(WORLD_DATA) + 0x1200)

#define EVERYTHING (SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG | SGX_ATTR_KSS | \
	SGX_ATTR_PROVISIONKEY | SGX_ATTR_EINITTOKENKEY)

static struct world_enclave privileged(void)
{
	struct world_enclave e = world_default();

	e.secs.attributes.flags = EVERYTHING;
	return e;
}

static struct world *with_enclave(const struct world_enclave *e, uint8_t seed)
{
	struct world *w = world_new(64, seed);

	world_build_init(w, A, e);
	return w;
}

static int setup(void **state)
{
	struct world_enclave e = privileged();

	*state = with_enclave(&e, 1);
	return 0;
}

static int setup_without_kss(void **state)
{
	struct world_enclave e = world_default();

	e.secs.attributes.flags &= ~SGX_ATTR_KSS;
	e.secs.config_svn = 0;
	memset(e.secs.config_id, 0, 64);
	e.family = e.ext_prod = 0;
	*state = with_enclave(&e, 1);
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static struct sgx_keyrequest request_for(enum sgx_keyname name)
{
	struct sgx_keyrequest r = { .key_name = (uint16_t)name,
		.key_policy = SGX_KEYPOLICY_MRSIGNER, .isv_svn = 4,
		.attributes_mask = { SGX_ATTR_DEBUG, 0 },
		.misc_mask = 0xffffffff, .config_svn = 1 };

	return r;
}

static struct sgx_outcome ask(struct world *w, uint32_t secs,
	const struct sgx_keyrequest *r, uint8_t key[16])
{
	struct sgx_outcome o;

	memcpy(world_at(w, secs, REQUEST), r, sizeof *r);
	memset(world_at(w, secs, KEY), 0xee, 16);
	o = sgx_egetkey(&w->m, secs, REQUEST, KEY);
	memcpy(key, world_at(w, secs, KEY), 16);
	return o;
}

static void get(struct world *w, uint32_t secs, const struct sgx_keyrequest *r,
	uint8_t key[16])
{
	expect_ok(ask(w, secs, r, key));
}

static void refuse(struct world *w, uint32_t secs,
	const struct sgx_keyrequest *r, uint32_t error)
{
	uint8_t key[16], untouched[16];

	memset(untouched, 0xee, 16);
	expect_error(ask(w, secs, r, key), error);
	assert_memory_equal(key, untouched, 16);
}

static void refuse_gp(struct world *w, const struct sgx_keyrequest *r)
{
	uint8_t key[16], untouched[16];

	memset(untouched, 0xee, 16);
	expect_gp(ask(w, A, r, key));
	assert_memory_equal(key, untouched, 16);
}

/* ---- EGETKEY's operands and checks ---- */

static void operands(void **state)
{
	struct world *w = *state;
	struct sgx_machine *m = &w->m;
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);
	const uint64_t code = world_linaddr(WORLD_CODE);
	const uint64_t guard = world_linaddr(WORLD_GUARD);
	const uint64_t tcs = world_linaddr(WORLD_TCS);
	const uint64_t nothing = WORLD_BASE + 0x80000;
	const uint64_t end = WORLD_BASE + WORLD_SIZE;
	uint64_t before;

	memcpy(world_at(w, A, REQUEST), &r, sizeof r);
	before = world_state(w);
	expect_gp(sgx_egetkey(m, A, REQUEST + 16, KEY));
	expect_gp(sgx_egetkey(m, A, WORLD_BASE - 512, KEY));
	expect_gp(sgx_egetkey(m, A, end, KEY));
	expect_gp(sgx_egetkey(m, A, 0, KEY));
	expect_gp(sgx_egetkey(m, A, UINT64_MAX - 511, KEY));
	expect_pf(sgx_egetkey(m, A, nothing, KEY), nothing, SGX_PF_U);
	expect_pf(sgx_egetkey(m, A, guard, KEY), guard, ENCLU_PF);
	expect_pf(sgx_egetkey(m, A, tcs, KEY), tcs, ENCLU_PF);
	/* RBX answers before RCX, RCX before the request's content */
	expect_gp(sgx_egetkey(m, A, REQUEST + 1, nothing));
	expect_gp(sgx_egetkey(m, A, REQUEST, KEY + 8));
	expect_gp(sgx_egetkey(m, A, REQUEST, end));
	expect_gp(sgx_egetkey(m, A, REQUEST, WORLD_BASE - 16));
	expect_pf(sgx_egetkey(m, A, REQUEST, nothing), nothing,
		SGX_PF_U | SGX_PF_W);
	expect_pf(sgx_egetkey(m, A, REQUEST, code), code, ENCLU_PF | SGX_PF_W);
	expect_pf(sgx_egetkey(m, A, REQUEST, tcs + 32), tcs + 32,
		ENCLU_PF | SGX_PF_W);
	expect_pf(sgx_egetkey(m, A, guard, KEY + 8), guard, ENCLU_PF);
	assert_true(world_state(w) == before);
	expect_ok(sgx_egetkey(m, A, REQUEST, KEY));
}

/* Each state of the page that the EPC map can forbid. */
static void page_states(void **state)
{
	static const uint8_t bad_flags[] = { 0, SGX_EPCM_BLOCKED,
		SGX_EPCM_PENDING, SGX_EPCM_MODIFIED };
	struct world *w = *state;
	struct sgx_machine *m = &w->m;
	struct sgx_epcm_entry *e = &w->epcm[A + WORLD_DATA], kept = *e;
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);

	memcpy(world_at(w, A, REQUEST), &r, sizeof r);
	for (size_t i = 1; i < sizeof bad_flags; i++) {
		e->flags = SGX_EPCM_VALID | bad_flags[i];
		expect_pf(sgx_egetkey(m, A, REQUEST, KEY), REQUEST, ENCLU_PF);
	}
	*e = kept;
	e->flags |= SGX_EPCM_PR; /* may be used until accepted */
	expect_ok(sgx_egetkey(m, A, REQUEST, KEY));
	*e = kept;
	w->ordinary[A + WORLD_DATA] = true;
	expect_pf(sgx_egetkey(m, A, REQUEST, KEY), REQUEST, ENCLU_PF);
	w->ordinary[A + WORLD_DATA] = false;
	w->unmapped[A + WORLD_DATA] = true;
	expect_pf(sgx_egetkey(m, A, REQUEST, KEY), REQUEST, SGX_PF_U);
	w->unmapped[A + WORLD_DATA] = false;
	expect_ok(sgx_egetkey(m, A, REQUEST, KEY));
}

/* The page tables are the host's: they may lead to another page of the same
 * enclave, or to another enclave's. */
static int64_t g_led_to;

static int64_t lying_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	return g_led_to;
}

static void lying_page_tables(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	static struct sgx_memory_ops ops; /* outlives the world */

	world_build(w, B, &e);
	ops = *w->m.memory;
	ops.translate = lying_translate;
	w->m.memory = &ops;
	for (g_led_to = 0; g_led_to < 80; g_led_to++) {
		struct sgx_outcome o = sgx_egetkey(&w->m, A, REQUEST, KEY);

		expect_pf(o, g_led_to == A + WORLD_DATA ? KEY : REQUEST,
			g_led_to == A + WORLD_DATA ? ENCLU_PF | SGX_PF_W :
			ENCLU_PF);
	}
}

static void reserved_of_the_request(void **state)
{
	struct world *w = *state;
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);

	for (size_t i = 0; i < sizeof r.reserved2; i++) {
		r.reserved2[i] = 1;
		refuse_gp(w, &r);
		r.reserved2[i] = 0;
	}
	r.reserved1 = 1;
	refuse_gp(w, &r);
	r.reserved1 = 0;
	r.cet_attributes_mask = 1;
	refuse_gp(w, &r);
	r.cet_attributes_mask = 0;
	for (int bit = 6; bit < 16; bit++) {
		r.key_policy = (uint16_t)(1u << bit);
		refuse_gp(w, &r);
	}
	r.key_name = 9; /* a wrong name is found later */
	refuse_gp(w, &r);
}

static void kss_fields_need_kss(void **state)
{
	struct world *w = *state;
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);
	uint8_t key[16];

	refuse_gp(w, &r); /* CONFIGSVN 1 */
	r.config_svn = 0;
	for (int bit = 2; bit < 6; bit++) {
		r.key_policy = (uint16_t)(1u << bit);
		refuse_gp(w, &r);
	}
	r.key_policy = SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER;
	get(w, A, &r, key);
}

static void names(void **state)
{
	struct world *w = *state;
	uint8_t keys[5][16];

	for (int name = 0; name < 5; name++) {
		struct sgx_keyrequest r = request_for(name);

		get(w, A, &r, keys[name]);
		for (int other = 0; other < name; other++)
			assert_memory_not_equal(keys[name], keys[other], 16);
	}
	for (unsigned int name = 5; name < 65536; name += 997) {
		struct sgx_keyrequest r = request_for(name);

		refuse(w, A, &r, SGX_INVALID_KEYNAME);
	}
}

/* Coffer's own name: half a hash, whoever asks and however; on a machine of
 * nobody's making, as on silicon, there is no such name. */
static void root_of_certificates(void **state)
{
	struct world *w = *state;
	struct world_enclave other = world_default();
	struct sgx_keyrequest r = request_for(COFFER_KEYNAME_ROOT);
	uint8_t root[32], key[16];

	for (size_t i = 0; i < sizeof root; i++)
		root[i] = (uint8_t)(0xa0 + i);
	memcpy(w->m.fuses.ca_root_hash, root, 32);
	get(w, A, &r, key);
	assert_memory_equal(key, root, 16);
	world_build_init(w, B, &other); /* no attribute of note, no KSS asked */
	r.isv_svn = 0xffff;
	memset(r.cpusvn, 0xff, 16);
	memset(r.key_id, 1, 32);
	get(w, B, &r, key);
	assert_memory_equal(key, root, 16);
	r.reserved1 = 1;
	refuse_gp(w, &r);
	r.reserved1 = 0;
	r.key_name = COFFER_KEYNAME_ROOT - 1;
	refuse(w, A, &r, SGX_INVALID_KEYNAME);
	r.key_name = COFFER_KEYNAME_ROOT;
	memset(w->m.fuses.ca_root_hash, 0, 31);
	get(w, A, &r, key); /* a byte is enough for a root */
	w->m.fuses.ca_root_hash[31] = 0;
	refuse(w, A, &r, SGX_INVALID_KEYNAME);
}

/* The root in the fuses is no input of any key. */
static void root_separates_nothing(void **state)
{
	struct world *w = *state;
	uint8_t before[16], after[16];

	for (int name = 0; name < 5; name++) {
		struct sgx_keyrequest r = request_for(name);

		get(w, A, &r, before);
		w->m.fuses.ca_root_hash[name] ^= 0x55;
		get(w, A, &r, after);
		assert_memory_equal(before, after, 16);
	}
}

static void names_need_attributes(void **state)
{
	struct world *w = *state;
	struct sgx_keyrequest r;

	r = request_for(SGX_KEYNAME_PROVISION);
	r.config_svn = 0;
	refuse(w, A, &r, SGX_INVALID_ATTRIBUTE);
	r.key_name = SGX_KEYNAME_PROVISION_SEAL;
	refuse(w, A, &r, SGX_INVALID_ATTRIBUTE);
	r.cpusvn[0] = 0xff; /* comes after */
	refuse(w, A, &r, SGX_INVALID_ATTRIBUTE);
	r.key_name = SGX_KEYNAME_EINITTOKEN;
	refuse(w, A, &r, SGX_INVALID_ATTRIBUTE);
}

static void versions(void **state)
{
	static const enum sgx_keyname checked[] = { SGX_KEYNAME_EINITTOKEN,
		SGX_KEYNAME_PROVISION, SGX_KEYNAME_PROVISION_SEAL,
		SGX_KEYNAME_SEAL };
	struct world *w = *state;
	struct sgx_keyrequest r;
	uint8_t key[16];

	for (size_t i = 0; i < 4; i++) {
		r = request_for(checked[i]);
		r.isv_svn = 10;
		refuse(w, A, &r, SGX_INVALID_ISVSVN);
		for (int byte = 0; byte < 16; byte++) {
			memcpy(r.cpusvn, w->m.cpusvn, 16);
			r.cpusvn[byte]++;
			refuse(w, A, &r, SGX_INVALID_CPUSVN);
		}
		memcpy(r.cpusvn, w->m.cpusvn, 16);
		r.isv_svn = 9;
		get(w, A, &r, key);
	}
	r = request_for(SGX_KEYNAME_SEAL);
	r.config_svn = 4;
	refuse(w, A, &r, SGX_INVALID_ISVSVN);
	r.key_name = SGX_KEYNAME_PROVISION_SEAL;
	refuse(w, A, &r, SGX_INVALID_ISVSVN);
	r.key_name = SGX_KEYNAME_PROVISION; /* does not take it */
	get(w, A, &r, key);
	/* REPORT asks for nothing of this */
	r = request_for(SGX_KEYNAME_REPORT);
	r.isv_svn = 0xffff;
	memset(r.cpusvn, 0xff, 16);
	get(w, A, &r, key);
}

static void flags_and_rax(void **state)
{
	struct world *w = *state;
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);
	uint64_t rax = 1, rflags = 0x8d7;
	struct sgx_outcome o;
	uint8_t key[16];

	o = ask(w, A, &r, key);
	sgx_outcome_apply(&o, &rax, &rflags);
	assert_int_equal(rax, 0);
	assert_int_equal(rflags, 0x2);
	r.key_name = 77;
	rflags = 0x8d7;
	o = ask(w, A, &r, key);
	sgx_outcome_apply(&o, &rax, &rflags);
	assert_int_equal(rax, SGX_INVALID_KEYNAME);
	assert_int_equal(rflags, 0x42);
}

/* ---- What separates keys ---- */

/* One input of the derivation, and how to change it. */
enum input {
	ISVSVN, CPUSVN, KEYID, MISCMASK, ATTRIBUTEMASK, ATTRIBUTEMASK_XFRM,
	CONFIGSVN, /* of the request */
	MRENCLAVE, SIGNER, PRODID, FAMILY, EXT_PROD, CONFIG_ID, DEBUG, XFRM,
	MISCSELECT, ATTRIBUTE_UNMASKED, /* of the enclave */
	FUSE_ROOT, FUSE_SEAL, FUSE_EPOCH, /* of the machine */
	INPUTS
};

static const char *const input_names[INPUTS] = {
	"ISVSVN", "CPUSVN", "KEYID", "MISCMASK", "ATTRIBUTEMASK",
	"ATTRIBUTEMASK.XFRM", "CONFIGSVN", "MRENCLAVE", "MRSIGNER", "ISVPRODID",
	"ISVFAMILYID", "ISVEXTPRODID", "CONFIGID", "DEBUG", "XFRM",
	"MISCSELECT", "attribute outside the mask", "root fuses", "seal fuses",
	"owner epoch",
};

static void key_with(const struct sgx_keyrequest *base, int change,
	uint8_t key[16])
{
	struct world_enclave e = privileged();
	struct sgx_keyrequest r = *base;
	struct world *w;

	switch (change) {
	case ISVSVN: r.isv_svn--; break;
	case CPUSVN: r.cpusvn[2] = 1; break;
	case KEYID: r.key_id[31] = 1; break;
	case MISCMASK: r.misc_mask = 0xfffffffe; break;
	case ATTRIBUTEMASK: r.attributes_mask.flags |= 1ull << 40; break;
	case ATTRIBUTEMASK_XFRM: r.attributes_mask.xfrm = 1ull << 40; break;
	case CONFIGSVN: r.config_svn++; break;
	case MRENCLAVE: e.code ^= 1; break;
	case SIGNER: e.signer = 1; break;
	case PRODID: e.isv_prod_id++; break;
	case FAMILY: e.family++; break;
	case EXT_PROD: e.ext_prod++; break;
	case CONFIG_ID: e.secs.config_id[63] = 1; break;
	case DEBUG: e.secs.attributes.flags &= ~SGX_ATTR_DEBUG; break;
	case XFRM: e.secs.attributes.xfrm = 3; break;
	case MISCSELECT: e.secs.misc_select = 0; break;
	case ATTRIBUTE_UNMASKED:
		/* all five names need to stay allowed, so a bit of XFRM that
		 * no request masks in */
		e.secs.attributes.xfrm = 0xe7;
		break;
	default: break;
	}
	w = with_enclave(&e, 1);
	switch (change) {
	case FUSE_ROOT: w->m.fuses.root[0] ^= 1; break;
	case FUSE_SEAL: w->m.fuses.seal[15] ^= 1; break;
	case FUSE_EPOCH: w->m.fuses.owner_epoch[7] ^= 1; break;
	default: break;
	}
	get(w, A, &r, key);
	world_free(w);
}

#define BIT(input) (1ull << (input))

/* The manual's table of dependencies: changing an input changes the key
 * exactly if the key depends on it. */
static void separates(const struct sgx_keyrequest *r, uint64_t depends)
{
	uint8_t base[16], changed[16];

	key_with(r, INPUTS, base);
	for (int input = 0; input < INPUTS; input++) {
		bool differs;

		key_with(r, input, changed);
		differs = memcmp(base, changed, 16) != 0;
		if (differs != (depends >> input & 1))
			fail_msg("key %d with policy %#x %s on %s",
				r->key_name, r->key_policy,
				differs ? "depends" : "does not depend",
				input_names[input]);
	}
}

#define ALWAYS (BIT(FUSE_ROOT) | BIT(CPUSVN) | BIT(ISVSVN) | BIT(DEBUG) | \
	BIT(MISCSELECT))
#define MASKS (BIT(MISCMASK) | BIT(ATTRIBUTEMASK) | BIT(ATTRIBUTEMASK_XFRM))

static void separation_of_seal_keys(void **state)
{
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);
	const uint64_t all = ALWAYS | MASKS | BIT(KEYID) | BIT(FUSE_SEAL) |
		BIT(FUSE_EPOCH);

	r.key_policy = SGX_KEYPOLICY_MRENCLAVE;
	separates(&r, all | BIT(PRODID) | BIT(MRENCLAVE));
	r.key_policy = SGX_KEYPOLICY_MRSIGNER;
	separates(&r, all | BIT(PRODID) | BIT(SIGNER));
	r.key_policy = SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER;
	separates(&r, all | BIT(PRODID) | BIT(MRENCLAVE) | BIT(SIGNER));
	r.key_policy = 0;
	separates(&r, all | BIT(PRODID));
	r.key_policy = SGX_KEYPOLICY_MRSIGNER | SGX_KEYPOLICY_NOISVPRODID;
	separates(&r, all | BIT(SIGNER));
	r.key_policy = SGX_KEYPOLICY_MRSIGNER | SGX_KEYPOLICY_CONFIGID;
	separates(&r, all | BIT(PRODID) | BIT(SIGNER) | BIT(CONFIG_ID) |
		BIT(CONFIGSVN));
	r.key_policy = SGX_KEYPOLICY_MRSIGNER | SGX_KEYPOLICY_ISVFAMILYID;
	separates(&r, all | BIT(PRODID) | BIT(SIGNER) | BIT(FAMILY));
	r.key_policy = SGX_KEYPOLICY_MRSIGNER | SGX_KEYPOLICY_ISVEXTPRODID;
	separates(&r, all | BIT(PRODID) | BIT(SIGNER) | BIT(EXT_PROD));
	r.attributes_mask.xfrm = ~0ull;
	r.key_policy = SGX_KEYPOLICY_MRSIGNER;
	separates(&r, all | BIT(PRODID) | BIT(SIGNER) | BIT(XFRM) |
		BIT(ATTRIBUTE_UNMASKED));
	r.misc_mask = 0;
	separates(&r, (all | BIT(PRODID) | BIT(SIGNER) | BIT(XFRM) |
		BIT(ATTRIBUTE_UNMASKED)) & ~BIT(MISCSELECT));
}

static void separation_of_other_keys(void **state)
{
	struct sgx_keyrequest r;

	r = request_for(SGX_KEYNAME_EINITTOKEN);
	separates(&r, ALWAYS | BIT(KEYID) | BIT(FUSE_SEAL) | BIT(FUSE_EPOCH) |
		BIT(PRODID) | BIT(SIGNER) | /* through TM */ BIT(MISCMASK));
	r = request_for(SGX_KEYNAME_PROVISION);
	separates(&r, ALWAYS | MASKS | BIT(PRODID) | BIT(SIGNER));
	r = request_for(SGX_KEYNAME_PROVISION_SEAL);
	separates(&r, ALWAYS | MASKS | BIT(FUSE_SEAL) | BIT(PRODID) |
		BIT(SIGNER));
	r.key_policy = SGX_KEYPOLICY_NOISVPRODID | SGX_KEYPOLICY_CONFIGID |
		SGX_KEYPOLICY_ISVFAMILYID | SGX_KEYPOLICY_ISVEXTPRODID;
	separates(&r, ALWAYS | MASKS | BIT(FUSE_SEAL) | BIT(SIGNER) |
		BIT(CONFIG_ID) | BIT(CONFIGSVN) | BIT(FAMILY) |
		BIT(EXT_PROD));
	/* of the request, only KEYID; of the enclave, what TARGETINFO says */
	r = request_for(SGX_KEYNAME_REPORT);
	separates(&r, BIT(KEYID) | BIT(MRENCLAVE) | BIT(CONFIG_ID) |
		BIT(DEBUG) | BIT(XFRM) | BIT(ATTRIBUTE_UNMASKED) |
		BIT(MISCSELECT) | BIT(FUSE_ROOT) | BIT(FUSE_SEAL) |
		BIT(FUSE_EPOCH));
}

/* Also where what it selects is zero. */
static void policy_itself_separates(void **state)
{
	struct world_enclave e = privileged();
	uint8_t keys[64][16];
	struct world *w;

	e.family = e.ext_prod = 0;
	e.isv_prod_id = 0;
	e.secs.config_svn = 0;
	memset(e.secs.config_id, 0, 64);
	w = with_enclave(&e, 1);

	for (uint16_t policy = 0; policy < 64; policy++) {
		struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);

		r.key_policy = policy;
		r.config_svn = 0;
		get(w, A, &r, keys[policy]);
		for (int other = 0; other < policy; other++)
			assert_memory_not_equal(keys[policy], keys[other], 16);
	}
	world_free(w);
}

static void same_machine_same_key(void **state)
{
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);
	struct world_enclave e = privileged();
	uint8_t a[16], b[16], c[16];
	struct world *w;

	key_with(&r, INPUTS, a);
	key_with(&r, INPUTS, b); /* a restart: other report key id */
	assert_memory_equal(a, b, 16);
	w = with_enclave(&e, 2);
	get(w, A, &r, c);
	assert_memory_not_equal(a, c, 16);
	world_free(w);
}

/* Sealed by version 4, opened by version 9, not by version 3. */
static void upgrade(void **state)
{
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_SEAL);
	struct world_enclave e = privileged();
	uint8_t old[16], new[16];
	struct world *w;

	r.config_svn = 0;
	e.isv_svn = 4;
	e.code = 1;
	w = with_enclave(&e, 1);
	get(w, A, &r, old);
	world_free(w);
	e.isv_svn = 9;
	e.code = 2;
	w = with_enclave(&e, 1);
	get(w, A, &r, new);
	assert_memory_equal(old, new, 16);
	world_free(w);
	e.isv_svn = 3;
	e.code = 3;
	w = with_enclave(&e, 1);
	refuse(w, A, &r, SGX_INVALID_ISVSVN);
	world_free(w);
}

/* A launch enclave gets its key by EGETKEY, writes a token with it, and EINIT
 * accepts the token: both derive the same key. */
static void launch_token(void **state)
{
	struct world_enclave launcher = privileged(), e = world_default();
	struct sgx_keyrequest r = request_for(SGX_KEYNAME_EINITTOKEN);
	struct sgx_einittoken token = { .valid = 1 };
	struct sgx_sigstruct sig;
	struct sgx_secs own;
	struct world *w;
	uint8_t key[16];

	launcher.signer = 1;
	w = with_enclave(&launcher, 1);
	assert_int_equal(sgx_secs_read(&w->m, A, &own), 0);
	r.key_id[9] = 0x99;
	r.cpusvn[1] = 2;
	r.attributes_mask = (struct sgx_attributes){ SGX_ATTR_MODE64BIT, 3 };
	get(w, A, &r, key);

	e.secs.attributes.flags |= SGX_ATTR_PROVISIONKEY;
	world_build(w, B, &e);
	world_sigstruct(w, B, 0, &sig);
	token.attributes = e.secs.attributes;
	memcpy(token.mrenclave, sig.enclave_hash, 32);
	world_mrsigner(0, token.mrsigner);
	memcpy(token.cpusvn_le, r.cpusvn, 16);
	token.isv_prod_id_le = launcher.isv_prod_id;
	token.isv_svn_le = r.isv_svn;
	token.masked_misc_select_le = own.misc_select & r.misc_mask;
	token.masked_attributes_le.flags = own.attributes.flags &
		(r.attributes_mask.flags | SGX_ATTR_INIT | SGX_ATTR_DEBUG);
	token.masked_attributes_le.xfrm = own.attributes.xfrm & 3;
	memcpy(token.key_id, r.key_id, 32);
	assert_int_equal(w->crypto.aes128_cmac(key, &token, 192, token.mac),
		0);
	token.isv_svn_le++;
	expect_error(world_einit(w, B, &sig, &token), SGX_INVALID_EINITTOKEN);
	token.isv_svn_le--;
	expect_ok(world_einit(w, B, &sig, &token));
	world_check(w);
	world_free(w);
}

/* ---- EREPORT ---- */

static void report_to(struct world *w, uint32_t secs,
	const struct sgx_targetinfo *target, struct sgx_report *report)
{
	struct sgx_outcome o;

	memcpy(world_at(w, secs, TARGET), target, sizeof *target);
	for (int i = 0; i < 64; i++)
		*(uint8_t *)world_at(w, secs, DATA + (uint64_t)i) =
			(uint8_t)(i + 1);
	o = sgx_ereport(&w->m, secs, TARGET, DATA, REPORT);
	expect_ok(o);
	assert_false(o.writes_rax || o.writes_flags);
	memcpy(report, world_at(w, secs, REPORT), sizeof *report);
}

/* TARGETINFO as software fills it from a report of the target. */
static struct sgx_targetinfo target_of(struct world *w, uint32_t secs)
{
	struct sgx_targetinfo none = { 0 }, target = { 0 };
	struct sgx_report self;

	report_to(w, secs, &none, &self);
	memcpy(target.mrenclave, self.body.mrenclave, 32);
	target.attributes = self.body.attributes;
	target.misc_select = self.body.misc_select;
	target.config_svn = self.body.config_svn;
	memcpy(target.config_id, self.body.config_id, 64);
	return target;
}

/* What a target does with a report: EGETKEY, CMAC, compare. */
static bool verifies(struct world *w, uint32_t secs,
	const struct sgx_report *report)
{
	struct sgx_keyrequest r = { .key_name = SGX_KEYNAME_REPORT };
	uint8_t key[16], mac[16];

	memcpy(r.key_id, report->key_id, 32);
	get(w, secs, &r, key);
	assert_int_equal(w->crypto.aes128_cmac(key, &report->body,
		sizeof report->body, mac), 0);
	return !memcmp(mac, report->mac, 16);
}

static void report_says_who(void **state)
{
	struct world *w = *state;
	struct sgx_targetinfo none = { 0 };
	struct sgx_report r;
	struct sgx_report_body expected = { 0 };
	struct sgx_secs secs;

	report_to(w, A, &none, &r);
	assert_int_equal(sgx_secs_read(&w->m, A, &secs), 0);
	memcpy(expected.cpusvn, w->m.cpusvn, 16);
	expected.misc_select = SGX_MISC_EXINFO;
	expected.isv_ext_prod_id[0] = 0xe0;
	expected.attributes = secs.attributes;
	assert_true(secs.attributes.flags & SGX_ATTR_INIT);
	memcpy(expected.mrenclave, secs.mrenclave, 32);
	memcpy(expected.mrsigner, secs.mrsigner, 32);
	memcpy(expected.config_id, secs.config_id, 64);
	expected.isv_prod_id = 5;
	expected.isv_svn = 9;
	expected.config_svn = 3;
	expected.isv_family_id[0] = 0xfa;
	for (int i = 0; i < 64; i++)
		expected.report_data[i] = (uint8_t)(i + 1);
	assert_memory_equal(&r.body, &expected, sizeof expected);
	assert_memory_equal(r.key_id, w->m.report_key_id, 32);
}

static void only_the_target_verifies(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	struct sgx_targetinfo target;
	struct sgx_report r;

	e.code = 0xcc;
	world_build_init(w, B, &e);
	target = target_of(w, B);
	report_to(w, A, &target, &r);
	assert_true(verifies(w, B, &r));
	assert_false(verifies(w, A, &r));
	for (size_t bit = 0; bit < sizeof r.body * 8; bit += 7) {
		uint8_t *body = (uint8_t *)&r.body;

		body[bit / 8] ^= 1u << bit % 8;
		assert_false(verifies(w, B, &r));
		body[bit / 8] ^= 1u << bit % 8;
	}
	r.key_id[0] ^= 1;
	assert_false(verifies(w, B, &r));
	r.key_id[0] ^= 1;
	assert_true(verifies(w, B, &r));
	/* another machine */
	w->m.fuses.root[3] ^= 4;
	assert_false(verifies(w, B, &r));
}

/* Every field of TARGETINFO that counts names another target. */
static void wrong_target(void **state)
{
	struct world *w = *state;
	const struct sgx_targetinfo right = target_of(w, A);
	struct sgx_targetinfo t;
	struct sgx_report r;

	report_to(w, A, &right, &r);
	assert_true(verifies(w, A, &r));
	for (size_t i = 0; i < 128; i++) {
		if (i == 48 || i == 49 || (i >= 56 && i < 64))
			continue; /* reserved */
		t = right;
		((uint8_t *)&t)[i] ^= 1;
		report_to(w, A, &t, &r);
		assert_false(verifies(w, A, &r));
	}
}

static void report_operands(void **state)
{
	struct world *w = *state;
	struct sgx_machine *m = &w->m;
	struct sgx_targetinfo none = { 0 };
	struct sgx_report r;
	const uint64_t code = world_linaddr(WORLD_CODE);
	const uint64_t guard = world_linaddr(WORLD_GUARD);
	const uint64_t nothing = WORLD_BASE + 0x80000;
	uint64_t before;

	report_to(w, A, &none, &r);
	before = world_state(w);
	expect_gp(sgx_ereport(m, A, TARGET + 256, DATA, REPORT));
	expect_gp(sgx_ereport(m, A, WORLD_BASE - 4096, DATA, REPORT));
	expect_pf(sgx_ereport(m, A, guard, DATA + 1, REPORT), guard, ENCLU_PF);
	expect_pf(sgx_ereport(m, A, nothing, DATA, REPORT), nothing, SGX_PF_U);
	expect_gp(sgx_ereport(m, A, TARGET, DATA + 64, REPORT));
	expect_gp(sgx_ereport(m, A, TARGET, 0x1000, REPORT));
	expect_pf(sgx_ereport(m, A, TARGET, guard, REPORT + 1), guard,
		ENCLU_PF);
	expect_gp(sgx_ereport(m, A, TARGET, DATA, REPORT + 128));
	expect_gp(sgx_ereport(m, A, TARGET, DATA, WORLD_BASE + WORLD_SIZE));
	expect_pf(sgx_ereport(m, A, TARGET, DATA, code), code,
		ENCLU_PF | SGX_PF_W);
	expect_pf(sgx_ereport(m, A, TARGET, DATA, guard), guard,
		ENCLU_PF | SGX_PF_W);
	assert_true(world_state(w) == before);
}

static void report_reserved(void **state)
{
	struct world *w = *state;
	uint8_t *target = world_at(w, A, TARGET);

	memset(target, 0, 512);
	for (size_t i = 0; i < 512; i++) {
		if (!(i == 48 || i == 49 || (i >= 56 && i < 64) || i >= 128))
			continue;
		target[i] = 1;
		expect_gp(sgx_ereport(&w->m, A, TARGET, DATA, REPORT));
		/* found before RCX is looked at */
		expect_gp(sgx_ereport(&w->m, A, TARGET,
			world_linaddr(WORLD_GUARD), REPORT));
		target[i] = 0;
	}
	expect_ok(sgx_ereport(&w->m, A, TARGET, DATA, REPORT));
}

static void report_without_backend(void **state)
{
	struct world *w = *state;
	uint64_t before;

	w->cmac_fails = true;
	before = world_state(w);
	expect_machine(sgx_ereport(&w->m, A, TARGET, DATA, REPORT));
	assert_true(world_state(w) == before);
}

static void no_such_enclave(void **state)
{
	struct world *w = *state;

	expect_machine(sgx_egetkey(&w->m, A + 1, REQUEST, KEY));
	expect_machine(sgx_egetkey(&w->m, 1000, REQUEST, KEY));
	expect_machine(sgx_ereport(&w->m, 0, TARGET, DATA, REPORT));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(operands), TEST(page_states), TEST(lying_page_tables),
		TEST(reserved_of_the_request),
		cmocka_unit_test_setup_teardown(kss_fields_need_kss,
			setup_without_kss, teardown),
		TEST(names), TEST(root_of_certificates),
		TEST(root_separates_nothing),
		cmocka_unit_test_setup_teardown(names_need_attributes,
			setup_without_kss, teardown),
		TEST(versions), TEST(flags_and_rax),
		cmocka_unit_test(separation_of_seal_keys),
		cmocka_unit_test(separation_of_other_keys),
		cmocka_unit_test(policy_itself_separates),
		cmocka_unit_test(same_machine_same_key),
		cmocka_unit_test(upgrade), cmocka_unit_test(launch_token),
		TEST(report_says_who), TEST(only_the_target_verifies),
		TEST(wrong_target), TEST(report_operands),
		TEST(report_reserved), TEST(report_without_backend),
		TEST(no_such_enclave),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
