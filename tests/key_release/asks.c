/* SPDX-License-Identifier: MIT */
#include "asks_t.h"

#include <coffer/key_release.h>
#include <mbedtls/sha256.h>
#include <string.h>

oe_result_t ask_key(const char *attest_url, const char *vault_url,
	const char *name, const char *version, const uint8_t *service_pin,
	const uint8_t *attest_pin, uint8_t *digest, size_t *key_size,
	char *reason)
{
	struct coffer_key_request request = {
		.attest_url = attest_url, .vault_url = vault_url,
		.name = name, .version = version, .reason = reason,
		.reason_size = 256,
	};
	uint8_t *key = NULL;
	oe_result_t result;

	memcpy(request.service_pin, service_pin, COFFER_PIN_SIZE);
	memcpy(request.attest_pin, attest_pin, COFFER_PIN_SIZE);
	result = coffer_key_release(&request, &key, key_size);
	if (result)
		return result;
	mbedtls_sha256_ret(key, *key_size, digest, 0);
	coffer_key_free(key, *key_size);
	return OE_OK;
}

oe_result_t ask_outside(void *outside, uint32_t which)
{
	struct coffer_key_request request = {
		.attest_url = which == 0 ? outside : "https://localhost:1",
		.vault_url = which == 1 ? outside : "https://localhost:1",
		.name = which == 2 ? outside : "data-key",
		.version = which == 3 ? outside : "",
		.service_pin = { 1 },
	};
	uint8_t *key = NULL;
	size_t key_size = 0;

	return coffer_key_release(&request, which == 4 ? outside : &key,
		which == 5 ? outside : &key_size);
}
