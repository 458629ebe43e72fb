/* SPDX-License-Identifier: MIT */
/* openenclave/attestation/attester.h without its certificates. */
#include "../core/core.h"
#include "../core/quote.h"
#include "attest/crypto.h"
#include "evidence/formats.h"
#include "evidence/quotes.h"
#include "evidence/registry.h"

#include <coffer/sgx_arch.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#include "system_t.h"

/* More formats than a machine has are nobody's business. */
#define FORMATS_MAX 16

static oe_result_t free_bytes(oe_attester_t *context, uint8_t *bytes)
{
	(void)context;
	free(bytes);
	return OE_OK;
}

static oe_result_t join(const void *first, size_t first_size,
	const void *second, size_t second_size, uint8_t **out, size_t *size)
{
	if (__builtin_add_overflow(first_size, second_size, size))
		return OE_INTEGER_OVERFLOW;
	*out = malloc(*size);
	if (!*out)
		return OE_OUT_OF_MEMORY;
	memcpy(*out, first, first_size);
	if (second_size)
		memcpy(*out + first_size, second, second_size);
	return OE_OK;
}

static oe_result_t local_evidence(oe_attester_t *context,
	const void *custom_claims, size_t custom_claims_size,
	const void *optional_parameters, size_t optional_parameters_size,
	uint8_t **evidence_buffer, size_t *evidence_buffer_size,
	uint8_t **endorsements_buffer, size_t *endorsements_buffer_size)
{
	struct sgx_targetinfo target;
	struct sgx_report report;
	uint8_t data[64] = { 0 };

	(void)context;
	if (!optional_parameters || optional_parameters_size
			!= sizeof(target))
		return OE_INVALID_PARAMETER;
	memcpy(&target, optional_parameters, sizeof(target));
	if (attest_sha256(custom_claims, custom_claims_size, data))
		return OE_CRYPTO_ERROR;
	core_ereport(&target, data, &report);
	if (endorsements_buffer) {
		*endorsements_buffer = NULL;
		*endorsements_buffer_size = 0;
	}
	return join(&report, sizeof(report), custom_claims,
		custom_claims_size, evidence_buffer, evidence_buffer_size);
}

static oe_result_t remote_evidence(oe_attester_t *context,
	const void *custom_claims, size_t custom_claims_size,
	const void *optional_parameters, size_t optional_parameters_size,
	uint8_t **evidence_buffer, size_t *evidence_buffer_size,
	uint8_t **endorsements_buffer, size_t *endorsements_buffer_size)
{
	uint8_t data[64] = { 0 }, *quote;
	oe_result_t result;
	size_t size;

	if (optional_parameters || optional_parameters_size)
		return OE_INVALID_PARAMETER;
	if (attest_sha256(custom_claims, custom_claims_size, data))
		return OE_CRYPTO_ERROR;
	quote = malloc(CORE_QUOTE_MAX);
	if (!quote)
		return OE_OUT_OF_MEMORY;
	result = core_quote(&context->base.format_id, data, quote,
		CORE_QUOTE_MAX, &size);
	/* Custom claims begin where the quote says that it ends. */
	if (!result) {
		size = attest_quote_size(quote, size);
		if (!size)
			result = OE_UNEXPECTED;
	}
	if (!result && endorsements_buffer)
		result = quote_endorsements(quote, size, NULL, 0,
			endorsements_buffer, endorsements_buffer_size);
	if (!result) {
		result = join(quote, size, custom_claims, custom_claims_size,
			evidence_buffer, evidence_buffer_size);
		if (result && endorsements_buffer) {
			free(*endorsements_buffer);
			*endorsements_buffer = NULL;
			*endorsements_buffer_size = 0;
		}
	}
	free(quote);
	return result;
}

static oe_result_t report(oe_attester_t *context, uint32_t flags,
	const uint8_t *report_data, size_t report_data_size,
	const void *opt_params, size_t opt_params_size,
	uint8_t **report_buffer, size_t *report_buffer_size)
{
	(void)context;
	return oe_get_report(flags, report_data, report_data_size, opt_params,
		opt_params_size, report_buffer, report_buffer_size);
}

static oe_attester_t local = {
	.base.format_id = { OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION },
	.get_evidence = local_evidence,
	.get_report = report,
	.free_evidence = free_bytes,
	.free_endorsements = free_bytes,
};
static oe_attester_t ecdsa = {
	.base.format_id = { OE_FORMAT_UUID_SGX_ECDSA },
	.get_evidence = remote_evidence,
	.get_report = report,
	.free_evidence = free_bytes,
	.free_endorsements = free_bytes,
};

/* Does the host say that its machine makes such quotes? */
static bool offered(const oe_uuid_t *format)
{
	oe_uuid_t formats[FORMATS_MAX];
	oe_result_t answer = OE_UNEXPECTED;
	size_t size = 0;

	if (oe_get_supported_attester_format_ids_ocall(&answer, formats,
			sizeof(formats), &size) || answer
			|| size > sizeof(formats))
		return false;
	for (size_t i = 0; i < size / sizeof(formats[0]); i++)
		if (format_is(&formats[i], format))
			return true;
	return false;
}

