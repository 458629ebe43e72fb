/* SPDX-License-Identifier: MIT */
/* SDM 3D: EENTER, EEXIT, AEX, ERESUME, TCS */
/* EENTER, EEXIT, AEX and ERESUME: checks in order and the state after. */
#include "world.h"

#define S 2u /* EPC page of the SECS */
#define TCS world_linaddr(WORLD_TCS)
#define SSA world_linaddr(WORLD_SSA)
#define AEP 0x55550000ull
#define OUTSIDE 0x400000ull
#define XSAVE_SIZE 832u

static int setup_with(void **state, const struct world_enclave *e)
{
	struct world *w = world_new(64, 1);

	world_build_init(w, S, e);
	*state = w;
	return 0;
}

static int setup(void **state)
{
	struct world_enclave e = world_default();

	return setup_with(state, &e);
}

static int teardown(void **state)
{
	world_check(*state);
	world_free(*state);
	return 0;
}

static struct sgx_regs host_regs(void)
{
	struct sgx_regs r;
	uint64_t *words = (uint64_t *)&r;

	for (size_t i = 0; i < sizeof r / 8; i++)
		words[i] = 0x1000100010000 + i;
	r.rax = SGX_EENTER;
	r.rbx = TCS;
	r.rcx = AEP;
	r.rip = OUTSIDE;
	r.rflags = 0x346; /* ZF, PF, TF, IF */
	return r;
}

static struct sgx_lp *host(struct world *w, int i)
{
	w->lp[i].regs = host_regs();
	return &w->lp[i];
}

static struct sgx_tcs *tcs_of(struct world *w)
{
	return (struct sgx_tcs *)world_at(w, S, TCS);
}

static struct sgx_gprsgx *gpr_of(struct world *w, unsigned int frame)
{
	return (struct sgx_gprsgx *)world_at(w, S,
		SSA + frame * 0x1000 + 4096 - 184);
}

static void refuse_gp(struct world *w, struct sgx_lp *lp)
{
	uint64_t before = world_state(w);

	expect_gp(sgx_eenter(&w->m, lp, S));
	assert_true(world_state(w) == before);
}

static void refuse_pf(struct world *w, struct sgx_lp *lp, uint64_t address,
	uint32_t code)
{
	uint64_t before = world_state(w);

	expect_pf(sgx_eenter(&w->m, lp, S), address, code);
	assert_true(world_state(w) == before);
}

/* ---- EENTER ---- */

static void enters(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	struct sgx_regs expected = lp->regs;
	struct sgx_outcome o = sgx_eenter(&w->m, lp, S);

	expect_ok(o);
	assert_false(o.writes_rax || o.writes_flags);
	expected.rax = 0;
	expected.rcx = OUTSIDE + 3;
	expected.rip = WORLD_BASE + 0x40;
	expected.rflags &= ~SGX_RFLAGS_TF;
	expected.fsbase = world_linaddr(WORLD_DATA);
	expected.gsbase = world_linaddr(WORLD_DATA) + 0x1000;
	assert_memory_equal(&lp->regs, &expected, sizeof expected);
	assert_true(lp->inside && !lp->opt_in);
	assert_int_equal(lp->secs, S);
	assert_int_equal(lp->tcs, S + WORLD_TCS);
	assert_int_equal(lp->xcr0, 7);
	assert_int_equal(tcs_of(w)->aep, AEP);
	assert_int_equal(tcs_of(w)->cssa, 0);
	assert_int_equal(gpr_of(w, 0)->ursp, host_regs().rsp);
	assert_int_equal(gpr_of(w, 0)->urbp, host_regs().rbp);
	world_check(w);
}

static void operands(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);

	lp->regs.rbx = TCS + 8;
	refuse_gp(w, lp);
	lp->regs.rbx = TCS;
	lp->regs.rcx = 0x800000000000;
	refuse_gp(w, lp);
	lp->regs.rcx = AEP;
	lp->regs.rbx = WORLD_BASE + 0x80000;
	refuse_pf(w, lp, lp->regs.rbx, SGX_PF_U);
	lp->regs.rbx = 0x1000;
	refuse_pf(w, lp, 0x1000, ENCLU_PF);
	lp->regs.rbx = world_linaddr(WORLD_DATA);
	refuse_pf(w, lp, lp->regs.rbx, ENCLU_PF);
	lp->regs.rbx = TCS;
	w->ordinary[S + WORLD_TCS] = true;
	refuse_pf(w, lp, TCS, ENCLU_PF);
	w->ordinary[S + WORLD_TCS] = false;
	for (int flag = SGX_EPCM_BLOCKED; flag <= SGX_EPCM_MODIFIED;
	     flag <<= 1) {
		w->epcm[S + WORLD_TCS].flags |= (uint8_t)flag;
		refuse_pf(w, lp, TCS, ENCLU_PF);
		w->epcm[S + WORLD_TCS].flags = SGX_EPCM_VALID;
	}
	expect_ok(sgx_eenter(&w->m, lp, S));
	expect_gp(sgx_eenter(&w->m, lp, S));
}

