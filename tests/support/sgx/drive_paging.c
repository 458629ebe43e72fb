/* SPDX-License-Identifier: MIT */
/*
 * EWB and ELD* from bytes, against a reference that knows nothing of
 * cryptography: it keeps what each evicted page was, and says which loads must
 * succeed, with what, and which must be refused.
 */
#include "drive.h"

static uint64_t eid_of(const struct world *w, uint32_t secs)
{
	struct secs s;

	memcpy(&s, w->epc[secs], sizeof s);
	return s.eid;
}

static uint64_t slot_content(const struct world *w, uint64_t address)
{
	uint32_t epc = (uint32_t)(address >> 12);
	uint64_t version = 0;

	if (address >> 12 < w->epc_pages && w->placed[epc] && !(address & 7))
		memcpy(&version, w->epc[epc] + address % SGX_PAGE_SIZE,
			sizeof version);
	return version;
}

/* ---- EWB ---- */

static uint64_t victim(struct drive *d)
{
	uint8_t b = drive_u8(d);

	if (b < 130)
		return drive_page_of(d, SGX_PT_REG, SGX_EPCM_BLOCKED);
	if (b < 160)
		return drive_page_of(d, SGX_PT_TCS, SGX_EPCM_BLOCKED);
	if (b < 180)
		return drive_page_of(d, SGX_PT_TRIM, SGX_EPCM_BLOCKED);
	if (b < 200)
		return drive_page_of(d, SGX_PT_VA, 0);
	return b < 230 ? drive_secs(d) : drive_page(d);
}

static void remember(struct drive *d, struct drive_out *out, uint32_t epc)
{
	const struct sgx_epcm_entry *e = &d->w->epcm[epc];

	out->entry = *e;
	memcpy(out->plain, d->w->epc[epc], SGX_PAGE_SIZE);
	out->eid = e->type == SGX_PT_VA ? 0 : eid_of(d->w, e->secs);
}

static struct sgx_outcome ewb(struct drive *d)
{
	static struct drive_out made;
	struct sgx_pageinfo pageinfo = { .srcpge = 0x1000, .secinfo = 0x80,
		.secs = drive_sometimes(d, 4) };
	uint64_t rcx = victim(d);
	struct sgx_outcome o;
	bool went;

	memset(&made, 0, sizeof made);
	made.slot = drive_page_of(d, SGX_PT_VA, 0) + drive_u8(d) % 24 * 8u;
	if (rcx >> 12 < DRIVE_PAGES && d->w->epcm[rcx >> 12].flags)
		remember(d, &made, (uint32_t)(rcx >> 12));
	o = sgx_ewb(&d->w->m, 0, rcx, made.slot, &pageinfo, made.page,
		&made.pcmd, &made.linaddr);
	went = o.kind == SGX_OUTCOME_OK || (o.kind == SGX_OUTCOME_ERROR &&
		o.rax == SGX_VA_SLOT_OCCUPIED);
	if (!went)
		return o;
	assert_true(made.entry.flags & SGX_EPCM_VALID);
	assert_int_equal(made.linaddr, made.entry.linaddr);
	assert_int_equal(made.pcmd.enclave_id, made.eid);
	assert_memory_not_equal(made.page, made.plain, SGX_PAGE_SIZE);
	made.version = slot_content(d->w, made.slot);
	made.full = true;
	d->out[drive_u8(d) % DRIVE_OUT] = made;
	return o;
}

/* ---- ELD ---- */

static bool is_child(const struct sgx_epcm_entry *e)
{
	return e->type != SGX_PT_SECS && e->type != SGX_PT_VA;
}

/* Where the owner is now; EPC address, or 0 when it is not there. */
static uint64_t owner(const struct drive *d, const struct drive_out *out)
{
	if (!is_child(&out->entry))
		return 0;
	for (uint32_t i = 0; i < DRIVE_PAGES; i++)
		if (d->w->epcm[i].flags && d->w->epcm[i].type == SGX_PT_SECS &&
		    eid_of(d->w, i) == out->eid)
			return sgx_epc_address(i);
	return 0;
}

