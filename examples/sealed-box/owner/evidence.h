/* SPDX-License-Identifier: MIT */
/* The evidence that comes with a result: who made it, and where. */
#ifndef SEALED_BOX_EVIDENCE_H
#define SEALED_BOX_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

/* The enclave that the owner named in the key's policy. */
struct evidence_wanted {
	const char *signer; /* MRSIGNER, 64 hex digits */
	uint16_t product, svn; /* this product, at least this version */
};

/* Verifies evidence about a sealed result.  NULL, and a sentence in what; or
 * what is wrong (a constant text). */
const char *evidence_check(const uint8_t *evidence, size_t size,
	const uint8_t *sealed, size_t sealed_size,
	const struct evidence_wanted *wanted, char *what, size_t what_size);

#endif