static void not_from_inside(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	uint8_t image[XSAVE_SIZE];
	uint64_t before;

	expect_ok(sgx_eenter(&w->m, lp, S));
	lp->regs.rbx = world_linaddr(WORLD_TCS2); /* which is free */
	lp->regs.rcx = AEP;
	before = world_state(w);
	expect_gp(sgx_eenter(&w->m, lp, S));
	((struct sgx_tcs *)world_at(w, S, lp->regs.rbx))->cssa = 1;
	expect_gp(sgx_eresume(&w->m, lp, S, image, sizeof image));
	((struct sgx_tcs *)world_at(w, S, lp->regs.rbx))->cssa = 0;
	assert_true(world_state(w) == before);
}

/* The rest of the frame is what it was. */
static void enter_writes_two_words(void **state)
{
	struct world *w = *state;
	struct sgx_gprsgx expected;

	memset(world_at(w, S, SSA), 0x6b, SGX_PAGE_SIZE);
	expected = *gpr_of(w, 0);
	expected.ursp = host_regs().rsp;
	expected.urbp = host_regs().rbp;
	expect_ok(sgx_eenter(&w->m, host(w, 0), S));
	assert_memory_equal(gpr_of(w, 0), &expected, sizeof expected);
	assert_int_equal(*(uint8_t *)world_at(w, S, SSA), 0x6b);
}

/* Page tables that show a TCS at another address. */
static uint32_t g_led_to;

static int64_t lying_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	return g_led_to;
}

static void lying_page_tables(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	static struct sgx_memory_ops ops; /* outlives the world */

	ops = *w->m.memory;
	ops.translate = lying_translate;
	w->m.memory = &ops;
	for (g_led_to = 0; g_led_to < 70; g_led_to++) {
		/* with the TCS where it belongs, the frame does not */
		bool right = g_led_to == S + WORLD_TCS;

		refuse_pf(w, lp, right ? SSA : TCS,
			right ? ENCLU_PF | SGX_PF_W : ENCLU_PF);
	}
}

/* A process in whose address space there is no enclave. */
static void no_enclave_there(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	uint64_t before = world_state(w);

	expect_pf(sgx_eenter(&w->m, lp, S + 1), TCS, ENCLU_PF);
	expect_pf(sgx_eenter(&w->m, lp, 50), TCS, ENCLU_PF);
	expect_pf(sgx_eenter(&w->m, lp, 5000), TCS, ENCLU_PF);
	assert_true(world_state(w) == before);
}

/* Two enclaves at the same addresses in two processes; the first process's
 * page tables show the second enclave.  It is the TCS that says whose it is:
 * the second is entered, with its own SECS. */
static uint32_t g_shown;

static int64_t showing_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	return g_shown + 1 + (int64_t)((linaddr - WORLD_BASE) >> 12);
}

static void tcs_says_whose_it_is(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	struct sgx_lp *lp = host(w, 0);
	struct sgx_memory_ops ops = *w->m.memory;

	g_shown = 30;
	e.secs.attributes.xfrm = 3;
	world_build_init(w, g_shown, &e);
	ops.translate = showing_translate;
	w->m.memory = &ops;
	expect_ok(sgx_eenter(&w->m, lp, S));
	assert_int_equal(lp->secs, g_shown);
	assert_int_equal(lp->xcr0, 3);
	world_check(w);
}

