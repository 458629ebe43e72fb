/* SPDX-License-Identifier: MIT */
/*
 * malloc for coffer-cpu.  Its pool is part of .bss, which harden.c moves to
 * secret memory as a whole, so that key schedules and other things that
 * libraries put on the heap are there as well.  When the pool is used up,
 * further extents are secret memory of their own, or plain memory where the
 * limit on locked memory leaves nothing.
 *
 * A first-fit list of free blocks in address order, neighbours joined; freed
 * memory is wiped.  Used rarely: no call path of an enclave allocates.
 */
#include "secret_heap.h"
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALIGNMENT 16u
#define POOL_SIZE (1536u * 1024u)
#define EXTENT_SIZE (1024u * 1024u)

struct block {
	size_t size; /* of the payload, multiple of ALIGNMENT */
	struct block *next; /* while free */
};
#define HEADER ((size_t)ALIGNMENT)
_Static_assert(sizeof(struct block) == HEADER, "header is one unit");

static char pool[POOL_SIZE] __attribute__((aligned(4096)));
static struct block *free_list;
static bool started;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void insert_free(struct block *b)
{
	struct block **link = &free_list;
	struct block *after;

	while (*link != NULL && *link < b)
		link = &(*link)->next;
	after = *link;
	b->next = after;
	*link = b;
	if (after != NULL && (char *)b + HEADER + b->size == (char *)after) {
		b->size += HEADER + after->size;
		b->next = after->next;
	}
	if (link != &free_list) {
		struct block *before = (struct block *)((char *)link
			- offsetof(struct block, next));

		if ((char *)before + HEADER + before->size == (char *)b) {
			before->size += HEADER + b->size;
			before->next = b->next;
		}
	}
}

static void add_extent(void *memory, size_t size)
{
	struct block *b = memory;

	b->size = size - HEADER;
	insert_free(b);
}

void *secret_map(size_t size)
{
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0) {
		if (ftruncate(fd, (off_t)size) == 0)
			p = mmap(NULL, size, PROT_READ | PROT_WRITE,
				MAP_SHARED, fd, 0);
		close(fd);
	}
	return p == MAP_FAILED ? NULL : p;
}

void *sparse_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool grow(size_t size)
{
	size_t extent = size + HEADER > EXTENT_SIZE ? size + HEADER
						    : EXTENT_SIZE;
	void *p;

	extent = (extent + 4095) & ~(size_t)4095;
	p = secret_map(extent);
	if (p == NULL)
		p = mmap(NULL, extent, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
	madvise(p, extent, MADV_DONTDUMP);
	add_extent(p, extent);
	return true;
}

static void *take(size_t size)
{
	for (struct block **link = &free_list; *link != NULL;
	     link = &(*link)->next) {
		struct block *b = *link;

		if (b->size < size)
			continue;
		if (b->size >= size + HEADER + ALIGNMENT) {
			struct block *rest = (struct block *)((char *)b
				+ HEADER + size);

			rest->size = b->size - size - HEADER;
			rest->next = b->next;
			b->size = size;
			*link = rest;
		} else {
			*link = b->next;
		}
		return (char *)b + HEADER;
	}
	return NULL;
}

void *malloc(size_t size)
{
	void *p;

	if (size > PTRDIFF_MAX - 2 * ALIGNMENT) {
		errno = ENOMEM;
		return NULL;
	}
	size = size == 0 ? ALIGNMENT
			 : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	pthread_mutex_lock(&lock);
	if (!started) {
		started = true;
		add_extent(pool, sizeof(pool));
	}
	p = take(size);
	if (p == NULL && grow(size))
		p = take(size);
	pthread_mutex_unlock(&lock);
	if (p == NULL)
		errno = ENOMEM;
	return p;
}

void free(void *p)
{
	struct block *b;

	if (p == NULL)
		return;
	b = (struct block *)((char *)p - HEADER);
	/* memalign leaves a mark that leads to the real block. */
	if (b->size == 0)
		b = (struct block *)((char *)b->next - HEADER);
	explicit_bzero((char *)b + HEADER, b->size);
	pthread_mutex_lock(&lock);
	insert_free(b);
	pthread_mutex_unlock(&lock);
}

/* Bytes from p to the end of its block. */
static size_t usable(void *p)
{
	struct block *b = (struct block *)((char *)p - HEADER);
	char *start = p;

	if (b->size == 0) {
		start = (char *)b->next;
		b = (struct block *)(start - HEADER);
	}
	return (size_t)(start + b->size - (char *)p);
}

void *calloc(size_t count, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(count, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(total);
	if (p != NULL)
		memset(p, 0, total);
	return p;
}

void *realloc(void *old, size_t size)
{
	void *p;

	if (old == NULL)
		return malloc(size);
	if (usable(old) >= size)
		return old;
	p = malloc(size);
	if (p == NULL)
		return NULL;
	memcpy(p, old, usable(old));
	free(old);
	return p;
}

/* The payload of a plain block, moved up; the header before the aligned
 * address has size 0 and leads back to the block. */
void *memalign(size_t alignment, size_t size)
{
	char *p, *aligned;
	struct block *mark;

	if (alignment <= ALIGNMENT)
		return malloc(size);
	if (__builtin_add_overflow(size, alignment + HEADER, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(size);
	if (p == NULL)
		return NULL;
	aligned = (char *)(((uintptr_t)p + HEADER + alignment - 1)
		& ~(uintptr_t)(alignment - 1));
	mark = (struct block *)(aligned - HEADER);
	mark->size = 0;
	mark->next = (struct block *)p;
	return aligned;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *p = memalign(alignment, size);

	if (p == NULL)
		return ENOMEM;
	*out = p;
	return 0;
}

size_t malloc_usable_size(void *p)
{
	return p == NULL ? 0 : usable(p);
}
