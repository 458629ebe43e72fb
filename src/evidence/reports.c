/* SPDX-License-Identifier: MIT */
#include "evidence/reports.h"

#include "evidence/quotes.h"

#include <openenclave/host_verify.h>
#include <stdlib.h>
#include <string.h>

struct header {
	uint32_t version, type;
	uint64_t size;
};
enum { LOCAL = 1, REMOTE = 2, BODY = 48 };

oe_result_t report_quote(const uint8_t *report, size_t size,
	const uint8_t **quote, size_t *quote_size)
{
	struct header header;

	if (!report || !size || size > OE_MAX_REPORT_SIZE)
		return OE_INVALID_PARAMETER;
	if (size < sizeof(header))
		return OE_REPORT_PARSE_ERROR;
	memcpy(&header, report, sizeof(header));
	if (header.version != 1 || (header.type != LOCAL
			&& header.type != REMOTE))
		return OE_REPORT_PARSE_ERROR;
	if (header.size != size - sizeof(header))
		return OE_INCORRECT_REPORT_SIZE;
	if (header.type == LOCAL)
		return OE_UNSUPPORTED;
	if (header.size < ATTEST_QUOTE_MIN)
		return OE_INCORRECT_REPORT_SIZE;
	*quote = report + sizeof(header);
	*quote_size = header.size;
	return OE_OK;
}

/* By the verified copy; the pointers lead into the caller's report. */
static void parse(const struct attest_verdict *verdict, const uint8_t *report,
	oe_result_t result, oe_report_t *parsed)
{
	const struct sgx_report_body *body = &verdict->body;
	const uint8_t *from = report + sizeof(struct header) + BODY;

	memset(parsed, 0, sizeof(*parsed));
	parsed->size = sizeof(*parsed);
	parsed->type = OE_ENCLAVE_TYPE_SGX;
	parsed->report_data_size = OE_REPORT_DATA_SIZE;
	parsed->report_data = (uint8_t *)from
		+ offsetof(struct sgx_report_body, report_data);
	parsed->enclave_report_size = sizeof(*body);
	parsed->enclave_report = (uint8_t *)from;
	parsed->identity.security_version = body->isv_svn;
	parsed->identity.attributes = OE_REPORT_ATTRIBUTES_REMOTE;
	if (body->attributes.flags & SGX_ATTR_DEBUG)
		parsed->identity.attributes |= OE_REPORT_ATTRIBUTES_DEBUG;
	memcpy(parsed->identity.unique_id, body->mrenclave,
		OE_UNIQUE_ID_SIZE);
	memcpy(parsed->identity.signer_id, body->mrsigner,
		OE_SIGNER_ID_SIZE);
	parsed->identity.product_id[0] = (uint8_t)body->isv_prod_id;
	parsed->identity.product_id[1] = (uint8_t)(body->isv_prod_id >> 8);
	parsed->verification_result = result;
}

oe_result_t report_verify_remote(const uint8_t *report, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	oe_report_t *parsed)
{
	struct quote_check *check;
	const uint8_t *quote;
	uint8_t *copy;
	oe_result_t result;
	size_t quote_size, both;

	if (!report || !size || size > OE_MAX_REPORT_SIZE
			|| !endorsements != !endorsements_size
			|| __builtin_add_overflow(size, endorsements_size,
				&both))
		return OE_INVALID_PARAMETER;
	copy = malloc(both);
	check = calloc(1, sizeof(*check));
	if (!copy || !check) {
		free(copy);
		free(check);
		return OE_OUT_OF_MEMORY;
	}
	memcpy(copy, report, size);
	if (endorsements)
		memcpy(copy + size, endorsements, endorsements_size);
	result = report_quote(copy, size, &quote, &quote_size);
	if (!result)
		result = quote_verify(quote, quote_size,
			endorsements ? copy + size : NULL, endorsements_size,
			NULL, 0, check);
	if (parsed && (!result || result == OE_TCB_LEVEL_INVALID))
		parse(&check->verdict, report, result, parsed);
	quote_check_free(check);
	free(check);
	free(copy);
	return result;
}

oe_result_t oe_verify_remote_report(const uint8_t *report, size_t report_size,
	const uint8_t *endorsement_buffer, size_t endorsement_buffer_size,
	oe_report_t *parsed_report)
{
	return report_verify_remote(report, report_size, endorsement_buffer,
		endorsement_buffer_size, parsed_report);
}
