/* SPDX-License-Identifier: MIT */
#include "../core/report.h"
#include "evidence/reports.h"

#include <openenclave/enclave.h>

oe_result_t oe_verify_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed_report)
{
	oe_result_t result = report_verify_local(report, report_size,
		parsed_report);

	if (result != OE_UNSUPPORTED)
		return result;
	return report_verify_remote(report, report_size, NULL, 0,
		parsed_report);
}
