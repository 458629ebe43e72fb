/* SPDX-License-Identifier: MIT */
/* Reports, from the host's side: the enclave makes them and checks those that
 * are for it; quotes are checked here. */
#include "system_u.h"

#include "evidence/reports.h"
#include "oe/enclave.h"

oe_result_t oe_get_report_v2(oe_enclave_t *enclave, uint32_t flags,
	const void *opt_params, size_t opt_params_size, uint8_t **report_buffer,
	size_t *report_buffer_size)
{
	oe_result_t result, answer = OE_UNEXPECTED;
	uint8_t *shared = NULL;
	size_t size = 0;

	if (report_buffer)
		*report_buffer = NULL;
	if (report_buffer_size)
		*report_buffer_size = 0;
	if (!enclave || !report_buffer || !report_buffer_size)
		return OE_INVALID_PARAMETER;
	result = oe_get_report_v2_ecall(enclave, &answer, flags, opt_params,
		opt_params_size, &shared, &size);
	/* The enclave does not import the function. */
	if (result == OE_NOT_FOUND)
		return OE_UNSUPPORTED;
	if (!result)
		result = answer;
	if (result)
		return result;
	return shared_take(enclave, shared, size, report_buffer,
		report_buffer_size);
}

oe_result_t oe_verify_report(oe_enclave_t *enclave, const uint8_t *report,
	size_t report_size, oe_report_t *parsed_report)
{
	oe_result_t result, answer = OE_UNEXPECTED;
	oe_report_t parsed;

	result = oe_parse_report(report, report_size, &parsed);
	if (result)
		return result;
	if (parsed.identity.attributes & OE_REPORT_ATTRIBUTES_REMOTE)
		return report_verify_remote(report, report_size, NULL, 0,
			parsed_report);
	if (!enclave)
		return OE_INVALID_PARAMETER;
	result = oe_verify_report_ecall(enclave, &answer, report, report_size);
	if (result == OE_NOT_FOUND)
		return OE_UNSUPPORTED;
	if (!result)
		result = answer;
	if (!result && parsed_report)
		*parsed_report = parsed;
	return result;
}
