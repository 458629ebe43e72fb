/* SPDX-License-Identifier: MIT */
#include "report_parse.h"

#include <stdlib.h>
#include <string.h>

const struct sgx_report_body *report_body(const uint8_t *report, size_t size,
	uint32_t *type, oe_result_t *result)
{
	struct report_header header;
	size_t at = sizeof(header), least = sizeof(struct sgx_report);

	*result = OE_INVALID_PARAMETER;
	if (!report || !size || size > OE_MAX_REPORT_SIZE)
		return NULL;
	*result = OE_REPORT_PARSE_ERROR;
	if (size < sizeof(header))
		return NULL;
	memcpy(&header, report, sizeof(header));
	if (header.version != REPORT_VERSION || (header.type != REPORT_LOCAL
			&& header.type != REPORT_QUOTE))
		return NULL;
	if (header.type == REPORT_QUOTE) {
		at += QUOTE_BODY;
		least = QUOTE_BODY + sizeof(struct sgx_report_body);
	}
	*result = OE_INCORRECT_REPORT_SIZE;
	if (header.size != size - sizeof(header) || header.size < least
			|| (header.type == REPORT_LOCAL
				&& header.size != least))
		return NULL;
	*result = OE_OK;
	*type = header.type;
	return (const struct sgx_report_body *)(report + at);
}

oe_result_t oe_parse_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed)
{
	const struct sgx_report_body *from;
	struct sgx_report_body body;
	oe_result_t result;
	uint32_t type;

	if (!parsed)
		return OE_INVALID_PARAMETER;
	from = report_body(report, report_size, &type, &result);
	if (!from)
		return result;
	memcpy(&body, from, sizeof(body));
	memset(parsed, 0, sizeof(*parsed));
	parsed->size = sizeof(*parsed);
	parsed->type = OE_ENCLAVE_TYPE_SGX;
	parsed->report_data_size = OE_REPORT_DATA_SIZE;
	parsed->report_data = (uint8_t *)from
		+ offsetof(struct sgx_report_body, report_data);
	parsed->enclave_report_size = sizeof(body);
	parsed->enclave_report = (uint8_t *)from;
	parsed->identity.security_version = body.isv_svn;
	if (body.attributes.flags & SGX_ATTR_DEBUG)
		parsed->identity.attributes |= OE_REPORT_ATTRIBUTES_DEBUG;
	if (type == REPORT_QUOTE)
		parsed->identity.attributes |= OE_REPORT_ATTRIBUTES_REMOTE;
	memcpy(parsed->identity.unique_id, body.mrenclave, OE_UNIQUE_ID_SIZE);
	memcpy(parsed->identity.signer_id, body.mrsigner, OE_SIGNER_ID_SIZE);
	parsed->identity.product_id[0] = (uint8_t)body.isv_prod_id;
	parsed->identity.product_id[1] = (uint8_t)(body.isv_prod_id >> 8);
	return OE_OK;
}

oe_result_t oe_get_target_info_v2(const uint8_t *report, size_t report_size,
	void **target_info_buffer, size_t *target_info_size)
{
	const struct sgx_report_body *from;
	struct sgx_report_body body;
	struct sgx_targetinfo *info;
	oe_result_t result;
	uint32_t type;

	if (!target_info_buffer || !target_info_size)
		return OE_INVALID_PARAMETER;
	*target_info_buffer = NULL;
	*target_info_size = 0;
	from = report_body(report, report_size, &type, &result);
	if (!from)
		return result;
	memcpy(&body, from, sizeof(body));
	info = calloc(1, sizeof(*info));
	if (!info)
		return OE_OUT_OF_MEMORY;
	memcpy(info->mrenclave, body.mrenclave, sizeof(info->mrenclave));
	info->attributes = body.attributes;
	info->misc_select = body.misc_select;
	*target_info_buffer = info;
	*target_info_size = sizeof(*info);
	return OE_OK;
}

void oe_free_target_info(void *target_info)
{
	free(target_info);
}

void oe_free_report(uint8_t *report_buffer)
{
	free(report_buffer);
}
