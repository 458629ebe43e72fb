/* SPDX-License-Identifier: MIT */
#include "text_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct attest_bytes attest_text_trim(struct attest_bytes text)
{
	while (text.size && text.data[text.size - 1] == '\0')
		text.size--;
	return text;
}

/* Skips exactly these characters; false, and nothing moved, if they are not
 * there. */
static bool skip(struct attest_bytes *text, const char *what)
{
	size_t size = strlen(what);

	if (text->size < size || memcmp(text->data, what, size))
		return false;
	text->data += size;
	text->size -= size;
	return true;
}

static void skip_lines(struct attest_bytes *text)
{
	while (skip(text, "\n") || skip(text, "\r\n"))
		;
}

static int base64_value(uint8_t c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Four digits to bytes; how many, or 0.  Bits that do not count are zero. */
static size_t base64_quad(const uint8_t quad[4], uint8_t *out)
{
	size_t count = quad[3] != '=' ? 3 : quad[2] != '=' ? 2 : 1;
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++) {
		int digit = i <= count ? base64_value(quad[i]) :
			quad[i] == '=' ? 0 : -1;

		if (digit < 0)
			return 0;
		value = value << 6 | (uint32_t)digit;
	}
	if (value & ((1u << (8 * (3 - count))) - 1))
		return 0;
	for (size_t i = 0; i < count; i++)
		out[i] = (uint8_t)(value >> (16 - 8 * i));
	return count;
}

/* Base64 up to "-----END"; -EINVAL for anything else on the way. */
static int base64(struct attest_bytes *text, uint8_t *out, size_t *size)
{
	uint8_t quad[4];
	size_t in_quad = 0, count = 3;

	*size = 0;
	for (; text->size && *text->data != '-'; text->data++, text->size--) {
		uint8_t c = *text->data;

		if (c == '\n' || (c == '\r' && text->size > 1 &&
				text->data[1] == '\n'))
			continue;
		if (count != 3) /* something after padding */
			return -EINVAL;
		quad[in_quad++] = c;
		if (in_quad < 4)
			continue;
		in_quad = 0;
		count = base64_quad(quad, out + *size);
		if (!count)
			return -EINVAL;
		*size += count;
	}
	return in_quad ? -EINVAL : 0;
}

static bool skip_line(struct attest_bytes *text, const char *what,
	const char *label)
{
	return skip(text, "-----") && skip(text, what) && skip(text, label) &&
		skip(text, "-----");
}

int attest_text_pem_next(struct attest_bytes *text, const char *label,
	uint8_t **der, size_t *size)
{
	*der = NULL;
	skip_lines(text);
	if (!text->size)
		return -ENODATA;
	if (!skip_line(text, "BEGIN ", label))
		return -EINVAL;
	*der = malloc(text->size / 4 * 3 + 3);
	if (!*der)
		return -ENOMEM;
	if (base64(text, *der, size) || !*size ||
			!skip_line(text, "END ", label)) {
		free(*der);
		*der = NULL;
		return -EINVAL;
	}
	skip_lines(text);
	return 0;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
		c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool attest_text_hex(const char *digits, size_t count, uint8_t *out,
	size_t size)
{
	if (count != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = hex_value(digits[2 * i]);
		int low = hex_value(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

int attest_text_hex_all(struct attest_bytes text, uint8_t **out, size_t *size)
{
	while (text.size && (text.data[text.size - 1] == '\n' ||
			text.data[text.size - 1] == '\r'))
		text.size--;
	*size = text.size / 2;
	*out = malloc(*size + 1);
	if (!*out)
		return -ENOMEM;
	if (!*size || !attest_text_hex((const char *)text.data, text.size, *out,
			*size)) {
		free(*out);
		*out = NULL;
		return -EINVAL;
	}
	return 0;
}
