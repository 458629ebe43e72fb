/* SPDX-License-Identifier: MIT */
/*
 * Formats of evidence and the header that may stand before it.
 *
 *   offset  size
 *        0     4  version, 3
 *        4    16  format
 *       20     4  padding
 *       24     8  bytes that follow
 */
#ifndef COFFER_EVIDENCE_FORMATS_H
#define COFFER_EVIDENCE_FORMATS_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

extern const oe_uuid_t format_local, format_ecdsa, format_legacy, format_raw;

bool format_is(const oe_uuid_t *a, const oe_uuid_t *b);

/* One of the four. */
bool format_is_sgx(const oe_uuid_t *format);

#define EVIDENCE_HEADER_SIZE 32u
#define EVIDENCE_HEADER_VERSION 3u

/* The format, and what follows the header, a view of bytes.  Or
 * OE_INVALID_PARAMETER for bytes with no such header or another size. */
oe_result_t evidence_header_read(const uint8_t *bytes, size_t size,
	oe_uuid_t *format, const uint8_t **data, size_t *data_size);

/* Writes EVIDENCE_HEADER_SIZE bytes. */
void evidence_header_write(uint8_t *out, const oe_uuid_t *format,
	size_t data_size);

/* A report of oe_get_report begins so (report_parse.h). */
bool evidence_is_report(const uint8_t *bytes, size_t size);

#endif