/* Change something, or nothing after all. */
static void tamper(struct drive *d, struct drive_out *given)
{
	const struct drive_out *other = &d->out[drive_u8(d) % DRIVE_OUT];
	uint8_t bit = (uint8_t)(1u << (drive_u8(d) & 7));

	switch (drive_u8(d) % 8) {
	case 0:
		given->page[drive_u64(d) % SGX_PAGE_SIZE] ^= bit;
		break;
	case 1:
		((uint8_t *)&given->pcmd)[drive_u8(d) % 128] ^= bit;
		break;
	case 2:
		given->linaddr ^= 1ull << (drive_u8(d) & 63);
		break;
	case 3:
		memcpy(given->page, other->page, SGX_PAGE_SIZE);
		break;
	case 4:
		given->pcmd = other->pcmd;
		break;
	case 5:
		given->linaddr = other->linaddr;
		break;
	case 6: /* another page altogether, in this one's slot */
		memcpy(given->page, other->page, SGX_PAGE_SIZE);
		given->pcmd = other->pcmd;
		given->linaddr = other->linaddr;
		break;
	default:
		given->slot = other->slot;
		break;
	}
}

/* ENCLAVEID is for software to remember, it is not authenticated. */
static bool differs(const struct drive_out *a, const struct drive_out *b)
{
	return memcmp(a->page, b->page, SGX_PAGE_SIZE) ||
		memcmp(&a->pcmd.secinfo, &b->pcmd.secinfo, 64) ||
		memcmp(a->pcmd.reserved, b->pcmd.reserved, 40) ||
		memcmp(a->pcmd.mac, b->pcmd.mac, 16) ||
		a->linaddr != b->linaddr;
}

/* The page is back: it is what it was, and for the first time. */
static void check_return(struct drive *d, struct drive_out *out,
	uint32_t epc, uint64_t secs, bool blocked)
{
	const struct sgx_epcm_entry *e = &d->w->epcm[epc];
	uint8_t flags = out->entry.flags & (uint8_t)~SGX_EPCM_BLOCKED;

	assert_false(out->loaded);
	assert_memory_equal(d->w->epc[epc], out->plain, SGX_PAGE_SIZE);
	assert_int_equal(e->linaddr, out->entry.linaddr);
	assert_int_equal(e->type, out->entry.type);
	assert_int_equal(e->rwx, out->entry.rwx);
	assert_int_equal(e->flags, flags | (blocked && is_child(e) ?
		SGX_EPCM_BLOCKED : 0));
	if (is_child(e)) {
		assert_int_equal(e->secs, secs >> 12);
		assert_int_equal(eid_of(d->w, e->secs), out->eid);
	}
	out->loaded = true;
}

/* The one that EWB wrote under this version, if *given is a copy of it. */
static struct drive_out *original(struct drive *d,
	const struct drive_out *given, uint64_t version)
{
	for (uint32_t i = 0; i < DRIVE_OUT; i++)
		if (d->out[i].full && d->out[i].version == version &&
		    !differs(&d->out[i], given))
			return &d->out[i];
	return NULL;
}

static struct sgx_outcome eld(struct drive *d)
{
	static struct drive_out given;
	enum sgx_eld_kind kind = drive_u8(d) & 3;
	struct drive_out *out = &d->out[drive_u8(d) % DRIVE_OUT], *is;
	struct sgx_pageinfo pageinfo = { .srcpge = 0x1000, .secinfo = 0x80 };
	struct sgx_outcome o;
	uint64_t rcx, version;

	for (uint32_t i = 0; i < DRIVE_OUT && (!out->full || out->loaded);
	     i++)
		out = &d->out[i];
	given = *out;
	rcx = drive_free(d);
	if (drive_sometimes(d, 64))
		tamper(d, &given);
	pageinfo.linaddr = given.linaddr;
	pageinfo.secs = drive_sometimes(d, 16) ? drive_secs(d) :
		owner(d, out);
	version = slot_content(d->w, given.slot);
	is = original(d, &given, version);
	o = sgx_eld(&d->w->m, kind, 0, rcx, given.slot, &pageinfo,
		&given.pcmd, given.page);
	if (o.kind == SGX_OUTCOME_OK) {
		if (!is)
			fail_msg("a page that never went out came back");
		check_return(d, is, (uint32_t)(rcx >> 12), pageinfo.secs,
			kind == SGX_ELD_B || kind == SGX_ELD_BC);
		assert_int_equal(slot_content(d->w, given.slot), 0);
	} else if (o.kind == SGX_OUTCOME_ERROR) {
		assert_int_equal(o.rax, SGX_MAC_COMPARE_FAIL);
		d->mac_failures++;
		if (is && version && (!is_child(&is->entry) ||
		    eid_of(d->w, (uint32_t)(pageinfo.secs >> 12)) == is->eid))
			fail_msg("a page that went out was refused");
	}
	return o;
}

struct sgx_outcome drive_paging(struct drive *d, enum drive_leaf leaf)
{
	return leaf == DRIVE_EWB ? ewb(d) : eld(d);
}
