/* SPDX-License-Identifier: MIT */
/* ENCLU leaves, entries and exits from bytes. */
#include "drive.h"

#define XSAVE_SIZE 832u

/* A processor that is inside, or outside; any, if there is none. */
static struct sgx_lp *any_lp(struct drive *d, bool inside)
{
	uint32_t start = drive_u8(d);

	for (uint32_t i = 0; i < WORLD_LPS; i++) {
		struct sgx_lp *lp = &d->w->lp[(start + i) % WORLD_LPS];

		if (lp->inside == inside)
			return lp;
	}
	return &d->w->lp[start % WORLD_LPS];
}

static uint32_t running(struct drive *d)
{
	const struct sgx_lp *lp = any_lp(d, true);

	return lp->inside && !drive_sometimes(d, 30) ? lp->secs :
		(uint32_t)(drive_secs(d) >> 12);
}

/* A linear address on a page of this enclave with these flags, if it has
 * one. */
static uint64_t own(struct drive *d, uint32_t secs, uint8_t flags)
{
	uint8_t start = drive_u8(d);

	for (uint32_t i = 0; i < DRIVE_PAGES && start < 248; i++) {
		const struct sgx_epcm_entry *e =
			&d->w->epcm[(start + i) % DRIVE_PAGES];

		if (e->flags & SGX_EPCM_VALID && e->secs == secs &&
		    (e->flags & flags) == flags && e->type != SGX_PT_SECS)
			return e->linaddr;
	}
	return drive_linaddr(d);
}

/* A writable page of the enclave, for operands: its linear address, and where
 * the address leads.  NULL if there is none: any address then. */
static uint8_t *scratch(struct drive *d, uint32_t secs, uint64_t *linaddr)
{
	uint8_t start = drive_u8(d);

	for (uint32_t i = 0; i < DRIVE_PAGES && start < 248; i++) {
		uint32_t epc = (start + i) % DRIVE_PAGES;
		const struct sgx_epcm_entry *e = &d->w->epcm[epc];

		if (e->flags == SGX_EPCM_VALID && e->type == SGX_PT_REG &&
		    e->secs == secs && (e->rwx & 3) == 3) {
			*linaddr = e->linaddr;
			return d->w->epc[epc];
		}
	}
	*linaddr = drive_linaddr(d);
	return NULL;
}

/* SECINFO for EACCEPT and its like: what fits the page, mostly. */
static uint64_t secinfo_for(struct drive *d, uint32_t secs, uint64_t linaddr)
{
	for (uint32_t i = 0; i < DRIVE_PAGES && !drive_sometimes(d, 6); i++) {
		const struct sgx_epcm_entry *e = &d->w->epcm[i];

		if (!(e->flags & SGX_EPCM_VALID) || e->secs != secs ||
		    e->type == SGX_PT_SECS || e->linaddr != linaddr)
			continue;
		return e->rwx | (uint64_t)e->type << SGX_SECINFO_PT_SHIFT |
			(e->flags & SGX_EPCM_PENDING ?
			SGX_SECINFO_PENDING : 0) |
			(e->flags & SGX_EPCM_MODIFIED ?
			SGX_SECINFO_MODIFIED : 0) |
			(e->flags & SGX_EPCM_PR ? SGX_SECINFO_PR : 0);
	}
	return drive_u64(d) & 0x73f;
}

static struct sgx_outcome accept(struct drive *d, enum drive_leaf leaf)
{
	static const uint8_t flags[] = { SGX_EPCM_PENDING, SGX_EPCM_MODIFIED,
		SGX_EPCM_PR, 0 };
	uint32_t secs = running(d);
	uint64_t rbx, rcx = own(d, secs, leaf == DRIVE_EACCEPTCOPY ?
		SGX_EPCM_PENDING : flags[drive_u8(d) & 3]);
	uint64_t request = secinfo_for(d, secs, rcx);
	uint64_t rdx = own(d, secs, 0);
	uint8_t *at = scratch(d, secs, &rbx);

