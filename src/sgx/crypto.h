/* SPDX-License-Identifier: MIT */
/*
 * The cryptography that the processor model needs, as a table of functions:
 * the model itself links no library.  src/common/crypto_openssl.h has the
 * one used by coffer-cpu and the tools.
 *
 * No function keeps a pointer after it returns.  Only the two GCM functions
 * may keep something between calls (the key schedule, as all calls of one
 * machine are under the same key): calls of these two must not overlap.
 */
#ifndef COFFER_SGX_CRYPTO_H
#define COFFER_SGX_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* A running SHA-256.  Allocated by the caller, free of pointers: may be
 * copied, stored in an EPC page and continued by the same backend. */
struct sgx_sha256 {
	uint64_t opaque[16];
};

struct sgx_sha256_ops {
	void (*init)(struct sgx_sha256 *);
	void (*update)(struct sgx_sha256 *, const void *data, size_t size);
	void (*final)(struct sgx_sha256 *, uint8_t digest[32]);
};

struct sgx_crypto_ops {
	struct sgx_sha256_ops sha256;

	/* RSA-3072, exponent 3, PKCS#1 v1.5 with SHA-256; modulus and
	 * signature little endian.  0 if the signature is good, -1 if not,
	 * or if the key is none (even, shorter than 3072 bits). */
	int (*rsa3072_verify)(const uint8_t modulus[384],
		const uint8_t signature[384], const uint8_t digest[32]);

	/* The quotients in a SIGSTRUCT that let silicon verify it without
	 * division, little endian: Q1 = floor(S^2 / M) and
	 * Q2 = floor(S (S^2 mod M) / M).  0, or -1 if M is 0 or S not below
	 * M. */
	int (*rsa3072_quotients)(const uint8_t modulus[384],
		const uint8_t signature[384], uint8_t q1[384],
		uint8_t q2[384]);

	/* AES-128-CMAC.  0, or -1 when the backend failed. */
	int (*aes128_cmac)(const uint8_t key[16], const void *data, size_t size,
		uint8_t mac[16]);

	/* AES-128-GCM with a 96-bit IV and a whole tag.  in and out, each of
	 * size bytes, are the same or do not overlap, and are the caller's own.
	 * seal: 0, or -1 when the backend failed.  open: 0, 1 if the tag does
	 * not match, -1 when the backend failed.  Unless 0, out may hold
	 * plaintext that nobody may use: the caller wipes it. */
	int (*aes128_gcm_seal)(const uint8_t key[16], const uint8_t iv[12],
		const void *aad, size_t aad_size, const void *in, size_t size,
		void *out, uint8_t tag[16]);
	int (*aes128_gcm_open)(const uint8_t key[16], const uint8_t iv[12],
		const void *aad, size_t aad_size, const void *in, size_t size,
		void *out, const uint8_t tag[16]);

	/* Random bytes fit for keys.  0, or -1 when there are none. */
	int (*random)(void *data, size_t size);
};

#endif
