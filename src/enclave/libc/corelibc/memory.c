/* SPDX-License-Identifier: MIT */
/* openenclave/corelibc/stdlib.h: the C library's functions by other names. */
#include <malloc.h>
#include <stdlib.h>

#include <openenclave/corelibc/stdlib.h>

void *oe_malloc(size_t size)
{
	return malloc(size);
}

void oe_free(void *ptr)
{
	free(ptr);
}

void *oe_calloc(size_t nmemb, size_t size)
{
	return calloc(nmemb, size);
}

void *oe_realloc(void *ptr, size_t size)
{
	return realloc(ptr, size);
}

void *oe_memalign(size_t alignment, size_t size)
{
	return aligned_alloc(alignment, size);
}

int oe_posix_memalign(void **memptr, size_t alignment, size_t size)
{
	return posix_memalign(memptr, alignment, size);
}

size_t oe_malloc_usable_size(void *ptr)
{
	return malloc_usable_size(ptr);
}
