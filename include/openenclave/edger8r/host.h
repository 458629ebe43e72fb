/* SPDX-License-Identifier: MIT */
/*
 * What code made by oeedger8r needs in the host. Programs do not use this
 * file themselves.
 */
#ifndef _OE_EDGER8R_HOST_H
#define _OE_EDGER8R_HOST_H

#ifdef _OE_EDGER8R_ENCLAVE_H
#error "edger8r/enclave.h and edger8r/host.h exclude each other"
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <openenclave/edger8r/common.h>
#include <openenclave/host.h>

OE_EXTERNC_BEGIN

/* A global ecall id that is not known yet; an ecall that an enclave lacks. */
#define OE_GLOBAL_ECALL_ID_NULL OE_UINT64_MAX
#define OE_ECALL_ID_NULL OE_UINT64_MAX

/*
 * Have ENCLAVE run its function NAME. *GLOBAL_ID holds the number of NAME
 * in this process between calls, first OE_GLOBAL_ECALL_ID_NULL. The buffers
 * are at least 24 bytes, multiples of 16 and come from
 * oe_host_shared_malloc; what the output starts with is said in
 * edger8r/enclave.h. deepcopy_out_buffer is, after the call, memory for
 * oe_host_shared_free, owned by the caller.
 *
 * OE_OK says that the function ran; what it says is in the output.
 * OE_NOT_FOUND: the enclave has no such function.
 */
oe_result_t oe_call_enclave_function(oe_enclave_t *enclave,
				     uint64_t *global_id, const char *name,
				     const void *input_buffer,
				     size_t input_buffer_size,
				     void *output_buffer,
				     size_t output_buffer_size,
				     size_t *output_bytes_written);

/* The same by a worker thread that waits in the enclave, if there is one
 * that is free; otherwise as above. */
oe_result_t oe_switchless_call_enclave_function(
	oe_enclave_t *enclave, uint64_t *global_id, const char *name,
	const void *input_buffer, size_t input_buffer_size,
	void *output_buffer, size_t output_buffer_size,
	size_t *output_bytes_written);

/*
 * SIZE bytes, aligned to 16, not cleared, that enclaves reach without
 * copies through the fetch of pages; NULL if there are none. Most blocks
 * are freed by the thread that took them, the last one first.
 */
void *oe_host_shared_malloc(size_t size);
void oe_host_shared_free(void *ptr);

/* Names that code for both sides uses: here, the C library. */
OE_INLINE void *oe_malloc(size_t size)
{
	return malloc(size);
}

OE_INLINE void oe_free(void *ptr)
{
	free(ptr);
}

OE_INLINE void *oe_realloc(void *ptr, size_t size)
{
	return realloc(ptr, size);
}

OE_INLINE size_t oe_strlen(const char *s)
{
	return strlen(s);
}

OE_INLINE size_t oe_wcslen(const wchar_t *s)
{
	return wcslen(s);
}

OE_EXTERNC_END

#endif
