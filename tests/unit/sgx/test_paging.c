/* SPDX-License-Identifier: MIT */
/* SDM 3D: EPA, EBLOCK, ETRACK, EWB, ELDU, ELDB, Tracking */
/* EPA, EBLOCK, ETRACK, EWB and ELD*: pages go out and come back as they were,
 * or not at all. */
#include "world.h"

#define S 4u /* EPC page of the SECS */
#define VA 40u
#define VA2 41u
#define FREE 50u

/* A page outside. */
struct out {
	uint8_t page[SGX_PAGE_SIZE];
	struct sgx_pcmd pcmd;
	uint64_t linaddr;
};

static int setup(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();

	world_build_init(w, S, &e);
	expect_ok(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(VA)));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static uint64_t slot(uint32_t va, uint32_t i)
{
	return sgx_epc_address(va) + i * SGX_VA_SLOT_SIZE;
}

static struct sgx_outcome ewb(struct world *w, uint32_t epc, uint64_t rdx,
	struct out *out)
{
	const struct sgx_pageinfo pageinfo = { .srcpge = 0x1000,
		.secinfo = 0x2000 };

	return sgx_ewb(&w->m, 0x3000, sgx_epc_address(epc), rdx, &pageinfo,
		out->page, &out->pcmd, &out->linaddr);
}

static struct sgx_outcome eld(struct world *w, enum sgx_eld_kind kind,
	uint32_t epc, uint32_t secs, uint64_t rdx, const struct out *out)
{
	const struct sgx_pageinfo pageinfo = { .linaddr = out->linaddr,
		.srcpge = 0x1000, .secinfo = 0x2000,
		.secs = sgx_epc_address(secs) };

	return sgx_eld(&w->m, kind, 0x3000, sgx_epc_address(epc), rdx,
		&pageinfo, &out->pcmd, out->page);
}

static void block_and_track(struct world *w, uint32_t epc, uint32_t secs)
{
	expect_ok(sgx_eblock(&w->m, sgx_epc_address(epc)));
	expect_ok(sgx_etrack(&w->m, sgx_epc_address(secs)));
}

static void expect_notice(struct sgx_outcome o, uint32_t error)
{
	assert_int_equal(o.kind, SGX_OUTCOME_ERROR);
	assert_int_equal(o.rax, error);
	assert_true(o.cf && !o.zf && o.writes_rax && o.writes_flags);
}

static void enter(struct world *w, struct sgx_lp *lp, uint32_t secs)
{
	lp->regs.rbx = world_linaddr(WORLD_TCS);
	lp->regs.rcx = 0x1000;
	expect_ok(sgx_eenter(&w->m, lp, secs));
}

static void leave(struct world *w, struct sgx_lp *lp)
{
	lp->regs.rbx = 0x5000;
	expect_ok(sgx_eexit(&w->m, lp));
}

static void out_and_back(void **state)
{
	struct world *w = *state;
	static const uint8_t zero[SGX_PAGE_SIZE];
	uint8_t before[SGX_PAGE_SIZE];
	struct out out;

	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++) {
		struct sgx_epcm_entry entry = w->epcm[S + p];

		memcpy(before, w->epc[S + p], sizeof before);
		block_and_track(w, S + p, S);
		assert_int_equal(w->changed[S + p], 1);
		expect_ok(ewb(w, S + p, slot(VA, p), &out));
		world_check(w);
		assert_false(w->placed[S + p]);
		assert_int_equal(out.linaddr, entry.linaddr);
		assert_int_equal(out.pcmd.enclave_id, 1);
		assert_memory_not_equal(out.page, before, 64);
		/* anywhere */
		expect_ok(eld(w, SGX_ELD_U, FREE, S, slot(VA, p), &out));
		world_check(w);
		assert_memory_equal(w->epc[FREE], before, sizeof before);
		assert_memory_equal(&w->epcm[FREE], &entry, sizeof entry);
		/* only once */
		expect_error(eld(w, SGX_ELD_U, S + p, S, slot(VA, p), &out),
			SGX_MAC_COMPARE_FAIL);
		block_and_track(w, FREE, S);
		expect_ok(ewb(w, FREE, slot(VA, p), &out));
		expect_ok(eld(w, SGX_ELD_U, S + p, S, slot(VA, p), &out));
	}
	assert_memory_equal(w->epc[VA], zero, sizeof zero);
}

