/* SPDX-License-Identifier: MIT */
/*
 * The allocator behind malloc in an enclave, and how to bring another one.
 *
 * liboelibc has an allocator of its own. An enclave that defines all of
 * these functions itself, or links an archive that does before -loelibc,
 * gets that one: malloc, free and the others, and everything in the runtime
 * that allocates, go to it. (Open Enclave SDK's interface.)
 */
#ifndef _OE_ADVANCED_ALLOCATOR_H
#define _OE_ADVANCED_ALLOCATOR_H

#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/*
 * Called once, before any other, with the enclave's heap: from start up to,
 * not including, end; both page aligned. What is in it is not measured, so it
 * may be anything. May not allocate.
 */
void oe_allocator_init(void *heap_start_address, void *heap_end_address);

/* Called once when the enclave ends, after its destructors. */
void oe_allocator_cleanup(void);

/* Called when a thread enters the enclave, before its code runs. */
void oe_allocator_thread_init(void);

/* Called when that thread leaves, after its thread-local destructors. */
void oe_allocator_thread_cleanup(void);

/* The C functions of the same names; results are aligned to 16 bytes. */
void *oe_allocator_malloc(size_t size);
void oe_allocator_free(void *ptr);
void *oe_allocator_calloc(size_t nmemb, size_t size);
void *oe_allocator_realloc(void *ptr, size_t size);

/* Memory at a multiple of alignment, which is a power of two. */
void *oe_allocator_aligned_alloc(size_t alignment, size_t size);

/* As POSIX: 0, EINVAL or ENOMEM. */
int oe_allocator_posix_memalign(void **memptr, size_t alignment, size_t size);

/* Bytes that may be used at ptr, at least what was asked for; 0 for NULL. */
size_t oe_allocator_malloc_usable_size(void *ptr);

OE_EXTERNC_END

#endif
