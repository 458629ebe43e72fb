/* SPDX-License-Identifier: MIT */
/*
 * What code made by oeedger8r needs inside the enclave. Programs do not use
 * this file themselves.
 */
#ifndef _OE_EDGER8R_ENCLAVE_H
#define _OE_EDGER8R_ENCLAVE_H

#ifdef _OE_EDGER8R_HOST_H
#error "edger8r/enclave.h and edger8r/host.h exclude each other"
#endif

#include <openenclave/edger8r/common.h>

OE_EXTERNC_BEGIN

/*
 * The part of an ecall that runs in the enclave, one per trusted function.
 * The buffers are in enclave memory, at least 24 bytes and multiples of 16;
 * the output buffer is all zero. *output_bytes_written: how much of the
 * output goes back, all of it or 0. The first 24 bytes of the output are
 *
 *    0  4  result
 *    8  8  deepcopy_out_buffer: NULL or, made with oe_malloc, what else
 *          goes back; the runtime moves it to memory from oe_host_malloc,
 *          frees it with oe_free and puts in the new address
 *   16  8  deepcopy_out_buffer_size: its bytes
 */
typedef void (*oe_ecall_func_t)(const uint8_t *input_buffer,
				size_t input_buffer_size,
				uint8_t *output_buffer,
				size_t output_buffer_size,
				size_t *output_bytes_written);

/* The enclave's ecalls by number, and how many they are; generated. */
extern oe_ecall_func_t oe_ecalls_table[];
extern size_t oe_ecalls_table_size;

/*
 * Have the host run its function FUNCTION_ID. Both buffers come from
 * oe_allocate_ocall_buffer and are memory that the host can change at any
 * time; the caller reads everything once. The first 24 bytes of the output
 * are as above; deepcopy_out_buffer is the host's address of memory of the
 * host, which this function leaves as it is: the caller checks it, reads it
 * and frees it with oe_host_free.
 *
 * OE_OK says only that the host answered; what the function did is in the
 * output's result.
 */
oe_result_t oe_call_host_function(size_t function_id,
				  const void *input_buffer,
				  size_t input_buffer_size,
				  void *output_buffer,
				  size_t output_buffer_size,
				  size_t *output_bytes_written);

/* The same by a worker thread of the host, without leaving the enclave, if
 * there is one that is free; otherwise as above. */
oe_result_t oe_switchless_call_host_function(size_t function_id,
					     const void *input_buffer,
					     size_t input_buffer_size,
					     void *output_buffer,
					     size_t output_buffer_size,
					     size_t *output_bytes_written);

/* Host memory for the buffers of one ocall; NULL if there is none. Freed
 * with the second function, the last allocated one first. */
void *oe_allocate_ocall_buffer(size_t size);
void oe_free_ocall_buffer(void *buffer);

/* The same for a switchless ocall. */
void *oe_allocate_switchless_ocall_buffer(size_t size);
void oe_free_switchless_ocall_buffer(void *buffer);

/* OE_OK, or why the enclave makes no more calls (it is aborting). */
oe_result_t oe_get_enclave_status(void);

/* Parts of the C library under names of their own, see corelibc. */
void *oe_malloc(size_t size);
void oe_free(void *ptr);
size_t oe_strlen(const char *s);
size_t oe_wcslen(const wchar_t *s);

/* No later instruction starts, not even speculatively, before all earlier
 * ones are done. */
#define oe_lfence() __builtin_ia32_lfence()

/* For an enclave whose ecalls are not made by oeedger8r. */
#define OE_DEFINE_EMPTY_ECALL_TABLE()                     \
	oe_ecall_func_t oe_ecalls_table[] = { NULL };     \
	size_t oe_ecalls_table_size = 0

OE_EXTERNC_END

#endif
