/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine of the benchmark's own, in a temporary folder, of a size
 * that the benchmark needs.
 */
#ifndef COFFER_CLI_BENCH_MACHINE_H
#define COFFER_CLI_BENCH_MACHINE_H

#include "vm/machine.h"
#include <stdbool.h>

struct bench_machine {
	char folder[128]; /* empty: there is none */
};

/* Makes the folder and the machine's settings, and turns the process's
 * environment to it: enclaves made from now on live there.  Before the
 * first enclave, and once.  size: a name as in common/vmconf.h.  False after
 * a message. */
bool bench_machine_open(struct bench_machine *, const char *size);

/* What the machine's driver says of it, and of this process's newest
 * enclave (out: may be NULL).  False after a message. */
bool bench_machine_look(struct wire_info *info, struct wire_enclave *enclave);

/* Ends the machine, its enclaves with it, and removes the folder. */
void bench_machine_close(struct bench_machine *);

#endif
