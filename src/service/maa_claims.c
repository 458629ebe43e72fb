/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "maa_policy.h"

const char *maa_kind_name(enum maa_kind kind)
{
	static const char *const names[] = { "String", "Integer", "Boolean" };

	return names[kind];
}

const char *maa_issuer_name(enum maa_issuer issuer)
{
	static const char *const names[] = { "AttestationService",
		"AttestationPolicy", "CustomClaim" };

	return names[issuer];
}

bool maa_value_equal(const struct maa_value *a, const struct maa_value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == MAA_STRING)
		return strcmp(a->text, b->text) == 0;
	return a->number == b->number;
}

int maa_claims_add(struct maa_claims *claims, struct pool *pool,
		   const struct maa_claim *claim)
{
	if (claims->count >= MAA_CLAIMS_MOST)
		return -E2BIG;
	if (claims->count == claims->room) {
		size_t room = claims->room ? 2 * claims->room : 32;
		struct maa_claim *more = pool_alloc(pool,
						    room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		if (claims->count)
			memcpy(more, claims->at,
			       claims->count * sizeof(*more));
		claims->at = more;
		claims->room = room;
	}
	claims->at[claims->count++] = *claim;
	return 0;
}

int maa_claims_string(struct maa_claims *claims, struct pool *pool,
		      const char *type, const char *text)
{
	return maa_claims_add(claims, pool, &(struct maa_claim){ .type = type,
		.value = { .kind = MAA_STRING, .text = text } });
}

int maa_claims_integer(struct maa_claims *claims, struct pool *pool,
		       const char *type, int64_t number)
{
	return maa_claims_add(claims, pool, &(struct maa_claim){ .type = type,
		.value = { .kind = MAA_INTEGER, .number = number } });
}

int maa_claims_boolean(struct maa_claims *claims, struct pool *pool,
		       const char *type, bool value)
{
	return maa_claims_add(claims, pool, &(struct maa_claim){ .type = type,
		.value = { .kind = MAA_BOOLEAN, .number = value } });
}
