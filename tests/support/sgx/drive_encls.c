/* SPDX-License-Identifier: MIT */
/* ENCLS leaves from bytes. */
#include "drive.h"

static uint64_t secinfo_flags(struct drive *d)
{
	static const uint16_t common[] = { 0x203, 0x203, 0x201, 0x205, 0x207,
		0x200, 0x100, 0x400 };
	uint8_t b = drive_u8(d);

	if (b >= 250)
		return drive_u64(d);
	if (b >= 240)
		return (uint64_t)drive_u8(d) | (uint64_t)(b & 7u) << 8;
	return common[b % 8];
}

static struct sgx_outcome ecreate(struct drive *d)
{
	struct sgx_secs secs = world_secs();
	struct sgx_secinfo secinfo = { .flags = drive_sometimes(d, 8) };
	struct sgx_pageinfo pageinfo = {
		.linaddr = drive_sometimes(d, 8) };

	if (drive_sometimes(d, 64))
		((uint8_t *)&secs)[drive_u8(d)] ^= drive_u8(d);
	if (drive_sometimes(d, 64))
		secs.attributes.flags |= SGX_ATTR_AEXNOTIFY;
	if (drive_sometimes(d, 64))
		secs.attributes.flags &= ~SGX_ATTR_DEBUG;
	return sgx_ecreate(&d->w->m, drive_sometimes(d, 4),
		drive_free(d), &pageinfo, &secinfo, &secs);
}

static struct sgx_outcome eadd(struct drive *d)
{
	struct sgx_secinfo secinfo = { .flags = secinfo_flags(d) };
	struct sgx_pageinfo pageinfo = { .linaddr = drive_linaddr(d),
		.secs = drive_secs(d) };
	uint8_t page[SGX_PAGE_SIZE];

	drive_fill(d, secinfo.flags, page);
	return sgx_eadd(&d->w->m, 0, drive_free(d), &pageinfo, &secinfo,
		page);
}

static struct sgx_outcome eadd_run(struct drive *d)
{
	static uint8_t source[4][SGX_PAGE_SIZE];
	struct sgx_eadd_run r = { .secs = (uint32_t)(drive_secs(d) >> 12),
		.epc = (uint32_t)(drive_free(d) >> 12),
		.count = drive_u8(d) & 3u, .measure = drive_u8(d) & 1,
		.linaddr = drive_linaddr(d),
		.secinfo_flags = secinfo_flags(d),
		.source = drive_sometimes(d, 128) ? source : NULL };
	struct sgx_outcome o;
	uint32_t done;

	for (uint32_t i = 0; i < r.count && r.source; i++)
		drive_fill(d, r.secinfo_flags, source[i]);
	o = sgx_eadd_run(&d->w->m, &r, &done);
	d->partial = done;
	return o;
}

static struct sgx_outcome eextend(struct drive *d)
{
	uint64_t page = drive_page_of(d, drive_u8(d) & 1 ? SGX_PT_TCS :
		SGX_PT_REG, 0);
	uint64_t secs = drive_secs(d);

	if (!drive_sometimes(d, 40) && page >> 12 < DRIVE_PAGES)
		secs = sgx_epc_address(d->w->epcm[page >> 12].secs);
	return sgx_eextend(&d->w->m, secs, page + drive_u8(d) * 128u);
}

static struct sgx_outcome einit(struct drive *d)
{
	static const struct sgx_einittoken none;
	static const uint8_t header[] = SGX_SIGSTRUCT_HEADER;
	static const uint8_t header2[] = SGX_SIGSTRUCT_HEADER2;
	struct sgx_sigstruct sig;
	struct sgx_einittoken token = none;
	uint64_t address = drive_secs(d);
	uint32_t epc = (uint32_t)(address >> 12);
	struct sgx_secs secs;