static void waits_for_threads(void **state)
{
	struct world *w = *state;
	const uint32_t data = S + WORLD_DATA;
	struct sgx_lp *old = &w->lp[0], *young = &w->lp[1];
	struct out out;
	uint64_t before;

	enter(w, old, S);
	before = world_state(w);
	expect_error(ewb(w, data, slot(VA, 0), &out), SGX_PAGE_NOT_BLOCKED);
	assert_true(world_state(w) == before);
	expect_ok(sgx_eblock(&w->m, sgx_epc_address(data)));
	expect_error(ewb(w, data, slot(VA, 0), &out), SGX_NOT_TRACKED);
	expect_ok(sgx_etrack(&w->m, sgx_epc_address(S)));
	assert_int_equal(w->tracked[S], 2);
	expect_error(ewb(w, data, slot(VA, 0), &out), SGX_NOT_TRACKED);
	before = world_state(w);
	expect_error(sgx_etrack(&w->m, sgx_epc_address(S)),
		SGX_PREV_TRK_INCMPL);
	assert_true(world_state(w) == before);
	leave(w, old);
	/* who comes after ETRACK does not matter */
	enter(w, young, S);
	assert_int_equal(young->epoch, 2);
	expect_ok(ewb(w, data, slot(VA, 0), &out));
	expect_ok(sgx_etrack(&w->m, sgx_epc_address(S)));
	expect_ok(eld(w, SGX_ELD_U, data, S, slot(VA, 0), &out));
	leave(w, young);
}

static void eblock_has_reasons(void **state)
{
	struct world *w = *state;
	uint64_t before = world_state(w);

	expect_gp(sgx_eblock(&w->m, sgx_epc_address(S) + 8));
	expect_pf(sgx_eblock(&w->m, sgx_epc_address(64)), sgx_epc_address(64),
		ENCLS_PF);
	expect_error(sgx_eblock(&w->m, sgx_epc_address(FREE)), SGX_PG_INVLD);
	expect_notice(sgx_eblock(&w->m, sgx_epc_address(S)), SGX_PG_IS_SECS);
	expect_notice(sgx_eblock(&w->m, sgx_epc_address(VA)),
		SGX_NOTBLOCKABLE);
	assert_true(world_state(w) == before);
	expect_ok(sgx_eblock(&w->m, sgx_epc_address(S + 1)));
	expect_notice(sgx_eblock(&w->m, sgx_epc_address(S + 1)),
		SGX_BLKSTATE);
}

static void tampering_is_found(void **state)
{
	struct world *w = *state;
	const uint32_t a = S + WORLD_DATA, b = S + WORLD_DATA + 1;
	struct out good, other, old, bad;
	uint64_t before;

	block_and_track(w, a, S);
	expect_ok(ewb(w, a, slot(VA, 0), &old));
	expect_ok(eld(w, SGX_ELD_U, a, S, slot(VA, 0), &old));
	block_and_track(w, a, S);
	block_and_track(w, b, S);
	expect_ok(ewb(w, a, slot(VA, 0), &good));
	expect_ok(ewb(w, b, slot(VA, 1), &other));
	before = world_state(w);
	for (uint32_t bit = 0; bit < 8 * sizeof bad; bit += 37) {
		size_t at = bit / 8;

		/* the owner's number is for information */
		if (at >= offsetof(struct out, pcmd.enclave_id) &&
		    at < offsetof(struct out, pcmd.reserved))
			continue;
		bad = good;
		((uint8_t *)&bad)[at] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(eld(w, SGX_ELD_U, a, S, slot(VA, 0),
			&bad).kind, SGX_OUTCOME_OK);
	}
	expect_error(eld(w, SGX_ELD_U, a, S, slot(VA, 0), &old),
		SGX_MAC_COMPARE_FAIL);
	expect_error(eld(w, SGX_ELD_U, a, S, slot(VA, 0), &other),
		SGX_MAC_COMPARE_FAIL);
	expect_error(eld(w, SGX_ELD_U, a, S, slot(VA, 1), &good),
		SGX_MAC_COMPARE_FAIL);
	expect_error(eld(w, SGX_ELD_U, a, S, slot(VA, 2), &good),
		SGX_MAC_COMPARE_FAIL);
	assert_true(world_state(w) == before);
	expect_ok(eld(w, SGX_ELD_B, a, S, slot(VA, 0), &good));
	assert_int_equal(w->epcm[a].flags, SGX_EPCM_VALID | SGX_EPCM_BLOCKED);
	expect_ok(ewb(w, a, slot(VA, 0), &good));
	expect_ok(eld(w, SGX_ELD_U, a, S, slot(VA, 0), &good));
	expect_ok(eld(w, SGX_ELD_U, b, S, slot(VA, 1), &other));
}

