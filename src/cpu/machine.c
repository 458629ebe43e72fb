/* SPDX-License-Identifier: MIT */
#include "machine.h"
#include "common/crypto_openssl.h"
#include "common/fuses.h"
#include "secret_heap.h"
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- the model's memory is the engine's ---- */

static void memory_read(void *ctx, uint32_t epc, uint32_t off, void *to,
	uint32_t size)
{
	struct engine *e = ((struct machine *)ctx)->engine;

	e->ops->epc_read(e, epc, off, to, size);
}

static void memory_write(void *ctx, uint32_t epc, uint32_t off,
	const void *from, uint32_t size)
{
	struct engine *e = ((struct machine *)ctx)->engine;

	e->ops->epc_write(e, epc, off, from, size);
}

static void memory_zero(void *ctx, uint32_t epc, uint32_t count)
{
	struct engine *e = ((struct machine *)ctx)->engine;

	e->ops->epc_zero(e, epc, count);
}

static int memory_place(void *ctx, uint32_t epc, uint32_t count, uint32_t secs,
	uint64_t linaddr, enum sgx_page_type type, uint8_t rwx)
{
	struct machine *m = ctx;

	return m->engine->ops->epc_place(m->engine, epc, count,
		m->pager.of_secs[secs], linaddr, type, rwx);
}

static void memory_release(void *ctx, uint32_t epc, uint32_t count)
{
	struct engine *e = ((struct machine *)ctx)->engine;

	e->ops->epc_release(e, epc, count);
}

static struct enclave *enclave_of_secs(struct machine *m, uint32_t secs)
{
	return enclave_of(&m->pager, m->pager.of_secs[secs]);
}

static int64_t memory_translate(void *ctx, uint32_t secs, uint64_t linaddr,
	bool write)
{
	const struct enclave *e = enclave_of_secs(ctx, secs);
	int64_t epc = e != NULL ? enclave_at(e, linaddr) : -1;

	return epc < 0 ? SGX_TRANSLATE_NONE : epc;
}

static uint32_t memory_threads_inside(void *ctx, uint32_t secs)
{
	struct machine *m = ctx;

	return m->engine->ops->threads_inside(m->engine,
		m->pager.of_secs[secs]);
}

/* Pages are blocked when no cell has them mapped any more, and the kernel's
 * unmapping leaves no processor a translation; so only rights that orders on
 * their way are taking can still be in use somewhere. */
static uint32_t memory_threads_in_epoch(void *ctx, uint32_t secs,
	uint64_t epoch)
{
	struct machine *m = ctx;
	struct enclave *e = enclave_of_secs(m, secs);
	uint32_t inside;

	if (e == NULL || !e->restricting || epoch < e->restrict_epoch)
		return 0;
	if (m->engine->ops->settled(m->engine, e->number)) {
		e->restricting = false;
		return 0;
	}
	inside = memory_threads_inside(ctx, secs);
	return inside > 0 ? inside : 1;
}

static void memory_track(void *ctx, uint32_t secs, uint64_t epoch)
{
	struct enclave *e = enclave_of_secs(ctx, secs);

	if (e != NULL)
		e->epoch = epoch;
}

/* A TCS page that is to become something else is entered no more. */
static void close_tcs(struct machine *m, struct enclave *e, uint64_t linaddr)
{
	const struct engine_tcs closed = {
		.linaddr = linaddr, .entry_faults = true,
		.entry_vector = SGX_VECTOR_PF, .entry_address = linaddr,
	};

	for (uint32_t i = 0; e->initialised && i < e->tcs_count; i++)
		if (e->tcs[i] == linaddr)
			m->engine->ops->describe_tcs(m->engine, e->number, i,
				&closed);
}

/* Rights grow where they are asked for (cells.c); here they shrink.  An order
 * for rights that grew would take the page away again that the answer to the
 * leaf maps, and nobody would know. */
static void memory_changed(void *ctx, uint32_t epc)
{
	struct machine *m = ctx;
	struct pager *p = &m->pager;
	struct frame *f = &p->frame[epc];
	uint8_t rights = frame_rights(p, epc);
	struct enclave *e = enclave_of(p, f->enclave);

	if (e == NULL)
		return;
	if (p->sgx->epcm[epc].flags & SGX_EPCM_MODIFIED)
		close_tcs(m, e, p->sgx->epcm[epc].linaddr);
	if (!(f->mapped & SGX_SECINFO_RWX & ~rights))
		return;
	/* No cell may make anything executable: code that may not be written
	 * any more is mapped anew, from memory where it cannot be. */
	if (rights != 0 && !(rights & SGX_SECINFO_X)) {
		m->engine->ops->protect(m->engine, e->number,
			p->sgx->epcm[epc].linaddr, rights);
		f->mapped = FRAME_MAPPED | rights;
	} else {
		m->engine->ops->unmap(m->engine, e->number,
			p->sgx->epcm[epc].linaddr);
		f->mapped = 0;
	}
	e->restricting = true;
	e->restrict_epoch = e->epoch;
}

static const struct sgx_memory_ops memory = {
	.read = memory_read,
	.write = memory_write,
	.zero = memory_zero,
	.place = memory_place,
	.release = memory_release,
	.translate = memory_translate,
	.threads_inside = memory_threads_inside,
	.threads_in_epoch = memory_threads_in_epoch,
	.track = memory_track,
	.changed = memory_changed,
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
	const char *state_dir, uint32_t epc_pages,
	enum machine_profile generation, const uint8_t cpusvn[16],
	int swap_file, char *why, size_t size)
{
	const struct sgx_crypto_ops *crypto = crypto_openssl();
	struct sgx_xsave_table xsave;
	struct sgx_profile profile;
	struct sgx_epcm_entry *epcm;
	struct sgx_fuses fuses;
	struct why reason;
	int r;

	epcm = sparse_map(epc_pages * sizeof(*epcm));
	m->engine = engine;
	pthread_mutex_init(&m->lock, NULL);
	if (crypto == NULL || epcm == NULL) {
		snprintf(why, size, "no memory for the EPC map, or no "
			"cryptography");
		return -1;
	}
	if (fuses_load(state_dir, &fuses, &reason) != 0) {
		snprintf(why, size, "%s", reason.text);
		return -1;
	}
	read_xsave_table(&xsave);
	if (generation == MACHINE_DCSV2)
		sgx_profile_dcsv2(&profile, read_xcr0(), &xsave);
	else
		sgx_profile_dcsv3(&profile, read_xcr0(), &xsave);
	profile.mxcsr_mask = read_mxcsr_mask();
	r = sgx_machine_init(&m->sgx, &profile, &fuses, cpusvn, epcm,
		epc_pages, &memory, m, crypto);
	explicit_bzero(&fuses, sizeof(fuses));
	if (r != 0) {
		snprintf(why, size, "the processor does not power on: no "
			"random bytes, or vector state that does not fit");
		return -1;
	}
	r = pager_init(&m->pager, &m->sgx, engine, &m->lock, swap_file);
	if (r != 0)
		snprintf(why, size, "no memory for the pager, or no swap "
			"store: %s", strerror(errno));
	return r;
}