	memset(&sig, 0, sizeof sig);
	memcpy(sig.header, header, sizeof header);
	memcpy(sig.header2, header2, sizeof header2);
	sig.exponent = 3;
	sig.misc_mask = drive_u8(d);
	sig.attributes_mask.flags = drive_u8(d);
	if (!sgx_secs_read(&d->w->m, epc, &secs)) {
		sig.misc_select = secs.misc_select;
		sig.attributes = secs.attributes;
		if (!(secs.attributes.flags & SGX_ATTR_INIT))
			world_mrenclave(d->w, epc, sig.enclave_hash);
	}
	for (uint8_t n = drive_u8(d); n >= 200; n -= 20)
		((uint8_t *)&sig)[drive_u64(d) % sizeof sig] ^= drive_u8(d);
	if (drive_sometimes(d, 16)) {
		token.valid = 1;
		token.cpusvn_le[drive_u8(d) & 15] = drive_u8(d);
		token.masked_attributes_le.flags = drive_u8(d);
	}
	/* whoever signs launches; the hash of no key at all */
	if (!drive_sometimes(d, 16))
		sgx_wrmsr_lepubkeyhash(&d->w->m, (const uint8_t[32]){ 0 });
	if (!drive_sometimes(d, 16)) {
		struct sgx_sha256 hash;
		uint8_t mrsigner[32];

		d->w->crypto.sha256.init(&hash);
		d->w->crypto.sha256.update(&hash, sig.modulus, 384);
		d->w->crypto.sha256.final(&hash, mrsigner);
		sgx_wrmsr_lepubkeyhash(&d->w->m, mrsigner);
	}
	d->partial = true; /* the register */
	return sgx_einit(&d->w->m, 0, address, 0, &sig, &token,
		drive_sometimes(d, 8));
}

static struct sgx_outcome eremove_run(struct drive *d)
{
	uint32_t done, first = drive_u8(d) % DRIVE_PAGES;
	struct sgx_outcome o = sgx_eremove_run(&d->w->m, first,
		drive_u8(d) & 7u, &done);

	d->partial = done;
	return o;
}

static struct sgx_outcome edbg(struct drive *d, bool write)
{
	static const enum sgx_page_type types[] = { SGX_PT_REG, SGX_PT_TCS,
		SGX_PT_VA, SGX_PT_SECS };
	uint64_t at = drive_page_of(d, types[drive_u8(d) & 3], 0) +
		drive_u8(d) * (drive_sometimes(d, 16) ? 3u : 8u);
	uint64_t data = drive_u8(d);

	if (write)
		return sgx_edbgwr(&d->w->m, at, data);
	return sgx_edbgrd(&d->w->m, at, &data);
}

static struct sgx_outcome eaug(struct drive *d)
{
	struct sgx_pageinfo pageinfo = { .linaddr = drive_linaddr(d),
		.srcpge = drive_sometimes(d, 4), .secs = drive_secs(d) };

	return sgx_eaug(&d->w->m, 0, drive_free(d), &pageinfo);
}

static struct sgx_outcome emod(struct drive *d, bool type)
{
	struct sgx_secinfo secinfo = { .flags = secinfo_flags(d) };
	uint64_t page = drive_page_of(d, drive_sometimes(d, 40) ? SGX_PT_TCS :
		SGX_PT_REG, 0);

	if (!type)
		return sgx_emodpr(&d->w->m, 0, page, &secinfo);
	if (!drive_sometimes(d, 40))
		secinfo.flags = (drive_u8(d) & 1 ? SGX_SECINFO_TRIM :
			SGX_SECINFO_TCS);
	return sgx_emodt(&d->w->m, 0, page, &secinfo);
}

struct sgx_outcome drive_encls(struct drive *d, enum drive_leaf leaf)
{
	struct sgx_machine *m = &d->w->m;
	struct sgx_rdinfo info;

	switch (leaf) {
	case DRIVE_ECREATE: return ecreate(d);
	case DRIVE_EADD: return eadd(d);
	case DRIVE_EADD_RUN: return eadd_run(d);
	case DRIVE_EEXTEND: return eextend(d);
	case DRIVE_EINIT: return einit(d);
	case DRIVE_EREMOVE:
		return sgx_eremove(m, drive_sometimes(d, 100) ?
			drive_page_of(d, SGX_PT_TRIM, 0) : drive_page(d));
	case DRIVE_EREMOVE_RUN: return eremove_run(d);
	case DRIVE_EPA:
		return sgx_epa(m, drive_sometimes(d, 16) ? drive_u8(d) :
			SGX_PT_VA, drive_free(d));
	case DRIVE_EBLOCK:
		return sgx_eblock(m, drive_sometimes(d, 160) ?
			drive_page_of(d, SGX_PT_REG, 0) : drive_page(d));
	case DRIVE_ETRACK: return sgx_etrack(m, drive_secs(d));
	case DRIVE_ETRACKC: return sgx_etrackc(m, drive_page(d));
	case DRIVE_ERDINFO: return sgx_erdinfo(m, 0, drive_page(d), &info);
	case DRIVE_EDBGRD: return edbg(d, false);
	case DRIVE_EDBGWR: return edbg(d, true);
	case DRIVE_EAUG: return eaug(d);
	case DRIVE_EMODPR: return emod(d, false);
	default: return emod(d, true);
	}
}
