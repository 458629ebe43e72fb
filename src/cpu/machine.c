/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include "common/crypto_openssl.h"
#include "fuses.h"
#include "secret_heap.h"
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* This machine's security version: each byte one component, all at one. */
static const uint8_t cpusvn[16] = {
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

/* ---- the model's memory is the engine's ---- */

static void memory_read(void *ctx, uint32_t epc, uint32_t off, void *to,
	uint32_t size)
{
	struct engine *e = ctx;

	e->ops->epc_read(e, epc, off, to, size);
}

static void memory_write(void *ctx, uint32_t epc, uint32_t off,
	const void *from, uint32_t size)
{
	struct engine *e = ctx;

	e->ops->epc_write(e, epc, off, from, size);
}

static void memory_zero(void *ctx, uint32_t epc, uint32_t count)
{
	struct engine *e = ctx;

	e->ops->epc_zero(e, epc, count);
}

static int memory_place(void *ctx, uint32_t epc, uint32_t count, uint32_t secs,
	uint64_t linaddr, enum sgx_page_type type, uint8_t rwx)
{
	struct engine *e = ctx;

	return e->ops->epc_place(e, epc, count, secs, linaddr, type, rwx);
}

static void memory_release(void *ctx, uint32_t epc, uint32_t count)
{
	struct engine *e = ctx;

	e->ops->epc_release(e, epc, count);
}

static int64_t memory_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	struct engine *e = ctx;
	int64_t epc = e->ops->epc_at(e, secs, linaddr);

	return epc < 0 ? SGX_TRANSLATE_NONE : epc;
}

static uint32_t memory_threads_inside(void *ctx, uint32_t secs)
{
	struct engine *e = ctx;

	return e->ops->threads_inside(e, secs);
}

static const struct sgx_memory_ops memory = {
	.read = memory_read,
	.write = memory_write,
	.zero = memory_zero,
	.place = memory_place,
	.release = memory_release,
	.translate = memory_translate,
	.threads_inside = memory_threads_inside,
};

/* ---- power on ---- */

static uint64_t read_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static void read_xsave_table(struct sgx_xsave_table *t)
{
	memset(t, 0, sizeof(*t));
	for (unsigned i = 2; i < SGX_XSAVE_COMPONENTS; i++) {
		uint32_t a, b, c, d;

		if (__get_cpuid_count(0x0d, i, &a, &b, &c, &d) && a != 0
		    && (c & 1) == 0) {
			t->component[i].size = a;
			t->component[i].offset = b;
		}
	}
}

static uint32_t read_mxcsr_mask(void)
{
	uint8_t area[512] __attribute__((aligned(16))) = { 0 };
	uint32_t mask;

	__asm__ volatile("fxsave %0" : "=m"(area));
	memcpy(&mask, area + 28, sizeof(mask));
	return mask;
}

int machine_init(struct machine *m, struct engine *engine,
	const char *state_dir, uint32_t epc_pages, char *why, size_t size)
{
	const struct sgx_crypto_ops *crypto = crypto_openssl();
	struct sgx_xsave_table xsave;
	struct sgx_profile profile;
	struct sgx_epcm_entry *epcm;
	struct sgx_fuses fuses;
	int r;

	epcm = sparse_map(epc_pages * sizeof(*epcm));
	m->tcs = sparse_map(epc_pages * sizeof(*m->tcs));
	m->engine = engine;
	pthread_mutex_init(&m->lock, NULL);
	if (crypto == NULL || epcm == NULL || m->tcs == NULL) {
		snprintf(why, size, "no memory for the EPC map, or no "
			"cryptography");
		return -1;
	}
	if (fuses_load(state_dir, &fuses, why, size) != 0)
		return -1;
	read_xsave_table(&xsave);
	sgx_profile_dcsv3(&profile, read_xcr0(), &xsave);
	profile.mxcsr_mask = read_mxcsr_mask();
	/* What this engine cannot do for running enclaves is not shown. */
	profile.features &= SGX_FEATURE_SGX1 | SGX_FEATURE_EDECCSSA;
	r = sgx_machine_init(&m->sgx, &profile, &fuses, cpusvn, epcm,
		epc_pages, &memory, engine, crypto);
	explicit_bzero(&fuses, sizeof(fuses));
	if (r != 0)
		snprintf(why, size, "the processor does not power on: no "
			"random bytes, or vector state that does not fit");
	return r;
}

