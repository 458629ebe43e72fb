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
	struct image_growth growth; /* as it was set or read */
	bool built;

	/* Set by image_build. */
	uint8_t *relocs; /* page aligned, reloc_size bytes; NULL if none */
	uint64_t reloc_rva, reloc_size, heap_rva;
	uint64_t tls_pages;
	uint64_t elrange_size, start_offset;
	uint64_t added_pages;
	struct sgx_tcs *tcs; /* page aligned, one for each TCS */
	uint64_t *tcs_offsets; /* tcs_most */
	size_t tcs_count, tcs_most;
	uint8_t *stack_page;
	struct image_run *runs;
	size_t run_count;
	struct image_spare *spares;
	size_t spare_count;
};

/* growth.c */

/* What the loaded main module says; zero if it has no section. */
enum image_result image_read_growth(struct image *image,
	struct image_error *error);
/* Against the properties. */
enum image_result image_check_growth(const struct image *image,
	struct image_error *error);
/* Writes the section's bytes, if the image has one. */
void image_growth_put(const struct image *image, void *to);

/* Are the size bytes at rva those that the file has at offset?  The file
 * position that is signed must be what is loaded. */
bool image_is_loaded(const struct module *m, uint64_t rva, uint64_t offset,
	uint64_t size);

#endif
