/* SPDX-License-Identifier: MIT */
/*
 * A report as Open Enclave wraps it: a header of 16 bytes, then SGX's REPORT.
 * Shared by both sides; everything here takes hostile bytes.
 *
 *   offset  size
 *        0     4  version, 1
 *        4     4  type: 1 local report, 2 quote
 *        8     8  bytes that follow
 *       16   432  REPORT
 */
#ifndef COFFER_ENCLAVE_REPORT_PARSE_H
#define COFFER_ENCLAVE_REPORT_PARSE_H

#include <coffer/sgx_arch.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>

struct report_header {
	uint32_t version, type;
	uint64_t size;
};

#define REPORT_VERSION 1u
#define REPORT_LOCAL 1u
#define REPORT_QUOTE 2u
/* In a quote the report body follows 48 bytes. */
#define QUOTE_BODY 48u

/* The body in a report, NULL with *result if it is malformed. */
const struct sgx_report_body *report_body(const uint8_t *report, size_t size,
	uint32_t *type, oe_result_t *result);

/* Of <openenclave/host.h> and <openenclave/enclave.h>. */
oe_result_t oe_parse_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed_report);
oe_result_t oe_get_target_info_v2(const uint8_t *report, size_t report_size,
	void **target_info_buffer, size_t *target_info_size);
void oe_free_target_info(void *target_info);
void oe_free_report(uint8_t *report_buffer);

#endif
