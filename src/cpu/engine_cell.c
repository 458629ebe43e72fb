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
#include <time.h>
#include <unistd.h>

#define PAGE 4096ull
#define SPACE_SIZE_MAX (1ull << 40)

static struct engine_cell *cell_engine(struct engine *e)
{
	return (struct engine_cell *)e;
}

static struct space *space_of(struct engine_cell *e, uint32_t number)
{
	return number <= e->config.spaces_max ? e->space[number] : NULL;
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

static uint8_t *bytes_of(struct engine_cell *e, const struct epc_location *l)
{
	if (l->private_page != NULL)
		return l->private_page;
	return store_bytes(&e->space[l->space]->store, l->slot);
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

/* ---- places ---- */

static bool is_private(enum sgx_page_type type)
{
	return type != SGX_PT_REG && type != SGX_PT_TRIM;
}

static int place_private(struct engine_cell *e, uint32_t epc, uint32_t number,
	uint64_t va, enum sgx_page_type type)
{
	uint8_t *p = aligned_alloc(PAGE, PAGE);

	if (p == NULL)
		return -1;
	memset(p, 0, PAGE);
	e->location[epc] = (struct epc_location){
		.space = number, .private_page = p, .va = va, .placed = 1,
		.fresh = 1, .type = (uint8_t)type,
	};
	return 0;
}

static int place_slot(struct engine_cell *e, struct space *s, uint32_t epc,
	uint64_t va, uint8_t rwx)
{
	bool fresh;
	int64_t slot = store_take(&s->store, store_kind_of(rwx), epc, &fresh);

	if (slot < 0)
		return -1;
	e->location[epc] = (struct epc_location){
		.space = s->number, .slot = (uint32_t)slot, .va = va,
		.placed = 1, .fresh = fresh, .rwx = rwx, .type = SGX_PT_REG,
	};
	return 0;
}

static void epc_release(struct engine *engine, uint32_t epc, uint32_t count)
{
	struct engine_cell *e = cell_engine(engine);

	for (uint32_t i = epc; i < epc + count; i++) {
		struct epc_location *l = &e->location[i];

		if (!l->placed)
			continue;
		if (l->private_page != NULL)
			free(l->private_page); /* wipes */
		else
			store_put(&e->space[l->space]->store, l->slot);
		memset(l, 0, sizeof(*l));
	}
}

static int epc_place(struct engine *engine, uint32_t epc, uint32_t count,
	uint32_t number, uint64_t va, enum sgx_page_type type, uint8_t rwx)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s = space_of(e, number);

	if (s == NULL && !is_private(type))
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		int r = is_private(type)
			? place_private(e, epc + i, number, va + i * PAGE, type)
			: place_slot(e, s, epc + i, va + i * PAGE, rwx);

		if (r != 0) {
			epc_release(engine, epc, i);
			return -1;
		}
	}
	return 0;
}

static bool epc_fits(struct engine *engine, uint32_t epc, uint8_t rwx)
{
	struct engine_cell *e = cell_engine(engine);
	const struct epc_location *l = &e->location[epc];
	struct space *s = space_of(e, l->space);

	return l->private_page != NULL || s == NULL || !(rwx & SGX_SECINFO_X)
		|| store_kind_at(&s->store, l->slot) == store_kind_of(rwx);
}

static int epc_move(struct engine *engine, uint32_t epc, uint8_t rwx)
{
	struct engine_cell *e = cell_engine(engine);
	struct epc_location *l = &e->location[epc];
	struct space *s = space_of(e, l->space);
	int64_t slot;
	bool fresh;

	l->rwx = rwx;
	/* Window mappings of code gain and lose no W. */
	if (epc_fits(engine, epc, rwx))
		return 0;
	slot = store_take(&s->store, store_kind_of(rwx), epc, &fresh);
	if (slot < 0)
		return -1;
	memcpy(store_bytes(&s->store, (uint32_t)slot),
		store_bytes(&s->store, l->slot), PAGE);
	store_put(&s->store, l->slot);
	l->slot = (uint32_t)slot;
	return 0;
}

