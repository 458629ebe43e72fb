/* SPDX-License-Identifier: MIT */
/*
 * Local reports: EREPORT for whoever is named, and the check of one that was
 * made for us.  Quotes need a service that this library does not have.
 */
#include "cmac.h"
#include "core.h"
#include "report_parse.h"

#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

oe_result_t oe_get_report_v2(uint32_t flags, const uint8_t *report_data,
	size_t report_data_size, const void *opt_params,
	size_t opt_params_size, uint8_t **report_buffer,
	size_t *report_buffer_size)
{
	struct report_header header = {
		REPORT_VERSION, REPORT_LOCAL, sizeof(struct sgx_report)
	};
	uint8_t data[OE_REPORT_DATA_SIZE] = { 0 };
	struct sgx_targetinfo target;
	struct sgx_report report;

	if (report_buffer)
		*report_buffer = NULL;
	if (report_buffer_size)
		*report_buffer_size = 0;
	if (!report_buffer || !report_buffer_size || report_data_size
			> sizeof(data) || !report_data != !report_data_size
			|| !opt_params != !opt_params_size)
		return OE_INVALID_PARAMETER;
	if (flags & ~OE_REPORT_FLAGS_REMOTE_ATTESTATION)
		return OE_INVALID_PARAMETER;
	if (flags)
		return opt_params ? OE_INVALID_PARAMETER : OE_UNSUPPORTED;
	if (opt_params && opt_params_size != sizeof(target))
		return OE_INVALID_PARAMETER;
	if (report_data)
		memcpy(data, report_data, report_data_size);
	if (opt_params)
		memcpy(&target, opt_params, sizeof(target));
	core_ereport(opt_params ? &target : NULL, data, &report);
	*report_buffer = malloc(sizeof(header) + sizeof(report));
	if (!*report_buffer)
		return OE_OUT_OF_MEMORY;
	memcpy(*report_buffer, &header, sizeof(header));
	memcpy(*report_buffer + sizeof(header), &report, sizeof(report));
	*report_buffer_size = sizeof(header) + sizeof(report);
	return OE_OK;
}

static bool same(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

oe_result_t oe_verify_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed_report)
{
	struct sgx_keyrequest request = { .key_name = SGX_KEYNAME_REPORT };
	const struct sgx_report_body *body;
	struct sgx_report copy;
	uint8_t key[16], mac[16];
	oe_result_t result;
	uint32_t type;

	body = report_body(report, report_size, &type, &result);
	if (!body)
		return result;
	if (type != REPORT_LOCAL)
		return OE_UNSUPPORTED;
	memcpy(&copy, body, sizeof(copy));
	memcpy(request.key_id, copy.key_id, sizeof(request.key_id));
	if (core_egetkey(&request, key))
		return OE_UNEXPECTED;
	cmac_aes128(key, &copy.body, sizeof(copy.body), mac);
	memset(key, 0, sizeof(key));
	__asm__ volatile("" : : "r"(key) : "memory");
	if (!same(mac, copy.mac, sizeof(mac)))
		return OE_VERIFY_FAILED_AES_CMAC_MISMATCH;
	return parsed_report ? oe_parse_report(report, report_size,
		parsed_report) : OE_OK;
}
