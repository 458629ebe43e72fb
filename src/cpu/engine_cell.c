/* SPDX-License-Identifier: MIT */
/* The cell engine: the EPC's bytes and the spaces; cells in cell_start.c. */
#include "secret_heap.h"
#include "space.h"
#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ull
#define SPACE_SIZE_MAX (1ull << 40)

static struct engine_cell *cell_engine(struct engine *e)
{
	return (struct engine_cell *)e;
}

static struct space *space_of(struct engine_cell *e, uint32_t secs)
{
	return secs < e->config.epc_pages ? e->space[secs] : NULL;
}

static uint32_t capabilities(struct engine *engine)
{
	const struct engine_cell *e = cell_engine(engine);

	return ENGINE_TRAPS_SYSCALL | ENGINE_TRAPS_RDTSC
		| (e->traps_cpuid ? ENGINE_TRAPS_CPUID : 0)
		| (e->secret ? ENGINE_SECRET_DATA : 0)
		| (e->config.hold_ptrace_slot
			? ENGINE_PTRACE_SLOT | ENGINE_SECRET_REGISTERS : 0);
}

/* ---- bytes ---- */

static uint8_t *bytes_of(struct engine_cell *e, struct epc_location *l)
{
	if (l->is_secs)
		return l->secs_page;
	return backing_page(&e->space[l->space - 1]->backing, l->kind,
		l->file_page);
}

static void epc_read(struct engine *engine, uint32_t epc, uint32_t off,
	void *to, uint32_t size)
{
	struct engine_cell *e = cell_engine(engine);

	memcpy(to, bytes_of(e, &e->location[epc]) + off, size);
}

static void epc_write(struct engine *engine, uint32_t epc, uint32_t off,
	const void *from, uint32_t size)
{
	struct engine_cell *e = cell_engine(engine);
	struct epc_location *l = &e->location[epc];

	memcpy(bytes_of(e, l) + off, from, size);
	l->fresh = 0;
}

static void epc_zero(struct engine *engine, uint32_t epc, uint32_t count)
{
	struct engine_cell *e = cell_engine(engine);

	for (uint32_t i = 0; i < count; i++) {
		struct epc_location *l = &e->location[epc + i];

		if (l->fresh)
			continue; /* has no memory yet, or zeroed memory */
		memset(bytes_of(e, l), 0, PAGE);
	}
}

static enum backing_kind kind_of(enum sgx_page_type type, uint8_t rwx)
{
	if (type != SGX_PT_REG || !(rwx & SGX_SECINFO_X))
		return BACKING_SECRET;
	return rwx & SGX_SECINFO_W ? BACKING_CODE_W : BACKING_CODE;
}

static int place_secs(struct engine_cell *e, uint32_t epc)
{
	uint8_t *p = aligned_alloc(PAGE, PAGE);

	if (p == NULL)
		return -1;
	memset(p, 0, PAGE);
	e->location[epc] = (struct epc_location){
		.space = epc + 1, .fresh = 1, .is_secs = 1, .secs_page = p,
	};
	return 0;
}

static int place_page(struct engine_cell *e, struct space *s, uint32_t epc,
	uint64_t va, enum sgx_page_type type, uint8_t rwx)
{
	enum backing_kind kind = kind_of(type, rwx);
	int64_t file_page = backing_take(&s->backing, &kind);
	uint64_t index = (va - s->el_base) / PAGE;

	if (file_page < 0)
		return -1;
	e->location[epc] = (struct epc_location){
		.space = s->secs + 1, .fresh = 1, .kind = kind,
		.rwx = rwx, .type = type, .file_page = (uint32_t)file_page, .index = (uint32_t)index,
	};
	s->page[index] = epc + 1;
	if (index < s->lowest)
		s->lowest = index;
	if (index > s->highest)
		s->highest = index;
	return 0;
}

static void epc_release(struct engine *engine, uint32_t epc, uint32_t count);

static int epc_place(struct engine *engine, uint32_t epc, uint32_t count,
	uint32_t secs, uint64_t va, enum sgx_page_type type, uint8_t rwx)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s;

	if (type == SGX_PT_SECS)
		return place_secs(e, epc);
	s = space_of(e, secs);
	if (s == NULL)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		if (place_page(e, s, epc + i, va + i * PAGE, type, rwx) != 0) {
			epc_release(engine, epc, i);
			return -1;
		}
	}
	return 0;
}

