/* SPDX-License-Identifier: MIT */
/* SDM 3D: EADD, EEXTEND */
/* EADD, EEXTEND, and runs of them: each check of the manual in its order, the
 * effect, and that a run is nothing but its single leaves. */
#include "common/crypto_openssl.h"
#include "world.h"
#include <stdlib.h>
#include <time.h>

#define RW (SGX_SECINFO_R | SGX_SECINFO_W)
#define REG_RW (SGX_SECINFO_REG | RW)
#define SECS_PAGE 2u
#define SECS_32 3u /* a 32-bit enclave */

static int setup(void **state)
{
	struct world *w = world_new(256, 1);
	struct sgx_secs secs = world_secs();

	expect_ok(world_ecreate(w, SECS_PAGE, &secs));
	secs.attributes.flags &= ~SGX_ATTR_MODE64BIT;
	secs.base = 0x400000;
	expect_ok(world_ecreate(w, SECS_32, &secs));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

struct operands {
	uint64_t rbx, rcx;
	struct sgx_pageinfo pageinfo;
	struct sgx_secinfo secinfo;
	union {
		uint8_t bytes[SGX_PAGE_SIZE];
		struct sgx_tcs tcs;
	} page;
};

static struct operands legal(uint64_t flags)
{
	struct operands o = { .rbx = 0x20, .rcx = sgx_epc_address(9),
		.pageinfo = { .linaddr = WORLD_BASE + 0x5000,
			.srcpge = 0x1000, .secinfo = 0x40,
			.secs = sgx_epc_address(SECS_PAGE) },
		.secinfo = { .flags = flags } };

	if (flags == SGX_SECINFO_TCS)
		o.page.tcs = world_tcs();
	else
		memset(&o.page, 0x5a, sizeof o.page);
	return o;
}

static struct sgx_outcome run(struct world *w, const struct operands *o)
{
	return sgx_eadd(&w->m, o->rbx, o->rcx, &o->pageinfo, &o->secinfo,
		&o->page);
}

static void refuse_gp(struct world *w, const struct operands *o)
{
	uint64_t before = world_state(w);

	expect_gp(run(w, o));
	assert_true(world_state(w) == before);
}

static void refuse_pf(struct world *w, const struct operands *o,
	uint64_t address)
{
	uint64_t before = world_state(w);

	expect_pf(run(w, o), address, ENCLS_PF);
	assert_true(world_state(w) == before);
}

#define GP_WITH(w, flags, change) do { \
	struct operands bad = legal(flags); \
	change; \
	refuse_gp(w, &bad); \
} while (0)

static void adds_a_page(void **state)
{
	struct world *w = *state;
	struct operands o = legal(REG_RW);
	struct sgx_outcome outcome = run(w, &o);

	expect_ok(outcome);
	assert_false(outcome.writes_rax || outcome.writes_flags);
	assert_memory_equal(w->epc[9], &o.page, SGX_PAGE_SIZE);
	assert_int_equal(w->epcm[9].linaddr, WORLD_BASE + 0x5000);
	assert_int_equal(w->epcm[9].secs, SECS_PAGE);
	assert_int_equal(w->epcm[9].type, SGX_PT_REG);
	assert_int_equal(w->epcm[9].rwx, RW);
	assert_int_equal(w->epcm[9].flags, SGX_EPCM_VALID);
}

static void normalises_a_tcs(void **state)
{
	struct world *w = *state;
	struct operands o = legal(SGX_SECINFO_TCS | SGX_SECINFO_RWX);
	struct sgx_tcs tcs;

	o.page.tcs = world_tcs();
	o.page.tcs.state = 99;
	o.page.tcs.flags = SGX_TCS_DBGOPTIN;
	o.page.tcs.cssa = 2;
	o.page.tcs.aep = 0x1234;
	expect_ok(run(w, &o));
	tcs = world_tcs();
	assert_memory_equal(w->epc[9], &tcs, sizeof tcs);
	assert_int_equal(w->epcm[9].rwx, 0);
	assert_int_equal(w->epcm[9].type, SGX_PT_TCS);
}

