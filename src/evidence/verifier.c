/* SPDX-License-Identifier: MIT */
/*
 * openenclave/attestation/verifier.h without its certificates.  Everything
 * that is verified is copied first: an enclave may have been handed memory
 * of the host's, which can change under it.
 */
#include "evidence/claims.h"
#include "evidence/formats.h"
#include "evidence/registry.h"
#include "evidence/sgx.h"

#include <stdlib.h>
#include <string.h>

oe_result_t oe_verifier_initialize(void)
{
	oe_verifier_t *plugin;

	for (size_t i = 0; (plugin = sgx_verifier(i)); i++) {
		oe_result_t result = registry_add(&registry_verifiers,
			&plugin->base, NULL, 0);

		if (result && result != OE_ALREADY_EXISTS)
			return result;
	}
	return OE_OK;
}

oe_result_t oe_verifier_shutdown(void)
{
	oe_verifier_t *plugin;

	for (size_t i = 0; (plugin = sgx_verifier(i)); i++) {
		oe_result_t result = registry_remove(&registry_verifiers,
			&plugin->base);

		if (result && result != OE_NOT_FOUND)
			return result;
	}
	return OE_OK;
}

oe_result_t oe_verifier_get_formats(oe_uuid_t **format_ids,
	size_t *format_ids_length)
{
	oe_result_t result;

	if (!format_ids || !format_ids_length)
		return OE_INVALID_PARAMETER;
	result = registry_formats(&registry_verifiers, format_ids,
		format_ids_length);
	return !result && !*format_ids_length ? OE_NOT_FOUND : result;
}

oe_result_t oe_verifier_free_formats(oe_uuid_t *format_ids)
{
	free(format_ids);
	return OE_OK;
}

oe_result_t oe_verifier_get_format_settings(const oe_uuid_t *format_id,
	uint8_t **settings, size_t *settings_size)
{
	oe_verifier_t *plugin;
	oe_result_t result;

	if (!format_id || !settings || !settings_size)
		return OE_INVALID_PARAMETER;
	*settings = NULL;
	*settings_size = 0;
	result = oe_find_verifier_plugin(format_id, &plugin);
	/* A host knows of local evidence, and that it cannot verify it. */
	if (result && format_is_sgx(format_id) && registry_find(
			&registry_verifiers, &format_ecdsa))
		return OE_UNSUPPORTED;
	if (result)
		return result;
	return plugin->get_format_settings ? plugin->get_format_settings(
		plugin, settings, settings_size) : OE_UNSUPPORTED;
}

oe_result_t oe_verifier_free_format_settings(uint8_t *settings)
{
	free(settings);
	return OE_OK;
}

static bool complete(const oe_claim_t *list, size_t count)
{
	for (size_t i = 0; i < OE_REQUIRED_CLAIMS_COUNT; i++)
		if (!claims_find(list, count, OE_REQUIRED_CLAIMS[i]))
			return false;
	return true;
}

struct given {
	const oe_uuid_t *format;
	const uint8_t *evidence, *endorsements;
	size_t evidence_size, endorsements_size;
};

static oe_result_t ask(const struct given *given, const oe_policy_t *policies,
	size_t policies_size, oe_claim_t **claims, size_t *claims_length)
{
	oe_result_t result;
	oe_verifier_t *plugin;
	oe_claim_t *list = NULL;
	size_t count = 0;

	result = oe_find_verifier_plugin(given->format, &plugin);
	if (result)
		return result;
	result = plugin->verify_evidence(plugin, given->evidence,
		given->evidence_size, given->endorsements,
		given->endorsements_size, policies, policies_size, &list,
		&count);
	/* Nothing leaves that was not verified. */
	if (result && result != OE_TCB_LEVEL_INVALID)
		return result;
	if (!complete(list, count)) {
		plugin->free_claims(plugin, list, count);
		return OE_CONSTRAINT_FAILED;
	}
	if (claims) {
		*claims = list;
		*claims_length = count;
	} else {
		plugin->free_claims(plugin, list, count);
	}
	return result;
}

/* Takes the headers off, or finds that it is a report. */
static oe_result_t unwrap(struct given *given, oe_uuid_t *format)
{
	oe_uuid_t other;
	oe_result_t result;

	if (evidence_is_report(given->evidence, given->evidence_size)) {
		given->format = &format_legacy;
		return OE_OK;
	}
	result = evidence_header_read(given->evidence, given->evidence_size,
		format, &given->evidence, &given->evidence_size);
	if (result)
		return result;
	given->format = format;
	if (!given->endorsements)
		return OE_OK;
	result = evidence_header_read(given->endorsements,
		given->endorsements_size, &other, &given->endorsements,
		&given->endorsements_size);
	if (result)
		return result;
	return format_is(format, &other) ? OE_OK : OE_CONSTRAINT_FAILED;
}

oe_result_t oe_verify_evidence(const oe_uuid_t *format_id,
	const uint8_t *evidence_buffer, size_t evidence_buffer_size,
	const uint8_t *endorsements_buffer, size_t endorsements_buffer_size,
	const oe_policy_t *policies, size_t policies_size,
	oe_claim_t **claims, size_t *claims_length)
{
	oe_result_t result = OE_OK;
	struct given given;
	oe_uuid_t format;
	uint8_t *copy;
	size_t size;

	if (claims)
		*claims = NULL;
	if (claims_length)
		*claims_length = 0;
	if (!evidence_buffer || !evidence_buffer_size
			|| !endorsements_buffer != !endorsements_buffer_size
			|| !policies != !policies_size
			|| !claims != !claims_length)
		return OE_INVALID_PARAMETER;
	if (__builtin_add_overflow(evidence_buffer_size,
			endorsements_buffer_size, &size))
		return OE_INVALID_PARAMETER;
	copy = malloc(size);
	if (!copy)
		return OE_OUT_OF_MEMORY;
	memcpy(copy, evidence_buffer, evidence_buffer_size);
	if (endorsements_buffer)
		memcpy(copy + evidence_buffer_size, endorsements_buffer,
			endorsements_buffer_size);
	given = (struct given){
		.format = &format, .evidence = copy,
		.evidence_size = evidence_buffer_size,
		.endorsements = endorsements_buffer
			? copy + evidence_buffer_size : NULL,
		.endorsements_size = endorsements_buffer_size,
	};
	if (format_id)
		format = *format_id;
	else
		result = unwrap(&given, &format);
	if (!result)
		result = ask(&given, policies, policies_size, claims,
			claims_length);
	free(copy);
	return result;
}

oe_result_t oe_free_claims(oe_claim_t *claims, size_t claims_length)
{
	const oe_claim_t *format;
	oe_verifier_t *plugin;
	oe_uuid_t id;

	if (!claims)
		return OE_OK;
	format = claims_find(claims, claims_length, OE_CLAIM_FORMAT_UUID);
	if (!format || format->value_size != sizeof(id))
		return OE_INVALID_PARAMETER;
	memcpy(&id, format->value, sizeof(id));
	if (!oe_find_verifier_plugin(&id, &plugin))
		return plugin->free_claims(plugin, claims, claims_length);
	/* Ours are freed after oe_verifier_shutdown as well. */
	if (!format_is_sgx(&id))
		return OE_NOT_FOUND;
	claims_free(claims, claims_length);
	return OE_OK;
}
