/* SPDX-License-Identifier: MIT */
#ifndef COFFER_MEASURE_FILE_H
#define COFFER_MEASURE_FILE_H

#include <stddef.h>
#include <stdint.h>

/* MRENCLAVE of the enclave in a file: an enclave image (its own properties
 * in force, signed or not) or an SGXS stream; told apart by the first bytes.
 * 0, or -1 with a text for people in err (errsize bytes, terminated, if
 * errsize is not 0). */
int measure_file(const char *path, uint8_t mrenclave[32], char *err,
	size_t errsize);

/* Writes the SGXS stream of an enclave image to another file.  As above. */
int measure_file_to_sgxs(const char *path, const char *sgxs_path, char *err,
	size_t errsize);

#endif
