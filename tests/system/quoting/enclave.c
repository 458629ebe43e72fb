/* SPDX-License-Identifier: MIT */
/* An application enclave that makes REPORTs for whom the host says. */
#include <openenclave/enclave.h>
#include <string.h>

#include "quoted_t.h"

#define HEADER 16 /* of Open Enclave, before SGX's REPORT */

int quoted_report(const uint8_t *target, const uint8_t *data, uint8_t *report)
{
	uint8_t *made;
	size_t size;
	oe_result_t result;

	if (!target || !data || !report)
		return OE_INVALID_PARAMETER;
	result = oe_get_report(0, data, 64, target, 512, &made, &size);
	if (result != OE_OK)
		return (int)result;
	memcpy(report, made + HEADER, 432);
	oe_free_report(made);
	return OE_OK;
}

int quoted_target(uint8_t *target)
{
	uint8_t *report;
	void *info = NULL;
	size_t size;
	oe_result_t result;

	if (!target)
		return OE_INVALID_PARAMETER;
	result = oe_get_report(0, NULL, 0, NULL, 0, &report, &size);
	if (result != OE_OK)
		return (int)result;
	result = oe_get_target_info(report, size, &info, &size);
	if (result == OE_OK && size == 512)
		memcpy(target, info, 512);
	oe_free_target_info(info);
	oe_free_report(report);
	return (int)result;
}

OE_SET_ENCLAVE_SGX(7, 3, false, 64, 16, 8);
