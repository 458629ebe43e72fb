/* SPDX-License-Identifier: MIT */
/* How full the enclave's heap is. (Open Enclave SDK's interface.) */
#ifndef _OE_ADVANCED_MALLINFO_H
#define _OE_ADVANCED_MALLINFO_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* All in bytes. */
typedef struct _oe_mallinfo {
	/* The heap's size. */
	size_t max_total_heap_size;
	/* What is allocated now, with the allocator's own headers. */
	size_t current_allocated_heap_size;
	/* The most that was ever allocated. */
	size_t peak_allocated_heap_size;
} oe_mallinfo_t;

/* Fill in *info. OE_OK; OE_INVALID_PARAMETER for NULL. */
oe_result_t oe_allocator_mallinfo(oe_mallinfo_t *info);

OE_EXTERNC_END

#endif
