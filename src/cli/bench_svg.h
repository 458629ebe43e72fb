/* SPDX-License-Identifier: MIT */
/*
 * A picture: throughput of a walk against its working set, as an SVG that is
 * readable on light and on dark ground.
 */
#ifndef COFFER_CLI_BENCH_SVG_H
#define COFFER_CLI_BENCH_SVG_H

#include <stddef.h>
#include <stdint.h>

struct bench_svg_point {
	double epcs; /* working set, in times the EPC */
	double random, sequential; /* pages per second, above 0 */
};

/* Writes the picture of count points, ascending (at least two), on a machine
 * of so many EPC pages; size is the machine's name.  0 or a negative errno;
 * what was written by then stays. */
int bench_svg_write(const char *path, const struct bench_svg_point *points,
	size_t count, uint64_t epc_pages, const char *size);

#endif
