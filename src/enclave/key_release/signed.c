/* SPDX-License-Identifier: MIT */
#include "key_release/signed.h"

#include "key_release/encoding.h"
#include <errno.h>
#include <mbedtls/pk.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>

#define CERTS_MAX 6
#define DEPTH_BYTES (64u << 10) /* of JSON; jansson bounds the depth */
#define RSA_BITS_LEAST 2048

json_t *signed_json(const void *text, size_t size)
{
	json_t *object = size <= DEPTH_BYTES ? json_loadb(text, size,
		JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

const char *signed_text(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);
	const char *text = json_string_value(member);

	/* A NUL inside would end comparisons early. */
	return text && strlen(text) == json_string_length(member) ? text
		: NULL;
}

/* --- certificates ------------------------------------------------------- */

/* An enclave has no clock to hold them against. */
static int without_times(void *context, mbedtls_x509_crt *cert, int depth,
	uint32_t *flags)
{
	*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED |
		MBEDTLS_X509_BADCERT_FUTURE);
	return 0;
}

static int parse_x5c(const json_t *x5c, mbedtls_x509_crt *certs,
	size_t *count)
{
	const json_t *entry;
	size_t i;

	*count = 0;
	if (!json_is_array(x5c) || json_array_size(x5c) > CERTS_MAX)
		return -EINVAL;
	json_array_foreach(x5c, i, entry) {
		size_t size;
		uint8_t *der = json_is_string(entry) ? encoding_bytes(
			json_string_value(entry), json_string_length(entry),
			true, &size) : NULL;
		int r;

		if (!der)
			return -EINVAL;
		mbedtls_x509_crt_init(&certs[i]);
		(*count)++;
		r = mbedtls_x509_crt_parse_der(&certs[i], der, size);
		free(der);
		if (r)
			return -EINVAL;
	}
	return *count ? 0 : -EINVAL;
}

static bool is_pinned(const mbedtls_x509_crt *cert,
	const uint8_t pin[COFFER_PIN_SIZE])
{
	uint8_t digest[32];

	return !mbedtls_sha256_ret(cert->pk_raw.p, cert->pk_raw.len, digest,
		0) && !memcmp(digest, pin, sizeof(digest));
}

/* Does the first certificate lead to the pinned one? */
static bool leads_to(mbedtls_x509_crt *certs, size_t count,
	const uint8_t pin[COFFER_PIN_SIZE])
{
	uint32_t flags = 0;
	size_t pinned;
	bool ok;

	for (pinned = 0; pinned < count; pinned++)
		if (is_pinned(&certs[pinned], pin))
			break;
	if (pinned == count)
		return false;
	if (!pinned)
		return true;
	for (size_t i = 0; i + 1 < pinned; i++)
		certs[i].next = &certs[i + 1];
	ok = !mbedtls_x509_crt_verify(&certs[0], &certs[pinned], NULL, NULL,
		&flags, without_times, NULL) && !flags;
	for (size_t i = 0; i + 1 < pinned; i++)
		certs[i].next = NULL;
	return ok;
}

/* --- the signature ------------------------------------------------------ */

struct parts {
	const char *text; /* header and payload with the dot between */
	size_t text_size;
	json_t *header;
	uint8_t *payload, *signature;
	size_t payload_size, signature_size;
};

static void parts_free(struct parts *parts)
{
	json_decref(parts->header);
	free(parts->payload);
	free(parts->signature);
}

static int split(const char *text, size_t size, struct parts *parts)
{
	const char *first = memchr(text, '.', size), *second;
	uint8_t *header;
	size_t n;

	memset(parts, 0, sizeof(*parts));
	second = first ? memchr(first + 1, '.',
		size - (size_t)(first + 1 - text)) : NULL;
	if (!second)
		return -EINVAL;
	parts->text = text;
	parts->text_size = (size_t)(second - text);
	header = encoding_bytes(text, (size_t)(first - text), false, &n);
	parts->header = header ? signed_json(header, n) : NULL;
	free(header);
	parts->payload = encoding_bytes(first + 1,
		(size_t)(second - first - 1), false, &parts->payload_size);
	parts->signature = encoding_bytes(second + 1,
		size - (size_t)(second + 1 - text), false,
		&parts->signature_size);
	if (parts->header && parts->payload && parts->signature)
		return 0;
	parts_free(parts);
	return -EINVAL;
}

static bool verifies(mbedtls_x509_crt *signer, const struct parts *parts)
{
	uint8_t digest[32];

	return mbedtls_pk_get_type(&signer->pk) == MBEDTLS_PK_RSA &&
		mbedtls_pk_get_bitlen(&signer->pk) >= RSA_BITS_LEAST &&
		!mbedtls_sha256_ret((const unsigned char *)parts->text,
			parts->text_size, digest, 0) &&
		!mbedtls_pk_verify(&signer->pk, MBEDTLS_MD_SHA256, digest,
			sizeof(digest), parts->signature,
			parts->signature_size);
}

/* The certificates of the key of a set that a header names. */
static const json_t *x5c_of(const json_t *header, const json_t *jwks)
{
	const char *kid = signed_text(header, "kid"), *name;
	const json_t *key;
	size_t i;

	if (!jwks)
		return json_object_get(header, "x5c");
	json_array_foreach(json_object_get(jwks, "keys"), i, key) {
		name = signed_text(key, "kid");
		if (kid && name && !strcmp(kid, name))
			return json_object_get(key, "x5c");
	}
	return NULL;
}

static int verify(const struct parts *parts, const json_t *jwks,
	const uint8_t pin[COFFER_PIN_SIZE], struct why *why)
{
	const char *algorithm = signed_text(parts->header, "alg");
	mbedtls_x509_crt certs[CERTS_MAX];
	size_t count;
	int r;

	if (!algorithm || strcmp(algorithm, "RS256") ||
			json_object_get(parts->header, "crit"))
		return why_set(why, -EACCES, "is not signed with RS256");
	r = parse_x5c(x5c_of(parts->header, jwks), certs, &count);
	if (r)
		why_set(why, r, "comes without its signer's certificates");
	else if (!leads_to(certs, count, pin))
		r = why_set(why, -EACCES, "is signed by somebody else than "
			"the pinned service");
	else if (!verifies(&certs[0], parts))
		r = why_set(why, -EACCES, "has a wrong signature");
	while (count)
		mbedtls_x509_crt_free(&certs[--count]);
	return r;
}

json_t *signed_open(const char *text, size_t size, const json_t *jwks,
	const uint8_t pin[COFFER_PIN_SIZE], struct why *why)
{
	struct parts parts;
	json_t *payload = NULL;

	if (split(text, size, &parts)) {
		why_set(why, -EINVAL, "is no signed JSON (JWS)");
		return NULL;
	}
	if (!verify(&parts, jwks, pin, why)) {
		payload = signed_json(parts.payload, parts.payload_size);
		if (!payload)
			why_set(why, -EINVAL, "holds no JSON object");
	}
	parts_free(&parts);
	return payload;
}
