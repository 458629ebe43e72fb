/* SPDX-License-Identifier: MIT */
#include "world.h"
#include "sgx/secs.h"
#include "common/crypto_openssl.h"
#include <stdlib.h>

const struct sgx_xsave_table world_xsave = { .component = {
	[2] = { 576, 256 },   /* AVX */
	[5] = { 1088, 64 },   /* opmask */
	[6] = { 1152, 512 },  /* ZMM_Hi256 */
	[7] = { 1664, 1024 }, /* Hi16_ZMM */
} };

/* ---- The engine's side ---- */

static void op_read(void *ctx, uint32_t epc, uint32_t off, void *to,
	uint32_t size)
{
	struct world *w = ctx;

	assert_true(epc < w->epc_pages && w->placed[epc]);
	assert_true(off + size <= SGX_PAGE_SIZE);
	memcpy(to, w->epc[epc] + off, size);
}

static void op_write(void *ctx, uint32_t epc, uint32_t off, const void *from,
	uint32_t size)
{
	struct world *w = ctx;

	assert_true(epc < w->epc_pages && w->placed[epc]);
	assert_true(off + size <= SGX_PAGE_SIZE);
	memcpy(w->epc[epc] + off, from, size);
	w->writes++;
}

static void op_zero(void *ctx, uint32_t epc, uint32_t count)
{
	struct world *w = ctx;

	for (uint32_t i = 0; i < count; i++)
		assert_true(w->placed[epc + i]);
	memset(w->epc[epc], 0, (size_t)count * SGX_PAGE_SIZE);
	w->writes++;
}

static int op_place(void *ctx, uint32_t epc, uint32_t count, uint32_t secs,
	uint64_t linaddr, enum sgx_page_type type, uint8_t rwx)
{
	struct world *w = ctx;

	assert_true((uint64_t)epc + count <= w->epc_pages);
	if (w->place_left < count)
		return -1;
	if (w->place_left != UINT32_MAX)
		w->place_left -= count;
	for (uint32_t i = epc; i < epc + count; i++) {
		assert_false(w->placed[i]);
		assert_false(w->epcm[i].flags & SGX_EPCM_VALID);
		w->placed[i] = true;
		/* what the model does not fill shows up */
		memset(w->epc[i], 0xa5, SGX_PAGE_SIZE);
	}
	w->places += count;
	if (type == SGX_PT_SECS)
		assert_true(secs == epc && linaddr == 0 && rwx == 0);
	return 0;
}

static void op_release(void *ctx, uint32_t epc, uint32_t count)
{
	struct world *w = ctx;

	for (uint32_t i = epc; i < epc + count; i++) {
		assert_true(w->placed[i]);
		w->placed[i] = w->unmapped[i] = w->ordinary[i] = false;
		memset(w->epc[i], 0, SGX_PAGE_SIZE);
	}
	w->releases += count;
}

static int64_t led_to(const struct world *w, uint32_t epc)
{
	if (w->unmapped[epc])
		return SGX_TRANSLATE_NONE;
	return w->ordinary[epc] ? SGX_TRANSLATE_NOT_EPC : (int64_t)epc;
}

static int64_t op_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	struct world *w = ctx;

	assert_true(linaddr % SGX_PAGE_SIZE == 0);
	for (uint32_t i = 0; i < w->maps; i++)
		if (w->map[i].secs == secs && w->map[i].linaddr == linaddr)
			return led_to(w, w->map[i].epc);
	for (uint32_t i = 0; i < w->epc_pages; i++) {
		const struct sgx_epcm_entry *e = &w->epcm[i];

		if (!(e->flags & SGX_EPCM_VALID) || e->secs != secs ||
		    e->type == SGX_PT_SECS || e->linaddr != linaddr)
			continue;
		return led_to(w, i);
	}
	return SGX_TRANSLATE_NONE;
}

void world_map(struct world *w, uint32_t secs)
{
	for (uint32_t i = 0; i < w->epc_pages; i++) {
		const struct sgx_epcm_entry *e = &w->epcm[i];

		if (!(e->flags & SGX_EPCM_VALID) || e->secs != secs ||
		    e->type == SGX_PT_SECS)
			continue;
		assert_true(w->maps < WORLD_MAPS_MAX);
		w->map[w->maps].secs = secs;
		w->map[w->maps].epc = i;
		w->map[w->maps++].linaddr = e->linaddr;
	}
}

