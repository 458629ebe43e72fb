/* SPDX-License-Identifier: MIT */
#include "base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static char *encode(const uint8_t *in, size_t size, const char *alphabet,
		    bool padded)
{
	char *text, *out;

	if (size > SIZE_MAX / 2)
		return NULL;
	text = out = malloc(size / 3 * 4 + 5);
	if (!text)
		return NULL;
	for (; size >= 3; in += 3, size -= 3) {
		uint32_t v = (uint32_t)in[0] << 16 | in[1] << 8 | in[2];

		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		*out++ = alphabet[v >> 6 & 63];
		*out++ = alphabet[v & 63];
	}
	if (size) {
		uint32_t v = (uint32_t)in[0] << 16 |
			     (size == 2 ? in[1] << 8 : 0);

		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		if (size == 2)
			*out++ = alphabet[v >> 6 & 63];
		else if (padded)
			*out++ = '=';
		if (padded)
			*out++ = '=';
	}
	*out = '\0';
	return text;
}

char *base64url_encode(const void *bytes, size_t size)
{
	return encode(bytes, size, LETTERS "-_", false);
}

char *base64_encode(const void *bytes, size_t size)
{
	return encode(bytes, size, LETTERS "+/", true);
}

/* The six bits of a letter, -1 if it is none. */
static int value(char c, bool any)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || (any && c == '+'))
		return 62;
	if (c == '_' || (any && c == '/'))
		return 63;
	return -1;
}

static int decode(const char *text, size_t text_size, bool any,
		  uint8_t **bytes, size_t *size)
{
	uint32_t bits = 0;
	unsigned held = 0;
	uint8_t *out;
	size_t n = 0;

	if (any && text_size % 4 == 0)
		for (int i = 0; i < 2 && text_size &&
		     text[text_size - 1] == '='; i++)
			text_size--;
	if (text_size % 4 == 1)
		return -EINVAL;
	out = malloc(text_size / 4 * 3 + 3);
	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < text_size; i++) {
		int v = value(text[i], any);

		if (v < 0) {
			free(out);
			return -EINVAL;
		}
		bits = (bits << 6 | (uint32_t)v) & 0xffffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (uint8_t)(bits >> held);
		}
	}
	if (!any && (bits & ((1u << held) - 1))) {
		free(out);
		return -EINVAL;
	}
	out[n] = 0;
	*bytes = out;
	*size = n;
	return 0;
}

int base64url_decode(const char *text, size_t text_size, uint8_t **bytes,
		     size_t *size)
{
	return decode(text, text_size, false, bytes, size);
}

int base64_decode_any(const char *text, size_t text_size, uint8_t **bytes,
		      size_t *size)
{
	return decode(text, text_size, true, bytes, size);
}
