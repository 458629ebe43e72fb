/* SPDX-License-Identifier: MIT */
/* coffer_key_release(): the exchange, with this enclave's quotes and its
 * host's messages. */
#include "key_release/exchange.h"

#include "key_release/encoding.h"
#include "key_release_t.h"
#include <openenclave/enclave.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_HEADER 16 /* before the quote, in Open Enclave's reports */

static oe_result_t over_host(void *context, const char *url, const void *body,
	size_t body_size, uint32_t *status, uint8_t *answer, size_t capacity,
	size_t *answer_size)
{
	oe_result_t result = OE_UNEXPECTED, called;

	*status = 0;
	*answer_size = 0;
	called = coffer_http_ocall(&result, url, body, body_size, status,
		answer, capacity, answer_size);
	if (called)
		return called;
	if (result)
		return result;
	return *answer_size > capacity ? OE_UNEXPECTED : OE_OK;
}

static oe_result_t quote(void *context, const uint8_t data[64],
	uint8_t **bytes, size_t *size)
{
	uint8_t *report = NULL;
	size_t report_size = 0;
	oe_result_t result = oe_get_report(OE_REPORT_FLAGS_REMOTE_ATTESTATION,
		data, 64, NULL, 0, &report, &report_size);

	if (result)
		return result;
	if (report_size <= REPORT_HEADER) {
		oe_free_report(report);
		return OE_UNEXPECTED;
	}
	*size = report_size - REPORT_HEADER;
	*bytes = malloc(*size);
	if (*bytes)
		memcpy(*bytes, report + REPORT_HEADER, *size);
	oe_free_report(report);
	return *bytes ? OE_OK : OE_OUT_OF_MEMORY;
}

static int processor_random(void *context, unsigned char *bytes, size_t size)
{
	return oe_random(bytes, size) ? -1 : 0;
}

/* NULL, or a text that ends inside. */
static bool inside(const char *text)
{
	return !text || (oe_is_within_enclave(text, 1) &&
		oe_is_within_enclave(text, strlen(text) + 1));
}

/* What the host could change between a check and its use is not read. */
static bool request_inside(const struct coffer_key_request *request)
{
	return oe_is_within_enclave(request, sizeof(*request)) &&
		inside(request->attest_url) && inside(request->vault_url) &&
		inside(request->name) && inside(request->version) &&
		(!request->reason || oe_is_within_enclave(request->reason,
			request->reason_size));
}

oe_result_t coffer_key_release(const struct coffer_key_request *request,
	uint8_t **key, size_t *key_size)
{
	static const struct exchange_ops ops = {
		.http = over_host, .quote = quote,
		.random = processor_random,
	};

	if (!request || !key || !key_size || !request_inside(request) ||
			!oe_is_within_enclave(key, sizeof(*key)) ||
			!oe_is_within_enclave(key_size, sizeof(*key_size)))
		return OE_INVALID_PARAMETER;
	return exchange_run(&ops, request, key, key_size);
}

void coffer_key_free(uint8_t *key, size_t key_size)
{
	encoding_wipe(key, key_size);
	free(key);
}
