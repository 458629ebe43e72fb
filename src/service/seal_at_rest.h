/* SPDX-License-Identifier: MIT */
/*
 * Secrets at rest: what the services write to disk is encrypted under a
 * master key that the operator holds.
 *
 * The master key is 32 random bytes in a file of its own (0600), made at
 * first use.  Either the file holds the key itself: then who can read the
 * file can read the secrets, and the file belongs on another disk than the
 * database.  Or the file holds it encrypted under a passphrase (scrypt, 128
 * MiB, n = 2^17, r = 8, p = 1).
 *
 * File, JSON:  { "coffer-master-key": 1, "id": hex of 8 bytes,
 *                "key": hex of 32 bytes }                       or
 *              { …, "scrypt": {"n", "r", "p", "salt": hex of 16 bytes},
 *                "sealed": hex }     a blob as below, under the scrypt key
 *
 * Blob, written by seal_at_rest_seal():
 *   offset size
 *   0      4    "CSR1"
 *   4      32   salt, random: HKDF-SHA-256(master key, salt, label) gives the
 *               AES-256 key and the IV of this blob alone
 *   36     16   AES-256-GCM tag; the label is authenticated too
 *   52     n    ciphertext
 * so a blob opens under its label only: one row's secret cannot be moved into
 * another row unnoticed, if the label names the row.
 *
 * Results are 0 or a negative errno with the reason in why (may be NULL).  A
 * struct seal_at_rest may be used by many threads.
 */
#ifndef COFFER_SERVICE_SEAL_AT_REST_H
#define COFFER_SERVICE_SEAL_AT_REST_H

#include "common/why.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_AT_REST_OVERHEAD 52
#define SEAL_AT_REST_MAX (1u << 20) /* plaintext; nothing here is larger */

struct seal_at_rest;

/*
 * Opens the master key of a file, making key and file when there is none.
 * With a passphrase (UTF-8; NULL: none) the file must be encrypted, without
 * one it must not.  The file must be a regular one, ours, closed to others.
 * Fails with -EACCES when the passphrase is wrong or missing, -EPERM when
 * others can read the file, -EBADMSG when it is damaged.
 */
int seal_at_rest_open(const char *path, const char *passphrase,
	struct seal_at_rest **seal, struct why *why);

/* Replaces the file by one with the same master key under another passphrase
 * (NULL: none), atomically. */
int seal_at_rest_rewrap(const struct seal_at_rest *seal, const char *path,
	const char *passphrase, struct why *why);

/* The first 8 bytes of the master key's SHA-256, as 16 hex digits: which key
 * a database belongs to.  Owned by seal. */
const char *seal_at_rest_id(const struct seal_at_rest *seal);

/* Encrypts.  *blob is the caller's to free(); its size is size +
 * SEAL_AT_REST_OVERHEAD. */
int seal_at_rest_seal(const struct seal_at_rest *seal, const char *label,
	const void *plain, size_t size, uint8_t **blob, size_t *blob_size,
	struct why *why);

/* Decrypts.  *plain is the caller's, who hands it back with
 * seal_at_rest_wipe(); one zero byte follows it.  -EBADMSG when blob, label
 * and master key do not belong together. */
int seal_at_rest_unseal(const struct seal_at_rest *seal, const char *label,
	const uint8_t *blob, size_t blob_size, uint8_t **plain, size_t *size,
	struct why *why);

/* Overwrites and frees; NULL is fine. */
void seal_at_rest_wipe(void *plain, size_t size);

/* Wipes the master key; NULL is fine. */
void seal_at_rest_close(struct seal_at_rest *seal);

#endif