static void tcs_fields(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	struct sgx_tcs good = *tcs_of(w);

	tcs_of(w)->ossa += 0x10;
	refuse_gp(w, lp);
	*tcs_of(w) = good;
	tcs_of(w)->ofsbase += 1;
	refuse_gp(w, lp);
	*tcs_of(w) = good;
	tcs_of(w)->ogsbase += 0x800;
	refuse_gp(w, lp);
	*tcs_of(w) = good;
	for (int bit = 1; bit < 64; bit++) {
		tcs_of(w)->flags = 1ull << bit;
		refuse_gp(w, lp);
	}
	*tcs_of(w) = good;
	tcs_of(w)->oentry = 1ull << 47;
	refuse_gp(w, lp);
	*tcs_of(w) = good;
	tcs_of(w)->ofsbase = 1ull << 60;
	refuse_gp(w, lp);
	*tcs_of(w) = good;
	tcs_of(w)->ogsbase = 1ull << 60;
	refuse_gp(w, lp);
	*tcs_of(w) = good;
	expect_ok(sgx_eenter(&w->m, lp, S));
}

static void uninitialised(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();

	world_build(w, S, &e);
	refuse_gp(w, host(w, 0));
	world_check(w);
	world_free(w);
}

static void wrong_mode(void **state)
{
	struct world *w = *state;
	struct sgx_secs *secs = (struct sgx_secs *)w->epc[S];

	secs->attributes.flags &= ~SGX_ATTR_MODE64BIT;
	refuse_gp(w, host(w, 0));
	secs->attributes.flags |= SGX_ATTR_MODE64BIT;
}

static void features_of_the_processor(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);

	lp->xcr0 = 3;
	refuse_gp(w, lp);
	lp->xcr0 = 7;
	expect_ok(sgx_eenter(&w->m, lp, S));
}

static void no_frame_left(void **state)
{
	struct world *w = *state;

	tcs_of(w)->cssa = 3;
	refuse_gp(w, host(w, 0));
	tcs_of(w)->cssa = 2;
	tcs_of(w)->nssa = 0;
	refuse_gp(w, host(w, 0));
	tcs_of(w)->cssa = 0;
}

static void frame_pages(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	struct sgx_epcm_entry *e = &w->epcm[S + WORLD_SSA], good = *e;
	const uint32_t epcm = ENCLU_PF | SGX_PF_W;

	w->unmapped[S + WORLD_SSA] = true;
	refuse_pf(w, lp, SSA, SGX_PF_U | SGX_PF_W);
	w->unmapped[S + WORLD_SSA] = false;
	w->ordinary[S + WORLD_SSA] = true;
	refuse_pf(w, lp, SSA, epcm);
	w->ordinary[S + WORLD_SSA] = false;
	for (int flag = SGX_EPCM_BLOCKED; flag <= SGX_EPCM_MODIFIED;
	     flag <<= 1) {
		e->flags |= (uint8_t)flag;
		refuse_pf(w, lp, SSA, epcm);
		*e = good;
	}
	e->secs = S + 1;
	expect_pf(sgx_eenter(&w->m, lp, S), SSA, SGX_PF_U | SGX_PF_W);
	*e = good;
	e->rwx = SGX_SECINFO_R;
	refuse_pf(w, lp, SSA, epcm);
	e->rwx = SGX_SECINFO_R | SGX_SECINFO_X;
	refuse_pf(w, lp, SSA, epcm);
	*e = good;
	/* a TCS, the code, and addresses outside as a frame */
	tcs_of(w)->ossa = TCS - WORLD_BASE;
	refuse_pf(w, lp, TCS, epcm);
	tcs_of(w)->ossa = 0;
	refuse_pf(w, lp, WORLD_BASE, epcm);
	tcs_of(w)->ossa = WORLD_SIZE;
	refuse_pf(w, lp, WORLD_BASE + WORLD_SIZE, epcm);
	tcs_of(w)->ossa = 0x1000 - WORLD_BASE;
	refuse_pf(w, lp, 0x1000, epcm);
	tcs_of(w)->ossa = SSA - WORLD_BASE;
	expect_ok(sgx_eenter(&w->m, lp, S));
}

/* Page tables that show the right TCS, but for its frame some other page. */
static uint32_t g_frame;

static int64_t frame_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	return linaddr == TCS ? (int64_t)(S + WORLD_TCS) : (int64_t)g_frame;
}

