/* SPDX-License-Identifier: MIT */
/*
 * Enclave images: an ELF file becomes the list of pages that a loader adds,
 * a signer hashes and `coffer measure` prints.  One list for all three, so
 * that they cannot disagree.
 *
 * The layout is the Open Enclave SDK's (offsets grow downwards):
 *
 *   [PT_LOAD segments] [segments of one dependent .so, if any]
 *   [relocation records, page padded] [heap]
 *   then for each TCS:
 *   guard | stack pages | guard | TCS | SSA 0 | SSA 1 | guard | TLS pages | td
 *
 * An image that may grow has room for a larger heap behind the heap, and for
 * more such threads behind the threads, where no page is added.
 *
 * Use: image_open, perhaps image_set_properties, image_build, then read
 * runs and numbers, image_close.  After image_build an image is constant and
 * may be read by several threads.  Image files are hostile input: any file
 * ends in success or in an error, never in an access outside its bytes.
 */
#ifndef COFFER_IMAGE_H
#define COFFER_IMAGE_H

#include <coffer/sgx_arch.h>
#include <openenclave/bits/properties.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values are those of the same names in oe_result_t (OE_FAILURE, ...), so
 * that a caller who speaks oe_result_t may cast. */
enum image_result {
	IMAGE_OK = 0,
	IMAGE_FAILURE = 1, /* file unreadable, or properties invalid */
	IMAGE_INVALID_PARAMETER = 3,
	IMAGE_OUT_OF_MEMORY = 5,
	IMAGE_UNEXPECTED = 7,
	IMAGE_VERIFY_FAILED = 8, /* a signature does not verify */
	IMAGE_NOT_FOUND = 9, /* no such file; dependent .so missing */
	IMAGE_DEBUG_DOWNGRADE = 25, /* debug asked for, image forbids it */
	IMAGE_UNSUPPORTED_ENCLAVE_IMAGE = 41, /* well-formed, but not for us */
	IMAGE_CRYPTO_ERROR = 46, /* the crypto library failed */
	IMAGE_INVALID_SGX_SIGNING_KEY = 59, /* not RSA-3072, exponent 3 */
	IMAGE_INVALID_IMAGE = 60, /* malformed */
};

/* "OE_OK", "OE_FAILURE", ...; "UNKNOWN" for other values. */
const char *image_result_name(enum image_result result);

/* Why something failed, for people; filled only when a call fails.  Always
 * terminated, no trailing newline.  May be NULL wherever it is taken. */
struct image_error {
	char text[256];
};

struct image;

/* Consecutive pages that are added in the same way.  Pages of a run are
 * added in ascending order, runs in the order of the list; the measurement
 * is of exactly that sequence. */
struct image_run {
	uint64_t offset; /* bytes from SECS.BASE, page aligned */
	uint64_t pages; /* never 0 */
	uint64_t secinfo_flags; /* SECINFO.FLAGS: type and permissions */
	bool measured; /* EEXTEND every chunk of every page */
	bool same_page; /* data is one page that all pages of the run repeat */
	const void *data; /* page aligned, pages * 4096 bytes (4096 when
			     same_page); NULL: zeros.  Owned by the image. */
};

/* Reads the file, and the .so next to it that it needs, if any; checks the
 * acceptance rules.  Properties are read but not yet judged (an image
 * without properties of its own gets them from image_set_properties).
 * *out is set on success only; free it with image_close. */
enum image_result image_open(const char *path, struct image **out,
	struct image_error *error);

/* The same from bytes in memory, which are copied.  An image that needs a
 * .so is refused: there is no folder to look in. */
enum image_result image_open_memory(const void *bytes, size_t size,
	struct image **out, struct image_error *error);

/* NULL is allowed. */
void image_close(struct image *image);

/* The properties in force.  Valid until image_close. */
const oe_sgx_enclave_properties_t *image_properties(const struct image *image);

/* Replaces the properties, in the image too: they are measured.  Before
 * image_build only (IMAGE_INVALID_PARAMETER after it).  Copied. */
enum image_result image_set_properties(struct image *image,
	const oe_sgx_enclave_properties_t *properties,
	struct image_error *error);

/* How far the enclave may grow while it runs (coffer/growth.h); 0: not at
 * all, the numbers of the properties are the most. */
struct image_growth {
	uint64_t max_heap_pages, max_tcs;
};
struct image_growth image_growth(const struct image *image);

/* Replaces it, in the image too: it is measured.  Before image_build only.
 * IMAGE_UNSUPPORTED_ENCLAVE_IMAGE: the image's runtime cannot grow. */
