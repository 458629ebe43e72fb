/* SPDX-License-Identifier: MIT */
/* Address ranges for enclaves: reserved, without memory behind them. */
#ifndef COFFER_HOST_RANGE_H
#define COFFER_HOST_RANGE_H

#include <stdint.h>

/* Reserves [*base, *base + size + extra), PROT_NONE, *base aligned to size.
 * size: bytes, a power of two, at least a page.  0, -EINVAL or -ENOMEM. */
int range_reserve(uint64_t size, uint64_t extra, uint64_t *base);
void range_release(uint64_t base, uint64_t size, uint64_t extra);

#endif
