/* SPDX-License-Identifier: MIT */
/* `coffer bench paging`: what its parts share. */
#ifndef COFFER_CLI_BENCH_PAGING_H
#define COFFER_CLI_BENCH_PAGING_H

#include "bench.h"
#include "bench_walk.h"
#include <openenclave/host.h>
#include <stdint.h>

/* A ring of count pages in the enclave, and room for max of them when it is
 * the first.  False after a message, as below. */
bool paging_lay(oe_enclave_t *enclave, uint32_t count, enum walk_order order);

/* Goes so many steps; *ns: what each took. */
bool paging_walk(oe_enclave_t *enclave, uint64_t steps, double *ns);

/* Whether each page was visited exactly so often since it was laid. */
bool paging_verify(oe_enclave_t *enclave, uint32_t visits);

/* Throughput by working set: the figure "curve", and the picture.  The
 * enclave's pages were laid to eight times the EPC. */
bool bench_curve(struct bench_report *report, oe_enclave_t *enclave,
	uint64_t epc_pages, const char *size, const char *path);

#endif
