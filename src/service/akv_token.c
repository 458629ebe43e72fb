/* SPDX-License-Identifier: MIT */
#include "service/akv_token.h"

#include "service/akv_policy.h"
#include "service/http.h"
#include "service/jws.h"
#include <errno.h>
#include <string.h>

#define RSA_BITS_LEAST 2048
#define RUNTIME_KEYS_MOST 16

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The key of a set that a token's header names, verified with. */
static int verify_signature(const struct jws *jws, const json_t *jwks,
	struct why *why)
{
	const char *kid = text_of(jws->header, "kid");
	const json_t *key;
	size_t i;

	json_array_foreach(json_object_get(jwks, "keys"), i, key) {
		const char *name = text_of(key, "kid");
		EVP_PKEY *public;
		int r;

		if (!name || strcmp(name, kid))
			continue;
		public = jwk_public_key(key, why);
		if (!public)
			return -EINVAL;
		r = jws_verify(jws, public, why);
		EVP_PKEY_free(public);
		return r ? -EACCES : 0;
	}
	return why_set(why, -EACCES, "the token is signed by a key that its "
		"issuer does not publish");
}

static int check_times(const json_t *claims, int64_t now, struct why *why)
{
	const json_t *exp = json_object_get(claims, "exp");
	const char *const not_before[] = {"nbf", "iat"};

	if (!json_is_integer(exp))
		return why_set(why, -EACCES, "the token has no end (\"exp\")");
	if (json_integer_value(exp) <= now)
		return why_set(why, -EACCES, "the token ended at %lld, and it "
			"is %lld (seconds since 1970)",
			(long long)json_integer_value(exp), (long long)now);
	for (size_t i = 0; i < 2; i++) {
		const json_t *at = json_object_get(claims, not_before[i]);

		if (!at)
			continue;
		if (!json_is_integer(at) ||
				json_integer_value(at) > now + AKV_TOKEN_SKEW)
			return why_set(why, -EACCES, "the token is not valid "
				"yet (\"%s\")", not_before[i]);
	}
	return 0;
}

static bool may_encrypt(const json_t *key)
{
	const char *use = text_of(key, "use");
	const json_t *op;
	size_t i;

	if (!use)
		use = text_of(key, "key_use"); /* as Azure's pages have it */
	if (use && !strcmp(use, "enc"))
		return true;
	json_array_foreach(json_object_get(key, "key_ops"), i, op)
		if (json_is_string(op) &&
				!strcmp(json_string_value(op), "encrypt"))
			return true;
	return false;
}

static int find_enclave_key(struct akv_token *token, struct why *why)
{
	static const char *const places[] = {
		"x-ms-runtime.keys", "x-ms-isolation-tee.x-ms-runtime.keys",
	};
	const json_t *keys = NULL, *key;
	size_t i;

	for (i = 0; i < 2 && !keys; i++)
		keys = akv_policy_claim(token->claims, places[i]);
	if (!json_is_array(keys) ||
			json_array_size(keys) > RUNTIME_KEYS_MOST)
		return why_set(why, -EACCES, "the token has no "
			"\"x-ms-runtime\" with \"keys\": attest with runtime "
			"data {\"keys\":[…]} of type JSON");
	json_array_foreach(keys, i, key) {
		const char *kid = text_of(key, "kid");
		EVP_PKEY *public;

		if (!kid || !may_encrypt(key))
			continue;
		public = jwk_public_key(key, NULL);
		if (public && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
				EVP_PKEY_get_bits(public) >= RSA_BITS_LEAST) {
			token->enclave_key = public;
			token->enclave_kid = kid;
			return 0;
		}
		EVP_PKEY_free(public);
	}
	return why_set(why, -EACCES, "none of the token's keys is an RSA key "
		"of %d bits or more, with a \"kid\", for encryption",
		RSA_BITS_LEAST);
}

static int open_token(const struct jws *jws, akv_issuer_keys *keys,
	void *context, int64_t now, struct akv_token *token, struct why *why)
{
	const char *fault = NULL;
	json_t *jwks = NULL;
	int r;

	if (jws_is_unsecured(jws) || strcmp(jws->algorithm, "RS256"))
		return why_set(why, -EACCES,
			"the token is not signed with RS256");
	if (!text_of(jws->header, "kid"))
		return why_set(why, -EACCES,
			"the token does not say which key signed it (\"kid\")");
	token->claims = http_json_parse(jws->payload, jws->payload_size,
		&fault);
	if (!json_is_object(token->claims))
		return why_set(why, -EINVAL, "the token has no claims: %s",
			fault ? fault : "it holds no JSON object");
	token->issuer = text_of(token->claims, "iss");
	if (!token->issuer)
		return why_set(why, -EACCES,
			"the token does not say who issued it (\"iss\")");
	token->id = text_of(token->claims, "jti");
	if (!token->id)
		token->id = "";
	r = keys(context, token->issuer, &jwks, why);
	if (r)
		return r;
	r = verify_signature(jws, jwks, why);
	json_decref(jwks);
	if (!r)
		r = check_times(token->claims, now, why);
	return r ? r : find_enclave_key(token, why);
}

int akv_token_verify(const char *text, size_t size, akv_issuer_keys *keys,
	void *context, int64_t now, struct akv_token *token, struct why *why)
{
	struct jws jws;
	int r;

	memset(token, 0, sizeof(*token));
	if (size > AKV_TOKEN_MAX)
		return why_set(why, -EINVAL, "the token is longer than %u "
			"bytes", AKV_TOKEN_MAX);
	r = jws_parse(text, size, &jws, why);
	if (r)
		return r;
	r = open_token(&jws, keys, context, now, token, why);
	jws_free(&jws);
	if (r)
		akv_token_wipe(token);
	return r;
}

void akv_token_wipe(struct akv_token *token)
{
	json_decref(token->claims);
	EVP_PKEY_free(token->enclave_key);
	memset(token, 0, sizeof(*token));
}