static void another_enclave_does_not_get_it(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	struct out out;

	world_build(w, 20, &e);
	block_and_track(w, S + WORLD_DATA, S);
	expect_ok(ewb(w, S + WORLD_DATA, slot(VA, 0), &out));
	expect_error(eld(w, SGX_ELD_U, FREE, 20, slot(VA, 0), &out),
		SGX_MAC_COMPARE_FAIL);
	expect_ok(eld(w, SGX_ELD_U, FREE, S, slot(VA, 0), &out));
}

/* The whole enclave, its SECS and the VA page that holds their versions go
 * out; all come back at other places, and the enclave runs. */
static void everything_goes_out(void **state)
{
	static struct out out[WORLD_ENCLAVE_PAGES], va;
	struct world *w = *state;
	const uint32_t at = 20, va_at = 3;

	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++)
		expect_ok(sgx_eblock(&w->m, sgx_epc_address(S + p)));
	expect_ok(sgx_etrack(&w->m, sgx_epc_address(S)));
	expect_error(ewb(w, S, slot(VA, 0), &out[0]), SGX_CHILD_PRESENT);
	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++)
		expect_ok(ewb(w, S + p, slot(VA, p), &out[p]));
	expect_ok(ewb(w, S, slot(VA, 0), &out[0]));
	assert_int_equal(out[0].pcmd.enclave_id, 1);
	expect_gp(ewb(w, VA, slot(VA, 511), &va));
	expect_ok(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(VA2)));
	expect_ok(ewb(w, VA, slot(VA2, 0), &va));
	assert_int_equal(va.pcmd.enclave_id, 0);
	world_check(w);

	expect_ok(eld(w, SGX_ELD_U, va_at, 0, slot(VA2, 0), &va));
	expect_pf(eld(w, SGX_ELD_U, at + 1, at, slot(va_at, 1), &out[1]),
		sgx_epc_address(at), ENCLS_PF);
	expect_gp(eld(w, SGX_ELD_U, at, 9, slot(va_at, 0), &out[0]));
	expect_ok(eld(w, SGX_ELD_U, at, 0, slot(va_at, 0), &out[0]));
	assert_int_equal(w->tracked[at], 2);
	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++)
		expect_ok(eld(w, SGX_ELD_U, at + p, at, slot(va_at, p),
			&out[p]));
	world_check(w);
	enter(w, &w->lp[0], at);
	assert_int_equal(w->lp[0].epoch, 2);
	leave(w, &w->lp[0]);
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(va_at)));
}

/* Children that are out do not keep a SECS; nobody gets them any more. */
static void removed_while_children_are_out(void **state)
{
	static struct out out[WORLD_ENCLAVE_PAGES];
	struct world *w = *state;
	struct world_enclave e = world_default();

	for (uint32_t p = 1; p < WORLD_ENCLAVE_PAGES; p++) {
		block_and_track(w, S + p, S);
		expect_ok(ewb(w, S + p, slot(VA, p), &out[p]));
	}
	expect_ok(sgx_eremove(&w->m, sgx_epc_address(S)));
	/* the same enclave once more, at the same place */
	world_build_init(w, S, &e);
	expect_error(eld(w, SGX_ELD_U, FREE, S, slot(VA, WORLD_DATA),
		&out[WORLD_DATA]), SGX_MAC_COMPARE_FAIL);
}

