/* SPDX-License-Identifier: MIT */
/*
 * The cryptography that attestation needs, chosen when a program is linked:
 * crypto_openssl.c on the host and in enclaves that link OpenSSL,
 * crypto_mbedtls.c in the others.  Everything is NIST P-256 with SHA-256;
 * integers are big-endian with fixed width, as in quotes.
 */
#ifndef COFFER_ATTEST_CRYPTO_H
#define COFFER_ATTEST_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -EIO when the library fails (then digest is zeroed). */
int attest_sha256(const void *data, size_t size, uint8_t digest[32]);

/* The digest of two pieces one after the other. */
int attest_sha256_two(const void *first, size_t first_size,
	const void *second, size_t second_size, uint8_t digest[32]);

/*
 * Is signature (r || s) one over digest by the key x || y?  0 if so, -EBADMSG
 * if not (a point that is not on the curve, r or s out of range included),
 * -EIO when the library fails.
 */
int attest_p256_verify(const uint8_t key[64], const uint8_t digest[32],
	const uint8_t signature[64]);

/*
 * The same for many signatures by one key, which is made ready once.  One
 * thread at a time.  attest_key_new gives NULL with *error -EBADMSG (no point
 * on the curve) or -EIO; NULL is fine for attest_key_free.
 */
struct attest_key;
struct attest_key *attest_key_new(const uint8_t key[64], int *error);
int attest_key_verify(struct attest_key *key, const uint8_t digest[32],
	const uint8_t signature[64]);
void attest_key_free(struct attest_key *key);

/*
 * Signs digest with the private scalar (1 ... n-1): signature r || s.  0, or
 * -EINVAL for a scalar out of range, -EIO when the library fails.
 */
int attest_p256_sign(const uint8_t scalar[32], const uint8_t digest[32],
	uint8_t signature[64]);

/* The public key x || y of a private scalar; errors as above. */
int attest_p256_public(const uint8_t scalar[32], uint8_t key[64]);

#endif
