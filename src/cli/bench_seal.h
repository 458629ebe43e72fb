/* SPDX-License-Identifier: MIT */
/*
 * The sealing part of `coffer bench attest`: 1 MiB sealed and opened inside an
 * enclave, against AES-128-GCM of as much in this process.
 */
#ifndef COFFER_CLI_BENCH_SEAL_H
#define COFFER_CLI_BENCH_SEAL_H

#include "bench.h"

/* Adds aes_gcm_bytes_per_s, seal_bytes_per_s, unseal_bytes_per_s,
 * seal_mbedtls_bytes_per_s, seal_16_ns and the limit. False after a message. */
bool bench_seal(struct bench_report *report);

#endif