/* ---- ENCLU ---- */

void machine_enclu(void *machine, uint32_t secs, struct engine_enclu *q)
{
	struct machine *m = machine;
	struct sgx_outcome o = {
		.kind = SGX_OUTCOME_FAULT, .vector = SGX_VECTOR_GP,
	};
	uint64_t flags = 0;

	pthread_mutex_lock(&m->lock);
	if (q->leaf == SGX_EREPORT)
		o = sgx_ereport(&m->sgx, secs, q->rbx, q->rcx, q->rdx);
	else if (q->leaf == SGX_EGETKEY)
		o = sgx_egetkey(&m->sgx, secs, q->rbx, q->rcx);
	pthread_mutex_unlock(&m->lock);
	if (o.kind == SGX_OUTCOME_FAULT || o.kind == SGX_OUTCOME_MACHINE) {
		/* A backend that failed is a #GP: the enclave has no key. */
		q->fault = true;
		q->vector = o.kind == SGX_OUTCOME_FAULT ? o.vector
							: SGX_VECTOR_GP;
		q->error_code = o.error_code;
		q->address = o.address;
		return;
	}
	sgx_outcome_apply(&o, &q->rax, &flags);
	q->writes_flags = o.writes_flags;
	q->zf = o.zf;
}

/* ---- what the cell is told ---- */

/* The model is asked what EENTER would say with each value of CSSA: which
 * leading frames can be used, and how an entry faults if not even the first
 * can. */
static void try_entries(struct machine *m, uint32_t secs, struct engine_tcs *t)
{
	uint64_t xcr0 = m->sgx.profile.attributes.xfrm;
	struct sgx_outcome o = { .kind = SGX_OUTCOME_OK };

	while (t->frames < t->nssa && o.kind == SGX_OUTCOME_OK) {
		o = sgx_entry_probe(&m->sgx, secs, t->linaddr, t->frames,
			xcr0);
		if (o.kind == SGX_OUTCOME_OK)
			t->frames++;
	}
	if (t->frames > 0 || o.kind == SGX_OUTCOME_OK)
		return;
	t->entry_faults = true;
	t->entry_vector = o.vector;
	t->entry_address = o.address;
}

static void describe_tcs(struct machine *m, uint32_t secs_epc,
	const struct sgx_secs *secs, uint32_t epc, struct engine_tcs *out)
{
	struct engine *e = m->engine;
	struct sgx_tcs tcs;

	e->ops->epc_read(e, epc, 0, &tcs, 72);
	*out = (struct engine_tcs){
		.linaddr = m->sgx.epcm[epc].linaddr,
		.ossa = secs->base + tcs.ossa,
		.oentry = secs->base + tcs.oentry,
		.ofsbase = secs->base + tcs.ofsbase,
		.ogsbase = secs->base + tcs.ogsbase,
		.nssa = tcs.nssa,
		.flags = tcs.flags,
	};
	try_entries(m, secs_epc, out);
}

void machine_describe(struct machine *m, uint32_t secs_epc,
	struct engine_start *start, struct engine_tcs *tcs)
{
	const struct tcs_list *list = m->tcs[secs_epc];
	struct engine *e = m->engine;
	struct sgx_secs secs;
	uint32_t cpuid[4];

	sgx_cpuid_12(&m->sgx, 0, cpuid);
	start->sgx_features = cpuid[0];
	e->ops->epc_read(e, secs_epc, 0, &secs, sizeof(secs));
	start->xfrm = secs.attributes.xfrm;
	start->misc_select = secs.misc_select;
	start->ssa_frame_pages = secs.ssa_frame_size;
	start->xsave_size = sgx_xsave_size(&m->sgx.profile.xsave, start->xfrm);
	start->mxcsr_mask = m->sgx.profile.mxcsr_mask;
	start->tcs = tcs;
	start->tcs_count = list != NULL ? list->count : 0;
	for (uint32_t i = 0; i < start->tcs_count; i++)
		describe_tcs(m, secs_epc, &secs, list->epc[i], &tcs[i]);
}
