/* SPDX-License-Identifier: MIT */
/*
 * The cryptography that the runtime itself needs, from whichever library the
 * enclave links: one file for each library defines these, beside the library's
 * own start (oe_crypto_initialize).
 */
#ifndef COFFER_ENCLAVE_CRYPTO_H
#define COFFER_ENCLAVE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* AES-GCM with a key of 16 or 32 bytes, a 96-bit IV and a whole tag.  in and
 * out, of size bytes, are the same or do not overlap.  False: the library
 * failed, or (open) the tag does not match; then out holds nothing of use. */
bool crypto_gcm_seal(const uint8_t *key, size_t key_size,
	const uint8_t iv[12], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, uint8_t tag[16]);
bool crypto_gcm_open(const uint8_t *key, size_t key_size,
	const uint8_t iv[12], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, const uint8_t tag[16]);

bool crypto_sha256(const void *data, size_t size, uint8_t digest[32]);

#endif