/* A page of a space's files is used once, so what is released keeps its bytes
 * unreachable until the space goes and the kernel wipes them; a SECS page is
 * wiped by free(). */
static void epc_release(struct engine *engine, uint32_t epc, uint32_t count)
{
	struct engine_cell *e = cell_engine(engine);

	for (uint32_t i = epc; i < epc + count; i++) {
		struct epc_location *l = &e->location[i];
		struct space *s;

		if (l->space == 0)
			continue;
		s = e->space[l->space - 1];
		if (l->is_secs)
			free(l->secs_page);
		else if (s != NULL)
			s->page[l->index] = 0;
		memset(l, 0, sizeof(*l));
	}
}

static int64_t epc_at(struct engine *engine, uint32_t secs, uint64_t va)
{
	struct space *s = space_of(cell_engine(engine), secs);

	if (s == NULL || va - s->el_base >= s->el_size)
		return -1;
	return (int64_t)s->page[(va - s->el_base) / PAGE] - 1;
}

/* ---- spaces ---- */

static int space_create(struct engine *engine, uint32_t secs, uint64_t base,
	uint64_t size)
{
	struct engine_cell *e = cell_engine(engine);
	uint64_t entries = size / PAGE;
	struct space *s;

	if (size > SPACE_SIZE_MAX)
		return -ENOMEM;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->page = sparse_map(entries * sizeof(*s->page));
	if (s->page == NULL) {
		free(s);
		return -ENOMEM;
	}
	s->secs = secs;
	s->el_base = base;
	s->el_size = size;
	s->lowest = UINT64_MAX;
	s->arena_fd = s->control_fd = -1;
	backing_init(&s->backing, entries < e->config.epc_pages ? entries
		: e->config.epc_pages, e->secret ? e->secret_pages : 0);
	e->space[secs] = s;
	return 0;
}

static void space_destroy(struct engine *engine, uint32_t secs)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s = space_of(e, secs);

	if (s == NULL)
		return;
	space_stop(e, s);
	if (s->boxes != NULL)
		munmap(s->boxes, (size_t)s->tcs_count * GATE_STRIDE);
	if (s->control != NULL)
		munmap(s->control, s->control_size);
	if (s->control_fd >= 0)
		close(s->control_fd);
	if (s->arena != NULL)
		munmap((void *)s->arena, s->arena_size);
	if (s->arena_fd >= 0)
		close(s->arena_fd);
	backing_free(&s->backing);
	munmap(s->page, s->el_size / PAGE * sizeof(*s->page));
	e->space[secs] = NULL;
	free(s);
}

static int add_shared(struct engine *engine, uint32_t secs, int fd,
	uint64_t va, uint64_t size)
{
	struct space *s = space_of(cell_engine(engine), secs);
	void *p;

	p = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (s == NULL || p == MAP_FAILED) {
		close(fd);
		return s == NULL ? -EINVAL : -errno;
	}
	s->arena_fd = fd;
	s->arena_va = va;
	s->arena_size = size;
	s->arena = p;
	return 0;
}

static const void *shared_source(struct engine *engine, uint32_t secs,
	uint64_t offset, uint64_t size)
{
	struct space *s = space_of(cell_engine(engine), secs);

	if (s == NULL || s->arena == NULL || offset > s->arena_size
	    || size > s->arena_size - offset)
		return NULL;
	return s->arena + offset;
}

static int start(struct engine *engine, uint32_t secs,
	const struct engine_start *how, char *why, size_t size)
{
	return space_start(cell_engine(engine), space_of(cell_engine(engine),
		secs), how, why, size);
}

static void stop(struct engine *engine, uint32_t secs)
{
	struct space *s = space_of(cell_engine(engine), secs);

	if (s != NULL)
		space_stop(cell_engine(engine), s);
}

/* The thread IDs are the cell's word, but a signal reaches only threads of
 * that very process. */
