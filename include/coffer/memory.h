/* SPDX-License-Identifier: MIT */
/* COMPILE ONLY IN ENCLAVE: what enclave code may ask about its own memory on
 * a processor with SGX2. */
#ifndef COFFER_MEMORY_H
#define COFFER_MEMORY_H

#include <openenclave/bits/result.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_NO_ACCESS 0
#define COFFER_READ 1
#define COFFER_WRITE 2 /* with COFFER_READ only */

/*
 * Sets the rights of pages of the heap that the caller has allocated: address
 * and size are multiples of 4096, aligned_alloc(4096, ...) gives such memory.
 * When it returns OE_OK the processor has vouched for each page: no thread of
 * the enclave has more rights there any more, whatever the host does.  An
 * access that is not granted is a page fault in the enclave.  Before the
 * memory is freed it must be readable and writable again.  There is no right
 * to execute: pages of the heap never become code.
 *
 *   OE_INVALID_PARAMETER  not whole pages of the heap, or unknown rights
 *   OE_UNSUPPORTED        the processor has no SGX2
 *   OE_FAILURE            the host did not do its part; some pages may have
 *                         the new rights and others those from before
 */
oe_result_t coffer_protect(void *address, size_t size, int access);

#ifdef __cplusplus
}
#endif

#endif
