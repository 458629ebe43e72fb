/* SPDX-License-Identifier: MIT */
#include "fetch.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u
#define BUCKETS 256u

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

struct fetched {
	struct fetched *next;
	uint64_t page;
	uint8_t *slot;
	bool writable;
	uint32_t left; /* entries until it is given up */
	uint8_t twin[PAGE]; /* the page as both sides last agreed */
};

struct fetch {
	pthread_mutex_t lock;
	void *(*slot_alloc)(void);
	void (*slot_free)(void *);
	uint32_t count;
	struct fetched *bucket[BUCKETS];
};

static struct fetched **bucket_of(struct fetch *f, uint64_t page)
{
	return &f->bucket[(page / PAGE) % BUCKETS];
}

struct fetch *fetch_new(void *(*slot_alloc)(void), void (*slot_free)(void *))
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	pthread_mutex_init(&f->lock, NULL);
	f->slot_alloc = slot_alloc;
	f->slot_free = slot_free;
	return f;
}

static void drop(struct fetch *f, struct fetched *p)
{
	f->slot_free(p->slot);
	free(p);
	__atomic_fetch_sub(&f->count, 1, __ATOMIC_RELAXED);
}

void fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		while (f->bucket[i] != NULL) {
			struct fetched *p = f->bucket[i];

			f->bucket[i] = p->next;
			drop(f, p);
		}
	}
	pthread_mutex_destroy(&f->lock);
	free(f);
}

bool fetch_any(const struct fetch *f)
{
	return __atomic_load_n(&f->count, __ATOMIC_ACQUIRE) != 0;
}

static bool read_page(uint64_t page, void *to)
{
	struct iovec here = { to, PAGE };
	struct iovec there = { (void *)(uintptr_t)page, PAGE };

	return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == PAGE;
}

static void write_range(uint64_t at, const void *from, size_t size)
{
	struct iovec here = { (void *)(uintptr_t)from, size };
	struct iovec there = { (void *)(uintptr_t)at, size };

	/* A page that the host unmapped meanwhile has no place for them. */
	if (process_vm_writev(getpid(), &here, 1, &there, 1, 0) < 0)
		return;
}

/* Asks the kernel without changing a byte of the page. */
static bool host_may_write(uint64_t page)
{
	return madvise((void *)(uintptr_t)page, PAGE, MADV_POPULATE_WRITE)
		== 0;
}

static struct fetched *find(struct fetch *f, uint64_t page)
{
	struct fetched *p = *bucket_of(f, page);

	while (p != NULL && p->page != page)
		p = p->next;
	return p;
}

static int add(struct fetch *f, uint64_t page, struct fetched **out)
{
	struct fetched *p;

	if (f->count >= FETCH_PAGES_MAX)
		return -ENOMEM;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	if (!read_page(page, p->twin)) {
		free(p);
		return -EFAULT;
	}
	p->slot = f->slot_alloc();
	if (p->slot == NULL) {
		free(p);
		return -ENOMEM;
	}
	memcpy(p->slot, p->twin, PAGE);
	p->page = page;
	p->left = FETCH_KEEP;
	p->next = *bucket_of(f, page);
	*bucket_of(f, page) = p;
	__atomic_fetch_add(&f->count, 1, __ATOMIC_RELEASE);
	*out = p;
	return 0;
}

int fetch_page(struct fetch *f, uint64_t address, bool write, uint64_t *slot,
	bool *writable)
{
	uint64_t page = address & ~(uint64_t)(PAGE - 1);
	struct fetched *p;
	int r = 0;

	pthread_mutex_lock(&f->lock);
	p = find(f, page);
	if (p == NULL)
		r = add(f, page, &p);
	if (r == 0 && write && !p->writable) {
		if (host_may_write(page))
			p->writable = true;
		else
			r = -EFAULT;
	}
	if (r == 0) {
		*slot = (uintptr_t)p->slot;
		*writable = p->writable;
	}
	pthread_mutex_unlock(&f->lock);
	return r;
}

/* Bytes that the enclave changed go to the host. */
static void merge_page(struct fetched *p)
{
	uint8_t now[PAGE];
	unsigned i = 0;

	if (!p->writable || memcmp(p->slot, p->twin, PAGE) == 0)
		return;
	memcpy(now, p->slot, PAGE); /* other threads may still be writing */
	while (i < PAGE) {
		unsigned start;

		if (now[i] == p->twin[i]) {
			i++;
			continue;
		}
		for (start = i; i < PAGE && now[i] != p->twin[i]; i++)
			p->twin[i] = now[i];
		write_range(p->page + start, now + start, i - start);
	}
}

/* Bytes that the host changed go to the enclave.  False: no such page now. */
static bool refresh_page(struct fetched *p)
{
	uint8_t now[PAGE];

	if (!read_page(p->page, now))
		return false;
	if (memcmp(now, p->twin, PAGE) == 0)
		return true;
	for (unsigned i = 0; i < PAGE; i++) {
		if (now[i] != p->twin[i]) {
			p->slot[i] = now[i];
			p->twin[i] = now[i];
		}
	}
	return true;
}

void fetch_refresh(struct fetch *f, void (*unmap)(void *, uint64_t page),
	void *context)
{
	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct fetched **link = &f->bucket[i];

		while (*link != NULL) {
			struct fetched *p = *link;

			if (p->left-- > 1 && refresh_page(p)) {
				link = &p->next;
				continue;
			}
			/* Once it is unmapped nobody writes it any more, so
			 * this merge is the last. */
			unmap(context, p->page);
			merge_page(p);
			*link = p->next;
			drop(f, p);
		}
	}
	pthread_mutex_unlock(&f->lock);
}

void fetch_merge(struct fetch *f)
{
	pthread_mutex_lock(&f->lock);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct fetched *p = f->bucket[i]; p != NULL; p = p->next)
			merge_page(p);
	pthread_mutex_unlock(&f->lock);
}
