/* SPDX-License-Identifier: MIT */
/*
 * The enclave's cryptography, over mbedTLS.  Messages come from outside and
 * are untrusted; they must already lie in enclave memory.  Results: true on
 * success; on failure outputs are zero.
 */
#ifndef SEALED_BOX_CRYPTO_H
#define SEALED_BOX_CRYPTO_H

#include "../box_format.h"

#include <stdbool.h>
#include <stddef.h>

/* The key of one use, by its label. */
bool box_crypto_derive(const uint8_t key[BOX_KEY_SIZE], const char *label,
	uint8_t derived[BOX_KEY_SIZE]);

/* Decrypt a RECORDS message of size bytes (checked by the caller to be its
 * header's size plus BOX_OVERHEAD) into text (header's size bytes).  False if
 * it is not authentic. */
bool box_crypto_open(const uint8_t key[BOX_KEY_SIZE], const uint8_t *message,
	uint8_t *text);

/* Seal size bytes as a RESULT, bound to the hash of what it was computed on;
 * message has room for size + BOX_OVERHEAD bytes. */
bool box_crypto_seal(const uint8_t key[BOX_KEY_SIZE],
	const uint8_t bound[BOX_HASH_SIZE], const void *text, size_t size,
	uint8_t *message);

bool box_crypto_hash(const void *data, size_t size, uint8_t hash[BOX_HASH_SIZE]);

#endif
