/* SPDX-License-Identifier: MIT */
/*
 * A ledger as it lies in the store: encrypted, so that nobody reads it but
 * enclaves that were given the key; with its name, version and predecessor
 * bound to it, so that no record can take the place of another one.
 *
 *   offset size  header, the additional authenticated data
 *        0    8  magic
 *        8   24  name, padded with zeros
 *       32   32  salt: random.  The record's own key for AES-256-GCM is
 *                HKDF-SHA-256(released key, this salt), its nonce is zero
 *       64   40  the point of the predecessor: version and chain
 *
 * followed by the ciphertext and a tag of 16 bytes.  Each record has a key of
 * its own, so there is no number of records after which nonces would meet.
 */
#ifndef FAILOVER_RECORD_H
#define FAILOVER_RECORD_H

#include "../ledger.h"

#define RECORD_NAME 24u
#define RECORD_KEY 32u
#define RECORD_OVERHEAD (104u + 16u)
#define RECORD_MAX (LEDGER_SIZE_MAX + RECORD_OVERHEAD)

/* Seals a ledger that follows that point; record has room for RECORD_MAX.
 * How many bytes it is, 0 when it failed. */
size_t record_seal(const uint8_t key[RECORD_KEY], const char *name,
	const struct ledger *, const struct ledger_point *before,
	uint8_t *record);

/* Opens size bytes in enclave memory.  False if they are not what
 * record_seal made with this key and name. */
bool record_open(const uint8_t key[RECORD_KEY], const char *name,
	const uint8_t *record, size_t size, struct ledger *,
	struct ledger_point *before);

#endif