static void epc_code(struct engine *engine, uint32_t epc)
{
	struct engine_cell *e = cell_engine(engine);
	const struct epc_location *l = &e->location[epc];
	struct space *s = space_of(e, l->space);

	if (s != NULL && l->private_page == NULL && s->trampoline_va != 0
	    && store_kind_at(&s->store, l->slot) == STORE_CODE)
		patch_page(store_bytes(&s->store, l->slot), l->va,
			s->trampoline_va);
}

static uint32_t locate(struct engine *engine, struct engine_map *m,
	const uint32_t *epc)
{
	struct engine_cell *e = cell_engine(engine);
	const struct epc_location *l = &e->location[epc[0]];
	uint32_t n = 1;

	m->where = store_home(&e->space[l->space]->store, l->slot);
	/* A mapping is duplicated from one chunk. */
	while (n < m->count && e->location[epc[n]].slot == l->slot + n
	       && (l->slot + n) % e->budget.chunk_pages != 0)
		n++;
	m->count = n;
	return n;
}

static int reserve(struct engine *engine, uint32_t number,
	enum sgx_page_type type, uint8_t rwx, uint32_t count)
{
	struct space *s = space_of(cell_engine(engine), number);
	int r;

	if (is_private(type))
		return 0;
	if (s == NULL)
		return -ENOMEM;
	/* Nobody would take the chunks. */
	if (__atomic_load_n(&s->dead, __ATOMIC_ACQUIRE))
		return -EIO;
	r = store_reserve(&s->store, store_kind_of(rwx), count);
	if (store_is_behind(&s->store))
		orders_post(s, true);
	return r;
}

static uint32_t piece(struct engine *engine, uint32_t epc, uint32_t *other,
	uint32_t max)
{
	struct engine_cell *e = cell_engine(engine);
	const struct epc_location *l = &e->location[epc];

	if (l->private_page != NULL) {
		other[0] = epc;
		return 1;
	}
	return store_neighbours(&e->space[l->space]->store, l->slot, other,
		max);
}

/* Our mapping goes at once, the cell's by an order: the memory is free when
 * both are gone. */
static int give_back(struct engine *engine, uint32_t number)
{
	struct space *s = space_of(cell_engine(engine), number);
	uint64_t home, length;
	uint32_t place;

	if (s == NULL || !store_empty_chunk(&s->store, &place, &home, &length))
		return 0;
	if (!s->dead) {
		if (!orders_add(s, &(struct cell_order){ .action = CELL_DROP,
			.home = home, .length = length }))
			return -EAGAIN;
	}
	store_drop(&s->store, place);
	return 1;
}

static uint64_t storage(struct engine *engine)
{
	struct engine_cell *e = cell_engine(engine);

	return e->storage_max - e->budget.pages;
}

/* ---- orders ---- */

static bool unmap(struct engine *engine, uint32_t number, uint64_t va)
{
	return orders_add(space_of(cell_engine(engine), number),
		&(struct cell_order){ .action = CELL_UNMAP, .va = va,
			.length = PAGE });
}

static bool map(struct engine *engine, uint32_t number,
	const struct engine_map *m)
{
	struct space *s = space_of(cell_engine(engine), number);

	return orders_add(s, &(struct cell_order){ .action = CELL_MAP,
		.va = m->va, .length = m->count * PAGE,
		.home = m->where,
		.prot = (uint32_t)prot_of_rwx(m->rwx) });
}

static bool protect(struct engine *engine, uint32_t number, uint64_t va,
	uint8_t rwx)
{
	return orders_add(space_of(cell_engine(engine), number),
		&(struct cell_order){ .action = CELL_PROTECT, .va = va,
			.length = PAGE, .prot = (uint32_t)prot_of_rwx(rwx) });
}

static bool tcs_out(struct engine *engine, uint32_t number, uint32_t index)
{
	struct space *s = space_of(cell_engine(engine), number);

	s->out[index / 32] &= ~(1u << (index % 32));
	return orders_add(s, &(struct cell_order){ .action = CELL_TCS_OUT,
		.prot = index });
}

static bool tcs_is_out(struct engine *engine, uint32_t number, uint32_t index)
{
	const struct space *s = space_of(cell_engine(engine), number);

	return s->dead || (s->out[index / 32] >> (index % 32) & 1);
}

static void tcs_in(struct engine *engine, uint32_t number, uint32_t index)
{
	struct space *s = space_of(cell_engine(engine), number);

	s->out[index / 32] &= ~(1u << (index % 32));
}

