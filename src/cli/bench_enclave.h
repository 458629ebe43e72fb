/* SPDX-License-Identifier: MIT */
/*
 * The bench enclave, as the commands that time and pry use it.
 */
#ifndef COFFER_CLI_BENCH_ENCLAVE_H
#define COFFER_CLI_BENCH_ENCLAVE_H

#include <openenclave/host.h>
#include <stdbool.h>
#include <stddef.h>

/* One program, signed with heaps of different size. */
#define BENCH_IMAGE_CALLS "calls" /* 4 MiB, 10 threads */
#define BENCH_IMAGE_1M "1m" /* 1 MiB, one thread */
#define BENCH_IMAGE_16M "16m"
#define BENCH_IMAGE_64M "64m"
#define BENCH_IMAGE_GROW_1G "grow_1g" /* 1 MiB that may grow to 1 GiB */
#define BENCH_IMAGE_256M "256m"
#define BENCH_IMAGE_1G "1g"
#define BENCH_IMAGE_PAGING "paging" /* 228 MiB */

/* The image's file.  False if it is not found. */
bool bench_enclave_path(const char *image, char *path, size_t size);

/* NULL with a message on stderr. */
oe_enclave_t *bench_enclave_new(const char *image);

/* What the library has to say goes to stderr, or nowhere. */
void bench_enclave_quiet(bool quiet);

#endif
