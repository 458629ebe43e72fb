/* SPDX-License-Identifier: MIT */
/* Reports of oe_get_report with a quote in them. */
#ifndef COFFER_EVIDENCE_REPORTS_H
#define COFFER_EVIDENCE_REPORTS_H

#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>

/* The quote in a report, a view.  OE_UNSUPPORTED for a local report;
 * OE_INVALID_PARAMETER, OE_REPORT_PARSE_ERROR, OE_INCORRECT_REPORT_SIZE. */
oe_result_t report_quote(const uint8_t *report, size_t size,
	const uint8_t **quote, size_t *quote_size);

/* oe_verify_remote_report; OE_TCB_LEVEL_INVALID fills *parsed as well. */
oe_result_t report_verify_remote(const uint8_t *report, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	oe_report_t *parsed);

#endif