static int finish(struct engine *engine, uint32_t number)
{
	return orders_finish(space_of(cell_engine(engine), number));
}

static void post(struct engine *engine, uint32_t number, bool now)
{
	orders_post(space_of(cell_engine(engine), number), now);
}

static bool settled(struct engine *engine, uint32_t number)
{
	struct space *s = space_of(cell_engine(engine), number);

	return s == NULL || orders_settled(s);
}

static void wait_space(struct engine *engine, uint32_t number)
{
	/* Nothing of the space is touched: it may go meanwhile. */
	const struct timespec nap = { .tv_nsec = 20000 };

	nanosleep(&nap, NULL);
}

/* Who asks again has done the maps of its last answer. */
static bool in_flight(struct engine *engine, uint32_t number, uint32_t thread,
	uint16_t serial)
{
	struct space *s = space_of(cell_engine(engine), number);

	return s != NULL && thread < s->tcs_slots && !s->dead
		&& __atomic_load_n(&s->serial[thread], __ATOMIC_ACQUIRE)
			== serial
		&& __atomic_load_n(&s->control->service[thread].state,
			__ATOMIC_ACQUIRE) != CELL_SERVICE_IDLE;
}

/* ---- spaces ---- */

static int add_shared(struct space *s, const struct engine_space *q)
{
	void *p = mmap(NULL, q->shared_size, PROT_READ,
		MAP_SHARED | MAP_NORESERVE, q->shared_fd, 0);

	s->arena_fd = q->shared_fd;
	if (p == MAP_FAILED)
		return -errno;
	s->arena_va = q->shared_va;
	s->arena_size = q->shared_size;
	s->arena = p;
	return 0;
}

static void space_destroy(struct engine *engine, uint32_t number)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s = space_of(e, number);

	if (s == NULL)
		return;
	space_stop(e, s);
	if (s->boxes != NULL)
		munmap(s->boxes, (size_t)s->tcs_slots * GATE_STRIDE);
	if (s->listener >= 0)
		close(s->listener);
	store_free(&s->store);
	if (s->control != NULL)
		munmap(s->control, CELL_CONTROL_SIZE);
	if (s->arena != NULL)
		munmap((void *)s->arena, s->arena_size);
	if (s->arena_fd >= 0)
		close(s->arena_fd);
	e->space[number] = NULL;
	free(s);
}

static int space_create(struct engine *engine, const struct engine_space *q,
	char *why, size_t size)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s = NULL;
	int r = -ENOMEM;

	snprintf(why, size, "no memory for the enclave");
	if (!space_is_clear(q->base, q->size)
	    || !space_is_clear(q->shared_va, q->shared_size)
	    || ranges_meet(q->base, q->size, q->shared_va, q->shared_size)) {
		snprintf(why, size, "enclave and shared memory must lie at "
			"addresses of their own");
		r = -EINVAL;
	} else if (q->size <= SPACE_SIZE_MAX) {
		s = calloc(1, sizeof(*s));
	}
	if (s == NULL) {
		close(q->shared_fd);
		return r;
	}
	s->number = q->number;
	s->el_base = q->base;
	s->el_size = q->size;
	s->debug = q->debug;
	s->listener = -1;
	e->space[q->number] = s;
	store_init(&s->store, &e->budget, NULL,
		e->secret && !q->debug ? e->secret_pages : 0);
	r = add_shared(s, q);
	if (r == 0)
		r = space_spawn(e, s, why, size);
	if (r != 0)
		space_destroy(engine, q->number);
	return r;
}

static const void *shared_source(struct engine *engine, uint32_t number,
	uint64_t offset, uint64_t size)
{
	struct space *s = space_of(cell_engine(engine), number);

	if (s == NULL || s->arena == NULL || offset > s->arena_size
	    || size > s->arena_size - offset)
		return NULL;
	return s->arena + offset;
}

static int start(struct engine *engine, uint32_t number,
	const struct engine_start *how, char *why, size_t size)
{
	return space_start(cell_engine(engine), space_of(cell_engine(engine),
		number), how, why, size);
}

static void describe_tcs(struct engine *engine, uint32_t number,
	uint32_t index, const struct engine_tcs *tcs)
{
	space_describe_tcs(space_of(cell_engine(engine), number), index, tcs);
}

