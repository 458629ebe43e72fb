/* SPDX-License-Identifier: MIT */
#include "backing.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ull
#define STEP_PAGES 64u

/* Secret pages that all backings together may still map.  Used under the
 * machine's lock only, as everything here. */
static uint64_t secret_total;

void backing_set_secret_total(uint64_t pages)
{
	secret_total = pages;
}

void backing_init(struct backing *b, uint64_t pages, uint64_t secret_pages)
{
	memset(b, 0, sizeof(*b));
	for (int i = 0; i < BACKING_KINDS; i++) {
		b->file[i].fd = -1;
		/* One page more: the trampoline. */
		b->file[i].capacity = (pages + STEP_PAGES) / STEP_PAGES
			* STEP_PAGES;
	}
	b->secret_left = secret_pages;
}

void backing_close(struct backing *b)
{
	for (int k = 0; k < BACKING_KINDS; k++) {
		if (b->file[k].fd >= 0)
			close(b->file[k].fd);
		b->file[k].fd = -1;
		b->file[k].capacity = b->file[k].used;
	}
}

void backing_free(struct backing *b)
{
	backing_close(b);
	for (int k = 0; k < BACKING_KINDS; k++) {
		struct backing_file *f = &b->file[k];

		if (f->base != NULL)
			munmap(f->base, f->mapped * PAGE);
		if (k == BACKING_SECRET)
			secret_total += f->mapped;
		memset(f, 0, sizeof(*f));
		f->fd = -1;
	}
}

static bool open_file(struct backing_file *f, enum backing_kind kind)
{
	f->fd = kind == BACKING_SECRET
		? (int)syscall(SYS_memfd_secret, O_CLOEXEC)
		: memfd_create("coffer-epc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (f->fd < 0)
		return false;
	return ftruncate(f->fd, (off_t)(f->capacity * PAGE)) == 0;
}

/* Map STEP_PAGES more, or as many as are mapped already where that costs no
 * locked memory that others could need. */
static bool grow(struct backing_file *f, bool secret)
{
	uint64_t more = STEP_PAGES;
	void *p;

	if (f->mapped > STEP_PAGES && (!secret || secret_total > 1ull << 32))
		more = f->mapped;
	if (more > f->capacity - f->mapped)
		more = f->capacity - f->mapped;
	if (secret && more > secret_total)
		return false;
	if (f->base == NULL)
		p = mmap(NULL, more * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			f->fd, 0);
	else
		p = mremap(f->base, f->mapped * PAGE,
			(f->mapped + more) * PAGE, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return false;
	f->base = p;
	f->mapped += more;
	if (secret)
		secret_total -= more;
	return true;
}

static int64_t take(struct backing_file *f, enum backing_kind kind)
{
	if (f->used == f->capacity)
		return -1;
	if (f->base == NULL && f->fd < 0 && !open_file(f, kind))
		return -1;
	if (f->used == f->mapped && !grow(f, kind == BACKING_SECRET))
		return -1;
	return (int64_t)f->used++;
}

int64_t backing_take(struct backing *b, enum backing_kind *kind)
{
	int64_t page;

	if (*kind == BACKING_SECRET) {
		if (b->secret_left > 0) {
			page = take(&b->file[BACKING_SECRET], *kind);
			if (page >= 0) {
				b->secret_left--;
				return page;
			}
		}
		b->secret_left = 0; /* what is used up stays used up */
		*kind = BACKING_PLAIN;
	}
	return take(&b->file[*kind], *kind);
}

uint8_t *backing_page(struct backing *b, enum backing_kind kind,
	uint64_t page)
{
	return b->file[kind].base + page * PAGE;
}