static uint32_t op_threads_inside(void *ctx, uint32_t secs)
{
	struct world *w = ctx;
	uint32_t count = 0;

	for (uint32_t i = 0; i < WORLD_LPS; i++)
		count += w->lp[i].inside && w->lp[i].secs == secs;
	return count;
}

static uint32_t op_threads_in_epoch(void *ctx, uint32_t secs, uint64_t epoch)
{
	struct world *w = ctx;
	uint32_t count = 0;

	for (uint32_t i = 0; i < WORLD_LPS; i++)
		count += w->lp[i].inside && w->lp[i].secs == secs &&
			w->lp[i].epoch <= epoch;
	return count;
}

static void op_track(void *ctx, uint32_t secs, uint64_t epoch)
{
	struct world *w = ctx;

	assert_true(w->epcm[secs].flags & SGX_EPCM_VALID);
	assert_int_equal(w->epcm[secs].type, SGX_PT_SECS);
	w->tracked[secs] = epoch;
}

static void op_changed(void *ctx, uint32_t epc)
{
	struct world *w = ctx;

	assert_true(w->epcm[epc].flags & SGX_EPCM_VALID);
	w->changed[epc]++;
}

static const struct sgx_memory_ops memory_ops = {
	op_read, op_write, op_zero, op_place, op_release, op_translate,
	op_threads_inside, op_threads_in_epoch, op_track, op_changed,
};

/* ---- Crypto that can fail; ops have no context, so one world at a time
 * decides. ---- */

static struct world *failing;

static int maybe_cmac(const uint8_t key[16], const void *data, size_t size,
	uint8_t mac[16])
{
	if (failing && failing->cmac_fails)
		return -1;
	return crypto_openssl()->aes128_cmac(key, data, size, mac);
}

static int maybe_seal(const uint8_t key[16], const uint8_t iv[12],
	const void *aad, size_t aad_size, const void *in, size_t size,
	void *out, uint8_t tag[16])
{
	if (failing && failing->gcm_fails)
		return -1;
	return crypto_openssl()->aes128_gcm_seal(key, iv, aad, aad_size, in,
		size, out, tag);
}

static int maybe_open(const uint8_t key[16], const uint8_t iv[12],
	const void *aad, size_t aad_size, const void *in, size_t size,
	void *out, const uint8_t tag[16])
{
	if (failing && failing->gcm_fails)
		return -1;
	return crypto_openssl()->aes128_gcm_open(key, iv, aad, aad_size, in,
		size, out, tag);
}

static int maybe_random(void *data, size_t size)
{
	if (failing && failing->random_fails)
		return -1;
	return crypto_openssl()->random(data, size);
}

/* ---- The machine ---- */

struct world *world_new(uint32_t epc_pages, uint8_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	struct sgx_profile profile;
	struct sgx_fuses fuses;
	uint8_t cpusvn[16] = { 7, 7, 2, 4, 1 };

	assert_non_null(w);
	assert_non_null(crypto_openssl());
	w->epc_pages = epc_pages;
	w->epcm = calloc(epc_pages, sizeof *w->epcm);
	w->epc = calloc(epc_pages, SGX_PAGE_SIZE);
	w->placed = calloc(epc_pages, sizeof *w->placed);
	w->unmapped = calloc(epc_pages, sizeof *w->unmapped);
	w->ordinary = calloc(epc_pages, sizeof *w->ordinary);
	w->tracked = calloc(epc_pages, sizeof *w->tracked);
	w->changed = calloc(epc_pages, sizeof *w->changed);
	assert_true(w->epcm && w->epc && w->placed && w->unmapped &&
		w->ordinary && w->tracked && w->changed);
	w->place_left = UINT32_MAX;
	w->crypto = *crypto_openssl();
	w->crypto.aes128_cmac = maybe_cmac;
	w->crypto.aes128_gcm_seal = maybe_seal;
	w->crypto.aes128_gcm_open = maybe_open;
	w->crypto.random = maybe_random;
	failing = w;
	for (size_t i = 0; i < sizeof fuses; i++)
		((uint8_t *)&fuses)[i] = (uint8_t)(seed + i * 7);
	sgx_profile_dcsv3(&profile, WORLD_XFRM, &world_xsave);
	assert_int_equal(sgx_machine_init(&w->m, &profile, &fuses, cpusvn,
		w->epcm, epc_pages, &memory_ops, w, &w->crypto), 0);
	for (uint32_t i = 0; i < WORLD_LPS; i++)
		w->lp[i].xcr0 = WORLD_XFRM;
	return w;
}

