/* SPDX-License-Identifier: MIT */
/*
 * The allocator that enclaves have unless they bring another one: the heap
 * of heap.h behind one lock, and in front of it, for every thread, a few
 * chunks of each small size, kept without a lock.
 *
 * A thread's kept chunks are bounded by KEEP_MOST bytes and by a share of
 * the heap, and go back to the heap before an allocation fails.
 *
 * A heap that may grow does so before an allocation fails, by batches that
 * double.  What is free at its end goes back when there is much of it, more
 * than TRIM_LEAST and a quarter of what is below, and was free during the
 * last WINDOW frees: who frees and allocates in turn keeps what he needs.
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

#define PAGE 4096u
#define BATCH_FIRST (64u * 1024)
#define BATCH_MOST (4u << 20)
#define TRIM_LEAST (2u << 20)
#define WINDOW 8u

static struct heap heap;
static place_lock lock;
static struct keep *keeps;
static uint64_t keep_most;

/* How the end moves.  Whoever moves it holds the edge, and the heap's lock
 * for the moment of the change; the edge is taken first. */
static place_lock edge;
static struct {
	char *least, *most; /* where the end can be */
	size_t batch; /* bytes, of the next growth */
	unsigned frees; /* in this window */
	char *high; /* the highest top of the window before */
	bool refused; /* the last growth gave nothing */
} growth;

void oe_allocator_init(void *start, void *end)
{
	uint64_t key[2] = { place_random(), place_random() };

	heap_init(&heap, start, end, key);
	lock = edge = (place_lock){ 0 };
	growth.least = end;
	growth.most = place_limit(end);
	growth.batch = BATCH_FIRST;
	growth.frees = 0;
	growth.high = end;
	growth.refused = false;
	keeps = NULL;
	keep_most = (uint64_t)(growth.most - (char *)start) / KEEP_SHARE;
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

/* For a chunk of size bytes at the end; false: it has no place there. */
static bool grow(size_t align, size_t size)
{
	size_t lacks, want, got;
	char *end;

	place_acquire(&edge);
	place_acquire(&lock);
	lacks = heap_lacks(&heap, align, size);
	end = heap.end;
	place_release(&lock);
	got = lacks;
	if (lacks && lacks <= (size_t)(growth.most - end)) {
		want = lacks < growth.batch ? growth.batch : lacks;
		want = (want + PAGE - 1) & ~(size_t)(PAGE - 1);
		if (want > (size_t)(growth.most - end))
			want = (size_t)(growth.most - end);
		got = place_commit(end, want);
		place_acquire(&lock);
		heap_set_end(&heap, end + got);
		growth.refused = !got;
		if (growth.batch < BATCH_MOST)
			growth.batch *= 2;
		place_release(&lock);
	} else if (lacks) {
		got = 0;
	}
	place_release(&edge);
	return got >= lacks;
}

/* Under lock: bytes at the end that are more than enough, whole pages. */
static size_t excess(void)
{
	char *from = heap.top > growth.high ? heap.top : growth.high;
	size_t kept = TRIM_LEAST / 2 + (size_t)(heap.top - heap.start) / 8;
	size_t spare;

	if (from < growth.least)
		from = growth.least;
	if (heap.end <= from)
		return 0;
	spare = (size_t)(heap.end - from);
	return spare > 2 * kept ? (spare - kept) & ~(size_t)(PAGE - 1) : 0;
}

/* Under lock, after something was given: is it time to trim? */
static bool much_is_free(void)
{
	if (growth.most == growth.least || ++growth.frees < WINDOW)
		return false;
	growth.frees = 0;
	growth.high = heap.high;
	heap.high = heap.top;
	return excess() != 0;
}

static void trim(void)
{
	char *end = NULL;
	size_t size;

	place_acquire(&edge);
	place_acquire(&lock);
	size = excess();
	if (size) {
		end = heap.end - size;
		heap_set_end(&heap, end);
		growth.batch = BATCH_FIRST;
	}
	place_release(&lock);
	if (size)
		place_give_back(end, size);
	place_release(&edge);
}

static struct chunk *take(size_t align, size_t size)
{
	struct keep *k;
	struct chunk *c;
	size_t lacks;

	for (;;) {
		place_acquire(&lock);
		c = heap_take_aligned(&heap, align, size);
		lacks = c ? 0 : heap_lacks(&heap, align, size);
		place_release(&lock);
		if (c)
			return c;
		k = *(struct keep **)place_thread_slot();
		if (k && k->bytes)
			give_back_all(k);
		else if (!lacks || !grow(align, size))
			return NULL;
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
	bool much;

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
	much = much_is_free();
	place_release(&lock);
	if (much)
		trim();
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
	info->max_total_heap_size = (size_t)((growth.refused ? heap.end :
		growth.most) - heap.start);
	info->current_allocated_heap_size = heap.used - kept;
	info->peak_allocated_heap_size = heap.peak;
	place_release(&lock);
	return OE_OK;
}
