/* SPDX-License-Identifier: MIT */
#include "jws.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_MOST = JWK_RSA_BITS_MOST / 8 };

static const struct algorithm {
	const char *name;
	const char *key;	/* OpenSSL's name of the kind of key */
	const char *group;	/* for curves */
	const char *digest;
	size_t half;		/* of an ES signature */
	bool pss;
} algorithms[] = {
	{ "RS256", "RSA", NULL, "SHA256", 0, false },
	{ "RS384", "RSA", NULL, "SHA384", 0, false },
	{ "RS512", "RSA", NULL, "SHA512", 0, false },
	{ "PS256", "RSA", NULL, "SHA256", 0, true },
	{ "PS384", "RSA", NULL, "SHA384", 0, true },
	{ "PS512", "RSA", NULL, "SHA512", 0, true },
	{ "ES256", "EC", "prime256v1", "SHA256", 32, false },
	{ "ES384", "EC", "secp384r1", "SHA384", 48, false },
	{ "ES512", "EC", "secp521r1", "SHA512", 66, false },
};

static bool fits(const struct algorithm *algorithm, EVP_PKEY *key)
{
	char group[64];

	if (!EVP_PKEY_is_a(key, algorithm->key))
		return false;
	if (!algorithm->group)
		return EVP_PKEY_get_bits(key) >= JWK_RSA_BITS_LEAST &&
		       EVP_PKEY_get_bits(key) <= JWK_RSA_BITS_MOST;
	return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) &&
	       strcmp(group, algorithm->group) == 0;
}

static const struct algorithm *find(const char *name, EVP_PKEY *key)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if ((!name || strcmp(name, algorithms[i].name) == 0) &&
		    fits(&algorithms[i], key))
			return &algorithms[i];
	return NULL;
}

const char *jws_algorithm_of(EVP_PKEY *key)
{
	const struct algorithm *algorithm = find(NULL, key);

	return algorithm ? algorithm->name : NULL;
}

int jws_parse(const char *text, size_t size, struct jws *jws,
	      struct why *why)
{
	const char *end = text + size, *first, *second;
	uint8_t *header = NULL, *payload = NULL;
	size_t header_size, payload_size;
	int r;

	memset(jws, 0, sizeof(*jws));
	first = memchr(text, '.', size);
	second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) :
		 NULL;
	if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
		return why_set(why, -EINVAL, "a token has three parts with "
			       "two dots between them");
	r = base64url_decode(text, (size_t)(first - text), &header,
			     &header_size);
	if (r == 0)
		r = base64url_decode(first + 1, (size_t)(second - first - 1),
				     &payload, &payload_size);
	if (r == 0)
		r = base64url_decode(second + 1, (size_t)(end - second - 1),
				     &jws->signature, &jws->signature_size);
	if (r < 0) {
		free(header);
		free(payload);
		return why_set(why, r, r == -ENOMEM ? "no memory for a token" :
			       "a part of the token is not base64url");
	}
	jws->payload = (char *)payload;
	jws->payload_size = payload_size;
	jws->signed_text = text;
	jws->signed_size = (size_t)(second - text);
	jws->header = json_loadb((const char *)header, header_size,
				 JSON_REJECT_DUPLICATES, NULL);
	free(header);
	jws->algorithm = json_string_value(json_object_get(jws->header, "alg"));
	if (!json_is_object(jws->header) || !jws->algorithm)
		r = why_set(why, -EINVAL, "the token's header is no JSON "
			    "object with an \"alg\"");
	else if (json_object_get(jws->header, "crit") ||
		 json_object_get(jws->header, "b64"))
		r = why_set(why, -EINVAL, "the token's header has a \"crit\" "
			    "or \"b64\", which is not understood here");
	if (r < 0)
		jws_free(jws);
	return r;
}

void jws_free(struct jws *jws)
{
	json_decref(jws->header);
	free(jws->payload);
	free(jws->signature);
	memset(jws, 0, sizeof(*jws));
}

bool jws_is_unsecured(const struct jws *jws)
{
	return strcmp(jws->algorithm, "none") == 0 && jws->signature_size == 0;
}

