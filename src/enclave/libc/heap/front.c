/* SPDX-License-Identifier: MIT */
/*
 * The allocator that enclaves have unless they bring another one: the heap
 * of heap.h behind one lock, and in front of it, for every thread, a few
 * chunks of each small size, kept without a lock.
 *
 * A thread's kept chunks are bounded by KEEP_MOST bytes and by a share of
 * the heap, and go back to the heap before an allocation fails.
 */
#include "heap.h"
#include "place.h"

#include <errno.h>
#include <string.h>

#include <openenclave/advanced/allocator.h>
#include <openenclave/advanced/mallinfo.h>

#define KEEP_CHUNK 1040u /* largest chunk that is kept, with its header */
#define KEEP_CLASSES (KEEP_CHUNK / 16 + 1)
#define KEEP_EACH 16u
#define KEEP_MOST (64u * 1024)
#define KEEP_SHARE 256u

struct keep {
	struct keep *next; /* all threads' */
	uint64_t bytes;
	uint8_t count[KEEP_CLASSES];
	struct chunk *first[KEEP_CLASSES];
};

static struct heap heap;
static place_lock lock;
static struct keep *keeps;
static uint64_t keep_most;

void oe_allocator_init(void *start, void *end)
{
	uint64_t key[2] = { place_random(), place_random() };

	heap_init(&heap, start, end, key);
	lock = (place_lock){ 0 };
	keeps = NULL;
	keep_most = (uint64_t)((char *)end - (char *)start) / KEEP_SHARE;
	if (keep_most > KEEP_MOST)
		keep_most = KEEP_MOST;
}

void oe_allocator_cleanup(void)
{
}

void oe_allocator_thread_init(void)
{
}

void oe_allocator_thread_cleanup(void)
{
}

/* This thread's, made when it first frees something; NULL: no memory. */
static struct keep *keep_of_thread(void)
{
	struct keep **mine = (struct keep **)place_thread_slot();
	struct chunk *c;

	if (*mine || keep_most < KEEP_CHUNK)
		return *mine;
	place_acquire(&lock);
	c = heap_take(&heap, sizeof(**mine));
	if (c) {
		*mine = heap_payload(c);
		memset(*mine, 0, sizeof(**mine));
		(*mine)->next = keeps;
		keeps = *mine;
	}
	place_release(&lock);
	return *mine;
}

static struct chunk *unkeep(struct keep *k, unsigned class)
{
	struct chunk *c = k->first[class], *next;

	if (!heap_has(&heap, c))
		heap_corrupt("link of a kept chunk");
	heap_check_state(&heap, c, CHUNK_CACHED);
	if (heap_payload_size(c) + HEAP_HEADER != class * 16)
		heap_corrupt("size of a kept chunk");
	next = c->next;
	k->count[class]--;
	if (!k->count[class] != !next)
		heap_corrupt("link of a kept chunk");
	k->first[class] = next;
	__atomic_store_n(&k->bytes, k->bytes - class * 16, __ATOMIC_RELAXED);
	return c;
}

static void give_back_all(struct keep *k)
{
	place_acquire(&lock);
	for (unsigned i = 0; i < KEEP_CLASSES; i++)
		while (k->count[i])
			heap_give(&heap, unkeep(k, i));
	place_release(&lock);
}

static struct chunk *take(size_t align, size_t size)
{
	struct keep *k;
	struct chunk *c;

	for (int tries = 0;; tries++) {
		place_acquire(&lock);
		c = heap_take_aligned(&heap, align, size);
		place_release(&lock);
		if (c || tries)
			return c;
		k = *(struct keep **)place_thread_slot();
		if (!k || !k->bytes)
			return NULL;
		give_back_all(k);
	}
}

void *oe_allocator_malloc(size_t size)
{
	size_t n = heap_chunk_size(size);
	struct keep *k;
	struct chunk *c;

	if (n - 1 < KEEP_CHUNK) {
		k = *(struct keep **)place_thread_slot();
		if (k && k->count[n / 16]) {
			c = unkeep(k, (unsigned)(n / 16));
			heap_set_state(&heap, c, CHUNK_USED);
			return heap_payload(c);
		}
	}
	c = take(HEAP_ALIGN, size);
	if (!c) {
		errno = ENOMEM;
		return NULL;
	}
	return heap_payload(c);
}

void oe_allocator_free(void *ptr)
{
	struct chunk *c;
	struct keep *k;
	size_t n;

	if (!ptr)
		return;
	c = heap_chunk_of(&heap, ptr);
	n = heap_payload_size(c) + HEAP_HEADER;
	if (n <= KEEP_CHUNK) {
		k = keep_of_thread();
		if (k && k->count[n / 16] < KEEP_EACH &&
			k->bytes + n <= keep_most) {
			heap_set_state(&heap, c, CHUNK_CACHED);
			c->next = k->first[n / 16];
			k->first[n / 16] = c;
			k->count[n / 16]++;
			__atomic_store_n(&k->bytes, k->bytes + n,
				__ATOMIC_RELAXED);
			return;
		}
	}
	place_acquire(&lock);
	heap_give(&heap, c);
	place_release(&lock);
}

void *oe_allocator_calloc(size_t nmemb, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(nmemb, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = oe_allocator_malloc(bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void *oe_allocator_realloc(void *ptr, size_t size)
{
	struct chunk *c;
	size_t have;
	bool done;
	void *p;

	if (!ptr)
		return oe_allocator_malloc(size);
	c = heap_chunk_of(&heap, ptr);
	have = heap_payload_size(c);
	if (heap_chunk_size(size) == have + HEAP_HEADER)
		return ptr;
	place_acquire(&lock);
	done = heap_resize(&heap, c, size);
	place_release(&lock);
	if (done)
		return ptr;
	p = oe_allocator_malloc(size);
	if (!p)
		return NULL;
	memcpy(p, ptr, have < size ? have : size);
	oe_allocator_free(ptr);
	return p;
}

void *oe_allocator_aligned_alloc(size_t alignment, size_t size)
{
	struct chunk *c = NULL;

	if (!alignment || (alignment & (alignment - 1))) {
		errno = EINVAL;
		return NULL;
	}
	c = take(alignment, size);
	if (!c) {
		errno = ENOMEM;
		return NULL;
	}
	return heap_payload(c);
}

int oe_allocator_posix_memalign(void **memptr, size_t alignment, size_t size)
{
	struct chunk *c;

	if (!alignment || (alignment & (alignment - 1)) ||
		alignment % sizeof(void *))
		return EINVAL;
	c = take(alignment, size);
	if (!c)
		return ENOMEM;
	*memptr = heap_payload(c);
	return 0;
}

size_t oe_allocator_malloc_usable_size(void *ptr)
{
	return ptr ? heap_payload_size(heap_chunk_of(&heap, ptr)) : 0;
}

oe_result_t oe_allocator_mallinfo(oe_mallinfo_t *info)
{
	uint64_t kept = 0;

	if (!info)
		return OE_INVALID_PARAMETER;
	place_acquire(&lock);
	for (const struct keep *k = keeps; k; k = k->next)
		kept += __atomic_load_n(&k->bytes, __ATOMIC_RELAXED);
	info->max_total_heap_size = (size_t)(heap.end - heap.start);
	info->current_allocated_heap_size = heap.used - kept;
	info->peak_allocated_heap_size = heap.peak;
	place_release(&lock);
	return OE_OK;
}
