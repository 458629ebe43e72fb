/* SPDX-License-Identifier: MIT */
/*
 * The cryptography that the runtime itself needs, from whichever library the
 * enclave links: one file for each library defines these, beside the library's
 * own start (oe_crypto_initialize).
 */
#ifndef COFFER_ENCLAVE_CRYPTO_H
#define COFFER_ENCLAVE_CRYPTO_H

#include <openenclave/bits/result.h>
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

/* ---- keys.c ---- */

/*
 * Code that does without the two functions below in enclaves that link no
 * library refers to them weakly, which alone takes nothing out of an archive.
 * So every enclave is linked with -u oe_crypto_provider: an undefined -u is no
 * error, as long as nothing refers to it.
 */
extern const char oe_crypto_provider;

bool crypto_hmac_sha256(const uint8_t *key, size_t key_size,
	const uint8_t *data, size_t size, uint8_t mac[32]);

/* Both PEM texts of a P-256 key fit, with their NUL. */
#define CRYPTO_PEM_ROOM 512

/*
 * The key pair with the private scalar d (big endian, between 1 and the order
 * less 1): its public half as "PUBLIC KEY" or its private one as "EC PRIVATE
 * KEY". *size receives the text's size with its NUL.
 */
oe_result_t crypto_p256_pem(const uint8_t d[32], bool private_half,
	char pem[CRYPTO_PEM_ROOM], size_t *size);

#endif
