/* SPDX-License-Identifier: MIT */
/*
 * SGXS streams: an enclave as the very bytes that its measurement hashes.
 *
 *   ECREATE\0 | SSAFRAMESIZE u32 | SIZE u64   | 44 zeros        64 bytes
 *   EADD\0... | offset u64 | SECINFO, 48 bytes                  64 bytes
 *   EEXTEND\0 | offset u64 | 48 zeros | 256 bytes of data      320 bytes
 *   UNMEASRD  | offset u64 | 48 zeros | 256 bytes of data      320 bytes
 *   UNSIZED\0 | as ECREATE, a memory offset in place of SIZE    64 bytes
 *
 * The stream begins with ECREATE.  The last two records are of the enhanced
 * format: UNMEASRD is loaded and not hashed; a stream that begins with
 * UNSIZED has no measurement until its size is settled, and is refused.
 * Numbers are little endian.
 */
#ifndef COFFER_SGXS_H
#define COFFER_SGXS_H

#include "image.h"
#include <stdio.h>

/* MRENCLAVE of the enclave that the stream describes.  The stream is checked
 * as a processor would: pages inside the enclave and added once, chunks in
 * pages that exist.  Reads to the end of the stream; keeps 8 to 32 bytes for
 * each page in memory. */
enum image_result sgxs_measure(FILE *in, uint8_t mrenclave[32],
	struct image_error *error);

/* Writes the stream of an image after image_build.  Unmeasured pages of
 * zeros (the heap) are an EADD alone. */
enum image_result sgxs_write(const struct image *image, FILE *out,
	struct image_error *error);

/* True if these first bytes of a file begin an SGXS stream. */
bool sgxs_is_stream(const void *first, size_t size);

#endif
