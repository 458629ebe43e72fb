/* SPDX-License-Identifier: MIT */
/*
 * The roots that a verifier trusts, each known by the SHA-256 of its public
 * key x || y: the whole digest, or its first 16 bytes where that is all there
 * is (the processor's fused root, COFFER_KEYNAME_ROOT).
 */
#ifndef COFFER_ATTEST_ROOTS_H
#define COFFER_ATTEST_ROOTS_H

#include "common/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ATTEST_ROOTS_MAX = 8 };

struct attest_root {
	uint8_t digest[32];
	uint8_t size; /* of digest that counts: 16 or 32 */
};

/* All zeroes is the empty set, which trusts nobody. */
struct attest_roots {
	struct attest_root root[ATTEST_ROOTS_MAX];
	size_t count;
};

/* The public key of "Intel SGX Root CA", x || y. */
extern const uint8_t attest_intel_root_key[64];

bool attest_root_is_intel(const uint8_t key[64]);

/* 0; -ENOSPC when the set is full; -EINVAL for another size than 16 or 32. */
int attest_roots_add_digest(struct attest_roots *roots,
	const uint8_t *digest, size_t size);
int attest_roots_add_key(struct attest_roots *roots, const uint8_t key[64]);
int attest_roots_add_intel(struct attest_roots *roots);

/* The key of a certificate, PEM or DER, that is its own issuer.  -EINVAL and
 * why if it is not one. */
int attest_roots_add_cert(struct attest_roots *roots, const uint8_t *bytes,
	size_t size, struct why *why);

bool attest_roots_hold(const struct attest_roots *roots,
	const uint8_t key[64]);

#endif