static void alignment(void **state)
{
	struct world *w = *state;

	GP_WITH(w, REG_RW, bad.rbx = 0x10);
	GP_WITH(w, REG_RW, bad.rcx += 0x800);
	GP_WITH(w, REG_RW, bad.pageinfo.srcpge = 0x1010);
	GP_WITH(w, REG_RW, bad.pageinfo.secs += 8);
	GP_WITH(w, REG_RW, bad.pageinfo.secinfo = 0x60);
	GP_WITH(w, REG_RW, bad.pageinfo.linaddr += 0x100);
}

static void outside_the_epc(void **state)
{
	struct world *w = *state;
	struct operands o = legal(REG_RW);

	o.rcx = sgx_epc_address(256);
	o.secinfo.flags = 0; /* comes later */
	refuse_pf(w, &o, o.rcx);
	o = legal(0);
	o.pageinfo.secs = 0x7fffffff000;
	refuse_pf(w, &o, 0x7fffffff000);
	o.rbx = 4;
	refuse_gp(w, &o);
}

static void secinfo(void **state)
{
	struct world *w = *state;

	GP_WITH(w, RW, (void)0); /* PT_SECS */
	for (uint64_t type = 3; type < 256; type++)
		GP_WITH(w, RW | type << 8, (void)0);
	for (int bit = 3; bit < 64; bit++)
		if (bit < 8 || bit > 15)
			GP_WITH(w, REG_RW | 1ull << bit, (void)0);
	for (size_t i = 0; i < 56; i++)
		GP_WITH(w, REG_RW, bad.secinfo.reserved[i] = 1);
}

static void pages_in_use(void **state)
{
	struct world *w = *state;
	struct operands o = legal(REG_RW);

	expect_ok(run(w, &o));
	o.pageinfo.linaddr += 0x1000;
	refuse_pf(w, &o, o.rcx);
	o.rcx = sgx_epc_address(SECS_PAGE);
	refuse_pf(w, &o, o.rcx);
	o.rcx = sgx_epc_address(10);
	o.pageinfo.secs = sgx_epc_address(11); /* free */
	refuse_pf(w, &o, o.pageinfo.secs);
	o.pageinfo.secs = sgx_epc_address(9); /* a regular page */
	refuse_pf(w, &o, o.pageinfo.secs);
}

static void tcs_fields(void **state)
{
	struct world *w = *state;

	for (int bit = 2; bit < 64; bit++)
		GP_WITH(w, SGX_SECINFO_TCS, bad.page.tcs.flags = 1ull << bit);
	w->m.profile.attributes.flags &= ~SGX_ATTR_AEXNOTIFY;
	GP_WITH(w, SGX_SECINFO_TCS, bad.page.tcs.flags = SGX_TCS_AEXNOTIFY);
	for (size_t i = 0; i < sizeof((struct sgx_tcs *)0)->reserved; i++)
		GP_WITH(w, SGX_SECINFO_TCS, bad.page.tcs.reserved[i] = 1);
}

static void tcs_limits_of_32_bit_enclaves(void **state)
{
	struct world *w = *state;
	struct operands o = legal(SGX_SECINFO_TCS);

	o.page.tcs.fslimit = 0xffe;
	expect_ok(run(w, &o)); /* 64-bit: does not matter */
	o.rcx += 0x1000;
	o.pageinfo.secs = sgx_epc_address(SECS_32);
	o.pageinfo.linaddr = 0x405000;
	refuse_gp(w, &o);
	o.page.tcs.fslimit = 0x5fff;
	o.page.tcs.gslimit = 0x1000;
	refuse_gp(w, &o);
	o.page.tcs.gslimit = 0x1fff;
	expect_ok(run(w, &o));
}

static void permissions(void **state)
{
	struct world *w = *state;
	uint32_t epc = 20;

	GP_WITH(w, SGX_SECINFO_REG | SGX_SECINFO_W, (void)0);
	GP_WITH(w, SGX_SECINFO_REG | SGX_SECINFO_W | SGX_SECINFO_X, (void)0);
	for (uint64_t rwx = 0; rwx < 8; rwx++) {
		struct operands o = legal(SGX_SECINFO_REG | rwx);

		if (rwx & SGX_SECINFO_W && !(rwx & SGX_SECINFO_R))
			continue;
		o.rcx = sgx_epc_address(epc);
		expect_ok(run(w, &o));
		assert_int_equal(w->epcm[epc++].rwx, rwx);
	}
}

