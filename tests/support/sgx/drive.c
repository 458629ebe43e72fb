/* SPDX-License-Identifier: MIT */
#include "drive.h"
#include <stdio.h>

const char *const drive_names[DRIVE_LEAVES] = {
	"ECREATE", "EADD", "EADD run", "EEXTEND", "EINIT", "EREMOVE",
	"EREMOVE run", "EPA", "EBLOCK", "ETRACK", "ETRACKC", "EWB", "ELD",
	"ERDINFO", "EDBGRD", "EDBGWR", "EAUG", "EMODPR", "EMODT", "EACCEPT",
	"EMODPE", "EACCEPTCOPY", "EREPORT", "EGETKEY", "EENTER", "EEXIT",
	"AEX", "ERESUME", "EDECCSSA",
};

/* ---- Bytes ---- */

uint8_t drive_u8(struct drive *d)
{
	return d->at < d->size ? d->data[d->at++] : 0;
}

uint64_t drive_u64(struct drive *d)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | drive_u8(d);
	return value;
}

bool drive_sometimes(struct drive *d, uint8_t n)
{
	return drive_u8(d) >= 256u - n;
}

/* ---- Operands ---- */

uint64_t drive_page(struct drive *d)
{
	uint8_t b = drive_u8(d);

	if (b >= 252)
		return drive_u64(d);
	if (b >= 248)
		return sgx_epc_address(DRIVE_PAGES + (b & 3u));
	if (b >= 240)
		return sgx_epc_address(b & 7u) + (8u << (b & 7u));
	return sgx_epc_address(b % DRIVE_PAGES);
}

static uint64_t first_from(struct drive *d, uint8_t start,
	bool (*fits)(const struct sgx_epcm_entry *, unsigned int),
	unsigned int wanted)
{
	for (uint32_t i = 0; i < DRIVE_PAGES; i++) {
		uint32_t epc = (start + i) % DRIVE_PAGES;

		if (fits(&d->w->epcm[epc], wanted))
			return sgx_epc_address(epc);
	}
	return sgx_epc_address(start % DRIVE_PAGES);
}

static bool is_free(const struct sgx_epcm_entry *e, unsigned int wanted)
{
	return !e->flags;
}

static bool is_of(const struct sgx_epcm_entry *e, unsigned int wanted)
{
	uint8_t flags = (uint8_t)(wanted >> 8) | SGX_EPCM_VALID;

	return e->type == (wanted & 0xff) && (e->flags & flags) == flags;
}

uint64_t drive_free(struct drive *d)
{
	uint8_t b = drive_u8(d);

	return b >= 240 ? drive_page(d) : first_from(d, b, is_free, 0);
}

uint64_t drive_page_of(struct drive *d, enum sgx_page_type type,
	uint8_t flags)
{
	uint8_t b = drive_u8(d);

	return b >= 240 ? drive_page(d) :
		first_from(d, b, is_of, (unsigned int)type |
		(unsigned int)flags << 8);
}

uint64_t drive_secs(struct drive *d)
{
	return drive_page_of(d, SGX_PT_SECS, 0);
}

uint64_t drive_linaddr(struct drive *d)
{
	uint8_t b = drive_u8(d);

	if (b >= 254)
		return drive_u64(d);
	if (b >= 250)
		return WORLD_BASE + WORLD_SIZE - SGX_PAGE_SIZE +
			(b & 3u) * 0x800u;
	return WORLD_BASE + b % 24 * (uint64_t)SGX_PAGE_SIZE;
}

void drive_fill(struct drive *d, uint64_t secinfo_flags, uint8_t *page)
{
	struct sgx_tcs tcs = world_tcs();

	memset(page, drive_u8(d), SGX_PAGE_SIZE);
	if (secinfo_flags >> SGX_SECINFO_PT_SHIFT != SGX_PT_TCS)
		return;
	tcs.flags = drive_u8(d) & 3u;
	tcs.nssa = drive_u8(d) & 3u;
	tcs.ossa = (drive_u8(d) & 15u) * (uint64_t)SGX_PAGE_SIZE;
	if (drive_sometimes(d, 40))
		((uint8_t *)&tcs)[drive_u8(d)] ^= drive_u8(d);
	memcpy(page, &tcs, sizeof tcs);
}

/* ---- The stage: one enclave that runs, one being built, a VA page. ---- */

static int accept_signature(const uint8_t modulus[384],
	const uint8_t signature[384], const uint8_t digest[32])
{
	return signature[0] & 1 ? -1 : 0;
}

static int no_quotients(const uint8_t modulus[384],
	const uint8_t signature[384], uint8_t q1[384], uint8_t q2[384])
{
	memset(q1, 0, 384);
	memset(q2, 0, 384);
	return 0;
}

static struct world *g_world;
static struct world_saved *g_stage;

