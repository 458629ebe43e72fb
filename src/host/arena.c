/* SPDX-License-Identifier: MIT */
/*
 * The arena is cut into units of 64 bytes.  One byte per unit, outside the
 * arena, says what starts there: nothing (0), an allocated slot of a size
 * class (class + 1), or an allocated run of pages (RUN).  So a pointer that
 * is freed proves itself with one look, and the same look gives its class.
 *
 * Sizes go in 44 classes, four to each doubling, up to 256 KiB.  Slots of a
 * class are cut from spans, which stay with their class.  A free slot is in
 * a thread's magazine or in the centre's list of its class, both stacks of
 * unit numbers; what is freed last is used first.  Larger memory is page
 * runs.
 */
#include "arena.h"

#include "common/extents.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define UNIT_SHIFT 6
#define UNIT (1u << UNIT_SHIFT)
#define PAGE 4096u
#define CLASSES 44u
#define RUN 255u
#define SPAN_BYTES 65536u
#define MAGAZINE_SLOTS 64u
#define MAGAZINE_BYTES 262144u /* kept by a thread, of each class */
/* A freed run of this size gives its memory back to the system; smaller
 * ones are kept warm. */
#define GIVE_BACK_BYTES (16u << 20)

/* Tried in this order: address space may be limited. */
static const uint64_t arena_sizes[] = { 4ull << 30, 1ull << 30, 1ull << 28 };

struct magazine {
	uint32_t count, room;
	uint32_t slot[MAGAZINE_SLOTS]; /* unit numbers */
};

struct magazines {
	struct magazine of[CLASSES];
};

struct centre {
	uint32_t *slot;
	uint32_t count, room;
};

