/* SPDX-License-Identifier: MIT */
/*
 * ECDSA with P-256 and SHA-256 under keys that are numbers; everything big
 * endian with fixed width.
 */
#ifndef COFFER_ENCLAVES_CURVE_H
#define COFFER_ENCLAVES_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct curve_key; /* kept for the life of the enclave, or freed */

/* The key of which wide is the derived number: v mod (n - 1) + 1.  NULL when
 * the library fails. */
struct curve_key *curve_key_new(const uint8_t wide[40]);
void curve_key_free(struct curve_key *); /* wipes; NULL allowed */

void curve_key_public(const struct curve_key *, uint8_t xy[64]);

/* r and s over the SHA-256 of data.  Any number of threads at a time. */
bool curve_sign(const struct curve_key *, const void *data, size_t size,
	uint8_t signature[64]);

/* The SHA-256 of two pieces, one behind the other. */
bool curve_sha256(const void *first, size_t first_size, const void *second,
	size_t second_size, uint8_t digest[32]);

#endif
