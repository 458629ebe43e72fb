/* SPDX-License-Identifier: MIT */
/* A policy from a stranger is refused or runs, within its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/maa_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct why why = { "" };
	struct maa_policy *policy = maa_policy_new((const char *)data, size,
						   &why);
	struct maa_claims claims = { NULL, 0, 0 };
	struct maa_outcome outcome;
	struct pool pool;
	int r;

	/* Who is refused is told why and where. */
	if (!policy) {
		if (!why.text[0])
			abort();
		return 0;
	}
	pool_init(&pool, MAA_MEMORY_MOST);
	maa_claims_string(&claims, &pool, "x-ms-sgx-mrsigner", "00ff");
	maa_claims_integer(&claims, &pool, "x-ms-sgx-svn", 2);
	maa_claims_boolean(&claims, &pool, "x-ms-sgx-is-debuggable", false);
	maa_claims_string(&claims, &pool, "x-ms-runtime",
			  "{\"keys\":[{\"kty\":\"RSA\",\"n\":1}],\"a\":[1,2]}");
	r = maa_policy_run(policy, &claims, &pool, &outcome, &why);
	if (r < 0 && (!why.text[0] || outcome.decision == MAA_PERMITTED))
		abort();
	/* The service's claims cannot be forged. */
	for (size_t i = 0; r == 0 && i < outcome.issued.count; i++)
		if (strcmp(outcome.issued.at[i].type, "x-ms-sgx-svn") == 0 &&
		    (outcome.issued.at[i].value.kind != MAA_INTEGER ||
		     outcome.issued.at[i].value.number != 2))
			abort();
	pool_free(&pool);
	maa_policy_free(policy);
	return 0;
}