static void frame_is_another_page(void **state)
{
	struct world *w = *state;
	struct world_enclave e = world_default();
	struct sgx_lp *lp = host(w, 0);
	struct sgx_memory_ops ops = *w->m.memory;

	world_build_init(w, 30, &e);
	ops.translate = frame_translate;
	w->m.memory = &ops;
	for (g_frame = 0; g_frame < 64; g_frame++)
		if (g_frame != S + WORLD_SSA)
			refuse_pf(w, lp, SSA, ENCLU_PF | SGX_PF_W);
	g_frame = S + WORLD_SSA;
	expect_ok(sgx_eenter(&w->m, lp, S));
}

/* Frames of two pages: the first with the XSAVE area, the second with GPRSGX;
 * both are needed. */
static void big_frames(void **state)
{
	struct world_enclave e = world_default();
	const uint32_t epcm = ENCLU_PF | SGX_PF_W;
	struct world *w;
	struct sgx_lp *lp;

	e.secs.ssa_frame_size = 2;
	setup_with(state, &e);
	w = *state;
	lp = host(w, 0);
	w->epcm[S + WORLD_SSA + 1].rwx = 0;
	refuse_pf(w, lp, SSA + 0x1000, epcm);
	w->epcm[S + WORLD_SSA + 1].rwx = SGX_SECINFO_R | SGX_SECINFO_W;
	expect_ok(sgx_eenter(&w->m, lp, S));
	assert_int_equal(lp->frame_count, 1);
	assert_int_equal(lp->frame[0], S + WORLD_SSA);
	assert_int_equal(lp->gpr_page, S + WORLD_SSA + 1);
	/* the second frame ends on a TCS */
	sgx_aex(&w->m, lp, &(struct sgx_event){ .kind = SGX_EVENT_INTERRUPT },
		(uint8_t[XSAVE_SIZE]){ 0 }, XSAVE_SIZE);
	lp->regs = host_regs();
	refuse_pf(w, lp, SSA + 0x3000, epcm);
}

static void busy(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);

	expect_ok(sgx_eenter(&w->m, lp, S));
	refuse_gp(w, host(w, 1));
	/* another TCS of the same enclave is free, once it has a frame */
	w->lp[1].regs.rbx = world_linaddr(WORLD_TCS2);
	expect_ok(sgx_eenter(&w->m, &w->lp[1], S));
	world_check(w);
	lp->regs.rbx = OUTSIDE;
	expect_ok(sgx_eexit(&w->m, lp));
	expect_ok(sgx_eenter(&w->m, host(w, 0), S));
}

static void probe(void **state)
{
	struct world *w = *state;
	struct sgx_machine *m = &w->m;
	uint64_t before = world_state(w);

	for (uint32_t cssa = 0; cssa < 3; cssa++)
		expect_ok(sgx_entry_probe(m, S, TCS, cssa, 7));
	expect_gp(sgx_entry_probe(m, S, TCS, 3, 7));
	expect_gp(sgx_entry_probe(m, S, TCS, 0, 3));
	expect_gp(sgx_entry_probe(m, S, TCS + 1, 0, 7));
	expect_pf(sgx_entry_probe(m, S, SSA, 0, 7), SSA, ENCLU_PF);
	assert_true(world_state(w) == before);
	w->epcm[S + WORLD_SSA + 1].rwx = SGX_SECINFO_R;
	expect_ok(sgx_entry_probe(m, S, TCS, 0, 7));
	expect_pf(sgx_entry_probe(m, S, TCS, 1, 7), SSA + 0x1000,
		ENCLU_PF | SGX_PF_W);
	/* also while a thread is inside */
	expect_ok(sgx_eenter(m, host(w, 0), S));
	expect_ok(sgx_entry_probe(m, S, TCS, 0, 7));
}

/* ---- EEXIT ---- */

static void exits(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);
	struct sgx_regs inside, host_before = lp->regs;

	expect_ok(sgx_eenter(&w->m, lp, S));
	lp->regs.rbx = 0x800000000000;
	expect_gp(sgx_eexit(&w->m, lp));
	assert_true(lp->inside);
	lp->regs.rbx = 0x424242;
	lp->regs.rsp = 0x1212;
	lp->regs.rflags = 0x8d7;
	inside = lp->regs;
	expect_ok(sgx_eexit(&w->m, lp));
	inside.rip = 0x424242;
	inside.rcx = AEP;
	inside.fsbase = host_before.fsbase;
	inside.gsbase = host_before.gsbase;
	inside.rflags = 0x8d7 | SGX_RFLAGS_TF; /* as it was at entry */
	assert_memory_equal(&lp->regs, &inside, sizeof inside);
	assert_false(lp->inside);
	assert_int_equal(lp->xcr0, WORLD_XFRM);
	assert_int_equal(tcs_of(w)->cssa, 0);
	assert_int_equal(tcs_of(w)->state, 0);
	expect_gp(sgx_eexit(&w->m, lp)); /* outside */
}

