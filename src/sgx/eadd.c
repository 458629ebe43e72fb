/* SPDX-License-Identifier: MIT */
/* SDM 3D: EADD */
/*
 * EADD: a free EPC page becomes a page of an enclave that is being built.
 *
 * A run goes group by group: check pages one after the other until one fails,
 * then give the good ones storage, content, measurement and map entries.  So
 * what a run leaves behind is what its single leaves would have left, while
 * the engine is asked once per group, and the SECS read once per run.
 */
#include "entry.h"
#include "epcm.h"
#include "outcome.h"
#include "secs.h"
#include "sigstruct.h"
#include <string.h>

#define GROUP_PAGES 64u

static const uint8_t zero_page[SGX_PAGE_SIZE];

static bool flags_are_legal(uint64_t flags)
{
	uint64_t type = flags & ~SGX_SECINFO_RWX;

	return type == SGX_SECINFO_REG || type == SGX_SECINFO_TCS;
}

/* The state of one run. */
struct run {
	struct sgx_machine *m;
	const struct sgx_eadd_run *args;
	struct secs s;
	bool is_tcs;
	uint8_t rwx;
	/* A TCS has to be looked at before it is taken, so its one copy is
	 * made at the check and used at the commit. */
	struct sgx_tcs tcs;
};

static const uint8_t *source_of(const struct run *r, uint32_t page)
{
	if (!r->args->source)
		return NULL;
	return (const uint8_t *)r->args->source +
		(uint64_t)page * SGX_PAGE_SIZE;
}

/* The checks of EADD after those of alignment and SECINFO. */
static struct sgx_outcome check_page(struct run *r, uint32_t page)
{
	const struct sgx_machine *m = r->m;
	uint64_t epc = (uint64_t)r->args->epc + page;
	uint64_t linaddr = r->args->linaddr + (uint64_t)page * SGX_PAGE_SIZE;
	const uint8_t *source = source_of(r, page);

	if (epc >= m->epc_pages || epcm_is_valid(&m->epcm[epc]))
		return outcome_pf_encls(epc << SGX_PAGE_SHIFT);
	if (!epcm_is_secs(m, r->args->secs))
		return outcome_pf_encls(sgx_epc_address(r->args->secs));
	if (r->is_tcs) {
		memcpy(&r->tcs, source ? source : zero_page, SGX_PAGE_SIZE);
		__asm__ volatile("" : : : "memory");
		if (!tcs_is_legal(m, &r->tcs, &r->s))
			return outcome_gp();
	} else if (r->rwx & SGX_SECINFO_W && !(r->rwx & SGX_SECINFO_R)) {
		return outcome_gp();
	}
	if (!secs_contains(&r->s, linaddr, SGX_PAGE_SIZE))
		return outcome_gp();
	if (secs_is_initialised(&r->s))
		return outcome_gp();
	return outcome_ok();
}

/* Content and measurement of pages that are checked and placed. */
static void fill(struct run *r, uint32_t first, uint32_t count)
{
	const struct sgx_machine *m = r->m;
	const struct sgx_sha256_ops *sha256 = &m->crypto->sha256;
	const struct sgx_eadd_run *a = r->args;
	uint64_t offset = a->linaddr - r->s.base +
		(uint64_t)first * SGX_PAGE_SIZE;
	uint8_t copy[SGX_PAGE_SIZE];
	const uint8_t *content = zero_page;

	if (!a->source)
		m->memory->zero(m->memory_ctx, a->epc + first, count);
	if (!a->measure)
		sgx_measure_eadd(&r->s.measure, sha256, offset,
			a->secinfo_flags, count);
	if (!a->source && !a->measure)
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (r->is_tcs) {
			sgx_tcs_normalise(&r->tcs);
			content = (const uint8_t *)&r->tcs;
		} else if (a->source) {
			memcpy(copy, source_of(r, first + i), sizeof copy);
			__asm__ volatile("" : : "r"(copy) : "memory");
			content = copy;
		}
		if (a->source)
			m->memory->write(m->memory_ctx, a->epc + first + i, 0,
				content, SGX_PAGE_SIZE);
		if (a->measure)
			sgx_measure_page(&r->s.measure, sha256,
				offset + (uint64_t)i * SGX_PAGE_SIZE,
				a->secinfo_flags, content);
	}
}

