/* SPDX-License-Identifier: MIT */
/*
 * One ELF file of an enclave, as it will lie in memory: the enclave itself,
 * or the one shared object that it needs.  Private to src/image.
 */
#ifndef COFFER_IMAGE_MODULE_H
#define COFFER_IMAGE_MODULE_H

#include "elf_file.h"
#include "image.h"

#define PAGE ((uint64_t)SGX_PAGE_SIZE)
/* Of the loaded bytes of one module; a larger one is refused before memory
 * is asked for. */
#define MODULE_MAX_BYTES (1ull << 32)

struct module_segment {
	uint64_t vaddr, memsz;
	uint32_t flags; /* PF_R, PF_W, PF_X */
};

struct module {
	char *path; /* NULL when it came from memory */
	void *file; /* malloc */
	struct elf_file elf;
	struct elf_symbols dynsym;
	uint32_t mode; /* file permission bits */

	uint8_t *bytes; /* mmap, page aligned, size bytes */
	uint64_t size; /* whole pages */
	uint64_t rva; /* where it begins, from the image's start */
	struct module_segment *segments; /* ascending, no page in common */
	size_t segment_count;

	/* Thread-local storage: alignments are at least 1. */
	uint64_t tdata_rva, tdata_size, tbss_size, tls_align;

	Elf64_Rela *relocs; /* .rela.dyn then .rela.plt */
	size_t reloc_count;

	uint64_t oeinfo_rva, oeinfo_file_offset; /* 0 if there is none */
	uint64_t growth_rva, growth_file_offset; /* the same */
	bool has_build_id;
};

/* Formats a text into error (if not NULL) and returns result. */
enum image_result image_fail(struct image_error *error,
	enum image_result result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes over `file` (malloc), also on failure; copies path.  On failure the
 * module is empty and needs no module_free (which is harmless). */
enum image_result module_load(struct module *module, const char *path,
	void *file, size_t file_size, struct image_error *error);
void module_free(struct module *module);

/* Reads a whole regular file. */
enum image_result module_read_file(const char *path, void **bytes,
	size_t *size, uint32_t *mode, struct image_error *error);

/* The path of the shared object that `module` needs, in the folder of
 * `module`; *path NULL if it needs none.  malloc. */
enum image_result module_needed(const struct module *module, char **path,
	struct image_error *error);

/* Resolves the relocations of a against the symbols of a, then b; all
 * symbolic ones become relative to the image's start. */
enum image_result module_link(struct module *a, const struct module *b,
	struct image_error *error);

/* [rva, rva + size) of the module's memory, or NULL. */
void *module_at(const struct module *module, uint64_t rva, uint64_t size);

/* a + b rounded up to pages; false on overflow. */
bool round_up_pages(uint64_t a, uint64_t *out);

#endif
