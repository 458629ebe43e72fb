/* SPDX-License-Identifier: MIT */
/* The processor's allocator, under other names, against a shadow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *heap_malloc(size_t size);
void heap_free(void *);
void *heap_calloc(size_t count, size_t size);
void *heap_realloc(void *, size_t size);
void *heap_aligned_alloc(size_t alignment, size_t size);
size_t heap_usable_size(void *);

#define SLOTS 400

static struct slot {
	unsigned char *p;
	size_t size;
	unsigned char fill;
} slots[SLOTS];

static void check(const struct slot *s)
{
	for (size_t i = 0; i < s->size; i++)
		assert_int_equal(s->p[i], s->fill);
}

static void fill(struct slot *s, unsigned char value)
{
	s->fill = value;
	memset(s->p, value, s->size);
}

static void random_use(void **state)
{
	srand(7);
	for (int i = 0; i < 40000; i++) {
		struct slot *s = &slots[rand() % SLOTS];
		size_t size = (size_t)(rand() % (rand() % 50 ? 600 : 60000));

		if (s->p == NULL) {
			s->size = size;
			if (rand() % 4 == 0) {
				size_t align = (size_t)16 << (rand() % 9);

				s->p = heap_aligned_alloc(align, size);
				assert_int_equal((uintptr_t)s->p % align, 0);
			} else {
				s->p = heap_malloc(size);
				assert_int_equal((uintptr_t)s->p % 16, 0);
			}
			assert_non_null(s->p);
			assert_true(heap_usable_size(s->p) >= size);
			fill(s, (unsigned char)i);
			continue;
		}
		check(s);
		if (rand() % 3 == 0) {
			size_t keep = size < s->size ? size : s->size;

			s->p = heap_realloc(s->p, size);
			assert_non_null(s->p);
			s->size = keep;
			check(s);
			s->size = size;
			fill(s, (unsigned char)i);
		} else {
			heap_free(s->p);
			s->p = NULL;
		}
	}
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].p != NULL)
			check(&slots[i]);
		heap_free(slots[i].p);
		slots[i].p = NULL;
	}
}

static void freed_memory_is_wiped_and_joined(void **state)
{
	unsigned char *a = heap_malloc(4096), *b = heap_malloc(4096);
	unsigned char *c;

	memset(a, 0xaa, 4096);
	memset(b, 0xbb, 4096);
	heap_free(a);
	heap_free(b);
	c = heap_malloc(8192);
	/* The header of the second block lies in the middle now. */
	for (int i = 0; i < 8192; i++)
		assert_true(c[i] != 0xaa && c[i] != 0xbb);
	heap_free(c);
}

static void impossible_sizes(void **state)
{
	assert_null(heap_malloc(SIZE_MAX));
	assert_null(heap_malloc((size_t)PTRDIFF_MAX));
	assert_null(heap_calloc(SIZE_MAX / 2, 3));
	assert_null(heap_aligned_alloc(4096, SIZE_MAX - 10));
	heap_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use),
		cmocka_unit_test(freed_memory_is_wiped_and_joined),
		cmocka_unit_test(impossible_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