static void stop(struct engine *engine, uint32_t number)
{
	struct space *s = space_of(cell_engine(engine), number);

	if (s != NULL)
		space_stop(cell_engine(engine), s);
}

static void kill_space(struct engine *engine, uint32_t number)
{
	struct space *s = space_of(cell_engine(engine), number);

	if (s != NULL)
		space_kill(cell_engine(engine), s);
}

/* The thread IDs are the cell's word, but a signal reaches only threads of
 * that very process. */
static void kick(struct engine *engine, uint32_t number)
{
	struct engine_cell *e = cell_engine(engine);
	struct space *s = space_of(e, number);

	if (s == NULL)
		return;
	pthread_mutex_lock(&e->life);
	for (uint32_t i = 0; s->pid != 0 && !s->dead && i < s->tcs_slots; i++)
		if (*(volatile uint32_t *)&s->control->counters[i].inside)
			syscall(SYS_tgkill, s->pid,
				s->control->counters[i].tid, SIGURG);
	pthread_mutex_unlock(&e->life);
}

static uint32_t threads_inside(struct engine *engine, uint32_t number)
{
	struct space *s = space_of(cell_engine(engine), number);
	uint32_t n = 0;

	if (s == NULL || s->control == NULL || s->pid == 0 || s->dead)
		return 0;
	for (uint32_t i = 0; i < s->tcs_slots; i++)
		n += *(volatile uint32_t *)&s->control->counters[i].inside != 0;
	return n;
}

static void counters(struct engine *engine, uint32_t number,
	struct engine_counters *out)
{
	struct space *s = space_of(cell_engine(engine), number);

	memset(out, 0, sizeof(*out));
	if (s == NULL || s->control == NULL)
		return;
	for (uint32_t i = 0; i < s->tcs_slots; i++) {
		const struct cell_counters *c = &s->control->counters[i];

		out->entries += c->entries;
		out->aex += c->aex;
		out->enclu += c->enclu;
	}
	out->inside = threads_inside(engine, number);
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
	.epc_move = epc_move,
	.epc_fits = epc_fits,
	.epc_code = epc_code,
	.locate = locate,
	.reserve = reserve,
	.piece = piece,
	.give_back = give_back,
	.storage = storage,
	.unmap = unmap,
	.map = map,
	.protect = protect,
	.tcs_out = tcs_out,
	.post = post,
	.settled = settled,
	.wait = wait_space,
	.tcs_is_out = tcs_is_out,
	.tcs_in = tcs_in,
	.finish = finish,
	.in_flight = in_flight,
	.space_create = space_create,
	.space_destroy = space_destroy,
	.start = start,
	.describe_tcs = describe_tcs,
	.stop = stop,
	.kill = kill_space,
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
static uint64_t find_secret_budget(struct engine_cell *e)
{
	const uint64_t own = 3ull << 20, cell_own = 1ull << 20;
	struct rlimit limit = { 0, 0 };
	void *p = secret_map(PAGE);

	e->secret = p != NULL;
	if (p == NULL)
		return 0;
	munmap(p, PAGE);
	e->secret_pages = UINT64_MAX;
	if (may_lock_any_amount())
		return UINT64_MAX;
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur <= own) {
		e->secret = false;
		return 0;
	}
	/* The cell maps each page twice: at its window and its address. */
	e->secret_pages = (limit.rlim_cur - cell_own) / PAGE / 2;
	return (limit.rlim_cur - own) / PAGE;
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
	e.space = sparse_map((config->spaces_max + 1ull) * sizeof(*e.space));
	if (e.location == NULL || e.space == NULL) {
		snprintf(why, size, "no memory for %u EPC pages' map",
			config->epc_pages);
		return NULL;
	}
	if (engine_cell_open_image(&e, cell_blob,
		    (size_t)(cell_blob_end - cell_blob), why, size) != 0)
		return NULL;
	store_budget_init(&e.budget, config->epc_pages,
		find_secret_budget(&e));
	e.storage_max = e.budget.pages;
	e.traps_cpuid = can_forbid_cpuid();
	pthread_mutex_init(&e.life, NULL);
	pthread_cond_init(&e.changed, NULL);
	e.keeper = pthread_self();
	return &e.engine;
}