static void address_range(void **state)
{
	struct world *w = *state;
	struct operands o = legal(REG_RW);

	GP_WITH(w, REG_RW, bad.pageinfo.linaddr = WORLD_BASE - 0x1000);
	GP_WITH(w, REG_RW, bad.pageinfo.linaddr = WORLD_BASE + WORLD_SIZE);
	GP_WITH(w, REG_RW, bad.pageinfo.linaddr = 0);
	GP_WITH(w, REG_RW, bad.pageinfo.linaddr = 0xfffffffffffff000);
	o.pageinfo.linaddr = WORLD_BASE;
	expect_ok(run(w, &o));
	o.rcx += 0x1000;
	o.pageinfo.linaddr = WORLD_BASE + WORLD_SIZE - 0x1000;
	expect_ok(run(w, &o));
}

static void not_after_einit(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	struct operands o = legal(REG_RW);

	world_build_init(w, 100, &e);
	o.pageinfo.secs = sgx_epc_address(100);
	o.pageinfo.linaddr = WORLD_BASE + 0x80000;
	refuse_gp(w, &o);
	expect_gp(sgx_eextend(&w->m, sgx_epc_address(100),
		sgx_epc_address(100 + WORLD_CODE)));
}

static void eextend_checks(void **state)
{
	struct world *w = *state;
	struct operands o = legal(REG_RW);
	const uint64_t secs = sgx_epc_address(SECS_PAGE);
	const uint64_t beyond = sgx_epc_address(256);
	uint64_t before;

	expect_ok(run(w, &o));
	before = world_state(w);
	expect_gp(sgx_eextend(&w->m, secs + 8, o.rcx));
	expect_pf(sgx_eextend(&w->m, beyond, o.rcx + 1), beyond, ENCLS_PF);
	expect_gp(sgx_eextend(&w->m, secs, o.rcx + 128));
	expect_pf(sgx_eextend(&w->m, secs, beyond + 256), beyond + 256,
		ENCLS_PF);
	expect_pf(sgx_eextend(&w->m, secs, sgx_epc_address(50)),
		sgx_epc_address(50), ENCLS_PF);
	expect_pf(sgx_eextend(&w->m, secs, secs), secs, ENCLS_PF);
	expect_gp(sgx_eextend(&w->m, sgx_epc_address(SECS_32), o.rcx));
	expect_gp(sgx_eextend(&w->m, o.rcx, o.rcx));
	assert_true(world_state(w) == before);
	expect_ok(sgx_eextend(&w->m, secs, o.rcx + 0xf00));
	assert_true(world_state(w) != before);
}

/* The measurement over the single leaves is that of the blocks in the
 * manual, put together here by hand. */
static void measures_as_written(void **state)
{
	struct world *w = *state;
	const struct sgx_sha256_ops *sha256 = crypto_openssl_sha256();
	struct sgx_sha256 hash;
	struct operands o = legal(REG_RW);
	uint8_t block[64], expected[32], actual[32];
	const uint64_t size = WORLD_SIZE, offset = 0x5000, chunk = 0x5700;
	const uint64_t flags = REG_RW;
	const uint32_t frame = 1;

	expect_ok(run(w, &o));
	expect_ok(sgx_eextend(&w->m, sgx_epc_address(SECS_PAGE),
		o.rcx + 0x700));
	world_mrenclave(w, SECS_PAGE, actual);

	sha256->init(&hash);
	memset(block, 0, 64);
	memcpy(block, "ECREATE", 8);
	memcpy(block + 8, &frame, 4);
	memcpy(block + 12, &size, 8);
	sha256->update(&hash, block, 64);
	memset(block, 0, 64);
	memcpy(block, "EADD", 5);
	memcpy(block + 8, &offset, 8);
	memcpy(block + 16, &flags, 8);
	sha256->update(&hash, block, 64);
	memset(block, 0, 64);
	memcpy(block, "EEXTEND", 8);
	memcpy(block + 8, &chunk, 8);
	sha256->update(&hash, block, 64);
	sha256->update(&hash, o.page.bytes + 0x700, 256);
	sha256->final(&hash, expected);
	assert_memory_equal(actual, expected, 32);
}

/* ---- Runs ---- */

