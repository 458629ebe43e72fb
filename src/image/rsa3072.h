/* SPDX-License-Identifier: MIT */
/*
 * RSA-3072 with exponent 3 through OpenSSL; big-endian numbers of 384 bytes.
 * Keys are EVP_PKEY, borrowed.  Private to src/image.
 */
#ifndef COFFER_RSA3072_H
#define COFFER_RSA3072_H

#include <stdint.h>

#define RSA3072_SIZE 384u

/* The modulus of a public or private key.  NULL, or what is wrong with the
 * key: SGX takes RSA-3072 with exponent 3 alone. */
const char *rsa3072_modulus(void *evp_pkey, uint8_t modulus[RSA3072_SIZE]);

/* PKCS#1 v1.5 over a SHA-256 digest.  0, or -1. */
int rsa3072_sign(void *evp_pkey, const uint8_t digest[32],
	uint8_t signature[RSA3072_SIZE]);

/* 0 if the signature verifies with this modulus and exponent 3, else -1. */
int rsa3072_verify(const uint8_t modulus[RSA3072_SIZE],
	const uint8_t signature[RSA3072_SIZE], const uint8_t digest[32]);

/* q1 = S*S / M, q2 = S * (S*S mod M) / M.  0, or -1: no memory, M is 0, or
 * a quotient has more than 384 bytes, which S < M excludes. */
int rsa3072_quotients(const uint8_t modulus[RSA3072_SIZE],
	const uint8_t signature[RSA3072_SIZE], uint8_t q1[RSA3072_SIZE],
	uint8_t q2[RSA3072_SIZE]);

#endif
