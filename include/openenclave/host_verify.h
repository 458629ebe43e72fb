/* SPDX-License-Identifier: MIT */
/*
 * Verifying what enclaves show, on machines that have none: programs link
 * liboehostverify (pkg-config oehostverify-gcc, …) and nothing of liboehost.
 * openenclave/attestation/verifier.h is offered as well.
 */
#ifndef _OE_HOST_VERIFY_H
#define _OE_HOST_VERIFY_H

#include <openenclave/attestation/verifier.h>
#include <openenclave/bits/evidence.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/*
 * Verify a report of oe_get_report with OE_REPORT_FLAGS_REMOTE_ATTESTATION.
 *
 * endorsement_buffer: as for oe_verify_evidence, NULL with 0 to have them
 * fetched. parsed_report: may be NULL; its pointers lead into report.
 *
 * Returns what oe_verify_evidence returns; OE_UNSUPPORTED for local reports.
 */
oe_result_t oe_verify_remote_report(const uint8_t *report, size_t report_size,
	const uint8_t *endorsement_buffer, size_t endorsement_buffer_size,
	oe_report_t *parsed_report);

/* A caller's own check of who made a certificate. */
typedef oe_result_t (*oe_identity_verify_callback_t)(oe_identity_t *identity,
	void *arg);

/*
 * Verify a certificate of oe_generate_attestation_certificate; then
 * enclave_identity_callback, unless NULL, has a say.
 *
 * Returns OE_OK, OE_INVALID_PARAMETER, OE_FAILURE (no report in it),
 * OE_VERIFY_FAILED (signature, other key, or the callback refused), and what
 * oe_verify_evidence returns.
 */
oe_result_t oe_verify_attestation_certificate(uint8_t *cert_in_der,
	size_t cert_in_der_len,
	oe_identity_verify_callback_t enclave_identity_callback, void *arg);

OE_EXTERNC_END

#endif