/* The same pages by single leaves, up to the first that does not succeed. */
static struct sgx_outcome one_by_one(struct world *w,
	const struct sgx_eadd_run *r, uint32_t *done)
{
	static const uint8_t zero[SGX_PAGE_SIZE];
	struct sgx_outcome o = { .kind = SGX_OUTCOME_OK };

	for (*done = 0; *done < r->count; ++*done) {
		uint64_t at = (uint64_t)*done * SGX_PAGE_SIZE;

		o = world_eadd(w, r->secs, r->epc + *done, r->linaddr + at,
			r->secinfo_flags, r->source ?
			(const uint8_t *)r->source + at : zero);
		if (o.kind != SGX_OUTCOME_OK)
			return o;
		for (uint32_t i = 0; r->measure && i < 16; i++)
			expect_ok(sgx_eextend(&w->m, sgx_epc_address(r->secs),
				sgx_epc_address(r->epc + *done) + i * 256));
	}
	return o;
}

static void same_outcome(struct sgx_outcome a, struct sgx_outcome b)
{
	assert_int_equal(a.kind, b.kind);
	assert_int_equal(a.writes_flags, b.writes_flags);
	assert_int_equal(a.writes_rax, b.writes_rax);
	assert_int_equal(a.vector, b.vector);
	assert_int_equal(a.error_code, b.error_code);
	assert_int_equal(a.address, b.address);
}

static void same_both_ways(const struct sgx_eadd_run *r)
{
	void *a, *b;
	struct world *single, *batch;
	struct sgx_outcome o, p;
	uint32_t done_single, done_batch;

	setup(&a);
	setup(&b);
	single = a;
	batch = b;
	/* In the way of runs that reach EPC page 200. */
	expect_ok(world_eadd(single, SECS_PAGE, 200, WORLD_BASE + 0xf0000,
		SGX_SECINFO_REG, (uint8_t[SGX_PAGE_SIZE]){ 0 }));
	expect_ok(world_eadd(batch, SECS_PAGE, 200, WORLD_BASE + 0xf0000,
		SGX_SECINFO_REG, (uint8_t[SGX_PAGE_SIZE]){ 0 }));
	o = one_by_one(single, r, &done_single);
	p = sgx_eadd_run(&batch->m, r, &done_batch);
	assert_int_equal(done_single, done_batch);
	same_outcome(o, p);
	assert_memory_equal(single->epcm, batch->epcm,
		256 * sizeof *single->epcm);
	for (uint32_t i = 0; i < 256; i++) {
		assert_int_equal(single->placed[i], batch->placed[i]);
		assert_memory_equal(single->epc[i], batch->epc[i],
			SGX_PAGE_SIZE);
	}
	teardown(&a);
	teardown(&b);
}

static void run_is_its_leaves(void **state)
{
	static uint8_t source[200][SGX_PAGE_SIZE];
	struct sgx_tcs tcs = world_tcs();

	for (size_t i = 0; i < sizeof source; i++)
		((uint8_t *)source)[i] = (uint8_t)(i * 2654435761u >> 13);
	for (int measure = 0; measure < 2; measure++) {
		struct sgx_eadd_run r = { .secs = SECS_PAGE, .epc = 10,
			.measure = measure, .linaddr = WORLD_BASE + 0x1000,
			.secinfo_flags = REG_RW };

		for (uint32_t n = 0; n <= 190; n += n < 3 ? 1 : 31) {
			r.count = n;
			r.source = NULL;
			same_both_ways(&r);
			r.source = source;
			same_both_ways(&r);
		}
		/* into the page in use, over the end of the range, over the
		 * end of the EPC, bad permissions, bad owner */
		r.count = 100;
		r.epc = 150;
		same_both_ways(&r);
		r.epc = 10;
		r.linaddr = WORLD_BASE + WORLD_SIZE - 70 * SGX_PAGE_SIZE;
		same_both_ways(&r);
		r.linaddr = WORLD_BASE;
		r.epc = 201;
		same_both_ways(&r);
		r.epc = 300;
		same_both_ways(&r);
		r.epc = 10;
		r.linaddr++;
		same_both_ways(&r);
		r.linaddr--;
		r.secinfo_flags = SGX_SECINFO_REG | SGX_SECINFO_W;
		same_both_ways(&r);
		r.secinfo_flags = REG_RW | SGX_SECINFO_PENDING;
		same_both_ways(&r);
		r.secinfo_flags = REG_RW;
		r.secs = 9;
		same_both_ways(&r);
		r.secs = 256;
		same_both_ways(&r);
		/* two things wrong: the order of the checks */
		r.secinfo_flags = REG_RW | SGX_SECINFO_PENDING;
		same_both_ways(&r);
		r.secs = SECS_PAGE;
		r.epc = 300;
		same_both_ways(&r);
		r.linaddr++;
		same_both_ways(&r);
		r.linaddr--;
		r.epc = 10;
		/* TCS pages, the fourth of them bad */
		r.secs = SECS_PAGE;
		r.secinfo_flags = SGX_SECINFO_TCS | RW;
		r.count = 6;
		r.source = NULL;
		same_both_ways(&r);
		r.source = source;
		tcs.flags = SGX_TCS_DBGOPTIN;
		for (int i = 0; i < 6; i++)
			memcpy(source[i], &tcs, sizeof tcs);
		same_both_ways(&r);
		source[3][8] = 2;
		same_both_ways(&r);
	}
}

