/* SPDX-License-Identifier: MIT */
#ifndef COFFER_CLI_BENCH_IDLE_H
#define COFFER_CLI_BENCH_IDLE_H

#include <openenclave/host.h>
#include <stdbool.h>

/* The processor time, in percent of one processor, that the cell of this
 * process's newest enclave, the processor and the driver used together
 * during a second in which nobody calls.  False, with a message, where the
 * enclave is not on a Coffer machine or its processes cannot be seen. */
bool bench_idle(oe_enclave_t *enclave, double *percent);

#endif