static void debug_opt_in(void **state)
{
	struct world *w = *state;
	struct sgx_lp *lp = host(w, 0);

	tcs_of(w)->flags = SGX_TCS_DBGOPTIN;
	expect_ok(sgx_eenter(&w->m, lp, S));
	assert_true(lp->opt_in);
	assert_true(lp->regs.rflags & SGX_RFLAGS_TF);
	lp->regs.rflags &= ~SGX_RFLAGS_TF;
	lp->regs.rbx = OUTSIDE;
	expect_ok(sgx_eexit(&w->m, lp));
	assert_false(lp->regs.rflags & SGX_RFLAGS_TF);
}

/* ---- AEX and ERESUME ---- */

static void fill_image(uint8_t image[XSAVE_SIZE])
{
	const uint64_t state_bv = 7;
	const uint32_t mxcsr = 0x1f80;

	for (uint32_t i = 0; i < XSAVE_SIZE; i++)
		image[i] = (uint8_t)(i * 7 + 1);
	memset(image + 464, 0, 112);
	memcpy(image + 512, &state_bv, 8);
	memcpy(image + 24, &mxcsr, 4);
}

static const struct sgx_event g_fault = { .kind = SGX_EVENT_EXCEPTION,
	.vector = SGX_VECTOR_PF, .error_code = 6, .address = 0xdead123 };

static struct sgx_lp *inside(struct world *w, struct sgx_regs *regs)
{
	struct sgx_lp *lp = host(w, 0);
	uint64_t *words = (uint64_t *)&lp->regs;

	expect_ok(sgx_eenter(&w->m, lp, S));
	for (size_t i = 0; i < sizeof lp->regs / 8; i++)
		words[i] = 0x7700 + i;
	lp->regs.rflags = 0x246;
	*regs = lp->regs;
	return lp;
}

static void aex_saves_and_hides(void **state)
{
	struct world *w = *state;
	uint8_t image[XSAVE_SIZE], dirty[4000];
	struct sgx_regs regs, expected = { 0 };
	struct sgx_lp *lp = inside(w, &regs);
	struct sgx_gprsgx gpr = { 0 };
	struct sgx_exinfo exinfo;

	/* a signal frame's image: more features, kernel's own bytes */
	memset(dirty, 0xdd, sizeof dirty);
	fill_image(image);
	memcpy(dirty, image, 464);
	memcpy(dirty + 576, image + 576, XSAVE_SIZE - 576);
	memset(world_at(w, S, SSA + XSAVE_SIZE), 0x33, 64);
	sgx_aex(&w->m, lp, &g_fault, dirty, sizeof dirty);
	image[512] = 0xdd & 7;
	assert_memory_equal(world_at(w, S, SSA), image, XSAVE_SIZE);
	/* nothing beyond what XFRM has */
	assert_int_equal(*(uint8_t *)world_at(w, S, SSA + XSAVE_SIZE), 0x33);
	memcpy(&gpr, gpr_of(w, 0), sizeof gpr);
	assert_int_equal(gpr.rax, regs.rax);
	assert_int_equal(gpr.r15, regs.r15);
	assert_int_equal(gpr.rip, regs.rip);
	assert_int_equal(gpr.fsbase, regs.fsbase);
	assert_int_equal(gpr.ursp, host_regs().rsp);
	assert_int_equal(gpr.exit_info, 0x8000030e);
	memcpy(&exinfo, world_at(w, S, SSA + 4096 - 200), sizeof exinfo);
	assert_int_equal(exinfo.maddr, 0xdead123);
	assert_int_equal(exinfo.errcd, 6);

	expected.rax = SGX_ERESUME;
	expected.rbx = TCS;
	expected.rcx = expected.rip = AEP;
	expected.rsp = host_regs().rsp;
	expected.rbp = host_regs().rbp;
	expected.rflags = 0x302; /* TF as at entry */
	expected.fsbase = host_regs().fsbase;
	expected.gsbase = host_regs().gsbase;
	assert_memory_equal(&lp->regs, &expected, sizeof expected);
	assert_false(lp->inside);
	assert_int_equal(lp->xcr0, WORLD_XFRM);
	assert_int_equal(tcs_of(w)->cssa, 1);
	assert_int_equal(tcs_of(w)->state, 0);
}

