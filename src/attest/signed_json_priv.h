/* SPDX-License-Identifier: MIT */
/*
 * Signed JSON, {"NAME":{...},"signature":"128 hexadecimal digits"}: what is
 * signed are the bytes of the object as they stand.  The signature is
 * checked before anything of the object is parsed.
 */
#ifndef COFFER_ATTEST_SIGNED_JSON_PRIV_H
#define COFFER_ATTEST_SIGNED_JSON_PRIV_H

#include "attest/collateral.h"
#include "attest/status.h"
#include "common/why.h"

#include <jansson.h>

struct signed_json {
	struct attest_bytes object; /* from { to }, within the text */
	uint8_t signature[64];
};

/* Splits a text.  0, or -EINVAL and why. */
int attest_signed_json_split(struct attest_bytes text, const char *name,
	struct signed_json *out, struct why *why);

/* 0; -EBADMSG for a wrong signature; -EIO. */
int attest_signed_json_verify(const struct signed_json *json,
	const uint8_t key[64]);

/* Parses the object; NULL if it is no JSON object, or no memory. */
json_t *attest_signed_json_parse(const struct signed_json *json);

/* Members of an object with the type they must have; false if not so. */
bool attest_json_get_number(const json_t *object, const char *name,
	uint64_t max,
	uint64_t *out);
bool attest_json_get_hex(const json_t *object, const char *name, uint8_t *out,
	size_t size);
bool attest_json_get_date(const json_t *object, const char *name, int64_t *out);
/* A string, borrowed; NULL if there is none. */
const char *attest_json_get_text(const json_t *object, const char *name);

/* The array of advisories, absent or well-formed (few and short enough for
 * a verdict); *out is borrowed, NULL if absent. */
bool attest_json_get_advisories(const json_t *object, json_t **out);

/* tcbDate and tcbStatus. */
bool attest_json_get_level(const json_t *object, int64_t *date,
	enum attest_tcb_status *status);

#endif