static void record(struct run *r, uint32_t first, uint32_t count)
{
	const struct sgx_eadd_run *a = r->args;

	for (uint32_t i = first; i < first + count; i++)
		epcm_set(&r->m->epcm[a->epc + i], a->secs,
			a->linaddr + (uint64_t)i * SGX_PAGE_SIZE,
			r->is_tcs ? SGX_PT_TCS : SGX_PT_REG, r->rwx);
	r->s.children += count;
}

static struct sgx_outcome run_group(struct run *r, uint32_t *done)
{
	const struct sgx_eadd_run *a = r->args;
	uint32_t limit = r->is_tcs ? 1 : GROUP_PAGES;
	uint32_t first = *done, count = 0;
	struct sgx_outcome o = outcome_ok();

	while (count < limit && first + count < a->count) {
		o = check_page(r, first + count);
		if (!outcome_is_ok(&o))
			break;
		count++;
	}
	if (!count)
		return o;
	if (r->m->memory->place(r->m->memory_ctx, a->epc + first, count,
	    a->secs, a->linaddr + (uint64_t)first * SGX_PAGE_SIZE,
	    r->is_tcs ? SGX_PT_TCS : SGX_PT_REG, r->rwx))
		return outcome_machine();
	fill(r, first, count);
	record(r, first, count);
	*done += count;
	return o;
}

static struct sgx_outcome eadd_pages(struct sgx_machine *m,
	const struct sgx_eadd_run *args, uint32_t *done)
{
	struct run r = { .m = m, .args = args };
	struct sgx_outcome o = outcome_ok();
	bool loaded = epcm_is_secs(m, args->secs);

	r.is_tcs = (args->secinfo_flags >> SGX_SECINFO_PT_SHIFT & 0xff) ==
		SGX_PT_TCS;
	r.rwx = r.is_tcs ? 0 : args->secinfo_flags & SGX_SECINFO_RWX;
	if (loaded)
		secs_load(m, args->secs, &r.s);
	*done = 0;
	while (*done < args->count && outcome_is_ok(&o))
		o = run_group(&r, done);
	if (*done)
		secs_store(m, args->secs, &r.s);
	return o;
}

struct sgx_outcome sgx_eadd(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	const struct sgx_pageinfo *pageinfo, const struct sgx_secinfo *secinfo,
	const void *source)
{
	struct sgx_eadd_run args = { .count = 1 };
	uint32_t done;

	if (rbx % sizeof *pageinfo || rcx % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, rcx, &args.epc))
		return outcome_pf_encls(rcx);
	if (pageinfo->srcpge % SGX_PAGE_SIZE ||
	    pageinfo->secs % SGX_PAGE_SIZE ||
	    pageinfo->secinfo % sizeof *secinfo ||
	    pageinfo->linaddr % SGX_PAGE_SIZE)
		return outcome_gp();
	if (!epcm_find(m, pageinfo->secs, &args.secs))
		return outcome_pf_encls(pageinfo->secs);
	if (!flags_are_legal(secinfo->flags) ||
	    !all_zero(secinfo->reserved, sizeof secinfo->reserved))
		return outcome_gp();
	args.linaddr = pageinfo->linaddr;
	args.secinfo_flags = secinfo->flags;
	args.source = source;
	return eadd_pages(m, &args, &done);
}

struct sgx_outcome sgx_eadd_run(struct sgx_machine *m,
	const struct sgx_eadd_run *run, uint32_t *done)
{
	*done = 0;
	if (run->epc >= m->epc_pages)
		return outcome_pf_encls(sgx_epc_address(run->epc));
	if (run->linaddr % SGX_PAGE_SIZE)
		return outcome_gp();
	if (run->secs >= m->epc_pages)
		return outcome_pf_encls(sgx_epc_address(run->secs));
	if (!flags_are_legal(run->secinfo_flags))
		return outcome_gp();
	return eadd_pages(m, run, done);
}
