/* SPDX-License-Identifier: MIT */
/*
 * The floor under every page fault that another process answers, with the
 * means that the machine uses: a process under a system-call filter touches a
 * page that is not mapped; its signal handler, on a stack of its own, copies
 * the registers and hands the address to a partner process through shared
 * memory, with the cell's way of waiting; the partner answers where the page
 * lies in a window on shared memory; the handler duplicates that part of the
 * window to the address, and returns in user mode without a system call.
 */
#ifndef COFFER_CLI_BENCH_FAULT_H
#define COFFER_CLI_BENCH_FAULT_H

#include <stdbool.h>

struct bench_fault;

/* Starts the process that faults, on a processor; the caller, on another, is
 * its partner.  secret: on memfd_secret.  NULL after a message. */
struct bench_fault *bench_fault_new(int cpu, bool secret);

/* Unmaps all pages, then has each touched once, in a random order.
 * *ns: what a touch took.  False after a message. */
bool bench_fault_round(struct bench_fault *, double *ns);

void bench_fault_free(struct bench_fault *); /* NULL is allowed */

#endif
