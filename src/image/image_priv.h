/* SPDX-License-Identifier: MIT */
/* What struct image holds.  Private to src/image. */
#ifndef COFFER_IMAGE_PRIV_H
#define COFFER_IMAGE_PRIV_H

#include "image.h"
#include "module.h"

struct image {
	struct module main;
	struct module dependent; /* bytes NULL if there is none */
	oe_sgx_enclave_properties_t properties;
	bool built;

	/* Set by image_build. */
	uint8_t *relocs; /* page aligned, reloc_size bytes; NULL if none */
	uint64_t reloc_rva, reloc_size, heap_rva;
	uint64_t tls_pages;
	uint64_t elrange_size, start_offset;
	uint64_t added_pages;
	struct sgx_tcs *tcs; /* page aligned, one for each TCS */
	uint64_t *tcs_offsets;
	size_t tcs_count;
	uint8_t *stack_page;
	struct image_run *runs;
	size_t run_count;
};

#endif
