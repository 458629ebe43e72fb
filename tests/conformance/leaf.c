/* SPDX-License-Identifier: MIT */
#include "leaf.h"

/* ---- The stage ---- */

static struct world *g_world;
static struct world_saved *g_stage;

static void build(void)
{
	struct world_enclave e = world_default();
	struct sgx_secs secs = world_secs();
	struct world *w = world_new(STAGE_PAGES, 1);

	world_build_init(w, STAGE_A, &e);
	world_build(w, STAGE_B, &e);
	expect_ok(world_ecreate(w, STAGE_E, &secs));
	for (uint32_t v = STAGE_V; v < STAGE_V + 2; v++) {
		w->epcm[v] = (struct sgx_epcm_entry){ .secs = v,
			.flags = SGX_EPCM_VALID, .type = SGX_PT_VA };
		w->placed[v] = true;
		w->places++;
	}
	/* slot 1 holds a version that was given long ago */
	w->epc[STAGE_V][8] = 0xee;
	w->m.next_version = 0x100;
	world_map(w, STAGE_A);
	world_check(w);
	g_world = w;
	g_stage = world_save(w);
}

void leaf_stage(const struct leaf *leaf, struct call *c)
{
	if (!g_stage)
		build();
	world_restore(g_world, g_stage);
	memset(c, 0, sizeof *c);
	c->w = g_world;
	leaf->prepare(c);
}

void stage_page(struct world *w, uint32_t secs, uint32_t epc,
	uint64_t linaddr, enum sgx_page_type type, uint8_t rwx, uint8_t flags,
	uint8_t fill)
{
	assert_false(w->placed[epc]);
	w->placed[epc] = true;
	w->places++;
	memset(w->epc[epc], fill, SGX_PAGE_SIZE);
	w->epcm[epc] = (struct sgx_epcm_entry){ .linaddr = linaddr,
		.secs = secs, .flags = SGX_EPCM_VALID | flags,
		.type = (uint8_t)type, .rwx = rwx };
	stage_secs(w, secs)->children++;
	if (secs != STAGE_A)
		return;
	assert_true(w->maps < WORLD_MAPS_MAX);
	w->map[w->maps].secs = secs;
	w->map[w->maps].epc = epc;
	w->map[w->maps++].linaddr = linaddr;
}

struct secs *stage_secs(struct world *w, uint32_t epc)
{
	return (struct secs *)w->epc[epc];
}

void stage_inside(struct world *w, int i, uint32_t secs, uint64_t epoch)
{
	struct sgx_lp *lp = &w->lp[i];

	lp->inside = true;
	lp->secs = secs;
	lp->epoch = epoch;
	lp->tcs = secs + WORLD_TCS;
	lp->tcs_linaddr = world_linaddr(WORLD_TCS);
	lp->frame_count = 1;
	lp->frame[0] = lp->gpr_page = secs + WORLD_SSA;
	((struct sgx_tcs *)w->epc[lp->tcs])->state = 1;
}

/* ---- Answers ---- */

static const char *text(const struct answer *a)
{
	static const char *const names[] = { "#GP", "#PF", "ZF", "CF" };

	return names[a->kind];
}

static uint64_t address_of(const struct answer *a, const struct call *c)
{
	uint64_t address = a->address;

	if (a->at)
		memcpy(&address, (const uint8_t *)c + a->at, sizeof address);
	return address;
}

static bool agrees(const struct answer *a, const struct call *c,
	const struct sgx_outcome *o)
{
	bool fault = a->kind == ANSWER_GP || a->kind == ANSWER_PF;

	if (o->kind != (fault ? SGX_OUTCOME_FAULT : SGX_OUTCOME_ERROR))
		return false;
	switch (a->kind) {
	case ANSWER_GP:
		return o->vector == SGX_VECTOR_GP && !o->error_code;
	case ANSWER_PF:
		return o->vector == SGX_VECTOR_PF && o->error_code == a->code &&
			o->address == address_of(a, c);
	default:
		return o->rax == a->code && o->writes_rax &&
			o->writes_flags && o->zf == (a->kind == ANSWER_ZF) &&
			o->cf == (a->kind == ANSWER_CF);
	}
}

/* The leaf must refuse as the first of these defects wants, and change
 * nothing, neither in the machine nor in what the call gave it. */
static void refuse(const struct leaf *leaf, struct call *c,
	const struct defect *first, const struct defect *second)
{
	const struct answer *a = &first->answer;
	static struct call given;
	struct sgx_outcome o;
	uint64_t before;

	if (leaf->finish)
		leaf->finish(c);
	before = world_state(c->w);
	given = *c;
	o = leaf->run(c);
	if (!agrees(a, c, &o))
		fail_msg("%s, %s%s%s: kind %d, vector %u code %x address %lx "
			"rax %u zf %d cf %d, not %s %x %lx", leaf->name,
			first->what, second ? " before " : "",
			second ? second->what : "", o.kind, o.vector,
			o.error_code, (unsigned long)o.address, o.rax, o.zf,
			o.cf, text(a), a->code,
			(unsigned long)address_of(a, c));
	if (world_state(c->w) != before || memcmp(&given, c, sizeof given))
		fail_msg("%s, %s: refused, yet something changed", leaf->name,
			first->what);
}

/* ---- The three tests ---- */

void leaf_refuses(const struct leaf *leaf)
{
	static struct call c;

	for (size_t i = 0; i < leaf->count; i++) {
		leaf_stage(leaf, &c);
		leaf->defects[i].spoil(&c);
		refuse(leaf, &c, &leaf->defects[i], NULL);
	}
}

void leaf_order(const struct leaf *leaf)
{
	static struct call c;

	for (size_t i = 0; i < leaf->count; i++) {
		for (size_t j = i + 1; j < leaf->count; j++) {
			if (leaf->defects[i].answer.alone ||
			    leaf->defects[j].answer.alone)
				continue;
			leaf_stage(leaf, &c);
			leaf->defects[j].spoil(&c);
			leaf->defects[i].spoil(&c);
			refuse(leaf, &c, &leaf->defects[i], &leaf->defects[j]);
		}
	}
}

void leaf_run_legal(const struct leaf *leaf, struct call *c)
{
	struct sgx_outcome o;

	leaf_stage(leaf, c);
	world_check(c->w);
	if (leaf->finish)
		leaf->finish(c);
	o = leaf->run(c);
	expect_ok(o);
	assert_int_equal(o.writes_rax, leaf->writes_rax);
	assert_int_equal(o.writes_flags, leaf->writes_rax);
	world_check(c->w);
}

void leaf_succeeds(const struct leaf *leaf)
{
	static struct call c;

	leaf_run_legal(leaf, &c);
}
