/* SPDX-License-Identifier: MIT */
/*
 * Signed enclave images as files: finding places in them, and copies with one
 * bit changed.  Offsets are bytes from the start of the file.
 */
#ifndef COFFER_TESTS_IMAGE_FILE_H
#define COFFER_TESTS_IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* The whole file; the caller frees it.  NULL with a line on stderr. */
uint8_t *image_file_read(const char *path, size_t *size);

/* 0, or -1 with a line on stderr. */
int image_file_write(const char *path, const uint8_t *content, size_t size);

/* A section by name.  0, or -1 if there is none. */
int image_file_section(const uint8_t *image, size_t size, const char *name,
	uint64_t *offset, uint64_t *length);

/* A loadable segment by position (0, 1, ...) and its rights (PF_*).  0, or -1
 * if there are no more. */
int image_file_segment(const uint8_t *image, size_t size, unsigned index,
	uint64_t *offset, uint64_t *length, uint32_t *rights);

/* The same, with the segment's address in the enclave. */
int image_file_segment_at(const uint8_t *image, size_t size, unsigned index,
	uint64_t *offset, uint64_t *length, uint32_t *rights, uint64_t *address);

/* Where in .oeinfo the SIGSTRUCT lies, and what in it. */
#define IMAGE_FILE_SIGSTRUCT 144u
#define IMAGE_FILE_SIGSTRUCT_SIZE 1808u
#define IMAGE_FILE_MODULUS 128u /* in SIGSTRUCT */
#define IMAGE_FILE_SIGNATURE 516u
#define IMAGE_FILE_ENCLAVEHASH 960u
#define IMAGE_FILE_Q1 1040u

#endif
