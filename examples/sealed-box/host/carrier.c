/* SPDX-License-Identifier: MIT */
/*
 * Linked with -Wl,--wrap=coffer_http_ocall: requests of the enclave come here
 * first.
 */
#include "carrier.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box_u.h"

#define BODY_MAX (256u << 10)
#define QUOTE_AT 600u /* characters of the quote's text before the change */

oe_result_t __real_coffer_http_ocall(const char *url, const uint8_t *body,
	size_t body_size, uint32_t *status, uint8_t *answer,
	size_t answer_capacity, size_t *answer_size);
oe_result_t __wrap_coffer_http_ocall(const char *url, const uint8_t *body,
	size_t body_size, uint32_t *status, uint8_t *answer,
	size_t answer_capacity, size_t *answer_size);

static const char *g_record, *g_replay;
static bool g_flip;

void carrier_record(const char *path)
{
	g_record = path;
}

void carrier_replay(const char *path)
{
	g_replay = path;
}

void carrier_flip(void)
{
	g_flip = true;
}

static void keep(const char *path, const void *body, size_t size)
{
	FILE *f = fopen(path, "wbe");

	if (!f || fwrite(body, 1, size, f) != size)
		fprintf(stderr, "%s: not written\n", path);
	if (f)
		fclose(f);
}

static size_t take(const char *path, uint8_t *body)
{
	FILE *f = fopen(path, "rbe");
	size_t size = f ? fread(body, 1, BODY_MAX, f) : 0;

	if (f)
		fclose(f);
	return size;
}

/* One bit: neighbours in the alphabet of base64, of which one is even. */
static void flip(uint8_t *body, size_t size)
{
	static const char begin[] = "\"quote\":";
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint8_t *at = memmem(body, size, begin, sizeof(begin) - 1);
	const char *digit;

	if (!at || (size_t)(body + size - at) <= QUOTE_AT)
		return;
	digit = memchr(alphabet, at[QUOTE_AT], sizeof(alphabet) - 1);
	if (digit)
		at[QUOTE_AT] = (uint8_t)alphabet[(digit - alphabet) ^ 1];
}

oe_result_t __wrap_coffer_http_ocall(const char *url, const uint8_t *body,
	size_t body_size, uint32_t *status, uint8_t *answer,
	size_t answer_capacity, size_t *answer_size)
{
	bool quote = strstr(url, "/attest/") && body_size <= BODY_MAX;
	uint8_t *other = quote ? malloc(BODY_MAX) : NULL;
	oe_result_t result;

	if (other) {
		memcpy(other, body, body_size);
		if (g_record)
			keep(g_record, body, body_size);
		if (g_replay)
			body_size = take(g_replay, other);
		if (g_flip)
			flip(other, body_size);
		body = other;
	}
	result = __real_coffer_http_ocall(url, body, body_size, status, answer,
		answer_capacity, answer_size);
	free(other);
	return result;
}
