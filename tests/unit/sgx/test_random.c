/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of leaves with operands that are mostly sensible and often
 * not: after each, every invariant holds, and a leaf that did not succeed has
 * changed nothing.  COFFER_SEED picks the first sequence, COFFER_ROUNDS how
 * many there are.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>

#define PAGES 40u
#define STEPS 400
#define XSAVE_SIZE 832u

static uint64_t g_state;

static uint32_t rnd(uint32_t below)
{
	g_state ^= g_state << 13;
	g_state ^= g_state >> 7;
	g_state ^= g_state << 17;
	return (uint32_t)(g_state >> 11) % below;
}

static bool one_in(uint32_t n)
{
	return rnd(n) == 0;
}

/* An EPC address, now and then beyond the end or misaligned. */
static uint64_t any_page(void)
{
	uint64_t a = sgx_epc_address(rnd(PAGES + (one_in(8) ? 3 : 0)));

	return one_in(30) ? a + (8u << rnd(8)) : a;
}

/* Any page of this type that there is, if there is one. */
static uint64_t page_of_type(struct world *w, enum sgx_page_type type)
{
	uint32_t start = rnd(PAGES);

	for (uint32_t i = 0; i < PAGES; i++) {
		uint32_t epc = (start + i) % PAGES;

		if (w->epcm[epc].flags && w->epcm[epc].type == type)
			return sgx_epc_address(epc);
	}
	return any_page();
}

static uint64_t any_secs(struct world *w)
{
	return one_in(12) ? any_page() : page_of_type(w, SGX_PT_SECS);
}

static uint64_t any_linaddr(void)
{
	uint64_t a = WORLD_BASE + (uint64_t)rnd(14) * SGX_PAGE_SIZE;

	if (one_in(20))
		a += WORLD_SIZE - 3 * SGX_PAGE_SIZE;
	return one_in(30) ? a + 0x10 : a;
}

/* ---- Leaves ---- */

static struct sgx_outcome do_ecreate(struct world *w)
{
	struct sgx_secs secs = world_secs();
	struct sgx_secinfo secinfo = { .flags = one_in(20) ? 0x100 : 0 };
	struct sgx_pageinfo pageinfo = { .linaddr = one_in(20) };

	if (one_in(4))
		((uint8_t *)&secs)[rnd(300)] ^= (uint8_t)(1u << rnd(8));
	if (one_in(3))
		secs.attributes.flags &= ~SGX_ATTR_DEBUG;
	return sgx_ecreate(&w->m, 0, any_page(), &pageinfo, &secinfo, &secs);
}

static void any_source(uint64_t flags, uint8_t page[SGX_PAGE_SIZE])
{
	struct sgx_tcs tcs = world_tcs();

	memset(page, (int)rnd(256), SGX_PAGE_SIZE);
	if (flags >> 8 != SGX_PT_TCS)
		return;
	tcs.flags = rnd(2);
	tcs.nssa = rnd(4);
	tcs.ossa = rnd(12) * SGX_PAGE_SIZE;
	if (one_in(6))
		((uint8_t *)&tcs)[rnd(120)] ^= (uint8_t)(1u << rnd(8));
	memcpy(page, &tcs, sizeof tcs);
}

static uint64_t any_flags(void)
{
	static const uint64_t flags[] = { 0x203, 0x203, 0x203, 0x201, 0x205,
		0x200, 0x100, 0x100, 0x103, 0x202, 0x303, 0x20b };

	return flags[rnd(sizeof flags / sizeof *flags)];
}

static struct sgx_outcome do_eadd(struct world *w)
{
	struct sgx_secinfo secinfo = { .flags = any_flags() };
	struct sgx_pageinfo pageinfo = { .linaddr = any_linaddr(),
		.secs = any_secs(w) };
	uint8_t page[SGX_PAGE_SIZE];

	any_source(secinfo.flags, page);
	return sgx_eadd(&w->m, 0, any_page(), &pageinfo, &secinfo, page);
}

/* A run changes what its done pages change, so the caller compares states
 * only when none is. */
static uint32_t g_done;

static struct sgx_outcome do_eadd_run(struct world *w)
{
	static uint8_t source[6][SGX_PAGE_SIZE];
	struct sgx_eadd_run r = { .secs = (uint32_t)(any_secs(w) >> 12),
		.epc = rnd(PAGES + 2), .count = rnd(6),
		.measure = rnd(2), .linaddr = any_linaddr(),
		.secinfo_flags = any_flags(),
		.source = rnd(2) ? source : NULL };

	for (uint32_t i = 0; i < 6; i++)
		any_source(r.secinfo_flags, source[i]);
	return sgx_eadd_run(&w->m, &r, &g_done);
}

static struct sgx_outcome do_eextend(struct world *w)
{
	uint64_t page = page_of_type(w, one_in(3) ? SGX_PT_TCS : SGX_PT_REG);
	uint64_t secs = any_secs(w);

	if (!one_in(4) && page >> 12 < PAGES)
		secs = sgx_epc_address(w->epcm[page >> 12].secs);
	return sgx_eextend(&w->m, secs, page + rnd(16) * 256 +
		(one_in(20) ? 128 : 0));
}

