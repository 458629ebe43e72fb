/* SPDX-License-Identifier: MIT */
/*
 * The floor under every call into another process without a system call: a
 * partner process, pinned to another processor, is handed 16 registers
 * through shared memory; it takes them, loads FS, GS and the vector state,
 * puts its own FS and GS back, and hands 16 registers over in return.
 */
#ifndef COFFER_CLI_BENCH_FLOOR_H
#define COFFER_CLI_BENCH_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

struct bench_floor;

/* Starts the partner, asleep until a batch.  The caller's thread must stay
 * on cpu, the partner stays on partner_cpu.  NULL with errno set. */
struct bench_floor *bench_floor_new(int partner_cpu);

/* count round trips; a bench_measure's batch.  False if the partner is gone
 * or handed back wrong registers. */
bool bench_floor_batch(void *floor, uint64_t count);

/* The same with BENCH_FLOOR_DATA bytes that the caller copies to shared memory
 * before each request and the partner copies from there after it. */
#define BENCH_FLOOR_DATA 65536u
bool bench_floor_data_batch(void *floor, uint64_t count);

/* Sends the partner to sleep until the next batch, so that it is not in the
 * way of what else is measured; a bench_measure's rest. */
void bench_floor_rest(void *floor);

void bench_floor_free(struct bench_floor *); /* NULL is allowed */

#endif
