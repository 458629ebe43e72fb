/* SPDX-License-Identifier: MIT */
#include "swap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP_GROUPS 64u
#define KEPT_GROUPS 64u /* empty ones whose memory is kept: 4 MiB */
/* Reserved, not taken: where the memory will be mapped as it grows. */
#define RESERVED (1ull << 40)

struct group {
	uint16_t map; /* a bit for each slot in use */
	uint16_t has_memory;
};

struct swap {
	int fd;
	bool is_file;
	uint8_t *base; /* of the memory; reads and writes go here */
	uint32_t groups; /* that the store has room for */
	uint32_t start; /* group where a free slot is looked for */
	uint64_t used;
	uint64_t version;
	uint32_t kept; /* empty groups that have memory */
	struct group *group;
};

struct swap *swap_new(int fd)
{
	struct swap *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->is_file = fd >= 0;
	s->fd = fd >= 0 ? fd : memfd_create("coffer-swap",
		MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0 || ftruncate(s->fd, 0) != 0) {
		free(s);
		return NULL;
	}
	if (s->is_file)
		return s;
	/* Nobody can cut the memory under us, nor keep it from growing. */
	s->base = mmap(NULL, RESERVED, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->base == MAP_FAILED || fcntl(s->fd, F_ADD_SEALS,
		    F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

int swap_fd(const struct swap *s)
{
	return s->is_file ? -1 : s->fd;
}

uint64_t swap_used(const struct swap *s)
{
	return s->used;
}

static int grow(struct swap *s)
{
	uint32_t groups = s->groups + STEP_GROUPS;
	uint64_t old = s->groups * SWAP_GROUP_SIZE;
	uint64_t size = groups * SWAP_GROUP_SIZE;
	struct group *g = realloc(s->group, groups * sizeof(*g));

	if (g == NULL)
		return -ENOMEM;
	s->group = g;
	memset(g + s->groups, 0, STEP_GROUPS * sizeof(*g));
	if (ftruncate(s->fd, (off_t)size) != 0)
		return -errno;
	if (!s->is_file && mmap(s->base + old, size - old,
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, s->fd,
		    (off_t)old) == MAP_FAILED)
		return -errno;
	s->groups = groups;
	return 0;
}

static int64_t take_in(struct swap *s, uint32_t g)
{
	struct group *group = &s->group[g];
	uint32_t at = (uint32_t)__builtin_ctz((uint16_t)~group->map);

	if (group->map == 0 && group->has_memory)
		s->kept--;
	group->has_memory = 1;
	group->map |= (uint16_t)(1u << at);
	s->start = g;
	s->used++;
	return (int64_t)g * SWAP_GROUP + at;
}

int64_t swap_take(struct swap *s)
{
	for (uint32_t g = s->start; g < s->groups; g++)
		if (s->group[g].map != UINT16_MAX)
			return take_in(s, g);
	for (uint32_t g = 0; g < s->start && g < s->groups; g++)
		if (s->group[g].map != UINT16_MAX)
			return take_in(s, g);
	if ((uint64_t)(s->groups + STEP_GROUPS) * SWAP_GROUP_SIZE > RESERVED
	    || grow(s) != 0)
		return -1;
	return take_in(s, s->groups - STEP_GROUPS);
}

static void empty(struct swap *s, uint32_t g)
{
	if (s->kept < KEPT_GROUPS) {
		s->kept++;
		return;
	}
	fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		(off_t)(g * SWAP_GROUP_SIZE), SWAP_GROUP_SIZE);
	s->group[g].has_memory = 0;
}

void swap_put(struct swap *s, uint32_t slot)
{
	uint32_t g = slot / SWAP_GROUP;
	const uint32_t none = SWAP_FREE;
	uint64_t at = swap_record_at(slot)
		+ offsetof(struct swap_record, state);

	s->group[g].map &= (uint16_t)~(1u << (slot % SWAP_GROUP));
	s->used--;
	s->start = g;
	/* For those who look; a file that is full or cut is found later. */
	if (!s->is_file)
		memcpy(s->base + at, &none, sizeof(none));
	else if (pwrite(s->fd, &none, sizeof(none), (off_t)at) < 0)
		return;
	if (s->group[g].map == 0)
		empty(s, g);
}

static int put(struct swap *s, uint64_t at, const void *from, size_t size)
{
	if (!s->is_file)
		memcpy(s->base + at, from, size);
	else if (pwrite(s->fd, from, size, (off_t)at) != (ssize_t)size)
		return -EIO;
	return 0;
}

static int get(struct swap *s, uint64_t at, void *to, size_t size)
{
	if (!s->is_file)
		memcpy(to, s->base + at, size);
	else if (pread(s->fd, to, size, (off_t)at) != (ssize_t)size)
		return -EIO;
	return 0;
}

int swap_write(struct swap *s, uint32_t slot, const void *page,
	const struct swap_record *record)
{
	struct swap_record r = *record;
	int e = put(s, swap_page_at(slot), page, 4096);

	r.state = SWAP_USED;
	r.version = ++s->version;
	return e != 0 ? e : put(s, swap_record_at(slot), &r, sizeof(r));
}

int swap_read(struct swap *s, uint32_t slot, void *page, struct sgx_pcmd *pcmd)
{
	int e = get(s, swap_page_at(slot), page, 4096);

	return e != 0 ? e : get(s, swap_record_at(slot), pcmd, sizeof(*pcmd));
}