static struct sgx_outcome do_einit(struct world *w)
{
	static const struct sgx_einittoken token;
	uint64_t secs = any_secs(w);
	uint32_t epc = (uint32_t)(secs >> 12);
	struct sgx_sigstruct sig;
	struct sgx_secs arch;
	uint8_t mrsigner[32];

	memset(&sig, 0, sizeof sig);
	if (!sgx_secs_read(&w->m, epc, &arch) &&
	    !(arch.attributes.flags & SGX_ATTR_INIT))
		world_sigstruct(w, epc, 0, &sig);
	world_mrsigner(0, mrsigner);
	sgx_wrmsr_lepubkeyhash(&w->m, mrsigner);
	if (one_in(3))
		((uint8_t *)&sig)[rnd(sizeof sig)] ^= 1;
	g_done = 1; /* the register was written */
	return sgx_einit(&w->m, 0, secs, 0, &sig, &token, one_in(20));
}

static struct sgx_outcome do_eremove(struct world *w)
{
	return sgx_eremove(&w->m, any_page());
}

static struct sgx_outcome do_eremove_run(struct world *w)
{
	return sgx_eremove_run(&w->m, rnd(PAGES), rnd(8), &g_done);
}

static struct sgx_lp *any_lp(struct world *w, bool inside)
{
	struct sgx_lp *lp = &w->lp[rnd(WORLD_LPS)];

	for (uint32_t i = 0; i < WORLD_LPS && lp->inside != inside; i++)
		lp = &w->lp[i];
	return lp;
}

static void aim_at_tcs(struct world *w, struct sgx_lp *lp, uint32_t *secs)
{
	uint32_t tcs = (uint32_t)(page_of_type(w, SGX_PT_TCS) >> 12);

	g_done = 1; /* registers are set before the leaf */
	*secs = (uint32_t)(any_secs(w) >> 12);
	lp->regs.rcx = one_in(20) ? 1ull << 55 : 0x1000;
	lp->regs.rbx = any_linaddr();
	lp->regs.rip = 0x2000;
	if (one_in(10) || tcs >= PAGES)
		return;
	lp->regs.rbx = w->epcm[tcs].linaddr;
	*secs = w->epcm[tcs].secs;
}

static struct sgx_outcome do_eenter(struct world *w)
{
	struct sgx_lp *lp = any_lp(w, one_in(20));
	uint32_t secs;

	if (lp->inside)
		return sgx_eenter(&w->m, lp, 0);
	aim_at_tcs(w, lp, &secs);
	return sgx_eenter(&w->m, lp, secs);
}

static struct sgx_outcome do_eresume(struct world *w)
{
	struct sgx_lp *lp = any_lp(w, one_in(20));
	uint8_t image[XSAVE_SIZE];
	uint32_t secs;

	if (lp->inside)
		return sgx_eresume(&w->m, lp, 0, image, sizeof image);
	aim_at_tcs(w, lp, &secs);
	return sgx_eresume(&w->m, lp, secs, image, sizeof image);
}

static struct sgx_outcome do_eexit(struct world *w)
{
	struct sgx_lp *lp = any_lp(w, !one_in(10));

	lp->regs.rbx = one_in(10) ? 1ull << 47 : 0x1000;
	g_done = 1;
	return sgx_eexit(&w->m, lp);
}

static struct sgx_outcome do_aex(struct world *w)
{
	struct sgx_lp *lp = any_lp(w, true);
	struct sgx_event event = { .kind = one_in(4) ? SGX_EVENT_INTERRUPT :
		SGX_EVENT_EXCEPTION, .vector = (uint8_t)rnd(20),
		.address = any_linaddr() };
	uint8_t image[XSAVE_SIZE] = { 0 };

	if (!lp->inside) /* nobody to interrupt */
		return (struct sgx_outcome){ .kind = SGX_OUTCOME_FAULT };
	image[512] = (uint8_t)rnd(256);
	image[24] = (uint8_t)rnd(256);
	sgx_aex(&w->m, lp, &event, image, sizeof image);
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_OK };
}

static uint32_t random_secs(struct world *w)
{
	const struct sgx_lp *lp = any_lp(w, true);

	return lp->inside && !one_in(8) ? lp->secs :
		(uint32_t)(any_secs(w) >> 12);
}

/* An address on a page that the enclave may write, if it has one. */
static uint64_t own_linaddr(struct world *w, uint32_t secs)
{
	uint32_t start = rnd(PAGES);

	for (uint32_t i = 0; i < PAGES && !one_in(15); i++) {
		const struct sgx_epcm_entry *e = &w->epcm[(start + i) % PAGES];

		if (e->flags && e->secs == secs && e->rwx & SGX_SECINFO_W)
			return e->linaddr + rnd(8) * 512;
	}
	return any_linaddr();
}

