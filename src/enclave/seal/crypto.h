/* SPDX-License-Identifier: MIT */
/*
 * What sealing and derived keys need of a crypto library. An enclave gets it
 * from the one that it links: crypto_mbedtls.c in liboecryptombedtls,
 * crypto_openssl.c in liboecryptoopenssl_3. Linkers take that object because
 * enclaves are linked with -u oe_crypto_provider; without a crypto library
 * that stays undefined, which is no error.
 */
#ifndef COFFER_ENCLAVE_SEAL_CRYPTO_H
#define COFFER_ENCLAVE_SEAL_CRYPTO_H

#include <openenclave/bits/result.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_SIZE 16
#define SEAL_IV_SIZE 12
#define SEAL_TAG_SIZE 16
/* Both PEM texts of a P-256 key fit, with their NUL. */
#define SEAL_PEM_ROOM 512

/* AES-128-GCM. in and out, size bytes below 4 GiB, are the same memory or do
 * not overlap. False for errors of the library. */
bool seal_gcm_encrypt(const uint8_t key[SEAL_KEY_SIZE],
	const uint8_t iv[SEAL_IV_SIZE], const uint8_t *aad, size_t aad_size,
	const uint8_t *in, size_t size, uint8_t *out,
	uint8_t tag[SEAL_TAG_SIZE]);

/* False if it is not authentic; then nothing of it is left in out. */
bool seal_gcm_decrypt(const uint8_t key[SEAL_KEY_SIZE],
	const uint8_t iv[SEAL_IV_SIZE], const uint8_t *aad, size_t aad_size,
	const uint8_t *in, size_t size, uint8_t *out,
	const uint8_t tag[SEAL_TAG_SIZE]);

bool seal_hmac_sha256(const uint8_t *key, size_t key_size,
	const uint8_t *data, size_t size, uint8_t mac[32]);

/*
 * The key pair with the private scalar d (big endian, between 1 and the order
 * less 1): its public half as "PUBLIC KEY" or its private one as "EC PRIVATE
 * KEY". *size receives the text's size with its NUL.
 */
oe_result_t seal_p256_pem(const uint8_t d[32], bool private_half,
	char pem[SEAL_PEM_ROOM], size_t *size);

#endif