static void aex_and_eresume_round_trip(void **state)
{
	struct world *w = *state;
	uint8_t image[XSAVE_SIZE], back[XSAVE_SIZE];
	struct sgx_regs regs;
	struct sgx_lp *lp = inside(w, &regs);

	fill_image(image);
	sgx_aex(&w->m, lp, &g_fault, image, sizeof image);
	/* the host resumes, from another processor, with other registers */
	lp = host(w, 2);
	lp->regs.rax = SGX_ERESUME;
	memset(back, 0, sizeof back);
	expect_ok(sgx_eresume(&w->m, lp, S, back, sizeof back));
	assert_memory_equal(back, image, sizeof image);
	assert_memory_equal(&lp->regs, &regs, sizeof regs);
	assert_true(lp->inside);
	assert_int_equal(tcs_of(w)->cssa, 0);
	world_check(w);
	/* and the enclave can leave normally afterwards */
	lp->regs.rbx = 0x1000;
	expect_ok(sgx_eexit(&w->m, lp));
	assert_int_equal(lp->regs.fsbase, host_regs().fsbase);
}

static void nested(void **state)
{
	struct world *w = *state;
	uint8_t image[XSAVE_SIZE];
	struct sgx_regs regs;
	struct sgx_lp *lp = inside(w, &regs);

	fill_image(image);
	for (uint32_t level = 1; level <= 3; level++) {
		lp->regs.rip = 0x9000 + level;
		sgx_aex(&w->m, lp, &g_fault, image, sizeof image);
		assert_int_equal(tcs_of(w)->cssa, level);
		world_check(w);
		lp->regs.rax = SGX_EENTER;
		if (level == 3) {
			refuse_gp(w, lp);
			break;
		}
		expect_ok(sgx_eenter(&w->m, lp, S));
		assert_int_equal(lp->regs.rax, level);
	}
	for (uint32_t level = 3; level >= 1; level--) {
		expect_ok(sgx_eresume(&w->m, lp, S, image, sizeof image));
		assert_int_equal(lp->regs.rip, 0x9000 + level);
		assert_int_equal(tcs_of(w)->cssa, level - 1);
		lp->regs.rbx = 0x1000;
		expect_ok(sgx_eexit(&w->m, lp));
		lp->regs = host_regs();
	}
	expect_gp(sgx_eresume(&w->m, lp, S, image, sizeof image));
}

/* The enclave, or an exception handler in it, has written nonsense into the
 * frame; ERESUME refuses and changes nothing. */
static void bad_frames(void **state)
{
	struct world *w = *state;
	uint8_t image[XSAVE_SIZE], back[XSAVE_SIZE], *frame;
	struct sgx_regs regs;
	struct sgx_lp *lp = inside(w, &regs);
	struct sgx_gprsgx good;
	uint64_t before;

	fill_image(image);
	sgx_aex(&w->m, lp, &g_fault, image, sizeof image);
	good = *gpr_of(w, 0);
	frame = world_at(w, S, SSA);
	lp->regs = host_regs();

#define REFUSED(change, undo) do { \
		change; \
		before = world_state(w); \
		expect_gp(sgx_eresume(&w->m, lp, S, back, sizeof back)); \
		assert_true(world_state(w) == before); \
		undo; \
	} while (0)
	REFUSED(gpr_of(w, 0)->rip = 1ull << 47, *gpr_of(w, 0) = good);
	REFUSED(gpr_of(w, 0)->fsbase = 1ull << 63, *gpr_of(w, 0) = good);
	REFUSED(gpr_of(w, 0)->gsbase = 1ull << 50, *gpr_of(w, 0) = good);
	REFUSED(frame[512] = 0x0f, frame[512] = 7);
	REFUSED(frame[513] = 1, frame[513] = 0);
	REFUSED(frame[519] = 0x80, frame[519] = 0);
	REFUSED(frame[527] = 0x80, frame[527] = 0);
	REFUSED(frame[535] = 1, frame[535] = 0);
	REFUSED(frame[26] = 1, frame[26] = 0);
	REFUSED(tcs_of(w)->cssa = 0, tcs_of(w)->cssa = 1);
	REFUSED(lp->regs.rbx += 8, lp->regs.rbx -= 8);
	REFUSED(lp->regs.rcx = 1ull << 47, lp->regs.rcx = AEP);
	REFUSED(lp->xcr0 = 3, lp->xcr0 = 7);
	w->epcm[S + WORLD_SSA].rwx = SGX_SECINFO_R;
	before = world_state(w);
	expect_pf(sgx_eresume(&w->m, lp, S, back, sizeof back), SSA,
		ENCLU_PF | SGX_PF_W);
	w->epcm[S + WORLD_SSA].rwx |= SGX_SECINFO_W;
	expect_machine(sgx_eresume(&w->m, lp, S, back, XSAVE_SIZE - 1));
	expect_ok(sgx_eresume(&w->m, lp, S, back, sizeof back));
	expect_gp(sgx_eresume(&w->m, lp, S, back, sizeof back));
}

