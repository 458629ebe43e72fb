/* SPDX-License-Identifier: MIT */
#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ull
#define CHUNK_PAGES_MIN 16u
#define CHUNK_PAGES_MAX 4096u
#define CHUNKS_WANTED 8192u /* of a whole EPC */

void store_budget_init(struct store_budget *b, uint32_t epc_pages,
	uint64_t secret)
{
	b->chunk_pages = CHUNK_PAGES_MIN;
	while (b->chunk_pages < CHUNK_PAGES_MAX
	       && epc_pages / b->chunk_pages > CHUNKS_WANTED)
		b->chunk_pages *= 2;
	b->pages = (epc_pages + (uint64_t)b->chunk_pages - 1)
		/ b->chunk_pages * b->chunk_pages;
	b->secret = secret;
}

void store_init(struct store *s, struct store_budget *budget,
	struct cell_control *control, uint64_t secret_pages)
{
	memset(s, 0, sizeof(*s));
	s->budget = budget;
	s->control = control;
	s->secret_left = secret_pages;
	pthread_mutex_init(&s->lock, NULL);
}

static void give_back(struct store *s, const struct chunk *c)
{
	uint32_t pages = s->budget->chunk_pages;

	s->budget->pages += pages;
	if (c->kind == STORE_SECRET && s->budget->secret != UINT64_MAX)
		s->budget->secret += pages;
	if (c->kind == STORE_SECRET && s->secret_left != UINT64_MAX)
		s->secret_left += pages;
}

static void unmake(struct store *s, struct chunk *c)
{
	munmap(c->base, s->budget->chunk_pages * PAGE);
	free(c->owner);
	give_back(s, c);
	memset(c, 0, sizeof(*c));
}

void store_free(struct store *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->chunk[i].base != NULL)
			unmake(s, &s->chunk[i]);
	free(s->chunk);
	for (uint32_t i = s->delivered; i != s->offered; i++)
		close(s->pending[i % CELL_CHUNKS_MAX]);
	pthread_mutex_destroy(&s->lock);
	memset(s, 0, sizeof(*s));
}

enum store_kind store_kind_of(uint8_t rwx)
{
	if (rwx & SGX_SECINFO_X)
		return rwx & SGX_SECINFO_W ? STORE_CODE_W : STORE_CODE;
	return STORE_SECRET;
}

/* ---- chunks ---- */