/* base, size, fd, unit and run_pages are set once; the rest under lock. */
static struct {
	uintptr_t base;
	uint64_t size;
	int fd;
	int error; /* of making it */
	bool orphan; /* in the child of a fork */
	uint8_t *unit;
	uint32_t *run_pages; /* per page: length of the run that starts */
	pthread_mutex_t lock;
	pthread_key_t key; /* calls thread_end() */
	struct extents pages;
	struct centre centre[CLASSES];
} g = { .fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static pthread_once_t g_once = PTHREAD_ONCE_INIT;
static __thread struct magazines *t_magazines;

/* --- classes ------------------------------------------------------------ */

static inline unsigned class_of(size_t size)
{
	uint64_t units = (size + UNIT - 1) >> UNIT_SHIFT;
	unsigned top;

	if (units <= 8)
		return units ? (unsigned)units - 1 : 0;
	top = 63u - (unsigned)__builtin_clzll(units - 1);
	return 8 + (top - 3) * 4 + (unsigned)((units - 1) >> (top - 2)) - 4;
}

static uint32_t class_units(unsigned class)
{
	unsigned top;

	if (class < 8)
		return class + 1;
	top = (class - 8) / 4 + 3;
	return ((class - 8) % 4 + 5) << (top - 2);
}

static uint32_t magazine_room(unsigned class)
{
	uint32_t room = MAGAZINE_BYTES / (class_units(class) * UNIT);

	if (room < 2)
		return 2;
	return room < MAGAZINE_SLOTS ? room : MAGAZINE_SLOTS;
}

/* --- making it ---------------------------------------------------------- */

static void thread_end(void *magazines);

static void before_fork(void)
{
	pthread_mutex_lock(&g.lock);
}

static void after_fork_parent(void)
{
	pthread_mutex_unlock(&g.lock);
}

static void after_fork_child(void)
{
	pthread_mutex_init(&g.lock, NULL);
	g.orphan = true;
	if (t_magazines) {
		pthread_setspecific(g.key, NULL);
		free(t_magazines);
		t_magazines = NULL;
	}
}

static void *sparse(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int map_arena(uint64_t size)
{
	void *unit = sparse(size >> UNIT_SHIFT);
	void *run_pages = sparse(size / PAGE * sizeof(uint32_t));
	void *arena = MAP_FAILED;
	int fd = -1;

	if (!unit || !run_pages)
		goto fail;
	fd = memfd_create("coffer-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, (off_t)size) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		goto fail;
	arena = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (arena == MAP_FAILED || extents_init(&g.pages, 0, size / PAGE))
		goto fail;
	madvise(arena, size, MADV_DONTDUMP);
	g.base = (uintptr_t)arena;
	g.size = size;
	g.fd = fd;
	g.unit = unit;
	g.run_pages = run_pages;
	return 0;
fail:
	if (arena != MAP_FAILED)
		munmap(arena, size);
	if (fd >= 0)
		close(fd);
	if (unit)
		munmap(unit, size >> UNIT_SHIFT);
	if (run_pages)
		munmap(run_pages, size / PAGE * sizeof(uint32_t));
	return -ENOMEM;
}

static void make(void)
{
	g.error = pthread_key_create(&g.key, thread_end) ? -ENOMEM : 0;
	if (g.error)
		return;
	g.error = -ENOMEM;
	for (size_t i = 0; g.error && i < sizeof(arena_sizes) /
	     sizeof(arena_sizes[0]); i++)
		g.error = map_arena(arena_sizes[i]);
	if (!g.error)
		pthread_atfork(before_fork, after_fork_parent,
			after_fork_child);
}

static int ready(void)
{
	pthread_once(&g_once, make);
	return g.orphan ? -ENODEV : g.error;
}

int arena_get(struct arena_info *info)
{
	int r = ready();

	if (r)
		return r;
	info->va = g.base;
	info->size = g.size;
	info->fd = g.fd;
	return 0;
}

/* --- the centre, under lock --------------------------------------------- */

static bool centre_room(struct centre *c, uint32_t more)
{
	uint32_t room = c->room ? c->room : 64;
	uint32_t *grown;

	while (room < c->count + more)
		room *= 2;
	if (room == c->room)
		return true;
	grown = realloc(c->slot, room * sizeof(*grown));
	if (!grown)
		return false;
	c->slot = grown;
	c->room = room;
	return true;
}

static bool cut_span(unsigned class)
{
	struct centre *c = &g.centre[class];
	uint32_t units = class_units(class);
	uint64_t bytes = SPAN_BYTES, first;
	uint32_t slots;

	if (bytes < units * (uint64_t)UNIT * 4)
		bytes = units * (uint64_t)UNIT * 4;
	slots = (uint32_t)(bytes / (units * (uint64_t)UNIT));
	if (!centre_room(c, slots) ||
	    extents_take(&g.pages, (bytes + PAGE - 1) / PAGE, &first))
		return false;
	first *= PAGE / UNIT;
	/* The stack's top is the span's start. */
	while (slots--)
		c->slot[c->count++] = (uint32_t)first + slots * units;
	return true;
}

/* The centre is full only when memory is; then the slots are lost. */
static void centre_put(unsigned class, const uint32_t *slot, uint32_t count)
{
	struct centre *c = &g.centre[class];

	if (!centre_room(c, count))
		return;
	memcpy(c->slot + c->count, slot, count * sizeof(*slot));
	c->count += count;
}

static uint32_t centre_get(unsigned class, uint32_t *slot, uint32_t count)
{
	struct centre *c = &g.centre[class];

	if (!c->count && !cut_span(class))
		return 0;
	if (count > c->count)
		count = c->count;
	c->count -= count;
	memcpy(slot, c->slot + c->count, count * sizeof(*slot));
	return count;
}

/* --- magazines ---------------------------------------------------------- */

static void thread_end(void *memory)
{
	struct magazines *m = memory;

	pthread_mutex_lock(&g.lock);
	for (unsigned i = 0; i < CLASSES; i++)
		centre_put(i, m->of[i].slot, m->of[i].count);
	pthread_mutex_unlock(&g.lock);
	t_magazines = NULL;
	free(m);
}

static struct magazines *magazines(void)
{
	struct magazines *m = t_magazines;

	if (m)
		return m;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	for (unsigned i = 0; i < CLASSES; i++)
		m->of[i].room = magazine_room(i);
	if (pthread_setspecific(g.key, m)) {
		free(m);
		return NULL;
	}
	t_magazines = m;
	return m;
}

static __attribute__((noinline)) void *refill(unsigned class)
{
	struct magazines *m;
	struct magazine *mine;
	uint32_t unit;

	if (ready())
		return NULL;
	m = magazines();
	if (!m)
		return NULL;
	mine = &m->of[class];
	pthread_mutex_lock(&g.lock);
	mine->count = centre_get(class, mine->slot, (mine->room + 1) / 2);
	pthread_mutex_unlock(&g.lock);
	if (!mine->count)
		return NULL;
	unit = mine->slot[--mine->count];
	g.unit[unit] = (uint8_t)(class + 1);
	return (void *)(g.base + ((uintptr_t)unit << UNIT_SHIFT));
}

/* The magazine is full: its older half goes to the centre. */
static __attribute__((noinline)) void spill(unsigned class, uint32_t unit)
{
	struct magazines *m = magazines();
	struct magazine *mine;
	uint32_t half;

	if (!m) {
		pthread_mutex_lock(&g.lock);
		centre_put(class, &unit, 1);
		pthread_mutex_unlock(&g.lock);
		return;
	}
	mine = &m->of[class];
	half = (mine->room + 1) / 2;
	if (mine->count == mine->room) {
		pthread_mutex_lock(&g.lock);
		centre_put(class, mine->slot, half);
		pthread_mutex_unlock(&g.lock);
		mine->count -= half;
		memmove(mine->slot, mine->slot + half,
			mine->count * sizeof(mine->slot[0]));
	}
	mine->slot[mine->count++] = unit;
}

/* --- pages -------------------------------------------------------------- */

void *arena_alloc_pages(size_t count)
{
	uint64_t first;
	int r;

	if (!count || ready() || count > g.size / PAGE)
		return NULL;
	pthread_mutex_lock(&g.lock);
	r = extents_take(&g.pages, count, &first);
	pthread_mutex_unlock(&g.lock);
	if (r)
		return NULL;
	g.run_pages[first] = (uint32_t)count;
	g.unit[first * (PAGE / UNIT)] = RUN;
	return (void *)(g.base + first * PAGE);
}

static void free_run(uint64_t unit)
{
	uint64_t first = unit / (PAGE / UNIT);
	uint64_t count = g.run_pages[first];

	g.unit[unit] = 0;
	if (count * PAGE >= GIVE_BACK_BYTES)
		madvise((void *)(g.base + first * PAGE), count * PAGE,
			MADV_REMOVE);
	pthread_mutex_lock(&g.lock);
	extents_give(&g.pages, first, count);
	pthread_mutex_unlock(&g.lock);
}

/* --- interface ---------------------------------------------------------- */

void *arena_alloc(size_t size)
{
	struct magazines *m = t_magazines;
	unsigned class;
	uint32_t unit;

	if (size > ARENA_SMALL_MAX)
		return size > SIZE_MAX - PAGE ? NULL :
			arena_alloc_pages((size + PAGE - 1) / PAGE);
	class = class_of(size);
	if (__builtin_expect(!m || !m->of[class].count, 0))
		return refill(class);
	unit = m->of[class].slot[--m->of[class].count];
	g.unit[unit] = (uint8_t)(class + 1);
	return (void *)(g.base + ((uintptr_t)unit << UNIT_SHIFT));
}

static __attribute__((noreturn, noinline)) void not_ours(const void *memory)
{
	fprintf(stderr, "coffer: freed %p, which is not allocated memory "
		"shared with enclaves\n", memory);
	abort();
}

void arena_free(void *memory)
{
	uintptr_t offset = (uintptr_t)memory - g.base;
	struct magazines *m = t_magazines;
	struct magazine *mine;
	uint32_t unit;
	unsigned tag;

	if (!memory || __builtin_expect(g.orphan, 0))
		return;
	if (__builtin_expect(offset >= g.size || offset % UNIT, 0))
		not_ours(memory);
	unit = (uint32_t)(offset >> UNIT_SHIFT);
	tag = g.unit[unit];
	if (__builtin_expect(tag == RUN, 0)) {
		free_run(unit);
		return;
	}
	if (__builtin_expect(!tag, 0))
		not_ours(memory);
	g.unit[unit] = 0;
	if (__builtin_expect(m != NULL, 1)) {
		mine = &m->of[tag - 1];
		if (__builtin_expect(mine->count < mine->room, 1)) {
			mine->slot[mine->count++] = unit;
			return;
		}
	}
	spill(tag - 1, unit);
}

bool arena_contains(const void *p, size_t n)
{
	uintptr_t offset = (uintptr_t)p - g.base;

	return offset < g.size && n <= g.size - offset;
}

uint64_t arena_offset(const void *p)
{
	return (uintptr_t)p - g.base;
}

uint64_t arena_used(void)
{
	uint64_t used;

	if (ready())
		return 0;
	pthread_mutex_lock(&g.lock);
	used = g.size - g.pages.free * PAGE;
	pthread_mutex_unlock(&g.lock);
	return used;
}
