/* SPDX-License-Identifier: MIT */
/*
 * ECDSA with P-256 over a SHA-256 digest, by OpenSSL's EVP with everything
 * kept that can be: the floor under quotes and their verification.
 */
#ifndef COFFER_CLI_BENCH_ECDSA_H
#define COFFER_CLI_BENCH_ECDSA_H

#include <stdbool.h>
#include <stdint.h>

struct bench_ecdsa;

/* A fresh key, and a signature by it.  NULL after a message. */
struct bench_ecdsa *bench_ecdsa_new(void);

/* So many signatures, or verifications of one.  False after a message. */
bool bench_ecdsa_sign(struct bench_ecdsa *, uint64_t count);
bool bench_ecdsa_verify(struct bench_ecdsa *, uint64_t count);

void bench_ecdsa_free(struct bench_ecdsa *); /* NULL is allowed */

#endif
