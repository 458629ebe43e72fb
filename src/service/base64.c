/* SPDX-License-Identifier: MIT */
#include "base64.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* The six bits of a letter and one more, 0 for what is none; of either
 * alphabet, whose last two letters differ. */
static const uint8_t values[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6,
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12,
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,
	['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
	['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60,
	['8'] = 61, ['9'] = 62,
	['-'] = 63, ['_'] = 64, ['+'] = 63, ['/'] = 64,
};

/* Four letters at a time, until one is none: how many were taken. */
static size_t decode_fours(const char *text, size_t size, uint8_t *out)
{
	const uint8_t *in = (const uint8_t *)text;
	size_t taken = 0;

	for (; size - taken >= 4; taken += 4, in += 4) {
		uint8_t a = values[in[0]], b = values[in[1]];
		uint8_t c = values[in[2]], d = values[in[3]];
		uint32_t v;

		if (!a || !b || !c || !d)
			break;
		v = (uint32_t)(a - 1) << 18 | (uint32_t)(b - 1) << 12 |
		    (uint32_t)(c - 1) << 6 | (uint32_t)(d - 1);
		*out++ = (uint8_t)(v >> 16);
		*out++ = (uint8_t)(v >> 8);
		*out++ = (uint8_t)v;
	}
	return taken;
}

static int decode(const char *text, size_t text_size, bool any,
		  uint8_t **bytes, size_t *size)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n, i;
	uint8_t *out;

	if (any && text_size % 4 == 0)
		for (int k = 0; k < 2 && text_size &&
		     text[text_size - 1] == '='; k++)
			text_size--;
	if (text_size % 4 == 1 || (!any && (memchr(text, '+', text_size) ||
					    memchr(text, '/', text_size))))
		return -EINVAL;
	out = malloc(text_size / 4 * 3 + 3);
	if (!out)
		return -ENOMEM;
	i = decode_fours(text, text_size, out);
	for (n = i / 4 * 3; i < text_size; i++) {
		uint8_t v = values[(uint8_t)text[i]];

		if (!v) {
			free(out);
			return -EINVAL;
		}
		bits = (bits << 6 | (uint32_t)(v - 1)) & 0xffffff;
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