static oe_result_t once(oe_attester_t *plugin)
{
	oe_result_t result = registry_add(&registry_attesters, &plugin->base,
		NULL, 0);

	return result == OE_ALREADY_EXISTS ? OE_OK : result;
}

oe_result_t oe_attester_initialize(void)
{
	oe_result_t result = once(&local);

	if (!result && !registry_find(&registry_attesters,
			&ecdsa.base.format_id)
			&& offered(&ecdsa.base.format_id))
		result = once(&ecdsa);
	return result;
}

oe_result_t oe_attester_shutdown(void)
{
	oe_attester_t *all[] = { &local, &ecdsa };

	for (size_t i = 0; i < OE_COUNTOF(all); i++) {
		oe_result_t result = registry_remove(&registry_attesters,
			&all[i]->base);

		if (result && result != OE_NOT_FOUND)
			return result;
	}
	return OE_OK;
}

oe_result_t oe_attester_select_format(const oe_uuid_t *format_ids,
	size_t format_ids_length, oe_uuid_t *selected_format_id)
{
	if (!format_ids || !format_ids_length || !selected_format_id)
		return OE_INVALID_PARAMETER;
	for (size_t i = 0; i < format_ids_length; i++)
		if (registry_find(&registry_attesters, &format_ids[i])) {
			*selected_format_id = format_ids[i];
			return OE_OK;
		}
	return OE_NOT_FOUND;
}

/* Puts the header before *bytes, which it frees. */
static oe_result_t put_header(const oe_uuid_t *format, uint8_t **bytes,
	size_t *size)
{
	uint8_t head[EVIDENCE_HEADER_SIZE], *whole;
	oe_result_t result;
	size_t whole_size;

	if (!*bytes)
		return OE_OK;
	evidence_header_write(head, format, *size);
	result = join(head, sizeof(head), *bytes, *size, &whole, &whole_size);
	free(*bytes);
	*bytes = result ? NULL : whole;
	*size = result ? 0 : whole_size;
	return result;
}

oe_result_t oe_get_evidence(const oe_uuid_t *format_id, uint32_t flags,
	const void *custom_claims_buffer, size_t custom_claims_buffer_size,
	const void *optional_parameters, size_t optional_parameters_size,
	uint8_t **evidence_buffer, size_t *evidence_buffer_size,
	uint8_t **endorsements_buffer, size_t *endorsements_buffer_size)
{
	uint8_t *evidence = NULL, *endorsements = NULL;
	size_t evidence_size = 0, endorsements_size = 0;
	oe_attester_t *plugin;
	oe_result_t result;

	if (!format_id || !evidence_buffer || !evidence_buffer_size
			|| !endorsements_buffer != !endorsements_buffer_size
			|| !custom_claims_buffer != !custom_claims_buffer_size
			|| !optional_parameters != !optional_parameters_size
			|| (flags & ~OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID))
		return OE_INVALID_PARAMETER;
	*evidence_buffer = NULL;
	*evidence_buffer_size = 0;
	if (endorsements_buffer) {
		*endorsements_buffer = NULL;
		*endorsements_buffer_size = 0;
	}
	result = oe_find_attester_plugin(format_id, &plugin);
	if (result)
		return result;
	result = plugin->get_evidence(plugin, custom_claims_buffer,
		custom_claims_buffer_size, optional_parameters,
		optional_parameters_size, &evidence, &evidence_size,
		endorsements_buffer ? &endorsements : NULL,
		endorsements_buffer ? &endorsements_size : NULL);
	if (result)
		return result;
	if (flags & OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID) {
		result = put_header(format_id, &evidence, &evidence_size);
		if (!result)
			result = put_header(format_id, &endorsements,
				&endorsements_size);
	}
	if (result) {
		free(evidence);
		free(endorsements);
		return result;
	}
	*evidence_buffer = evidence;
	*evidence_buffer_size = evidence_size;
	if (endorsements_buffer) {
		*endorsements_buffer = endorsements;
		*endorsements_buffer_size = endorsements_size;
	}
	return OE_OK;
}

oe_result_t oe_free_evidence(uint8_t *evidence_buffer)
{
	free(evidence_buffer);
	return OE_OK;
}

oe_result_t oe_free_endorsements(uint8_t *endorsements_buffer)
{
	free(endorsements_buffer);
	return OE_OK;
}

oe_result_t oe_register_attester_plugin(oe_attester_t *plugin,
	const void *configuration_data, size_t configuration_data_size)
{
	return registry_add(&registry_attesters,
		plugin ? &plugin->base : NULL, configuration_data,
		configuration_data_size);
}

oe_result_t oe_unregister_attester_plugin(oe_attester_t *plugin)
{
	return registry_remove(&registry_attesters,
		plugin ? &plugin->base : NULL);
}

oe_result_t oe_find_attester_plugin(const oe_uuid_t *format_id,
	oe_attester_t **attester_plugin)
{
	if (!format_id || !attester_plugin)
		return OE_INVALID_PARAMETER;
	*attester_plugin = (oe_attester_t *)registry_find(&registry_attesters,
		format_id);
	return *attester_plugin ? OE_OK : OE_NOT_FOUND;
}
