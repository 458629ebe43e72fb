/* SPDX-License-Identifier: MIT */
/* Clearing secrets so that no compiler leaves it out. */
#ifndef COFFER_SGX_WIPE_H
#define COFFER_SGX_WIPE_H

#include <string.h>

static inline void wipe(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

#endif
