/* SPDX-License-Identifier: MIT */
/*
 * Calls per second of several threads with some work between calls.
 */
#ifndef COFFER_CLI_BENCH_THREADS_H
#define COFFER_CLI_BENCH_THREADS_H

#include "bench.h"
#include <openenclave/host.h>

/* round_ns: what a round of bench_work takes.  False after a message. */
bool bench_threads(struct bench_report *report, oe_enclave_t *enclave,
	double round_ns);

#endif
