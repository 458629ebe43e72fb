/* SPDX-License-Identifier: MIT */
/*
 * The enclave's allocator in an ordinary process: random work against a
 * shadow of what it should hold, in one thread and in eight; and damage,
 * which must be noticed.
 */
#include <enclave/libc/heap/heap.h>
#include <enclave/libc/heap/place.h>
#include <openenclave/advanced/allocator.h>
#include <openenclave/advanced/mallinfo.h>

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define HEAP_SIZE (8u << 20)
#define SLOTS 256
#define THREADS 8
#define LEAST (64u << 10) /* of a heap that grows */
#define MOST (256u << 20)

static __thread void *slot_of_thread;
static __thread uint64_t random_state = 88172645463325252u;
static jmp_buf after_corrupt;
static const char *corrupt;
static char *memory;

void **place_thread_slot(void)
{
	return &slot_of_thread;
}

uint64_t place_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Memory behind the heap's first end: what a machine gives of it, and what
 * the heap holds. */
static char *more_from, *more_to; /* NULL: none */
static size_t more_granted; /* bytes from more_from that there may be */
static size_t more_held, commits, give_backs;

char *place_limit(char *end)
{
	return end == more_from ? more_to : end;
}

size_t place_commit(char *at, size_t size)
{
	size_t offset = (size_t)(at - more_from), got;

	commits++;
	assert_ptr_equal(at, more_from + more_held);
	assert_int_equal(size % 4096, 0);
	assert_true(size && at + size <= more_to);
	got = offset < more_granted ? more_granted - offset : 0;
	if (got > size)
		got = size;
	mprotect(at, got, PROT_READ | PROT_WRITE);
	memset(at, 0xa5, got);
	more_held += got;
	return got;
}

void place_give_back(char *at, size_t size)
{
	give_backs++;
	assert_int_equal((uintptr_t)at % 4096, 0);
	assert_ptr_equal(at + size, more_from + more_held);
	assert_true(at >= more_from);
	/* Whoever uses it faults. */
	mprotect(at, size, PROT_NONE);
	more_held -= size;
}

void heap_corrupt(const char *what)
{
	corrupt = what;
	longjmp(after_corrupt, 1);
}

/* A size as programs ask for: mostly small, now and then large. */
static size_t some_size(void)
{
	uint64_t r = place_random();

	switch (r & 15) {
	case 0:
		return r >> 32 & 0xffff;
	case 1:
		return r >> 32 & 0x3fff;
	default:
		return r >> 32 & 0x1ff;
	}
}

struct piece {
	unsigned char *at;
	size_t size;
	unsigned char fill;
};

static void check_piece(const struct piece *p)
{
	for (size_t i = 0; i < p->size; i++)
		if (p->at[i] != p->fill)
			fail_msg("byte %zu of %zu changed", i, p->size);
}