void world_free(struct world *w)
{
	if (failing == w)
		failing = NULL;
	free(w->epcm);
	free(w->epc);
	free(w->placed);
	free(w->unmapped);
	free(w->ordinary);
	free(w->tracked);
	free(w->changed);
	free(w);
}

/* ---- Enclaves ---- */

struct sgx_secs world_secs(void)
{
	return (struct sgx_secs){
		.size = WORLD_SIZE, .base = WORLD_BASE,
		.ssa_frame_size = 1, .misc_select = SGX_MISC_EXINFO,
		.attributes = {
			.flags = SGX_ATTR_MODE64BIT | SGX_ATTR_DEBUG |
				SGX_ATTR_KSS,
			.xfrm = SGX_XFRM_LEGACY | SGX_XFRM_AVX,
		},
		.config_id = { 0xc0, 0xff, 0xee }, .config_svn = 3,
	};
}

struct sgx_outcome world_ecreate(struct world *w, uint32_t epc,
	const struct sgx_secs *secs)
{
	static const struct sgx_secinfo secinfo;
	struct sgx_pageinfo pageinfo = { .srcpge = 0x1000,
		.secinfo = 0x2000 };

	return sgx_ecreate(&w->m, 0x3000, sgx_epc_address(epc), &pageinfo,
		&secinfo, secs);
}

struct sgx_outcome world_eadd(struct world *w, uint32_t secs, uint32_t epc,
	uint64_t linaddr, uint64_t flags, const void *source)
{
	struct sgx_secinfo secinfo = { .flags = flags };
	struct sgx_pageinfo pageinfo = { .linaddr = linaddr,
		.srcpge = 0x1000, .secinfo = 0x2000,
		.secs = sgx_epc_address(secs) };

	return sgx_eadd(&w->m, 0x3000, sgx_epc_address(epc), &pageinfo,
		&secinfo, source);
}

void world_add_measured(struct world *w, uint32_t secs, uint32_t epc,
	uint64_t linaddr, uint64_t flags, const void *source)
{
	expect_ok(world_eadd(w, secs, epc, linaddr, flags, source));
	for (uint32_t i = 0; i < SGX_PAGE_SIZE; i += SGX_CHUNK_SIZE)
		expect_ok(sgx_eextend(&w->m, sgx_epc_address(secs),
			sgx_epc_address(epc) + i));
}

struct sgx_tcs world_tcs(void)
{
	return (struct sgx_tcs){
		.ossa = world_linaddr(WORLD_SSA) - WORLD_BASE, .nssa = 3,
		.oentry = 0x40,
		.ofsbase = world_linaddr(WORLD_DATA) - WORLD_BASE,
		.ogsbase = world_linaddr(WORLD_DATA) + SGX_PAGE_SIZE -
			WORLD_BASE,
		.fslimit = 0xfff, .gslimit = 0xfff,
	};
}

struct world_enclave world_default(void)
{
	return (struct world_enclave){ .secs = world_secs(), .code = 0x90,
		.isv_prod_id = 5, .isv_svn = 9, .family = 0xfa,
		.ext_prod = 0xe0 };
}

void world_build(struct world *w, uint32_t epc, const struct world_enclave *e)
{
	const uint64_t rw = SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W;
	static const uint8_t zero[SGX_PAGE_SIZE];
	uint8_t code[SGX_PAGE_SIZE];
	struct sgx_tcs tcs = world_tcs();

	memset(code, e->code, sizeof code);
	expect_ok(world_ecreate(w, epc, &e->secs));
	world_add_measured(w, epc, epc + WORLD_CODE, world_linaddr(WORLD_CODE),
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X, code);
	for (enum world_layout p = WORLD_DATA; p < WORLD_TCS; p++)
		expect_ok(world_eadd(w, epc, epc + p, world_linaddr(p), rw,
			zero));
	world_add_measured(w, epc, epc + WORLD_TCS, world_linaddr(WORLD_TCS),
		SGX_SECINFO_TCS, &tcs);
	world_add_measured(w, epc, epc + WORLD_TCS2, world_linaddr(WORLD_TCS2),
		SGX_SECINFO_TCS, &tcs);
	expect_ok(world_eadd(w, epc, epc + WORLD_GUARD,
		world_linaddr(WORLD_GUARD), SGX_SECINFO_REG, zero));
}