/* The enclave prepares an operand of EGETKEY or EREPORT in its memory. */
static void prepare(struct world *w, uint32_t secs, uint64_t linaddr)
{
	for (uint32_t i = 0; i < PAGES && !one_in(10); i++) {
		const struct sgx_epcm_entry *e = &w->epcm[i];
		uint8_t *to = w->epc[i] + linaddr % SGX_PAGE_SIZE;

		if (!e->flags || e->type != SGX_PT_REG || e->secs != secs ||
		    e->linaddr != (linaddr & ~4095ull))
			continue;
		memset(to, 0, 512);
		to[0] = (uint8_t)rnd(6); /* KEYNAME */
		if (one_in(20))
			to[rnd(512)] = 1;
	}
	g_done = 1;
}

static struct sgx_outcome do_egetkey(struct world *w)
{
	uint32_t secs = random_secs(w);
	uint64_t rbx = own_linaddr(w, secs) & ~511ull;

	prepare(w, secs, rbx);
	return sgx_egetkey(&w->m, secs, rbx,
		own_linaddr(w, secs) + rnd(32) * 16);
}

static struct sgx_outcome do_ereport(struct world *w)
{
	uint32_t secs = random_secs(w);
	uint64_t rbx = own_linaddr(w, secs) & ~511ull;

	prepare(w, secs, rbx);
	return sgx_ereport(&w->m, secs, rbx, own_linaddr(w, secs) & ~127ull,
		own_linaddr(w, secs) & ~511ull);
}

/* Leaves, and how often each is tried. */
static const struct {
	struct sgx_outcome (*run)(struct world *);
	int weight;
	const char *name;
} leaves[] = {
	{ do_ecreate, 5, "ECREATE" }, { do_eadd, 14, "EADD" },
	{ do_eadd_run, 6, "EADD run" }, { do_eextend, 8, "EEXTEND" },
	{ do_einit, 3, "EINIT" }, { do_eremove, 2, "EREMOVE" },
	{ do_eremove_run, 1, "EREMOVE run" }, { do_eenter, 20, "EENTER" },
	{ do_eexit, 7, "EEXIT" }, { do_aex, 8, "AEX" },
	{ do_eresume, 7, "ERESUME" }, { do_egetkey, 6, "EGETKEY" },
	{ do_ereport, 6, "EREPORT" },
};
#define LEAVES (sizeof leaves / sizeof *leaves)

static unsigned int g_ok[LEAVES], g_refused[LEAVES];

static size_t pick(void)
{
	int total = 0, at;

	for (size_t i = 0; i < LEAVES; i++)
		total += leaves[i].weight;
	at = (int)rnd((uint32_t)total);
	for (size_t i = 0; i < LEAVES; i++) {
		at -= leaves[i].weight;
		if (at < 0)
			return i;
	}
	return 0;
}

static void sequence(uint64_t seed)
{
	struct world *w = world_new(PAGES, (uint8_t)seed);

	struct world_enclave e = world_default();

	g_state = seed * 0x9e3779b97f4a7c15ull + 1;
	/* most start with an enclave that works, some from nothing */
	if (!one_in(5))
		world_build_init(w, 5, &e);
	if (one_in(2))
		world_build(w, 22, &e);
	for (int step = 0; step < STEPS; step++) {
		size_t leaf = pick();
		uint64_t before = world_state(w);
		struct sgx_outcome o;

		w->place_left = one_in(40) ? rnd(4) : UINT32_MAX;
		w->cmac_fails = one_in(40);
		g_done = 0;
		o = leaves[leaf].run(w);
		w->place_left = UINT32_MAX;
		if (o.kind == SGX_OUTCOME_OK)
			g_ok[leaf]++;
		else
			g_refused[leaf]++;
		if (o.kind != SGX_OUTCOME_OK && !g_done &&
		    world_state(w) != before)
			fail_msg("seed %lu step %d: a refused %s changed "
				"something", (unsigned long)seed, step,
				leaves[leaf].name);
		world_check(w);
	}
	/* everything can be taken apart again */
	for (uint32_t i = 0; i < WORLD_LPS; i++) {
		if (!w->lp[i].inside)
			continue;
		w->lp[i].regs.rbx = 0;
		expect_ok(sgx_eexit(&w->m, &w->lp[i]));
	}
	for (int pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < PAGES; i++)
			sgx_eremove(&w->m, sgx_epc_address(i));
	for (uint32_t i = 0; i < PAGES; i++)
		assert_int_equal(w->epcm[i].flags, 0);
	assert_int_equal(w->places, w->releases);
	world_free(w);
}

static unsigned long setting(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : fallback;
}

static void sequences_keep_the_invariants(void **state)
{
	unsigned long seed = setting("COFFER_SEED", 1);
	unsigned long rounds = setting("COFFER_ROUNDS", 60);

	for (unsigned long i = 0; i < rounds; i++)
		sequence(seed + i);
	for (size_t i = 0; i < LEAVES; i++) {
		print_message("%-12s %6u done %6u refused\n", leaves[i].name,
			g_ok[i], g_refused[i]);
		/* a test that never gets there tests nothing */
		if (rounds >= 60)
			assert_true(g_ok[i] > 20);
		if (rounds >= 60)
			assert_true(g_refused[i] > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_keep_the_invariants),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
