/* SPDX-License-Identifier: MIT */
/* A release policy and, after a NUL, claims: refused or decided, within
 * bounds, and always with a reason. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/akv_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char usual[] = "{\"a\":1,\"b\":\"x\",\"c\":true,"
		"\"d\":{\"e\":{\"f\":2.5}},\"g\":[1],\"h\":null}";
	const uint8_t *end = memchr(data, 0, size);
	size_t policy_size = end ? (size_t)(end - data) : size;
	struct why why = { "" };
	json_t *policy = akv_policy_parse((const char *)data, policy_size,
		&why);
	json_t *claims = NULL;

	if (!policy) {
		if (!why.text[0])
			abort();
		return 0;
	}
	if (end)
		claims = json_loadb((const char *)end + 1,
			size - policy_size - 1, 0, NULL);
	if (!claims)
		claims = json_loads(usual, 0, NULL);
	if (akv_policy_met(policy, "https://a", claims, &why) &&
			!why.text[0])
		abort();
	json_decref(claims);
	json_decref(policy);
	return 0;
}