void world_build_init(struct world *w, uint32_t epc,
	const struct world_enclave *e)
{
	static const struct sgx_einittoken token;
	struct sgx_sigstruct sig;
	uint8_t mrsigner[32];

	world_build(w, epc, e);
	world_sigstruct(w, epc, e->signer, &sig);
	sig.isv_prod_id = e->isv_prod_id;
	sig.isv_svn = e->isv_svn;
	sig.isv_family_id[0] = e->family;
	sig.isv_ext_prod_id[0] = e->ext_prod;
	world_sign(&sig, e->signer);
	world_mrsigner(e->signer, mrsigner);
	sgx_wrmsr_lepubkeyhash(&w->m, mrsigner);
	expect_ok(world_einit(w, epc, &sig, &token));
}

void world_mrenclave(struct world *w, uint32_t secs, uint8_t mrenclave[32])
{
	struct sgx_measure measure;

	memcpy(&measure, w->epc[secs] + offsetof(struct secs, measure),
		sizeof measure);
	sgx_measure_final(&measure, crypto_openssl_sha256(), mrenclave);
}

void world_sigstruct(struct world *w, uint32_t secs, int signer,
	struct sgx_sigstruct *sig)
{
	static const uint8_t header[] = SGX_SIGSTRUCT_HEADER;
	static const uint8_t header2[] = SGX_SIGSTRUCT_HEADER2;
	struct sgx_secs arch;

	assert_int_equal(sgx_secs_read(&w->m, secs, &arch), 0);
	memset(sig, 0, sizeof *sig);
	memcpy(sig->header, header, sizeof header);
	memcpy(sig->header2, header2, sizeof header2);
	sig->date = 0x20260101;
	sig->misc_select = arch.misc_select;
	sig->misc_mask = UINT32_MAX;
	sig->attributes = arch.attributes;
	sig->attributes_mask = (struct sgx_attributes){ UINT64_MAX,
		UINT64_MAX };
	world_mrenclave(w, secs, sig->enclave_hash);
	world_sign(sig, signer);
}

struct sgx_outcome world_einit(struct world *w, uint32_t secs,
	const struct sgx_sigstruct *sig, const struct sgx_einittoken *token)
{
	return sgx_einit(&w->m, 0x1000, sgx_epc_address(secs), 0x200, sig,
		token, false);
}

void *world_at(struct world *w, uint32_t secs, uint64_t linaddr)
{
	int64_t epc = op_translate(w, secs,
		linaddr & ~(uint64_t)(SGX_PAGE_SIZE - 1), false);

	assert_true(epc >= 0);
	return w->epc[epc] + linaddr % SGX_PAGE_SIZE;
}

/* ---- Outcomes ---- */

void expect_ok(struct sgx_outcome o)
{
	assert_int_equal(o.kind, SGX_OUTCOME_OK);
	assert_false(o.zf || o.cf);
	assert_int_equal(o.rax, 0);
}

void expect_gp(struct sgx_outcome o)
{
	assert_int_equal(o.kind, SGX_OUTCOME_FAULT);
	assert_int_equal(o.vector, SGX_VECTOR_GP);
	assert_int_equal(o.error_code, 0);
}

void expect_pf(struct sgx_outcome o, uint64_t address, uint32_t error_code)
{
	assert_int_equal(o.kind, SGX_OUTCOME_FAULT);
	assert_int_equal(o.vector, SGX_VECTOR_PF);
	assert_int_equal(o.address, address);
	assert_int_equal(o.error_code, error_code);
}

void expect_error(struct sgx_outcome o, uint32_t error)
{
	assert_int_equal(o.kind, SGX_OUTCOME_ERROR);
	assert_int_equal(o.rax, error);
	assert_true(o.zf && !o.cf && o.writes_rax && o.writes_flags);
}

void expect_machine(struct sgx_outcome o)
{
	assert_int_equal(o.kind, SGX_OUTCOME_MACHINE);
}
