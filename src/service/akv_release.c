/* SPDX-License-Identifier: MIT */
/*
 * Secure key release: a token for a key.  In order: the key may be released
 * at all; the token is genuine; its claims meet the key's policy; then the
 * material is wrapped for the RSA key that the token carries, and signed.
 */
#include "service/akv.h"

#include "service/akv_policy.h"
#include "service/akv_token.h"
#include "service/akv_wrap.h"
#include "service/base64.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX (AKV_TOKEN_MAX + 8192)
#define NONCE_MAX 1024u
#define ENC_DEFAULT "CKM_RSA_AES_KEY_WRAP"

struct wanted {
	const char *target;
	size_t target_size;
	const char *nonce; /* or NULL */
	const char *enc;
	const EVP_MD *hash;
};

static int read_wanted(struct akv_call *call, struct wanted *wanted)
{
	const json_t *target = json_object_get(call->body, "target");
	const json_t *nonce = json_object_get(call->body, "nonce");
	const json_t *enc = json_object_get(call->body, "enc");

	memset(wanted, 0, sizeof(*wanted));
	if (!json_is_string(target) || !json_string_length(target))
		return why_set(&call->why, -EINVAL, "\"target\" must be an "
			"attestation token");
	wanted->target = json_string_value(target);
	wanted->target_size = json_string_length(target);
	if (nonce && !json_is_null(nonce)) {
		if (!json_is_string(nonce) ||
				json_string_length(nonce) > NONCE_MAX)
			return why_set(&call->why, -EINVAL, "\"nonce\" must "
				"be a string of at most %u bytes", NONCE_MAX);
		wanted->nonce = json_string_value(nonce);
	}
	wanted->enc = enc && !json_is_null(enc) ? json_string_value(enc)
						: ENC_DEFAULT;
	wanted->hash = wanted->enc ? akv_wrap_hash(wanted->enc) : NULL;
	if (!wanted->hash)
		return why_set(&call->why, -EINVAL, "\"enc\" must be "
			"CKM_RSA_AES_KEY_WRAP, RSA_AES_KEY_WRAP_256 or "
			"RSA_AES_KEY_WRAP_384");
	return 0;
}

/* What the audit keeps of a token: who it is about. */
static json_t *token_details(const struct akv_token *token,
	const struct wanted *wanted)
{
	static const char *const kept[] = {
		"x-ms-attestation-type", "x-ms-sgx-mrenclave",
		"x-ms-sgx-mrsigner", "x-ms-sgx-product-id", "x-ms-sgx-svn",
		"x-ms-sgx-is-debuggable",
	};
	json_t *details = json_pack("{s:s, s:s, s:s, s:s}", "iss",
		token->issuer, "jti", token->id, "enclave-key",
		token->enclave_kid, "enc", wanted->enc);

	for (size_t i = 0; details && i < sizeof(kept) / sizeof(*kept); i++) {
		json_t *claim = json_object_get(token->claims, kept[i]);

		if (json_is_string(claim) || json_is_integer(claim) ||
				json_is_boolean(claim))
			json_object_set(details, kept[i], claim);
	}
	return details;
}

/* "key_hsm": base64url of JSON around the wrapped key. */
static char *wrap_material(struct akv_call *call,
	const struct akv_record *record, const struct wanted *wanted,
	EVP_PKEY *enclave_key)
{
	struct akv_key key;
	uint8_t *material = NULL, *wrapped = NULL;
	size_t size = 0, wrapped_size = 0;
	char *text = NULL, *json = NULL, *out = NULL;
	json_t *object = NULL;
	int r = akv_store_key(call->akv->store, record, &key, &call->why);

	if (r)
		return NULL;
	r = akv_key_write(&key, &material, &size);
	akv_key_wipe(&key);
	if (!r)
		r = akv_wrap(enclave_key, wanted->hash, material, size,
			&wrapped, &wrapped_size);
	OPENSSL_clear_free(material, size);
	if (!r)
		text = base64url_encode(wrapped, wrapped_size);
	free(wrapped);
	if (text)
		object = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s}",
			"schema_version", "1.0", "header", "kid",
			akv_kid(call, record), "alg", "dir", "enc",
			wanted->enc, "ciphertext", text);
	json = object ? json_dumps(object, JSON_COMPACT) : NULL;
	out = json ? base64url_encode(json, strlen(json)) : NULL;
	json_decref(object);
	free(json);
	free(text);
	if (!out)
		why_set(&call->why, -EIO, "the key cannot be wrapped");
	return out;
}