/* The descriptor for the cell; *ours for us. */
static int open_chunk(enum store_kind kind, uint64_t size, int *ours)
{
	char path[64];
	int fd = kind == STORE_SECRET
		? (int)syscall(SYS_memfd_secret, O_CLOEXEC)
		: memfd_create("coffer-epc", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	*ours = fd;
	if (ftruncate(fd, (off_t)size) == 0) {
		if (kind != STORE_CODE)
			return fd;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	close(*ours);
	return -1;
}

static uint32_t find_place(struct store *s)
{
	void *p;
	uint32_t room;

	for (uint32_t i = 0; i < s->count; i++)
		if (s->chunk[i].base == NULL && !s->chunk[i].dropped)
			return i;
	if (s->count == s->room) {
		room = s->room == 0 ? 32 : s->room * 2;
		p = realloc(s->chunk, room * sizeof(*s->chunk));
		if (p == NULL)
			return UINT32_MAX;
		memset((struct chunk *)p + s->room, 0,
			(room - s->room) * sizeof(*s->chunk));
		s->chunk = p;
		s->room = room;
	}
	return s->count;
}

static int prot_of(enum store_kind kind)
{
	switch (kind) {
	case STORE_CODE: return PROT_READ | PROT_EXEC;
	case STORE_CODE_W: return PROT_READ | PROT_WRITE | PROT_EXEC;
	default: return PROT_READ | PROT_WRITE;
	}
}

static void offer(struct store *s, uint32_t place, enum store_kind kind, int fd)
{
	struct cell_control *c = s->control;
	uint32_t n = s->offered;

	c->chunk[n % CELL_CHUNKS_MAX] = (struct cell_chunk){
		.home = CELL_WINDOW
			+ (uint64_t)place * s->budget->chunk_pages * PAGE,
		.length = s->budget->chunk_pages * PAGE,
		.prot = (uint32_t)prot_of(kind),
	};
	pthread_mutex_lock(&s->lock);
	s->pending[n % CELL_CHUNKS_MAX] = fd;
	__atomic_store_n(&s->offered, n + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&c->chunks_offered, n + 1, __ATOMIC_SEQ_CST);
	pthread_mutex_unlock(&s->lock);
}

static int make_chunk(struct store *s, enum store_kind kind)
{
	struct store_budget *b = s->budget;
	uint64_t size = b->chunk_pages * PAGE;
	uint32_t *owner = calloc(b->chunk_pages, sizeof(*owner));
	uint32_t place = find_place(s);
	int ours = -1, fd = -1;
	void *p = MAP_FAILED;

	if (owner != NULL && place != UINT32_MAX)
		fd = open_chunk(kind, size, &ours);
	if (fd >= 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ours,
			0);
	if (fd != ours && fd >= 0)
		close(ours);
	if (p == MAP_FAILED) {
		if (fd >= 0)
			close(fd);
		free(owner);
		return -ENOMEM;
	}
	s->chunk[place] = (struct chunk){ .base = p, .kind = kind,
		.owner = owner };
	if (place == s->count)
		s->count++;
	b->pages -= b->chunk_pages;
	if (kind == STORE_SECRET && b->secret != UINT64_MAX)
		b->secret -= b->chunk_pages;
	if (kind == STORE_SECRET && s->secret_left != UINT64_MAX)
		s->secret_left -= b->chunk_pages;
	s->free[kind] += b->chunk_pages;
	offer(s, place, kind, fd);
	return 0;
}

/* Data goes to secret memory while it lasts, then to plain memory. */
static enum store_kind kind_to_make(const struct store *s,
	enum store_kind kind)
{
	uint32_t pages = s->budget->chunk_pages;

	if (kind == STORE_SECRET && (s->secret_left < pages
		    || s->budget->secret < pages))
		return STORE_PLAIN;
	return kind;
}

static uint64_t free_slots(const struct store *s, enum store_kind kind)
{
	return s->free[kind] + (kind == STORE_SECRET ? s->free[STORE_PLAIN]
						     : 0);
}

int store_reserve(struct store *s, enum store_kind kind, uint32_t count)
{
	while (free_slots(s, kind) < count) {
		enum store_kind make = kind_to_make(s, kind);
		int r;

		if (s->budget->pages < s->budget->chunk_pages)
			return -ENOSPC;
		if (s->offered - __atomic_load_n(&s->delivered,
			    __ATOMIC_ACQUIRE) >= CELL_CHUNKS_MAX)
			return -EAGAIN;
		r = make_chunk(s, make);
		/* There was less to lock than we were told. */
		if (r == -ENOMEM && make == STORE_SECRET)
			s->secret_left = 0;
		else if (r != 0)
			return r;
	}
	return 0;
}

bool store_empty_chunk(const struct store *s, uint32_t *place, uint64_t *home,
	uint64_t *length)
{
	for (uint32_t i = 0; i < s->count; i++) {
		if (s->chunk[i].base == NULL || s->chunk[i].used != 0)
			continue;
		*place = i;
		*length = s->budget->chunk_pages * PAGE;
		*home = CELL_WINDOW + i * *length;
		return true;
	}
	return false;
}

void store_drop(struct store *s, uint32_t place)
{
	s->free[s->chunk[place].kind] -= s->budget->chunk_pages;
	unmake(s, &s->chunk[place]);
	s->chunk[place].dropped = s->dropped = true;
}

void store_settled(struct store *s)
{
	for (uint32_t i = 0; s->dropped && i < s->count; i++)
		s->chunk[i].dropped = false;
	s->dropped = false;
}

/* ---- slots ---- */

static int64_t take_in(struct store *s, uint32_t place, uint32_t epc,
	bool *fresh)
{
	struct chunk *c = &s->chunk[place];
	uint32_t n = s->budget->chunk_pages, at = c->next;

	while (c->owner[at] != 0)
		at = at + 1 == n ? 0 : at + 1;
	c->owner[at] = epc + 1;
	c->next = at + 1 == n ? 0 : at + 1;
	*fresh = at >= c->touched;
	if (*fresh)
		c->touched = at + 1;
	c->used++;
	s->used++;
	s->free[c->kind]--;
	s->last[c->kind] = place;
	return (int64_t)place * n + at;
}

int64_t store_take(struct store *s, enum store_kind kind, uint32_t epc,
	bool *fresh)
{
	uint32_t place;

	if (kind == STORE_SECRET && s->free[kind] == 0)
		kind = STORE_PLAIN;
	if (s->free[kind] == 0)
		return -1;
	place = s->last[kind];
	for (uint32_t i = 0; i < s->count; i++) {
		struct chunk *c;

		if (place >= s->count)
			place = 0;
		c = &s->chunk[place];
		if (c->base != NULL && c->kind == kind
		    && c->used < s->budget->chunk_pages)
			return take_in(s, place, epc, fresh);
		place++;
	}
	return -1;
}

void store_put(struct store *s, uint32_t slot)
{
	struct chunk *c = &s->chunk[slot / s->budget->chunk_pages];
	uint32_t at = slot % s->budget->chunk_pages;

	c->owner[at] = 0;
	c->next = at;
	c->used--;
	s->used--;
	s->free[c->kind]++;
}

enum store_kind store_kind_at(const struct store *s, uint32_t slot)
{
	return s->chunk[slot / s->budget->chunk_pages].kind;
}

bool store_is_taken(const struct store *s)
{
	return __atomic_load_n(&s->offered, __ATOMIC_ACQUIRE)
		== __atomic_load_n(&s->delivered, __ATOMIC_ACQUIRE);
}

bool store_is_behind(const struct store *s)
{
	return s->offered - __atomic_load_n(&s->delivered, __ATOMIC_ACQUIRE)
		>= CELL_CHUNKS_MAX / 8;
}

uint8_t *store_bytes(const struct store *s, uint32_t slot)
{
	return s->chunk[slot / s->budget->chunk_pages].base
		+ slot % s->budget->chunk_pages * PAGE;
}

uint64_t store_home(const struct store *s, uint32_t slot)
{
	return CELL_WINDOW + slot * PAGE;
}

uint32_t store_neighbours(const struct store *s, uint32_t slot, uint32_t *epc,
	uint32_t max)
{
	const struct chunk *c = &s->chunk[slot / s->budget->chunk_pages];
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->budget->chunk_pages && n < max; i++)
		if (c->owner[i] != 0 && c->owner[i] != STORE_NO_EPC + 1)
			epc[n++] = c->owner[i] - 1;
	return n;
}

/* ---- delivery ---- */

/* Answers one CELL_TAKE with the descriptor; false: nobody asks. */
static bool deliver_one(int listener, int fd)
{
	/* Larger than ours where the kernel is newer. */
	union {
		struct seccomp_notif q;
		char room[256];
	} request;
	struct seccomp_notif_addfd add = { .flags = SECCOMP_ADDFD_FLAG_SEND };

	memset(&request, 0, sizeof(request));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
		return false;
	add.id = request.q.id;
	add.srcfd = (uint32_t)fd;
	add.newfd_flags = O_CLOEXEC;
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
}

void store_deliver(struct store *s, int listener, int ms)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };

	while (__atomic_load_n(&s->delivered, __ATOMIC_ACQUIRE)
		!= __atomic_load_n(&s->offered, __ATOMIC_ACQUIRE)) {
		int *fd;

		if (poll(&p, 1, ms) != 1 || !(p.revents & POLLIN))
			return;
		/* Not held while nobody asks, and RECV does not wait then. */
		pthread_mutex_lock(&s->lock);
		fd = &s->pending[s->delivered % CELL_CHUNKS_MAX];
		if (s->delivered != s->offered
		    && poll(&p, 1, 0) == 1 && (p.revents & POLLIN)
		    && deliver_one(listener, *fd)) {
			close(*fd);
			*fd = -1;
			__atomic_store_n(&s->delivered, s->delivered + 1,
				__ATOMIC_RELEASE);
		}
		pthread_mutex_unlock(&s->lock);
	}
}
