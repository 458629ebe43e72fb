/* SPDX-License-Identifier: MIT */
/*
 * What holds between any two leaves.
 *
 * 1. An entry that is not VALID is all zero, and its page has no storage; a
 *    valid one has storage.
 * 2. A SECS belongs to itself, has no address and no access, and no state
 *    bit but VALID.
 * 3. A child's owner is a valid SECS; its address is a page of ELRANGE; a TCS
 *    or trimmed page has no access; no page is writable without being
 *    readable.  PENDING means a regular page as EAUG makes it, PR a
 *    regular page, MODIFIED a TCS or a trimmed page.
 * 4. A SECS counts exactly its children.
 * 5. SIZE is a power of two of at least two pages, BASEADDR is aligned to it,
 *    attributes are within what CPUID allows, but for INIT.
 * 6. Before INIT there is no identity; after it there is one.
 * 7. Enclave numbers are unique and below the next one.
 * 8. A TCS that its enclave has accepted is active exactly while one logical
 *    processor is inside on it, and its CSSA is at most NSSA.
 * 9. A logical processor inside is on a TCS of its enclave, and the pages of
 *    its frame are regular, readable and writable pages of that enclave;
 *    except a page that EMODPR or EMODT changed since the entry, which must
 *    still be there.
 * 10. A VA page is nobody's and has no address, no access and no state bit;
 *    its versions are below the next one, and each is in one slot only.
 * 11. Nothing is of a later tracking epoch than the enclave it belongs to:
 *    neither a page nor a logical processor inside.
 */
#include "sgx/secs.h"
#include "world.h"

static const uint8_t zeroes[64];

static void read_secs(const struct world *w, uint32_t epc, struct secs *s)
{
	memcpy(s, w->epc[epc], sizeof *s);
}

static void check_secs(const struct world *w, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &w->epcm[epc];
	const struct sgx_profile *p = &w->m.profile;
	uint64_t children = 0;
	struct secs s;

	read_secs(w, epc, &s);
	assert_int_equal(e->secs, epc);
	assert_int_equal(e->linaddr, 0);
	assert_int_equal(e->rwx, 0);
	assert_int_equal(e->flags, SGX_EPCM_VALID);
	for (uint32_t i = 0; i < w->epc_pages; i++)
		if (i != epc && w->epcm[i].flags && w->epcm[i].secs == epc)
			children++;
	assert_int_equal(s.children, children);
	assert_true(s.size >= 8192 && !(s.size & (s.size - 1)));
	assert_int_equal(s.base & (s.size - 1), 0);
	assert_int_equal(s.attributes.flags & ~p->attributes.flags &
		~SGX_ATTR_INIT, 0);
	assert_int_equal(s.attributes.xfrm & ~p->attributes.xfrm, 0);
	if (s.attributes.flags & SGX_ATTR_INIT) {
		assert_memory_not_equal(s.mrenclave, zeroes, 32);
		assert_memory_not_equal(s.mrsigner, zeroes, 32);
	} else {
		assert_memory_equal(s.mrenclave, zeroes, 32);
		assert_memory_equal(s.mrsigner, zeroes, 32);
		assert_int_equal(s.isv_prod_id | s.isv_svn, 0);
		assert_true(s.measure.blocks >= 1 + children);
	}
	assert_true(s.eid && s.eid < w->m.next_eid);
	assert_true(s.epoch >= 1);
	for (uint32_t i = 0; i < epc; i++) {
		struct secs other;

		if (!w->epcm[i].flags || w->epcm[i].type != SGX_PT_SECS)
			continue;
		read_secs(w, i, &other);
		assert_int_not_equal(other.eid, s.eid);
	}
}

static void check_tcs(const struct world *w, uint32_t epc)
{
	struct sgx_tcs tcs;
	uint32_t inside = 0;

	memcpy(&tcs, w->epc[epc], sizeof tcs);
	for (uint32_t i = 0; i < WORLD_LPS; i++)
		inside += w->lp[i].inside && w->lp[i].tcs == epc;
	assert_true(inside <= 1);
	assert_int_equal(tcs.state, inside);
	assert_true(!tcs.cssa || tcs.cssa <= tcs.nssa);
}

/* This version, in slot of the VA page at epc, is in no slot before it. */
static void check_version(const struct world *w, uint32_t epc, uint32_t slot,
	uint64_t version)
{
	uint64_t other;

	assert_true(version < w->m.next_version);
	for (uint32_t page = 0; page <= epc; page++) {
		uint32_t end = page == epc ? slot : SGX_VA_SLOTS;

		if (!w->epcm[page].flags || w->epcm[page].type != SGX_PT_VA)
			continue;
		for (uint32_t i = 0; i < end; i++) {
			memcpy(&other, w->epc[page] + 8 * i, sizeof other);
			assert_int_not_equal(other, version);
		}
	}
}

static void check_va(const struct world *w, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &w->epcm[epc];
	uint64_t versions[SGX_VA_SLOTS];

	assert_int_equal(e->secs, epc);
	assert_int_equal(e->linaddr, 0);
	assert_int_equal(e->rwx, 0);
	assert_int_equal(e->flags, SGX_EPCM_VALID);
	memcpy(versions, w->epc[epc], sizeof versions);
	for (uint32_t i = 0; i < SGX_VA_SLOTS; i++)
		if (versions[i])
			check_version(w, epc, i, versions[i]);
}