/* heap.c alone, with a walk over everything after each step. */
static void test_chunks(void **state)
{
	static struct heap h;
	struct chunk *chunk[SLOTS] = { 0 };
	struct piece piece[SLOTS] = { 0 };
	const uint64_t key[2] = { 0x1234567, 0xfedcba98 };
	size_t align;

	heap_init(&h, memory, memory + (1 << 20), key);
	for (int step = 0; step < 20000; step++) {
		unsigned i = place_random() % SLOTS;
		struct piece *p = &piece[i];

		if (chunk[i] && (place_random() & 3)) {
			check_piece(p);
			heap_give(&h, chunk[i]);
			chunk[i] = NULL;
		} else if (chunk[i]) {
			size_t n = some_size();

			check_piece(p);
			if (heap_resize(&h, chunk[i], n)) {
				assert_true(heap_payload_size(chunk[i]) >= n);
				if (p->size > n)
					p->size = n;
				check_piece(p);
				p->size = n;
				memset(p->at, p->fill, n);
			}
		} else {
			p->size = some_size();
			align = (size_t)1 << place_random() % 13;
			chunk[i] = heap_take_aligned(&h, align, p->size);
			if (!chunk[i])
				continue;
			p->at = heap_payload(chunk[i]);
			assert_int_equal((uintptr_t)p->at % 16, 0);
			assert_int_equal((uintptr_t)p->at % align, 0);
			assert_true(heap_payload_size(chunk[i]) >= p->size);
			assert_ptr_equal(heap_chunk_of(&h, p->at), chunk[i]);
			p->fill = (unsigned char)step;
			memset(p->at, p->fill, p->size);
		}
		heap_verify(&h);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		if (chunk[i])
			heap_give(&h, chunk[i]);
	heap_verify(&h);
	assert_int_equal(h.used, 0);
	assert_ptr_equal(h.top, h.start);
}

/* A heap that is full says so, and can be used up to its last chunk. */
static void test_full(void **state)
{
	static struct heap h;
	const uint64_t key[2] = { 1, 2 };
	struct chunk *c, *last = NULL;
	size_t n = 0;

	heap_init(&h, memory, memory + 65536, key);
	assert_null(heap_take(&h, 65536));
	assert_null(heap_take(&h, SIZE_MAX));
	assert_null(heap_take(&h, SIZE_MAX - 16));
	assert_null(heap_take_aligned(&h, (size_t)1 << 63, 16));
	while ((c = heap_take(&h, 16))) {
		last = c;
		n++;
	}
	assert_int_equal(n, 65536 / 32);
	assert_false(heap_resize(&h, last, 17));
	heap_give(&h, last);
	assert_non_null(heap_take(&h, 16));
	heap_verify(&h);
}

static void churn(int steps)
{
	struct piece piece[SLOTS] = { 0 };

	for (int step = 0; step < steps; step++) {
		struct piece *p = &piece[place_random() % SLOTS];
		size_t n = some_size(), keep;

		if (p->at && (place_random() & 7)) {
			check_piece(p);
			oe_allocator_free(p->at);
			p->at = NULL;
		} else if (p->at) {
			unsigned char *moved = oe_allocator_realloc(p->at, n);

			if (!moved)
				continue;
			keep = p->size < n ? p->size : n;
			p->at = moved;
			p->size = keep;
			check_piece(p);
			p->size = n;
			memset(p->at, p->fill, n);
		} else {
			if (place_random() & 1) {
				p->at = oe_allocator_calloc(1, n);
				for (size_t i = 0; p->at && i < n; i++)
					assert_int_equal(p->at[i], 0);
			} else {
				p->at = oe_allocator_malloc(n);
			}
			if (!p->at)
				continue;
			p->size = n;
			p->fill = (unsigned char)place_random();
			memset(p->at, p->fill, n);
			assert_true(oe_allocator_malloc_usable_size(p->at) >= n);
		}
	}
	for (int i = 0; i < SLOTS; i++)
		oe_allocator_free(piece[i].at);
}

static void *churn_thread(void *seed)
{
	random_state = 0x9e3779b97f4a7c15u * ((uintptr_t)seed + 1);
	churn(60000);
	return NULL;
}

/* The same beside large blocks that come and go. */
static void *churn_large(void *seed)
{
	random_state = 0x9e3779b97f4a7c15u * ((uintptr_t)seed + 77);
	for (int i = 0; i < 12; i++) {
		size_t size = place_random() % (16u << 20);
		struct piece p = { oe_allocator_malloc(size), size,
			(unsigned char)i };

		assert_non_null(p.at);
		memset(p.at, p.fill, size);
		churn(500);
		check_piece(&p);
		oe_allocator_free(p.at);
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t thread[THREADS];
	oe_mallinfo_t info;

	oe_allocator_init(memory, memory + HEAP_SIZE);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
				churn_thread, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(oe_allocator_mallinfo(&info), OE_OK);
	assert_int_equal(info.max_total_heap_size, HEAP_SIZE);
	/* The threads' own caches are all that is left. */
	assert_true(info.current_allocated_heap_size < 32768 * THREADS);
	assert_true(info.peak_allocated_heap_size >
		info.current_allocated_heap_size);
	assert_int_equal(oe_allocator_mallinfo(NULL), OE_INVALID_PARAMETER);
}

static void test_arguments(void **state)
{
	void *p = (void *)1;

	oe_allocator_init(memory, memory + HEAP_SIZE);
	slot_of_thread = NULL;
	assert_null(oe_allocator_calloc(SIZE_MAX / 2, 3));
	assert_null(oe_allocator_malloc(HEAP_SIZE));
	assert_null(oe_allocator_malloc(SIZE_MAX));
	assert_null(oe_allocator_aligned_alloc(24, 100));
	assert_int_equal(oe_allocator_posix_memalign(&p, 4, 8), 22);
	assert_int_equal(oe_allocator_posix_memalign(&p, 4096, 8), 0);
	assert_int_equal((uintptr_t)p % 4096, 0);
	oe_allocator_free(p);
	oe_allocator_free(NULL);
	assert_int_equal(oe_allocator_malloc_usable_size(NULL), 0);
	assert_non_null(p = oe_allocator_malloc(0));
	oe_allocator_free(p);
}

/* A heap of LEAST bytes that may grow to MOST, if it is granted. */
static void begin_growing(size_t granted)
{
	char *start = mmap(NULL, MOST, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS
		| MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(start, MAP_FAILED);
	assert_int_equal(mprotect(start, LEAST, PROT_READ | PROT_WRITE), 0);
	more_from = start + LEAST;
	more_to = start + MOST;
	more_granted = granted;
	more_held = commits = give_backs = 0;
	slot_of_thread = NULL;
	oe_allocator_init(start, start + LEAST);
}

static void end_growing(void)
{
	munmap(more_from - LEAST, MOST);
	more_from = more_to = NULL;
}

static void test_growth(void **state)
{
	static char *block[50000];
	oe_mallinfo_t info;
	size_t n = 0;

	begin_growing(MOST);
	assert_int_equal(oe_allocator_mallinfo(&info), OE_OK);
	assert_int_equal(info.max_total_heap_size, MOST);
	while (n < 50000 && (block[n] = oe_allocator_malloc(2000)))
		memset(block[n], (int)n, 2000), n++;
	assert_int_equal(n, 50000);
	/* 100 MB in batches that double up to 4 MiB. */
	assert_true(commits < 40);
	assert_true(more_held < 110u << 20);
	assert_int_equal(give_backs, 0);
	/* One that is larger than any batch, and one that does not fit. */
	block[0] = oe_allocator_realloc(block[0], 50u << 20);
	assert_non_null(block[0]);
	assert_int_equal(block[0][999], 0);
	assert_null(oe_allocator_malloc(200u << 20));
	assert_null(oe_allocator_aligned_alloc(1u << 30, 100));
	for (size_t i = 1; i < n; i++) {
		assert_int_equal(block[i][0], (char)i);
		assert_int_equal(block[i][999], (char)i);
	}
	while (n--)
		oe_allocator_free(block[n]);
	for (int i = 0; i < 16; i++)
		oe_allocator_free(oe_allocator_malloc(2000));
	/* What is free at the end went back, but for a little. */
	assert_true(give_backs > 0);
	assert_true(more_held < 4u << 20);
	/* And comes again. */
	block[0] = oe_allocator_aligned_alloc(1u << 20, 100u << 20);
	assert_non_null(block[0]);
	memset(block[0], 1, 100u << 20);
	oe_allocator_free(block[0]);
	end_growing();
}

/* Who frees and allocates the same again and again gets it at once. */
static void test_hysteresis(void **state)
{
	begin_growing(MOST);
	for (int i = 0; i < 1000; i++) {
		void *p = oe_allocator_malloc(100u << 20);

		assert_non_null(p);
		oe_allocator_free(p);
	}
	assert_int_equal(commits, 1);
	assert_int_equal(give_backs, 0);
	for (int i = 0; i < 16; i++)
		oe_allocator_free(oe_allocator_malloc(2000));
	assert_int_equal(give_backs, 1);
	assert_true(more_held < 4u << 20);
	end_growing();
}

/* A machine that gives nothing, and one that stops half-way. */
static void test_refused_growth(void **state)
{
	oe_mallinfo_t info;
	void *p;

	begin_growing(0);
	assert_non_null(p = oe_allocator_malloc(60000));
	assert_null(oe_allocator_malloc(60000));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(oe_allocator_mallinfo(&info), OE_OK);
	assert_int_equal(info.max_total_heap_size, LEAST);
	oe_allocator_free(p);
	assert_non_null(oe_allocator_malloc(60000));
	assert_int_equal(more_held, 0);
	end_growing();

	begin_growing(1u << 20);
	assert_null(oe_allocator_malloc(2u << 20));
	/* What came of it is used. */
	assert_non_null(oe_allocator_malloc(1000000));
	assert_int_equal(more_held, 1u << 20);
	more_granted = 3u << 20;
	assert_non_null(oe_allocator_malloc(1000000));
	end_growing();
}

static void test_growing_threads(void **state)
{
	pthread_t thread[THREADS];

	begin_growing(MOST);
	for (int round = 0; round < 3; round++) {
		for (uintptr_t i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&thread[i], NULL,
				churn_large, (void *)i), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
	}
	assert_true(commits > 3);
	assert_true(give_backs > 0);
	end_growing();
}

/* Run what damages the heap; the text that heap_corrupt was given. */
static const char *damage(void (*how)(void))
{
	corrupt = NULL;
	slot_of_thread = NULL;
	oe_allocator_init(memory, memory + HEAP_SIZE);
	if (!setjmp(after_corrupt))
		how();
	return corrupt;
}

static void free_twice_small(void)
{
	void *p = oe_allocator_malloc(24);

	oe_allocator_free(p);
	oe_allocator_free(p);
}

static void free_twice_large(void)
{
	void *p = oe_allocator_malloc(5000), *q = oe_allocator_malloc(5000);

	oe_allocator_free(p);
	oe_allocator_free(p);
	oe_allocator_free(q);
}

static void free_inside(void)
{
	char *p = oe_allocator_malloc(5000);

	memset(p, 0, 5000);
	oe_allocator_free(p + 16);
}

static void free_foreign(void)
{
	char other[64] = { 0 };

	oe_allocator_free(other + 16);
}

static void overrun_small(void)
{
	char *p = oe_allocator_malloc(24), *q = oe_allocator_malloc(24);

	memset(p, 'A', 24 + 16);
	oe_allocator_free(q);
}

static void overrun_large(void)
{
	char *p = oe_allocator_malloc(5000), *q = oe_allocator_malloc(5000);

	p[5000 + 8] ^= 1;
	oe_allocator_free(p);
	oe_allocator_free(q);
}

static void write_after_free(void)
{
	void **p = oe_allocator_malloc(24), *keep = oe_allocator_malloc(24);

	oe_allocator_free(keep);
	oe_allocator_free(p);
	*p = memory + 4096;
	for (int i = 0; i < 3; i++)
		oe_allocator_malloc(24);
}

static void test_damage(void **state)
{
	assert_non_null(damage(free_twice_small));
	assert_non_null(damage(free_twice_large));
	assert_non_null(damage(free_inside));
	assert_non_null(damage(free_foreign));
	assert_non_null(damage(overrun_small));
	assert_non_null(damage(overrun_large));
	assert_non_null(damage(write_after_free));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_refused_growth),
		cmocka_unit_test(test_growing_threads),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_damage),
	};

	memory = mmap(NULL, HEAP_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	/* What a hostile loader may have left in the heap's pages. */
	memset(memory, 0xa5, HEAP_SIZE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