static void build(void)
{
	struct world_enclave e = world_default();
	struct world *w = world_new(DRIVE_PAGES, 9);

	world_build_init(w, 2, &e);
	e.code = 0xcc;
	world_build(w, 16, &e);
	expect_ok(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(40)));
	w->m.profile.features |= SGX_FEATURE_OVERSUB;
	/* signatures cost much and say nothing here */
	w->crypto.rsa3072_verify = accept_signature;
	w->crypto.rsa3072_quotients = no_quotients;
	/* what random bytes made must be the same the next time */
	memset(w->m.paging_key, 0x4b, sizeof w->m.paging_key);
	memset(w->m.report_key_id, 0x4c, sizeof w->m.report_key_id);
	g_world = w;
	g_stage = world_save(w);
}

/* ---- Leaves ---- */

static struct sgx_outcome leaf(struct drive *d)
{
	if (d->leaf >= DRIVE_EACCEPT)
		return drive_enclu(d, d->leaf);
	if (d->leaf == DRIVE_EWB || d->leaf == DRIVE_ELD)
		return drive_paging(d, d->leaf);
	return drive_encls(d, d->leaf);
}

static bool changes(const struct sgx_outcome *o)
{
	return o->kind == SGX_OUTCOME_OK ||
		(o->kind == SGX_OUTCOME_ERROR &&
		o->rax == SGX_VA_SLOT_OCCUPIED);
}

/* How often each leaf is tried, of 256: enclaves are to live long enough for
 * things to happen to them. */
static const uint8_t weights[DRIVE_LEAVES] = {
	[DRIVE_ECREATE] = 3, [DRIVE_EADD] = 8, [DRIVE_EADD_RUN] = 3,
	[DRIVE_EEXTEND] = 6, [DRIVE_EINIT] = 4, [DRIVE_EREMOVE] = 5,
	[DRIVE_EREMOVE_RUN] = 1, [DRIVE_EPA] = 2, [DRIVE_EBLOCK] = 15,
	[DRIVE_ETRACK] = 10, [DRIVE_ETRACKC] = 4, [DRIVE_EWB] = 20,
	[DRIVE_ELD] = 24, [DRIVE_ERDINFO] = 2, [DRIVE_EDBGRD] = 3,
	[DRIVE_EDBGWR] = 5, [DRIVE_EAUG] = 12, [DRIVE_EMODPR] = 9,
	[DRIVE_EMODT] = 8, [DRIVE_EACCEPT] = 20, [DRIVE_EMODPE] = 8,
	[DRIVE_EACCEPTCOPY] = 12, [DRIVE_EREPORT] = 4, [DRIVE_EGETKEY] = 6,
	[DRIVE_EENTER] = 20, [DRIVE_EEXIT] = 8, [DRIVE_AEX] = 12,
	[DRIVE_ERESUME] = 14, [DRIVE_EDECCSSA] = 8,
};

static enum drive_leaf pick(struct drive *d)
{
	int left = drive_u8(d);

	for (uint32_t i = 0; i < DRIVE_LEAVES; i++) {
		left -= weights[i];
		if (left < 0)
			return (enum drive_leaf)i;
	}
	return DRIVE_EENTER;
}

static void step(struct drive *d)
{
	struct world *w = d->w;
	struct sgx_outcome o;
	uint64_t before;
	uint8_t trouble;

	d->leaf = pick(d);
	trouble = drive_u8(d);
	d->partial = false;
	w->place_left = trouble == 255 ? drive_u8(d) & 3u : UINT32_MAX;
	w->cmac_fails = trouble == 254;
	w->gcm_fails = trouble == 253;
	before = world_marks(w);
	o = leaf(d);
	w->place_left = UINT32_MAX;
	w->cmac_fails = w->gcm_fails = false;
	d->done[d->leaf] += changes(&o);
	d->refused[d->leaf] += !changes(&o);
	if (!changes(&o) && !d->partial && world_marks(w) != before)
		fail_msg("a refused %s changed something",
			drive_names[d->leaf]);
	world_check(w);
}

/* Everybody leaves, every page goes. */
static void take_apart(struct drive *d)
{
	struct world *w = d->w;

	for (uint32_t i = 0; i < WORLD_LPS; i++) {
		if (!w->lp[i].inside)
			continue;
		w->lp[i].regs.rbx = 0;
		expect_ok(sgx_eexit(&w->m, &w->lp[i]));
	}
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < DRIVE_PAGES; i++)
			sgx_eremove(&w->m, sgx_epc_address(i));
	for (uint32_t i = 0; i < DRIVE_PAGES; i++)
		assert_int_equal(w->epcm[i].flags, 0);
	assert_int_equal(w->places, w->releases);
}

void drive_run(struct drive *d, const uint8_t *data, size_t size)
{
	if (!g_stage)
		build();
	world_restore(g_world, g_stage);
	d->w = g_world;
	d->data = data;
	d->size = size;
	d->at = 0;
	/* the stage has one key: pages of another run would come back */
	memset(d->out, 0, sizeof d->out);
	while (d->at < d->size)
		step(d);
	take_apart(d);
}