static void check_child(const struct world *w, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &w->epcm[epc];
	struct secs s;

	assert_true(e->secs < w->epc_pages);
	assert_true(w->epcm[e->secs].flags & SGX_EPCM_VALID);
	assert_int_equal(w->epcm[e->secs].type, SGX_PT_SECS);
	read_secs(w, e->secs, &s);
	assert_int_equal(e->linaddr % SGX_PAGE_SIZE, 0);
	assert_true(e->linaddr >= s.base && e->linaddr - s.base < s.size);
	assert_false(e->rwx & SGX_SECINFO_W && !(e->rwx & SGX_SECINFO_R));
	assert_true(e->epoch <= s.epoch);
	if (e->type != SGX_PT_REG)
		assert_false(e->flags & (SGX_EPCM_PENDING | SGX_EPCM_PR));
	else if (e->flags & SGX_EPCM_PENDING)
		assert_true(e->rwx == 3 && !(e->flags & SGX_EPCM_PR));
	if (e->type == SGX_PT_TCS) {
		assert_int_equal(e->rwx, 0);
		if (!(e->flags & SGX_EPCM_MODIFIED))
			check_tcs(w, epc);
	} else if (e->type == SGX_PT_TRIM) {
		assert_int_equal(e->rwx, 0);
	} else {
		assert_int_equal(e->type, SGX_PT_REG);
		assert_false(e->flags & SGX_EPCM_MODIFIED);
	}
}

static bool has_changed(const struct sgx_epcm_entry *e,
	const struct sgx_lp *lp)
{
	return e->epoch >= lp->epoch &&
		e->flags & (SGX_EPCM_PR | SGX_EPCM_MODIFIED);
}

static void check_frame_page(const struct world *w, const struct sgx_lp *lp,
	uint32_t epc)
{
	const uint8_t rw = SGX_SECINFO_R | SGX_SECINFO_W;

	assert_true(epc < w->epc_pages);
	assert_true(w->epcm[epc].flags & SGX_EPCM_VALID);
	assert_int_equal(w->epcm[epc].secs, lp->secs);
	if (has_changed(&w->epcm[epc], lp))
		return;
	assert_int_equal(w->epcm[epc].type, SGX_PT_REG);
	assert_int_equal(w->epcm[epc].rwx & rw, rw);
}

static void check_lp(const struct world *w, const struct sgx_lp *lp)
{
	const struct sgx_epcm_entry *tcs = &w->epcm[lp->tcs];
	struct secs s;

	read_secs(w, lp->secs, &s);
	assert_true(lp->epoch <= s.epoch);
	assert_true(tcs->flags & SGX_EPCM_VALID);
	if (!has_changed(tcs, lp))
		assert_int_equal(tcs->type, SGX_PT_TCS);
	assert_int_equal(tcs->secs, lp->secs);
	assert_int_equal(tcs->linaddr, lp->tcs_linaddr);
	assert_true(lp->frame_count >= 1);
	for (uint32_t i = 0; i < lp->frame_count; i++)
		check_frame_page(w, lp, lp->frame[i]);
	check_frame_page(w, lp, lp->gpr_page);
}

void world_check(struct world *w)
{
	static const struct sgx_epcm_entry none;

	for (uint32_t i = 0; i < w->epc_pages; i++) {
		const struct sgx_epcm_entry *e = &w->epcm[i];
		bool valid = e->flags & SGX_EPCM_VALID;

		assert_int_equal(valid, w->placed[i]);
		if (!valid)
			assert_memory_equal(e, &none, sizeof none);
		else if (e->type == SGX_PT_SECS)
			check_secs(w, i);
		else if (e->type == SGX_PT_VA)
			check_va(w, i);
		else
			check_child(w, i);
	}
	for (uint32_t i = 0; i < WORLD_LPS; i++)
		if (w->lp[i].inside)
			check_lp(w, &w->lp[i]);
}

static uint64_t fold(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint64_t lanes[4] = { hash, hash + 1, hash + 2, hash + 3 };
	uint64_t words[4];

	/* four at a time: the tests spend most of their time here */
	for (; size >= 32; bytes += 32, size -= 32) {
		memcpy(words, bytes, 32);
		for (int i = 0; i < 4; i++) {
			lanes[i] = (lanes[i] ^ words[i]) * 0x100000001b3ull;
			lanes[i] ^= lanes[i] >> 29;
		}
	}
	for (int i = 1; i < 4; i++)
		lanes[0] = (lanes[0] ^ lanes[i]) * 0x9e3779b97f4a7c15ull;
	while (size--)
		lanes[0] = (lanes[0] ^ *bytes++) * 0x100000001b3ull;
	return lanes[0] ^ lanes[0] >> 31;
}

static uint64_t state_but_content(const struct world *w)
{
	uint64_t hash = fold(0xcbf29ce484222325ull, w->epcm,
		w->epc_pages * sizeof *w->epcm);

	hash = fold(hash, &w->m, sizeof w->m);
	hash = fold(hash, w->lp, sizeof w->lp);
	return fold(hash, w->placed, w->epc_pages * sizeof *w->placed);
}

uint64_t world_marks(const struct world *w)
{
	uint64_t hash = state_but_content(w);

	hash = fold(hash, &w->writes, sizeof w->writes);
	hash = fold(hash, &w->places, sizeof w->places);
	return fold(hash, &w->releases, sizeof w->releases);
}

uint64_t world_state(const struct world *w)
{
	uint64_t hash = state_but_content(w);

	for (uint32_t i = 0; i < w->epc_pages; i++)
		if (w->placed[i])
			hash = fold(hash, w->epc[i], SGX_PAGE_SIZE);
	return hash;
}