static void slot_in_use(void **state)
{
	struct world *w = *state;
	struct out first, second;

	block_and_track(w, S + 2, S);
	block_and_track(w, S + 3, S);
	expect_ok(ewb(w, S + 2, slot(VA, 7), &first));
	expect_notice(ewb(w, S + 3, slot(VA, 7), &second),
		SGX_VA_SLOT_OCCUPIED);
	assert_false(w->placed[S + 3]);
	/* the first is lost, the second is not */
	expect_error(eld(w, SGX_ELD_U, S + 2, S, slot(VA, 7), &first),
		SGX_MAC_COMPARE_FAIL);
	expect_ok(eld(w, SGX_ELD_U, S + 3, S, slot(VA, 7), &second));
}

static void engine_or_backend_fails(void **state)
{
	struct world *w = *state;
	struct out out;
	uint64_t before = world_state(w);

	w->place_left = 0;
	expect_machine(sgx_epa(&w->m, SGX_PT_VA, sgx_epc_address(VA2)));
	assert_true(world_state(w) == before);
	w->place_left = UINT32_MAX;
	block_and_track(w, S + 2, S);
	before = world_state(w);
	w->gcm_fails = true;
	expect_machine(ewb(w, S + 2, slot(VA, 0), &out));
	assert_true(world_state(w) == before);
	w->gcm_fails = false;
	expect_ok(ewb(w, S + 2, slot(VA, 0), &out));
	before = world_state(w);
	w->gcm_fails = true;
	expect_machine(eld(w, SGX_ELD_U, S + 2, S, slot(VA, 0), &out));
	w->gcm_fails = false;
	w->place_left = 0;
	expect_machine(eld(w, SGX_ELD_U, S + 2, S, slot(VA, 0), &out));
	w->place_left = UINT32_MAX;
	assert_true(world_state(w) == before);
	expect_ok(eld(w, SGX_ELD_U, S + 2, S, slot(VA, 0), &out));
}

static void oversubscription_can_be_missing(void **state)
{
	struct world *w = *state;
	struct out out;

	block_and_track(w, S + 2, S);
	expect_ok(ewb(w, S + 2, slot(VA, 0), &out));
	expect_gp(sgx_etrackc(&w->m, sgx_epc_address(S)));
	expect_gp(eld(w, SGX_ELD_UC, S + 2, S, slot(VA, 0), &out));
	expect_gp(eld(w, SGX_ELD_BC, S + 2, S, slot(VA, 0), &out));
	w->m.profile.features |= SGX_FEATURE_OVERSUB;
	expect_ok(sgx_etrackc(&w->m, sgx_epc_address(S)));
	expect_ok(sgx_etrackc(&w->m, sgx_epc_address(S + 1)));
	assert_int_equal(w->tracked[S], 4);
	expect_notice(sgx_etrackc(&w->m, sgx_epc_address(VA)),
		SGX_TRACK_NOT_REQUIRED);
	expect_error(sgx_etrackc(&w->m, sgx_epc_address(FREE)), SGX_PG_INVLD);
	expect_ok(eld(w, SGX_ELD_BC, S + 2, S, slot(VA, 0), &out));
	expect_ok(ewb(w, S + 2, slot(VA, 0), &out));
	expect_ok(eld(w, SGX_ELD_UC, S + 2, S, slot(VA, 0), &out));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(out_and_back), TEST(waits_for_threads),
		TEST(eblock_has_reasons), TEST(tampering_is_found),
		TEST(another_enclave_does_not_get_it),
		TEST(everything_goes_out),
		TEST(removed_while_children_are_out), TEST(slot_in_use),
		TEST(engine_or_backend_fails),
		TEST(oversubscription_can_be_missing),
	};

	return cmocka_run_group_tests_name("paging", tests, NULL, NULL);
}
