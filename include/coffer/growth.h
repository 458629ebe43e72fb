/* SPDX-License-Identifier: MIT */
/*
 * How far an enclave may grow while it runs: a 24-byte object in a section of
 * its own, .coffer.growth, beside the properties of .oeinfo.
 *
 *   offset size field
 *        0    4 size             24
 *        4    4 reserved         0
 *        8    8 max_heap_pages   0: as many as NumHeapPages
 *       16    8 max_tcs          0: as many as NumTCS; most 1024
 *
 * The addresses of the enclave are laid out for these numbers, but only
 * NumHeapPages pages of heap and NumTCS threads are added when it is created;
 * the rest is made on demand, on processors with SGX2.  The section is loaded,
 * so it is measured, as the layout is.  The runtime brings an object of zeroes;
 * a program may define one, and oesign writes into it what MaxHeapPages and
 * MaxTCS of its configuration file say.
 */
#ifndef COFFER_GROWTH_H
#define COFFER_GROWTH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_GROWTH_SECTION ".coffer.growth"

struct coffer_growth {
	uint32_t size; /* bytes, of this object */
	uint32_t reserved;
	uint64_t max_heap_pages;
	uint64_t max_tcs;
};

extern volatile const struct coffer_growth coffer_enclave_growth;

/* Define it; once per enclave, at file scope, with constant arguments. */
#define COFFER_SET_ENCLAVE_GROWTH(MAX_HEAP_PAGES, MAX_TCS)                     \
	__attribute__((section(COFFER_GROWTH_SECTION), used,                   \
		visibility("default"))) volatile const                         \
		struct coffer_growth coffer_enclave_growth = {                 \
			.size = sizeof(struct coffer_growth),                  \
			.max_heap_pages = (MAX_HEAP_PAGES),                    \
			.max_tcs = (MAX_TCS),                                  \
		}

#ifdef __cplusplus
}
#endif

#endif
