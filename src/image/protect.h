/* SPDX-License-Identifier: MIT */
/*
 * Encrypting sections of an enclave image before it is signed, as
 * coffer/protected_code.h says.  The file keeps its size and all addresses;
 * pages that hold encrypted bytes become segments of their own, which are
 * writable too.
 */
#ifndef COFFER_IMAGE_PROTECT_H
#define COFFER_IMAGE_PROTECT_H

#include "image.h"

#include <coffer/protected_code.h>

struct protect_options {
	/* Beginnings of names of sections; NULL, 0: COFFER_PROTECTED_PREFIX */
	const char *const *prefix;
	size_t prefix_count;
	/* Leave symbols and debug information, which tell much about what is
	 * protected; otherwise they are overwritten with zeros. */
	bool keep_debug;
};

struct protect_report {
	size_t ranges;
	uint64_t bytes; /* encrypted */
	uint64_t writable_pages; /* that were not before */
	uint64_t wiped; /* bytes of symbols and debug information */
};

/* Encrypts in place: bytes, size of them, a whole image file.  On failure the
 * bytes may be changed and are of no use.
 *   IMAGE_NOT_FOUND  no section has such a name
 *   IMAGE_UNSUPPORTED_ENCLAVE_IMAGE  the image does not link
 *        coffer_unlock_code, is protected already, or has a section that
 *        cannot be encrypted (the runtime needs it, it has relocations that
 *        the loader resolves there, there are too many)
 *   IMAGE_FAILURE    it is signed: protect first, sign then
 *   IMAGE_CRYPTO_ERROR, IMAGE_INVALID_IMAGE, IMAGE_OUT_OF_MEMORY */
enum image_result protect_image(uint8_t *bytes, size_t size,
	const uint8_t key[COFFER_PROTECTED_KEY_SIZE],
	const struct protect_options *options, struct protect_report *report,
	struct image_error *error);

#endif