static json_t *payload_of(struct akv_call *call,
	const struct akv_record *record, const struct wanted *wanted,
	const char *key_hsm)
{
	const char *kid = akv_kid(call, record);
	json_t *request = json_pack("{s:s, s:s, s:s}", "api-version",
		call->api_version, "enc", wanted->enc, "kid", kid);
	json_t *key = json_pack("{s:s}", "kid", kid);

	if (request && wanted->nonce)
		json_object_set_new(request, "nonce",
			json_string(wanted->nonce));
	if (key) {
		json_object_update(key, record->public_key);
		json_object_set_new(key, "key_ops",
			akv_ops_list(record->ops));
		json_object_set_new(key, "key_hsm", json_string(key_hsm));
	}
	return json_pack("{s:o, s:{s:{s:o, s:o, s:o}}}", "request", request,
		"response", "key", "attributes",
		akv_attributes(call, record), "key", key, "release_policy",
		akv_release_policy(record));
}

static int answer_key(struct akv_call *call, const struct akv_record *record,
	const struct wanted *wanted, EVP_PKEY *enclave_key)
{
	char *key_hsm = wrap_material(call, record, wanted, enclave_key);
	json_t *payload;
	char *jws;

	if (!key_hsm)
		return -EIO;
	payload = payload_of(call, record, wanted, key_hsm);
	free(key_hsm);
	jws = payload ? akv_signer_sign(call->akv->signer, payload,
		&call->why) : NULL;
	json_decref(payload);
	if (!jws)
		return *call->why.text ? -EIO : why_set(&call->why, -ENOMEM,
			"out of memory");
	http_answer_json(call->answer, 200, json_pack("{s:s}", "value", jws));
	free(jws);
	return 0;
}

static int check_policy(struct akv_call *call,
	const struct akv_record *record, const struct akv_token *token)
{
	json_t *policy = akv_policy_parse(record->policy,
		strlen(record->policy), &call->why);
	int r;

	if (!policy)
		return -EIO;
	r = akv_policy_met(policy, token->issuer, token->claims, &call->why);
	json_decref(policy);
	return r;
}

static int release(struct akv_call *call)
{
	struct akv_token token;
	struct akv_record record;
	struct wanted wanted;
	int r = read_wanted(call, &wanted);

	if (!r)
		r = akv_call_record(call, 0, &record);
	if (r)
		return r;
	if (!record.exportable || !record.policy) {
		r = why_set(&call->why, -EACCES, "the key \"%.127s\" is not "
			"exportable", record.name);
		akv_record_wipe(&record);
		return r;
	}
	r = akv_token_verify(wanted.target, wanted.target_size,
		akv_issuers_keys, call->akv,
		service_now(call->akv->service), &token, &call->why);
	if (r) {
		/* A bad token is a refusal, not a mistake in the form. */
		akv_record_wipe(&record);
		return r == -EINVAL ? -EACCES : r;
	}
	call->details = token_details(&token, &wanted);
	r = check_policy(call, &record, &token);
	if (!r)
		r = answer_key(call, &record, &wanted, token.enclave_key);
	akv_token_wipe(&token);
	akv_record_wipe(&record);
	return r;
}

/* Who signs: for those who pin it. */
static int signer(struct akv_call *call)
{
	http_answer_json(call->answer, 200, json_pack("{s:s}", "chain",
		akv_signer_chain(call->akv->signer)));
	return 0;
}

static const struct akv_verb verbs[] = {
	{"release", "POST", "/keys/{name}/release", AKV_RELEASE, BODY_MAX,
		false, release},
	{"release", "POST", "/keys/{name}/{version}/release", AKV_RELEASE,
		BODY_MAX, false, release},
	{"signer", "GET", "/coffer/keys/signer", AKV_RELEASE, 0, true,
		signer},
};

int akv_release_verbs(struct akv *akv)
{
	return akv_verbs(akv, verbs, sizeof(verbs) / sizeof(*verbs));
}
