/* SPDX-License-Identifier: MIT */
/*
 * The bench enclave, as the commands that time and pry use it.
 */
#ifndef COFFER_CLI_BENCH_ENCLAVE_H
#define COFFER_CLI_BENCH_ENCLAVE_H

#include <openenclave/host.h>
#include <stdbool.h>
#include <stdint.h>

/* One program, signed with heaps of different size. */
#define BENCH_IMAGE_CALLS "calls" /* 4 MiB, 10 threads */
#define BENCH_IMAGE_1M "1m" /* 1 MiB, one thread */
#define BENCH_IMAGE_64M "64m"

/* NULL with a message on stderr. */
oe_enclave_t *bench_enclave_new(const char *image);

#endif