static void run_without_storage(void **state)
{
	struct world *w = *state;
	struct sgx_eadd_run r = { .secs = SECS_PAGE, .epc = 10, .count = 200,
		.linaddr = WORLD_BASE, .secinfo_flags = REG_RW };
	uint32_t done;

	w->place_left = 130;
	expect_machine(sgx_eadd_run(&w->m, &r, &done));
	assert_int_equal(done, 128);
	world_check(w);
	w->place_left = UINT32_MAX;
	r.epc += done;
	r.linaddr += (uint64_t)done * SGX_PAGE_SIZE;
	r.count -= done;
	expect_ok(sgx_eadd_run(&w->m, &r, &done));
	assert_int_equal(done, 72);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* An engine that does nothing, so that the model alone is timed. */
static int place_nothing(void *ctx, uint32_t epc, uint32_t count,
	uint32_t secs, uint64_t linaddr, enum sgx_page_type type, uint8_t rwx)
{
	return 0;
}

static void do_nothing(void *ctx, uint32_t epc, uint32_t count)
{
}

/* A heap of 64 MiB is added fast enough not to be felt.  The bound is many
 * times what it takes, for slow machines and sanitizers. */
static void big_heap_is_quick(void **state)
{
	struct world *w = world_new(WORLD_PAGES_MAX, 3);
	struct sgx_secs secs = world_secs();
	struct sgx_eadd_run r = { .secs = 0, .epc = 1, .count = 16384,
		.linaddr = WORLD_BASE, .secinfo_flags = REG_RW };
	uint32_t done;
	double start, added, removed;
	struct sgx_memory_ops ops = *w->m.memory;

	secs.size = 1ull << 27;
	expect_ok(world_ecreate(w, 0, &secs));
	ops.place = place_nothing;
	ops.zero = ops.release = do_nothing;
	w->m.memory = &ops;
	/* real memory under the map */
	memset(w->epcm + 1, 0, (WORLD_PAGES_MAX - 1) * sizeof *w->epcm);
	start = now();
	expect_ok(sgx_eadd_run(&w->m, &r, &done));
	added = now();
	assert_int_equal(done, 16384);
	expect_ok(sgx_eremove_run(&w->m, 1, 16384, &done));
	removed = now();
	print_message("16384 pages: added in %.1f ms, removed in %.1f ms\n",
		added - start, removed - added);
	assert_true(added - start < 1000);
	assert_int_equal(done, 16384);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(adds_a_page, setup, teardown),
		cmocka_unit_test_setup_teardown(normalises_a_tcs, setup,
			teardown),
		cmocka_unit_test_setup_teardown(alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(outside_the_epc, setup,
			teardown),
		cmocka_unit_test_setup_teardown(secinfo, setup, teardown),
		cmocka_unit_test_setup_teardown(pages_in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(tcs_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(tcs_limits_of_32_bit_enclaves,
			setup, teardown),
		cmocka_unit_test_setup_teardown(permissions, setup, teardown),
		cmocka_unit_test_setup_teardown(address_range, setup, teardown),
		cmocka_unit_test_setup_teardown(not_after_einit, setup,
			teardown),
		cmocka_unit_test_setup_teardown(eextend_checks, setup,
			teardown),
		cmocka_unit_test_setup_teardown(measures_as_written, setup,
			teardown),
		cmocka_unit_test(run_is_its_leaves),
		cmocka_unit_test_setup_teardown(run_without_storage, setup,
			teardown),
		cmocka_unit_test(big_heap_is_quick),
	};

	return cmocka_run_group_tests_name("eadd", tests, NULL, NULL);
}
