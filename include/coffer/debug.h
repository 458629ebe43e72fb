/* SPDX-License-Identifier: MIT */
/*
 * What liboehost tells a debugger about debug enclaves: a list in the host's
 * memory, and functions that do nothing but be called, for breakpoints.
 * Enclaves without the DEBUG attribute are not in it.  `coffer gdb` is the
 * debugger that reads it; others may.
 *
 * An enclave's code runs in a process of its own, the cell, where its pages
 * are at the same addresses.  Attach to that process, load the symbols of the
 * image at `base`.
 */
#ifndef COFFER_DEBUG_H
#define COFFER_DEBUG_H

#include <stdint.h>

#define COFFER_DEBUG_MAGIC 0x4742444352464643ull
#define COFFER_DEBUG_VERSION 1u

struct coffer_debug_enclave {
	uint64_t magic; /* COFFER_DEBUG_MAGIC */
	uint32_t version; /* COFFER_DEBUG_VERSION */
	int32_t cell; /* process that executes it; 0: none that is known */
	struct coffer_debug_enclave *next; /* NULL: the last */
	const char *path; /* of the image, absolute if it could be made so */
	uint64_t base, size; /* ELRANGE, bytes */
};

/* The first of the list, or NULL.  Changes only under the functions below. */
extern struct coffer_debug_enclave *coffer_debug_enclaves;

/* Called when an enclave is in the list, before its first instruction. */
void coffer_debug_created(const struct coffer_debug_enclave *);
/* Called while it is still there, before its pages and its cell go. */
void coffer_debug_ending(const struct coffer_debug_enclave *);
/* Called when an enclave's thread had an exception that nothing inside took;
 * its registers are in the SSA frame. */
void coffer_debug_fault(const struct coffer_debug_enclave *, uint64_t tcs,
	uint32_t vector, uint64_t address);

#endif
