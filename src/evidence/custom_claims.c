/* SPDX-License-Identifier: MIT */
#include <openenclave/attestation/custom_claims.h>

#include "evidence/claims.h"

#include <stdlib.h>
#include <string.h>

struct head {
	uint64_t version, count;
};
struct entry {
	uint64_t name_size, value_size;
};

oe_result_t oe_serialize_custom_claims(const oe_claim_t *custom_claims,
	size_t custom_claims_length, uint8_t **claims_out,
	size_t *claims_size_out)
{
	struct head head = { OE_CUSTOM_CLAIMS_VERSION, custom_claims_length };
	size_t size = sizeof(head);
	uint8_t *to;

	if (!claims_out || !claims_size_out
			|| !custom_claims != !custom_claims_length)
		return OE_INVALID_PARAMETER;
	*claims_out = NULL;
	*claims_size_out = 0;
	for (size_t i = 0; i < custom_claims_length; i++) {
		const oe_claim_t *claim = &custom_claims[i];

		if (!claim->name || (!claim->value && claim->value_size))
			return OE_INVALID_PARAMETER;
		if (__builtin_add_overflow(size, sizeof(struct entry), &size)
				|| __builtin_add_overflow(size,
					strlen(claim->name) + 1, &size)
				|| __builtin_add_overflow(size,
					claim->value_size, &size))
			return OE_INTEGER_OVERFLOW;
	}
	to = malloc(size);
	if (!to)
		return OE_OUT_OF_MEMORY;
	*claims_out = to;
	*claims_size_out = size;
	memcpy(to, &head, sizeof(head));
	to += sizeof(head);
	for (size_t i = 0; i < custom_claims_length; i++) {
		const oe_claim_t *claim = &custom_claims[i];
		struct entry entry = {
			strlen(claim->name) + 1, claim->value_size
		};

		memcpy(to, &entry, sizeof(entry));
		to += sizeof(entry);
		memcpy(to, claim->name, entry.name_size);
		to += entry.name_size;
		if (entry.value_size)
			memcpy(to, claim->value, entry.value_size);
		to += entry.value_size;
	}
	return OE_OK;
}

static oe_result_t add(struct claims *claims, const uint8_t **from,
	size_t *left)
{
	struct entry entry;
	const char *name;
	oe_result_t result;

	if (*left < sizeof(entry))
		return OE_OUT_OF_BOUNDS;
	memcpy(&entry, *from, sizeof(entry));
	*left -= sizeof(entry);
	if (!entry.name_size || entry.name_size > *left
			|| entry.value_size > *left - entry.name_size)
		return OE_OUT_OF_BOUNDS;
	name = (const char *)*from + sizeof(entry);
	if (strnlen(name, entry.name_size) != entry.name_size - 1)
		return OE_INVALID_PARAMETER;
	result = claims_add(claims, name, name + entry.name_size,
		entry.value_size);
	*from += sizeof(entry) + entry.name_size + entry.value_size;
	*left -= entry.name_size + entry.value_size;
	return result;
}

oe_result_t oe_deserialize_custom_claims(const uint8_t *claims_in,
	size_t claims_size_in, oe_claim_t **claims_out,
	size_t *claims_length_out)
{
	struct claims claims = { 0 };
	oe_result_t result = OE_OK;
	struct head head;
	const uint8_t *at;
	uint8_t *copy;

	if (!claims_in || !claims_out || !claims_length_out
			|| claims_size_in < sizeof(head))
		return OE_INVALID_PARAMETER;
	*claims_out = NULL;
	*claims_length_out = 0;
	/* An enclave may have been handed memory that its host can change. */
	copy = malloc(claims_size_in);
	if (!copy)
		return OE_OUT_OF_MEMORY;
	memcpy(copy, claims_in, claims_size_in);
	memcpy(&head, copy, sizeof(head));
	if (head.version != OE_CUSTOM_CLAIMS_VERSION)
		result = OE_CONSTRAINT_FAILED;
	at = copy + sizeof(head);
	claims_size_in -= sizeof(head);
	for (uint64_t i = 0; !result && i < head.count; i++)
		result = add(&claims, &at, &claims_size_in);
	if (!result && claims_size_in)
		result = OE_OUT_OF_BOUNDS;
	free(copy);
	if (result) {
		claims_free(claims.list, claims.count);
		return result;
	}
	*claims_out = claims.list;
	*claims_length_out = claims.count;
	return OE_OK;
}

oe_result_t oe_free_serialized_custom_claims(uint8_t *custom_claims)
{
	free(custom_claims);
	return OE_OK;
}

oe_result_t oe_free_custom_claims(oe_claim_t *custom_claims,
	size_t custom_claims_length)
{
	claims_free(custom_claims, custom_claims_length);
	return OE_OK;
}
