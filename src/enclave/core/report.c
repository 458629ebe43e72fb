/* SPDX-License-Identifier: MIT */
/*
 * Reports: EREPORT for whoever is named, the check of one that was made for
 * us, and quotes, which the host fetches.
 */
#include "report.h"

#include "cmac.h"
#include "core.h"
#include "quote.h"
#include "report_parse.h"

#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

static oe_result_t wrap(uint32_t type, const void *content, size_t size,
	uint8_t **buffer, size_t *buffer_size)
{
	struct report_header header = { REPORT_VERSION, type, size };

	*buffer = malloc(sizeof(header) + size);
	if (!*buffer)
		return OE_OUT_OF_MEMORY;
	memcpy(*buffer, &header, sizeof(header));
	memcpy(*buffer + sizeof(header), content, size);
	*buffer_size = sizeof(header) + size;
	return OE_OK;
}

static oe_result_t remote(const uint8_t data[OE_REPORT_DATA_SIZE],
	uint8_t **buffer, size_t *buffer_size)
{
	static const oe_uuid_t format = { OE_FORMAT_UUID_SGX_ECDSA };
	const size_t room = OE_MAX_REPORT_SIZE - sizeof(struct report_header);
	oe_result_t result;
	uint8_t *quote;
	size_t size;

	quote = malloc(room);
	if (!quote)
		return OE_OUT_OF_MEMORY;
	result = core_quote(&format, data, quote, room, &size);
	if (!result)
		result = wrap(REPORT_QUOTE, quote, size, buffer, buffer_size);
	free(quote);
	return result;
}

oe_result_t oe_get_report_v2(uint32_t flags, const uint8_t *report_data,
	size_t report_data_size, const void *opt_params,
	size_t opt_params_size, uint8_t **report_buffer,
	size_t *report_buffer_size)
{
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
	if (report_data)
		memcpy(data, report_data, report_data_size);
	if (flags)
		return opt_params ? OE_INVALID_PARAMETER
			: remote(data, report_buffer, report_buffer_size);
	if (opt_params && opt_params_size != sizeof(target))
		return OE_INVALID_PARAMETER;
	if (opt_params)
		memcpy(&target, opt_params, sizeof(target));
	core_ereport(opt_params ? &target : NULL, data, &report);
	return wrap(REPORT_LOCAL, &report, sizeof(report), report_buffer,
		report_buffer_size);
}

static bool same(const uint8_t *a, const uint8_t *b, size_t size)
{
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

oe_result_t report_check(const struct sgx_report *report)
{
	struct sgx_keyrequest request = { .key_name = SGX_KEYNAME_REPORT };
	uint8_t key[16], mac[16];

	memcpy(request.key_id, report->key_id, sizeof(request.key_id));
	if (core_egetkey(&request, key))
		return OE_UNEXPECTED;
	cmac_aes128(key, &report->body, sizeof(report->body), mac);
	memset(key, 0, sizeof(key));
	__asm__ volatile("" : : "r"(key) : "memory");
	return same(mac, report->mac, sizeof(mac)) ? OE_OK
		: OE_VERIFY_FAILED_AES_CMAC_MISMATCH;
}

oe_result_t report_verify_local(const uint8_t *report, size_t size,
	oe_report_t *parsed)
{
	const struct sgx_report_body *body;
	struct sgx_report copy;
	oe_result_t result;
	uint32_t type;

	body = report_body(report, size, &type, &result);
	if (!body)
		return result;
	if (type != REPORT_LOCAL)
		return OE_UNSUPPORTED;
	memcpy(&copy, body, sizeof(copy));
	result = report_check(&copy);
	if (result)
		return result;
	return parsed ? oe_parse_report(report, size, parsed) : OE_OK;
}