static void kick(struct engine *engine, uint32_t secs)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s = space_of(e, secs);

	if (s == NULL)
		return;
	pthread_mutex_lock(&e->life);
	for (uint32_t i = 0; s->pid != 0 && !s->dead && i < s->tcs_count; i++)
		if (*(volatile uint32_t *)&s->control->counters[i].inside)
			syscall(SYS_tgkill, s->pid,
				s->control->counters[i].tid, SIGURG);
	pthread_mutex_unlock(&e->life);
}

static uint32_t threads_inside(struct engine *engine, uint32_t secs)
{
	struct space *s = space_of(cell_engine(engine), secs);
	uint32_t n = 0;

	if (s == NULL || s->control == NULL || s->pid == 0 || s->dead)
		return 0;
	for (uint32_t i = 0; i < s->tcs_count; i++)
		n += *(volatile uint32_t *)&s->control->counters[i].inside != 0;
	return n;
}

static void counters(struct engine *engine, uint32_t secs,
	struct engine_counters *out)
{
	struct space *s = space_of(cell_engine(engine), secs);

	memset(out, 0, sizeof(*out));
	if (s == NULL || s->control == NULL)
		return;
	for (uint32_t i = 0; i < s->tcs_count; i++) {
		const struct cell_counters *c = &s->control->counters[i];

		out->entries += c->entries;
		out->aex += c->aex;
		out->enclu += c->enclu;
	}
	out->inside = threads_inside(engine, secs);
	out->pid = s->dead ? 0 : s->pid;
}

static const struct engine_ops ops = {
	.name = "cell",
	.capabilities = capabilities,
	.epc_read = epc_read,
	.epc_write = epc_write,
	.epc_zero = epc_zero,
	.epc_place = epc_place,
	.epc_release = epc_release,
	.epc_at = epc_at,
	.space_create = space_create,
	.space_destroy = space_destroy,
	.add_shared = add_shared,
	.start = start,
	.stop = stop,
	.kick = kick,
	.threads_inside = threads_inside,
	.counters = counters,
	.shared_source = shared_source,
};

/* ---- set-up ---- */

static bool may_lock_any_amount(void)
{
	/* A mapping far beyond every usual limit, never touched. */
	size_t size = 1ull << 34;
	void *p = secret_map(size);

	if (p != NULL)
		munmap(p, size);
	return p != NULL;
}

/* What memfd_secret gives: without limit, or, for an ordinary user, what
 * RLIMIT_MEMLOCK leaves beside our own state and the cell's. */
static void find_secret_budget(struct engine_cell *e)
{
	const uint64_t own = 3ull << 20, cell_own = 1ull << 20;
	struct rlimit limit = { 0, 0 };
	void *p = secret_map(PAGE);

	e->secret = p != NULL;
	if (p == NULL)
		return;
	munmap(p, PAGE);
	if (may_lock_any_amount()) {
		e->secret_pages = UINT64_MAX;
		backing_set_secret_total(UINT64_MAX);
		return;
	}
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur <= own) {
		e->secret = false;
		return;
	}
	e->secret_pages = (limit.rlim_cur - cell_own) / PAGE;
	backing_set_secret_total((limit.rlim_cur - own) / PAGE);
}

/* Cells do this for good; here it is tried and undone. */
static bool can_forbid_cpuid(void)
{
	if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0ul) != 0)
		return false;
	syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1ul);
	return true;
}

extern const char cell_blob[], cell_blob_end[];

struct engine *engine_cell_new(const struct engine_config *config, char *why,
	size_t size)
{
	static struct engine_cell e;

	e.engine.ops = &ops;
	e.config = *config;
	e.location = sparse_map(config->epc_pages * sizeof(*e.location));
	e.space = sparse_map(config->epc_pages * sizeof(*e.space));
	if (e.location == NULL || e.space == NULL) {
		snprintf(why, size, "no memory for %u EPC pages' map",
			config->epc_pages);
		return NULL;
	}
	if (engine_cell_open_image(&e, cell_blob,
		    (size_t)(cell_blob_end - cell_blob), why, size) != 0)
		return NULL;
	find_secret_budget(&e);
	e.traps_cpuid = can_forbid_cpuid();
	pthread_mutex_init(&e.life, NULL);
	pthread_cond_init(&e.changed, NULL);
	e.keeper = pthread_self();
	return &e.engine;
}
