/* SPDX-License-Identifier: MIT */
/* Unwrapping a released key: RSA-OAEP (SHA-256), then AES key wrap with
 * padding (RFC 5649). */
#ifndef COFFER_ENCLAVE_KEY_RELEASE_UNWRAP_H
#define COFFER_ENCLAVE_KEY_RELEASE_UNWRAP_H

#include <mbedtls/rsa.h>
#include <stddef.h>
#include <stdint.h>

/* AES key wrap with padding: *size bytes at *plain, the caller's to wipe and
 * free().  key_size: 16, 24 or 32.  0 or -EBADMSG, -ENOMEM. */
int unwrap_aes(const uint8_t *key, size_t key_size, const uint8_t *wrapped,
	size_t wrapped_size, uint8_t **plain, size_t *size);

/* What follows the RSA part of a released key's ciphertext, opened. */
int unwrap_key(mbedtls_rsa_context *rsa,
	int (*random)(void *context, unsigned char *bytes, size_t size),
	void *context, const uint8_t *wrapped, size_t wrapped_size,
	uint8_t **plain, size_t *size);

#endif
