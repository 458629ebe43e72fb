/* SPDX-License-Identifier: MIT */
/* Base64 and memory that must not stay. */
#ifndef COFFER_ENCLAVE_KEY_RELEASE_ENCODING_H
#define COFFER_ENCLAVE_KEY_RELEASE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* base64url without padding; the caller's to free(); NULL: no memory. */
char *encoding_url(const void *bytes, size_t size);

/* The bytes of base64url without padding, or (standard) of padded base64;
 * the caller's to free(), with a NUL behind them.  NULL: it is none, or no
 * memory. */
uint8_t *encoding_bytes(const char *text, size_t text_size, bool standard,
	size_t *size);

/* Overwrites in a way that compilers keep. */
void encoding_wipe(void *bytes, size_t size);

#endif