static int set_padding(const struct algorithm *algorithm,
		       EVP_PKEY_CTX *context)
{
	if (!algorithm->pss)
		return 1;
	return EVP_PKEY_CTX_set_rsa_padding(context,
					    RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(context,
						RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* r||s to DER; the number of bytes, 0 if it is not such a pair. */
static size_t pair_to_der(const uint8_t *pair, size_t half, uint8_t **der)
{
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(pair, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(pair + half, (int)half, NULL);
	int size = 0;

	if (signature && r && s && ECDSA_SIG_set0(signature, r, s)) {
		size = i2d_ECDSA_SIG(signature, der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(signature);
	return size > 0 ? (size_t)size : 0;
}

int jws_verify(const struct jws *jws, EVP_PKEY *key, struct why *why)
{
	const struct algorithm *algorithm = find(jws->algorithm, key);
	const uint8_t *signature = jws->signature;
	size_t size = jws->signature_size;
	EVP_PKEY_CTX *padding;
	EVP_MD_CTX *context;
	uint8_t *der = NULL;
	int good = 0;

	if (!algorithm)
		return why_set(why, -EKEYREJECTED, "the token's algorithm "
			       "\"%.32s\" does not go with the key",
			       jws->algorithm);
	if (algorithm->half) {
		if (size != 2 * algorithm->half)
			return why_set(why, -EKEYREJECTED, "the token's "
				       "signature has not the size of %s",
				       algorithm->name);
		size = pair_to_der(signature, algorithm->half, &der);
		signature = der;
	}
	context = EVP_MD_CTX_new();
	good = context && size &&
	       EVP_DigestVerifyInit_ex(context, &padding, algorithm->digest,
				       NULL, NULL, key, NULL) > 0 &&
	       set_padding(algorithm, padding) &&
	       EVP_DigestVerify(context, signature, size,
				(const uint8_t *)jws->signed_text,
				jws->signed_size) == 1;
	EVP_MD_CTX_free(context);
	OPENSSL_free(der);
	return good ? 0 : why_set(why, -EKEYREJECTED, "the token's signature "
				  "does not verify");
}

/* DER to r||s; 0 or -EINVAL. */
static int der_to_pair(const uint8_t *der, size_t size, size_t half,
		       uint8_t *pair)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
	int r = -EINVAL;

	if (signature &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(signature), pair, (int)half) >= 0 &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(signature), pair + half,
			 (int)half) >= 0)
		r = 0;
	ECDSA_SIG_free(signature);
	return r;
}

/* The signature's bytes; 0 or negative. */
static int sign(const struct algorithm *algorithm, EVP_PKEY *key,
		const char *text, size_t text_size,
		uint8_t out[SIGNATURE_MOST], size_t *size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t raw[SIGNATURE_MOST];
	size_t raw_size = sizeof(raw);
	EVP_PKEY_CTX *padding;
	int r = -EIO;

	if (context &&
	    EVP_DigestSignInit_ex(context, &padding, algorithm->digest, NULL,
				  NULL, key, NULL) > 0 &&
	    set_padding(algorithm, padding) &&
	    EVP_DigestSign(context, raw, &raw_size, (const uint8_t *)text,
			   text_size) > 0) {
		r = 0;
		*size = raw_size;
		if (algorithm->half) {
			*size = 2 * algorithm->half;
			r = der_to_pair(raw, raw_size, algorithm->half, out);
		} else {
			memcpy(out, raw, raw_size);
		}
	}
	EVP_MD_CTX_free(context);
	return r;
}

char *jws_sign(const json_t *header, const void *payload, size_t size,
	       EVP_PKEY *key, struct why *why)
{
	const char *name = json_string_value(json_object_get(header, "alg"));
	const struct algorithm *algorithm = NULL;
	uint8_t signature[SIGNATURE_MOST];
	char *first = NULL, *second = NULL, *third = NULL;
	char *text = NULL, *token = NULL;
	size_t signature_size = 0;

	if (!name || (!key && strcmp(name, "none") != 0) ||
	    (key && !(algorithm = find(name, key)))) {
		why_set(why, -EINVAL, "the token's algorithm \"%.32s\" does "
			"not go with the key", name ? name : "");
		return NULL;
	}
	why_set(why, -ENOMEM, "no memory for a token");
	text = json_dumps(header, JSON_COMPACT);
	first = text ? base64url_encode(text, strlen(text)) : NULL;
	second = base64url_encode(payload, size);
	free(text);
	text = NULL;
	if (!first || !second || asprintf(&text, "%s.%s", first, second) < 0)
		goto out;
	if (key && sign(algorithm, key, text, strlen(text), signature,
			&signature_size) < 0) {
		why_set(why, -EIO, "the key did not sign the token");
		goto out;
	}
	third = base64url_encode(signature, signature_size);
	if (!third || asprintf(&token, "%s.%s", text, third) < 0)
		token = NULL;
out:
	free(first);
	free(second);
	free(third);
	free(text);
	return token;
}
