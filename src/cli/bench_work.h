/* SPDX-License-Identifier: MIT */
/*
 * Work for a processor, as one object file that is linked into the program
 * and into the bench enclave: what differs between two timings of it is
 * where it ran.  Needs nothing but its arguments.
 */
#ifndef COFFER_CLI_BENCH_WORK_H
#define COFFER_CLI_BENCH_WORK_H

#include <stdint.h>

/* Integer, floating-point and memory work, about a microsecond per round.
 * The result depends on every round and on the seed. */
uint64_t bench_work(uint64_t rounds, uint64_t seed);

#endif
