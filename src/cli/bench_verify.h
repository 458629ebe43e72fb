/* SPDX-License-Identifier: MIT */
/*
 * Verification of a quote of this machine, for timing.
 */
#ifndef COFFER_CLI_BENCH_VERIFY_H
#define COFFER_CLI_BENCH_VERIFY_H

#include "quoting/quoting.h"
#include <stdbool.h>
#include <stdint.h>

struct bench_verify;

/* Has a REPORT quoted and fetches the collateral.  NULL with a message on
 * stderr. */
struct bench_verify *bench_verify_new(
	const uint8_t report[QUOTING_REPORT_SIZE]);
void bench_verify_free(struct bench_verify *verify); /* NULL is fine */

/* Verifies so often, with nothing known beforehand, or with the machine's
 * chain and collateral in a cache.  False with a message if the verdict is
 * not that the quote is genuine. */
bool bench_verify_cold(struct bench_verify *verify, uint64_t count);
bool bench_verify_warm(struct bench_verify *verify, uint64_t count);

#endif