static void flags_from_the_frame(void **state)
{
	struct world *w = *state;
	uint8_t image[XSAVE_SIZE];
	struct sgx_regs regs;
	struct sgx_lp *lp = inside(w, &regs);

	fill_image(image);
	sgx_aex(&w->m, lp, &g_fault, image, sizeof image);
	/* an enclave cannot give itself more than the arithmetic flags */
	gpr_of(w, 0)->rflags = ~0ull;
	lp->regs = host_regs();
	lp->regs.rflags = 0x202;
	expect_ok(sgx_eresume(&w->m, lp, S, image, sizeof image));
	assert_int_equal(lp->regs.rflags, 0x254ed7);
}

/* Frames whose XSAVE area takes more than one page. */
static void wide_state(void **state)
{
	struct world *w = world_new(64, 1);
	struct world_enclave e = world_default();
	static uint8_t image[6000], back[6000];
	const uint64_t state_bv = 7;
	struct sgx_lp *lp;

	w->m.profile.xsave.component[2] = (struct sgx_xsave_component){
		5000, 1000 };
	e.secs.ssa_frame_size = 2;
	world_build_init(w, S, &e);
	lp = host(w, 0);
	expect_ok(sgx_eenter(&w->m, lp, S));
	assert_int_equal(lp->frame_count, 2);
	assert_int_equal(lp->gpr_page, lp->frame[1]);
	for (uint32_t i = 0; i < sizeof image; i++)
		image[i] = (uint8_t)(i * 11);
	memset(image + 24, 0, 4);
	memset(image + 464, 0, 112);
	memcpy(image + 512, &state_bv, 8);
	sgx_aex(&w->m, lp, &g_fault, image, sizeof image);
	lp->regs = host_regs();
	expect_ok(sgx_eresume(&w->m, lp, S, back, sizeof back));
	assert_memory_equal(image, back, sizeof image);
	world_check(w);
	world_free(w);
}

static void without_exinfo(void **state)
{
	struct world_enclave e = world_default();
	uint8_t image[XSAVE_SIZE];
	struct sgx_regs regs;
	struct sgx_lp *lp;
	struct world *w;

	e.secs.misc_select = 0;
	setup_with(state, &e);
	w = *state;
	lp = inside(w, &regs);
	memset(world_at(w, S, SSA + 4096 - 200), 0x44, 16);
	fill_image(image);
	sgx_aex(&w->m, lp, &g_fault, image, sizeof image);
	assert_int_equal(gpr_of(w, 0)->exit_info, 0);
	assert_int_equal(*(uint8_t *)world_at(w, S, SSA + 4096 - 200), 0x44);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(enters), TEST(operands), TEST(not_from_inside),
		TEST(enter_writes_two_words),
		TEST(lying_page_tables),
		TEST(no_enclave_there), TEST(tcs_says_whose_it_is),
		TEST(tcs_fields), cmocka_unit_test(uninitialised),
		TEST(wrong_mode), TEST(features_of_the_processor),
		TEST(no_frame_left), TEST(frame_pages),
		TEST(frame_is_another_page),
		cmocka_unit_test_teardown(big_frames, teardown), TEST(busy),
		TEST(probe), TEST(exits), TEST(debug_opt_in),
		TEST(aex_saves_and_hides), TEST(aex_and_eresume_round_trip),
		TEST(nested), TEST(bad_frames), TEST(flags_from_the_frame),
		cmocka_unit_test(wide_state),
		cmocka_unit_test_teardown(without_exinfo, teardown),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