enum image_result image_set_growth(struct image *image,
	const struct image_growth *growth, struct image_error *error);

/* Judges properties: attributes within DEBUG, MODE64BIT, KSS, PROVISIONKEY and
 * MODE64BIT set, counts and numbers in range, start address and ids only where they
 * make sense.  IMAGE_OK, or IMAGE_FAILURE with the name of the wrong field
 * ("config.attributes") in error. */
enum image_result image_check_properties(
	const oe_sgx_enclave_properties_t *properties,
	struct image_error *error);

/* Judges the properties, lays the enclave out, patches the image and makes
 * the list of runs.  Once per image. */
enum image_result image_build(struct image *image, struct image_error *error);

/* ---- After image_build. ---- */

const struct image_run *image_runs(const struct image *image, size_t *count);

/* Bytes of ELRANGE, a power of two: SECS.SIZE. */
uint64_t image_elrange_size(const struct image *image);

/* Offset from SECS.BASE at which the image begins: 0, or the start address
 * of a zero-base enclave (then SECS.BASE must be 0). */
uint64_t image_start_offset(const struct image *image);
bool image_zero_base(const struct image *image);

/* Offset of the entry point, and of TCS i in EADD order, from SECS.BASE.
 * Those from count up to most are not added: the enclave may make them, in
 * this order. */
uint64_t image_entry_offset(const struct image *image);
size_t image_tcs_count(const struct image *image);
size_t image_tcs_most(const struct image *image);
uint64_t image_tcs_offset(const struct image *image, size_t i);

/* Where the enclave may make pages while it runs; NULL, 0 if nowhere. */
struct image_spare {
	uint64_t offset; /* bytes from SECS.BASE, page aligned */
	uint64_t pages; /* never 0 */
	bool tcs; /* one page, which becomes a TCS */
};
const struct image_spare *image_spares(const struct image *image,
	size_t *count);

/* Pages that are added, the SECS not counted: what the EPC must hold. */
uint64_t image_added_pages(const struct image *image);

/* The SECS of an enclave of this image: SIZE, SSAFRAMESIZE, ATTRIBUTES,
 * MISCSELECT, the rest zero.  BASE is left 0 for the loader; CONFIGID,
 * CONFIGSVN are the loader's as well.
 *   debug    the creator asks for a debug enclave.  IMAGE_DEBUG_DOWNGRADE if
 *            the image is not debug; without it DEBUG is left out.
 *   xfrm     SECS.ATTRIBUTES.XFRM: image_host_xfrm() as a rule
 *   misc     MISCSELECT bits that the machine offers (CPUID.12H.0:EBX);
 *            EXINFO is taken if the image wants it and the bit is here */
enum image_result image_secs(const struct image *image, bool debug,
	uint64_t xfrm, uint32_t misc, struct sgx_secs *secs,
	struct image_error *error);

/* 7 if the operating system has AVX enabled (XGETBV), else 3. */
uint64_t image_host_xfrm(void);

/* ---- Of the file, any time after image_open. ---- */

/* Address of a symbol (from the image's start) in .symtab or .dynsym.
 * False if there is none. */
bool image_find_symbol(const struct image *image, const char *name,
	uint64_t *address);

/* Name of a symbol at exactly this address, or NULL. */
const char *image_symbol_at(const struct image *image, uint64_t address);

/* The ELF entry, from the image's start. */
uint64_t image_entry(const struct image *image);

/* True if the image has .note.gnu.build-id, which debuggers ask for. */
bool image_has_build_id(const struct image *image);

/* The dependent .so, for debuggers: false if there is none.  The path is
 * owned by the image. */
bool image_submodule(const struct image *image, const char **path,
	uint64_t *offset, uint64_t *size);

/* Writes the file as it was read, with these properties in .oeinfo, under
 * another name (or the same), through a temporary file and rename.  Mode
 * bits are the original's. */
enum image_result image_write(const struct image *image,
	const oe_sgx_enclave_properties_t *properties, const char *path,
	struct image_error *error);

/* Writes a whole file as image_write does: the old one or the new one, never
 * a part.  mode: permission bits. */
enum image_result image_write_file(const char *path, const void *bytes,
	size_t size, uint32_t mode, struct image_error *error);

/* ---- Measurement, after image_build (measure.c). ---- */

/* MRENCLAVE of the image. */
enum image_result image_measure(const struct image *image,
	uint8_t mrenclave[32], struct image_error *error);

#endif
