/* SPDX-License-Identifier: MIT */
/*
 * malloc and its family, under the C names and under those that musl's own
 * objects use, in front of the enclave's allocator.
 */
#include <malloc.h>
#include <openenclave/advanced/allocator.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_malloc_impl(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

void *malloc(size_t size)
{
	return oe_allocator_malloc(size);
}

void free(void *p)
{
	oe_allocator_free(p);
}

void *calloc(size_t count, size_t size)
{
	return oe_allocator_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return oe_allocator_realloc(p, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return oe_allocator_aligned_alloc(align, size);
}

void *memalign(size_t align, size_t size)
{
	return oe_allocator_aligned_alloc(align, size);
}

int posix_memalign(void **to, size_t align, size_t size)
{
	return oe_allocator_posix_memalign(to, align, size);
}

size_t malloc_usable_size(void *p)
{
	return oe_allocator_malloc_usable_size(p);
}

extern __typeof(malloc) __libc_malloc __attribute__((alias("malloc")));
extern __typeof(malloc) __libc_malloc_impl __attribute__((alias("malloc")));
extern __typeof(calloc) __libc_calloc __attribute__((alias("calloc")));
extern __typeof(realloc) __libc_realloc __attribute__((alias("realloc")));
extern __typeof(free) __libc_free __attribute__((alias("free")));
