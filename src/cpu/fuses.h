/* SPDX-License-Identifier: MIT */
/*
 * The fuses of a virtual machine: 64 random bytes in its state directory, from
 * which every key of its enclaves derives.  Made once, at the machine's first
 * start; only coffer-cpu reads the file.
 */
#ifndef COFFER_CPU_FUSES_H
#define COFFER_CPU_FUSES_H

#include "model.h"
#include <stddef.h>

/* Reads DIR/fuses, or makes it (0600, complete or not at all).  0, or -1
 * with a reason: wrong size, readable by others, not ours. */
int fuses_load(const char *directory, struct sgx_fuses *fuses, char *why,
	size_t size);

#endif
