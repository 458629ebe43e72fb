/* SPDX-License-Identifier: MIT */
/* Reports, beyond <openenclave/enclave.h>. */
#ifndef COFFER_ENCLAVE_CORE_REPORT_H
#define COFFER_ENCLAVE_CORE_REPORT_H

#include <coffer/sgx_arch.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>

/* Was this made for us, by an enclave of the same processor?  OE_OK,
 * OE_VERIFY_FAILED_AES_CMAC_MISMATCH or OE_UNEXPECTED.  The caller's copy. */
oe_result_t report_check(const struct sgx_report *report);

/* oe_verify_report for local reports; OE_UNSUPPORTED for others. */
oe_result_t report_verify_local(const uint8_t *report, size_t size,
	oe_report_t *parsed);

#endif
