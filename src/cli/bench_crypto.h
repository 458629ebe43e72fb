/* SPDX-License-Identifier: MIT */
/*
 * AES-128-GCM of a page, as the machine does it when a page leaves the EPC
 * and comes back: libcrypto's EVP, contexts and key schedule kept, a fresh IV
 * and 128 bytes of metadata each time.
 */
#ifndef COFFER_CLI_BENCH_CRYPTO_H
#define COFFER_CLI_BENCH_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

struct bench_crypto;

/* NULL after a message. */
struct bench_crypto *bench_crypto_new(void);

/* A page out and in, count times; a bench_measure's batch.  False, after a
 * message, if a page did not come back as it went. */
bool bench_crypto_batch(void *crypto, uint64_t count);

void bench_crypto_free(struct bench_crypto *); /* NULL is allowed */

#endif
