/* SPDX-License-Identifier: MIT */
/*
 * What an enclave takes from its host when a key is released: a signed answer
 * with certificates, and a wrapped key.  Nothing here is signed by whom the
 * enclave pinned, so nothing may be believed.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "key_release/encoding.h"
#include "key_release/signed.h"
#include "key_release/unwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pin[COFFER_PIN_SIZE] = { 1 }, key[32] = { 2 };
	const uint8_t *end = memchr(data, 0, size);
	size_t text_size = end ? (size_t)(end - data) : size;
	struct why why = { "" };
	json_t *jwks = NULL, *payload;
	uint8_t *plain;
	size_t n;

	if (end)
		jwks = signed_json(end + 1, size - text_size - 1);
	payload = signed_open((const char *)data, text_size, jwks, pin, &why);
	if (payload || !why.text[0])
		abort();
	json_decref(jwks);
	if (!unwrap_aes(key, sizeof(key), data, size, &plain, &n)) {
		encoding_wipe(plain, n);
		free(plain);
	}
	free(encoding_bytes((const char *)data, size, false, &n));
	free(encoding_bytes((const char *)data, size, true, &n));
	return 0;
}
