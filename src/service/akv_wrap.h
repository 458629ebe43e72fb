/* SPDX-License-Identifier: MIT */
/*
 * Wrapping keys: how a released key travels, and the wrapping algorithms of
 * symmetric keys.
 *
 * A released key, CKM_RSA_AES_KEY_WRAP of PKCS #11:
 *
 *   offset     size
 *   0          m     RSA-OAEP (no label, MGF1 with the same hash) of a fresh
 *                    AES-256 key; m is the modulus' size
 *   m          n     AES key wrap with padding (RFC 5649) of the material
 */
#ifndef COFFER_SERVICE_AKV_WRAP_H
#define COFFER_SERVICE_AKV_WRAP_H

#include "common/why.h"
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The hash of an "enc" of the release request: CKM_RSA_AES_KEY_WRAP (SHA-1),
 * RSA_AES_KEY_WRAP_256, RSA_AES_KEY_WRAP_384.  NULL: there is no such. */
const EVP_MD *akv_wrap_hash(const char *enc);

/* Wraps material for an RSA public key.  *out is the caller's to free().
 * 0, -EIO (OpenSSL refused), -ENOMEM. */
int akv_wrap(EVP_PKEY *rsa, const EVP_MD *hash, const void *material,
	size_t size, uint8_t **out, size_t *out_size);

/* What the receiver does; for tests and `coffer key`.  *out is the caller's
 * (OPENSSL_clear_free).  -EBADMSG when it does not open. */
int akv_unwrap(EVP_PKEY *rsa, const EVP_MD *hash, const uint8_t *wrapped,
	size_t size, uint8_t **out, size_t *out_size);

/* AES key wrap, RFC 3394, or with padding, RFC 5649.  key_size: 16, 24, 32.
 * *out is the caller's (OPENSSL_clear_free).  Unwrapping: -EBADMSG when it
 * does not open. */
int akv_aes_wrap(const uint8_t *key, size_t key_size, bool padded,
	const void *plain, size_t size, uint8_t **out, size_t *out_size);
int akv_aes_unwrap(const uint8_t *key, size_t key_size, bool padded,
	const uint8_t *wrapped, size_t size, uint8_t **out, size_t *out_size);

/* RSA encryption and decryption with OAEP (hash) or PKCS #1 v1.5 (hash NULL).
 * *out is the caller's (OPENSSL_clear_free). */
int akv_rsa(EVP_PKEY *rsa, bool encrypt, const EVP_MD *hash, const void *in,
	size_t size, uint8_t **out, size_t *out_size);

#endif
