/* SPDX-License-Identifier: MIT */
/*
 * The data owner's cryptography, over OpenSSL.  Messages that come back are
 * untrusted.  Results: NULL on success, else what is wrong (a constant text);
 * on failure outputs are zero.
 */
#ifndef SEALED_BOX_SEAL_H
#define SEALED_BOX_SEAL_H

#include "../box_format.h"

#include <stddef.h>

/* Random bytes from OpenSSL's generator. */
const char *seal_random(void *out, size_t size);

/* The key of one use, by its label. */
const char *seal_derive(const uint8_t key[BOX_KEY_SIZE], const char *label,
	uint8_t derived[BOX_KEY_SIZE]);

/* Seal size bytes of records; message has room for size + BOX_OVERHEAD. */
const char *seal_records(const uint8_t key[BOX_KEY_SIZE], const void *text,
	size_t size, uint8_t *message);

/* Open a result of exactly size bytes, and check that it was computed on the
 * sealed message with this hash. */
const char *seal_open_result(const uint8_t key[BOX_KEY_SIZE],
	const uint8_t bound[BOX_HASH_SIZE], const uint8_t *message,
	size_t message_size, void *text, size_t size);

const char *seal_hash(const void *data, size_t size, uint8_t hash[BOX_HASH_SIZE]);

#endif