	if (leaf == DRIVE_EACCEPTCOPY && !drive_sometimes(d, 20))
		request = SGX_SECINFO_REG | (drive_u8(d) & 7u);
	if (leaf == DRIVE_EMODPE)
		request = drive_u64(d) & 7u;
	if (at) {
		memset(at + 128, 0, 64);
		memcpy(at + 128, &request, sizeof request);
		at[136] = drive_sometimes(d, 4);
	}
	rbx += 128;
	if (leaf == DRIVE_EACCEPT)
		return sgx_eaccept(&d->w->m, secs, rbx, rcx);
	if (leaf == DRIVE_EMODPE)
		return sgx_emodpe(&d->w->m, secs, rbx, rcx);
	return sgx_eacceptcopy(&d->w->m, secs, rbx, rcx, rdx);
}

static struct sgx_outcome identity(struct drive *d, enum drive_leaf leaf)
{
	uint32_t secs = running(d);
	uint64_t rbx, rcx;
	uint8_t *at = scratch(d, secs, &rbx);

	if (at) {
		memset(at, 0, 512);
		at[0] = drive_u8(d) % 6; /* KEYNAME */
		at[2] = drive_u8(d);
		at[drive_u8(d)] ^= drive_sometimes(d, 20);
	}
	scratch(d, secs, &rcx);
	if (leaf == DRIVE_EGETKEY)
		return sgx_egetkey(&d->w->m, secs, rbx, rcx +
			drive_u8(d) * 16u);
	return sgx_ereport(&d->w->m, secs, rbx, rcx + drive_u8(d) % 8 * 128u,
		rcx + 1024 + (drive_u8(d) & 3u) * 512u);
}

static struct sgx_outcome enter(struct drive *d, bool resume)
{
	struct sgx_lp *lp = any_lp(d, drive_sometimes(d, 8));
	uint64_t tcs = drive_page_of(d, SGX_PT_TCS, 0) >> 12;
	uint32_t secs = (uint32_t)(drive_secs(d) >> 12);
	uint8_t image[XSAVE_SIZE];

	d->partial = true; /* registers */
	lp->regs.rbx = drive_linaddr(d);
	lp->regs.rcx = drive_sometimes(d, 8) ? drive_u64(d) : 0x1000;
	lp->regs.rip = 0x2000;
	lp->regs.rflags = 2 | (drive_u8(d) & 1 ? SGX_RFLAGS_TF : 0);
	if (tcs < DRIVE_PAGES && !drive_sometimes(d, 16)) {
		lp->regs.rbx = d->w->epcm[tcs].linaddr;
		secs = d->w->epcm[tcs].secs;
	}
	if (resume)
		return sgx_eresume(&d->w->m, lp, secs, image, sizeof image);
	return sgx_eenter(&d->w->m, lp, secs);
}

static struct sgx_outcome leave(struct drive *d)
{
	struct sgx_lp *lp = any_lp(d, true);

	d->partial = true;
	lp->regs.rbx = drive_sometimes(d, 16) ? drive_u64(d) : 0x1000;
	return sgx_eexit(&d->w->m, lp);
}

static struct sgx_outcome interrupt(struct drive *d)
{
	struct sgx_lp *lp = any_lp(d, true);
	struct sgx_event event = { .kind = drive_u8(d) & 1 ?
		SGX_EVENT_INTERRUPT : SGX_EVENT_EXCEPTION,
		.vector = drive_u8(d) & 31, .error_code = drive_u8(d),
		.address = drive_linaddr(d) };
	uint8_t image[XSAVE_SIZE] = { 0 };

	if (!lp->inside)
		return (struct sgx_outcome){ .kind = SGX_OUTCOME_FAULT };
	image[512] = drive_u8(d);
	image[24] = drive_u8(d);
	sgx_aex(&d->w->m, lp, &event, image, sizeof image);
	return (struct sgx_outcome){ .kind = SGX_OUTCOME_OK };
}

struct sgx_outcome drive_enclu(struct drive *d, enum drive_leaf leaf)
{
	switch (leaf) {
	case DRIVE_EENTER: return enter(d, false);
	case DRIVE_ERESUME: return enter(d, true);
	case DRIVE_EEXIT: return leave(d);
	case DRIVE_AEX: return interrupt(d);
	case DRIVE_EDECCSSA:
		return sgx_edeccssa(&d->w->m, any_lp(d, true));
	case DRIVE_EREPORT:
	case DRIVE_EGETKEY: return identity(d, leaf);
	default: return accept(d, leaf);
	}
}
