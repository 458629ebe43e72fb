/* SPDX-License-Identifier: MIT */
#include "key_release/encoding.h"

#include <mbedtls/base64.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1u << 20)

char *encoding_url(const void *bytes, size_t size)
{
	size_t room = (size + 2) / 3 * 4 + 1, n;
	char *text;

	if (size > TEXT_MAX)
		return NULL;
	text = malloc(room);
	if (!text)
		return NULL;
	if (mbedtls_base64_encode((unsigned char *)text, room, &n, bytes,
			size)) {
		free(text);
		return NULL;
	}
	while (n && text[n - 1] == '=')
		n--;
	text[n] = '\0';
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	return text;
}

/* To the standard alphabet, padded; false where it is not base64url. */
static bool to_standard(const char *text, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (c == '+' || c == '/' || c == '=' || c == '\n' ||
				c == '\r' || c == ' ')
			return false;
		out[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	while (size % 4)
		out[size++] = '=';
	out[size] = '\0';
	return true;
}

uint8_t *encoding_bytes(const char *text, size_t text_size, bool standard,
	size_t *size)
{
	size_t padded = (text_size + 3) / 4 * 4;
	char *copy;
	uint8_t *bytes;
	bool ok;

	if (text_size > TEXT_MAX || (!standard && text_size % 4 == 1))
		return NULL;
	copy = malloc(padded + 1);
	bytes = malloc(padded + 1);
	if (!copy || !bytes) {
		free(copy);
		free(bytes);
		return NULL;
	}
	if (standard) {
		memcpy(copy, text, text_size);
		padded = text_size;
		ok = true;
	} else {
		ok = to_standard(text, text_size, copy);
	}
	if (!ok || mbedtls_base64_decode(bytes, padded, size,
			(unsigned char *)copy, padded)) {
		free(bytes);
		bytes = NULL;
	} else {
		bytes[*size] = '\0';
	}
	free(copy);
	return bytes;
}

void encoding_wipe(void *bytes, size_t size)
{
	if (bytes)
		mbedtls_platform_zeroize(bytes, size);
}
