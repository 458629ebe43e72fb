/* SPDX-License-Identifier: MIT */
#include "key_release/exchange.h"

#include "key_release/encoding.h"
#include "key_release/signed.h"
#include "key_release/unwrap.h"
#include <errno.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS 2048
#define RSA_BYTES (RSA_BITS / 8)
#define EXPONENT 65537
#define NONCE_BYTES 16
#define NONCE_TEXT (2 * NONCE_BYTES + 1)
#define URL_MAX 512
#define NAME_MAX_ 127
#define VERSION_MAX 32
#define ANSWER_MAX (64u << 10)
#define ATTEST_PATH "/attest/SgxEnclave?api-version=2022-08-01"
#define RELEASE_QUERY "?api-version=7.4"
#define ENC "RSA_AES_KEY_WRAP_256"

struct exchange {
	const struct exchange_ops *ops;
	const struct coffer_key_request *request;
	struct why why;
	mbedtls_rsa_context rsa;
	char *modulus; /* base64url */
	char kid[NONCE_TEXT]; /* of the RSA key */
	char attest_nonce[NONCE_TEXT], release_nonce[NONCE_TEXT];
	char *runtime; /* JSON text */
	uint8_t *answer; /* ANSWER_MAX + 1 bytes */
	size_t answer_size;
	char *token;
	json_t *released; /* payload of the answer */
};

static oe_result_t fail(struct exchange *x, oe_result_t result,
	const char *text)
{
	why_set(&x->why, -EIO, "%s", text);
	return result;
}

/* --- the request -------------------------------------------------------- */

static bool url_ok(const char *url)
{
	size_t n;

	if (!url || (strncmp(url, "https://", 8) && strncmp(url, "http://",
			7)))
		return false;
	n = strlen(url);
	for (size_t i = 0; i < n; i++)
		if (url[i] <= ' ' || url[i] > '~' || url[i] == '?' ||
				url[i] == '#')
			return false;
	return n <= URL_MAX - 256;
}

static bool word_ok(const char *text, size_t most)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return n <= most && !text[n];
}

static bool is_zero(const uint8_t pin[COFFER_PIN_SIZE])
{
	static const uint8_t zero[COFFER_PIN_SIZE];

	return !memcmp(pin, zero, sizeof(zero));
}

static oe_result_t check_request(struct exchange *x)
{
	const struct coffer_key_request *q = x->request;

	if (!url_ok(q->attest_url) || !url_ok(q->vault_url))
		return fail(x, OE_INVALID_PARAMETER, "attest_url and "
			"vault_url must be http or https addresses");
	if (!q->name || !*q->name || !word_ok(q->name, NAME_MAX_) ||
			(q->version && !word_ok(q->version, VERSION_MAX)))
		return fail(x, OE_INVALID_PARAMETER,
			"this is no name or version of a key");
	if (is_zero(q->service_pin))
		return fail(x, OE_INVALID_PARAMETER, "service_pin is missing: "
			"without it the host could hand over any key");
	return OE_OK;
}

/* --- fresh values ------------------------------------------------------- */

static oe_result_t make_nonce(struct exchange *x, char text[NONCE_TEXT])
{
	unsigned char bytes[NONCE_BYTES];

	if (x->ops->random(x->ops->context, bytes, sizeof(bytes)))
		return fail(x, OE_UNEXPECTED, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return OE_OK;
}

static oe_result_t make_key(struct exchange *x)
{
	unsigned char n[RSA_BYTES], e[3] = {1, 0, 1};
	char *exponent = NULL;
	json_t *runtime = NULL;
	oe_result_t result = make_nonce(x, x->kid);

	if (result)
		return result;
	if (mbedtls_rsa_gen_key(&x->rsa, x->ops->random, x->ops->context,
			RSA_BITS, EXPONENT) ||
			mbedtls_rsa_export_raw(&x->rsa, n, sizeof(n), NULL, 0,
				NULL, 0, NULL, 0, NULL, 0))
		return fail(x, OE_CRYPTO_ERROR, "no RSA key could be made");
	x->modulus = encoding_url(n, sizeof(n));
	exponent = encoding_url(e, sizeof(e));
	if (x->modulus && exponent)
		runtime = json_pack("{s:[{s:s, s:[s], s:s, s:s, s:s}]}",
			"keys", "kty", "RSA", "key_ops", "encrypt", "kid",
			x->kid, "n", x->modulus, "e", exponent);
	x->runtime = runtime ? json_dumps(runtime, JSON_COMPACT) : NULL;
	json_decref(runtime);
	free(exponent);
	return x->runtime ? OE_OK : fail(x, OE_OUT_OF_MEMORY,
		"out of memory");
}

/* --- messages ----------------------------------------------------------- */

/* What a service said instead of an answer. */
static oe_result_t refused(struct exchange *x, const char *who,
	uint32_t status)
{
	json_t *answer = signed_json(x->answer, x->answer_size);
	const json_t *error = json_object_get(answer, "error");
	const char *message = signed_text(error, "message");

	if (!status)
		why_set(&x->why, -EIO, "%s was not reached: %.200s", who,
			x->answer_size ? (char *)x->answer : "no reason");
	else
		why_set(&x->why, -EACCES, "%s refused (%u): %.230s", who,
			status, message ? message : "no reason given");
	json_decref(answer);
	return status >= 400 && status < 500 ? OE_CONSTRAINT_FAILED
					     : OE_SERVICE_UNAVAILABLE;
}

static oe_result_t ask(struct exchange *x, const char *who, const char *url,
	const char *body)
{
	uint32_t status = 0;
	oe_result_t result;

	x->answer_size = 0;
	result = x->ops->http(x->ops->context, url, body,
		body ? strlen(body) : 0, &status, x->answer, ANSWER_MAX,
		&x->answer_size);
	if (result)
		return fail(x, OE_SERVICE_UNAVAILABLE,
			"the host does not carry messages");
	if (x->answer_size > ANSWER_MAX)
		return fail(x, OE_UNEXPECTED, "the host lies about a size");
	x->answer[x->answer_size] = '\0';
	return status == 200 ? OE_OK : refused(x, who, status);
}

/* A member of the answer that is text; the caller's. */
static char *answer_text(struct exchange *x, const char *name)
{
	json_t *answer = signed_json(x->answer, x->answer_size);
	const char *text = signed_text(answer, name);
	char *copy = text ? strdup(text) : NULL;

	json_decref(answer);
	return copy;
}

/* Base URL and what follows it; a slash at the base's end is dropped. */
static void address(char *out, const char *base, const char *format,
	const char *a, const char *b)
{
	size_t n = strlen(base);

	if (n && base[n - 1] == '/')
		n--;
	memcpy(out, base, n);
	snprintf(out + n, URL_MAX - n, format, a, b);
}

/* --- the token ---------------------------------------------------------- */

static oe_result_t make_quote(struct exchange *x, char **text)
{
	uint8_t data[64] = {0}, *quote = NULL;
	oe_result_t result;
	size_t size = 0;

	if (mbedtls_sha256_ret((unsigned char *)x->runtime,
			strlen(x->runtime), data, 0))
		return fail(x, OE_CRYPTO_ERROR, "no digest");
	result = x->ops->quote(x->ops->context, data, &quote, &size);
	if (result) {
		why_set(&x->why, -EIO, "this machine gave no quote of the "
			"enclave (result %d)", (int)result);
		return OE_QUOTE_PROVIDER_CALL_ERROR;
	}
	*text = encoding_url(quote, size);
	free(quote);
	return *text ? OE_OK : fail(x, OE_OUT_OF_MEMORY, "out of memory");
}

static oe_result_t get_token(struct exchange *x)
{
	char url[URL_MAX], *quote, *runtime, *body = NULL;
	json_t *object = NULL;
	oe_result_t result = make_quote(x, &quote);

	if (result)
		return result;
	runtime = encoding_url(x->runtime, strlen(x->runtime));
	if (runtime)
		object = json_pack("{s:s, s:{s:s, s:s}, s:s}", "quote", quote,
			"runtimeData", "data", runtime, "dataType", "JSON",
			"nonce", x->attest_nonce);
	body = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	free(runtime);
	free(quote);
	if (!body)
		return fail(x, OE_OUT_OF_MEMORY, "out of memory");
	address(url, x->request->attest_url, ATTEST_PATH "%s%s", "", "");
	result = ask(x, "the attestation service", url, body);
	free(body);
	if (result)
		return result;
	x->token = answer_text(x, "token");
	return x->token ? OE_OK : fail(x, OE_VERIFY_FAILED,
		"the attestation service's answer has no token");
}

/* Is the token about this exchange: its nonce, its RSA key? */
static bool token_is_ours(const struct exchange *x, const json_t *claims)
{
	const char *nonce = signed_text(claims, "nonce");
	const json_t *keys = json_object_get(json_object_get(claims,
		"x-ms-runtime"), "keys");
	const json_t *key = json_array_get(keys, 0);
	const char *kid = signed_text(key, "kid"), *n = signed_text(key, "n");

	return nonce && !strcmp(nonce, x->attest_nonce) && kid &&
		!strcmp(kid, x->kid) && n && !strcmp(n, x->modulus);
}

static oe_result_t check_token(struct exchange *x)
{
	const struct coffer_key_request *q = x->request;
	char url[URL_MAX];
	struct why inner = {""};
	json_t *jwks, *claims;
	oe_result_t result;

	address(url, q->attest_url, "/certs%s%s", "", "");
	result = ask(x, "the attestation service", url, NULL);
	if (result)
		return result;
	jwks = signed_json(x->answer, x->answer_size);
	if (!jwks)
		return fail(x, OE_VERIFY_FAILED,
			"the attestation service's keys are no JSON");
	claims = signed_open(x->token, strlen(x->token), jwks,
		is_zero(q->attest_pin) ? q->service_pin : q->attest_pin,
		&inner);
	json_decref(jwks);
	if (!claims) {
		why_set(&x->why, -EACCES, "the attestation token %s",
			inner.text);
		return OE_VERIFY_FAILED;
	}
	if (!token_is_ours(x, claims))
		result = fail(x, OE_VERIFY_FAILED, "the attestation token is "
			"not the answer to this request: another nonce or "
			"another enclave's key");
	json_decref(claims);
	return result;
}

/* --- the key ------------------------------------------------------------ */

static oe_result_t get_answer(struct exchange *x)
{
	const struct coffer_key_request *q = x->request;
	struct why inner = {""};
	char url[URL_MAX], *body, *jws;
	json_t *object = json_pack("{s:s, s:s, s:s}", "target", x->token,
		"nonce", x->release_nonce, "enc", ENC);
	oe_result_t result;

	body = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!body)
		return fail(x, OE_OUT_OF_MEMORY, "out of memory");
	if (q->version && *q->version)
		address(url, q->vault_url, "/keys/%s/%s/release"
			RELEASE_QUERY, q->name, q->version);
	else
		address(url, q->vault_url, "/keys/%s/release" RELEASE_QUERY
			"%s", q->name, "");
	result = ask(x, "the key service", url, body);
	free(body);
	if (result)
		return result;
	jws = answer_text(x, "value");
	if (!jws)
		return fail(x, OE_VERIFY_FAILED,
			"the key service's answer has no value");
	x->released = signed_open(jws, strlen(jws), NULL, q->service_pin,
		&inner);
	free(jws);
	if (x->released)
		return OE_OK;
	why_set(&x->why, -EACCES, "the released key %s", inner.text);
	return OE_VERIFY_FAILED;
}

/* Does a kid end in /keys/NAME/VERSION as asked for?  Names have no case. */
static bool kid_is_ours(const struct exchange *x, const char *kid)
{
	const char *version = x->request->version;
	size_t name_size = strlen(x->request->name);
	const char *at = NULL, *next = kid;

	while (next && (next = strstr(next, "/keys/")))
		at = next++;
	if (!at)
		return false;
	at += 6;
	if (strncasecmp(at, x->request->name, name_size) ||
			at[name_size] != '/')
		return false;
	at += name_size + 1;
	if (version && *version)
		return !strcmp(at, version);
	return *at && !strchr(at, '/');
}

static oe_result_t check_answer(struct exchange *x, const json_t **key)
{
	const json_t *asked = json_object_get(x->released, "request");
	const char *nonce = signed_text(asked, "nonce");
	const char *enc = signed_text(asked, "enc"), *kid;

	*key = json_object_get(json_object_get(json_object_get(x->released,
		"response"), "key"), "key");
	kid = signed_text(*key, "kid");
	if (!nonce || strcmp(nonce, x->release_nonce))
		return fail(x, OE_VERIFY_FAILED, "the released key is not "
			"the answer to this request: another nonce");
	if (!enc || strcmp(enc, ENC))
		return fail(x, OE_VERIFY_FAILED,
			"the released key is wrapped in another way than "
			"asked for");
	if (!kid || !kid_is_ours(x, kid))
		return fail(x, OE_VERIFY_FAILED,
			"the released key is not the one asked for");
	return OE_OK;
}

static oe_result_t open_answer(struct exchange *x, uint8_t **key,
	size_t *key_size)
{
	const json_t *jwk;
	const char *text, *inner_text;
	oe_result_t result = check_answer(x, &jwk);
	uint8_t *bytes = NULL, *wrapped = NULL;
	size_t size, wrapped_size = 0;
	json_t *inner = NULL;
	int r = -EBADMSG;

	if (result)
		return result;
	text = signed_text(jwk, "key_hsm");
	if (text)
		bytes = encoding_bytes(text, strlen(text), false, &size);
	if (bytes)
		inner = signed_json(bytes, size);
	inner_text = signed_text(inner, "ciphertext");
	if (inner_text)
		wrapped = encoding_bytes(inner_text, strlen(inner_text),
			false, &wrapped_size);
	if (wrapped)
		r = unwrap_key(&x->rsa, x->ops->random, x->ops->context,
			wrapped, wrapped_size, key, key_size);
	free(wrapped);
	json_decref(inner);
	free(bytes);
	if (r)
		return fail(x, r == -ENOMEM ? OE_OUT_OF_MEMORY :
			OE_CRYPTO_ERROR, "the released key does not unwrap");
	return OE_OK;
}

/* --- all of it ---------------------------------------------------------- */

static oe_result_t run(struct exchange *x, uint8_t **key, size_t *key_size)
{
	oe_result_t r = check_request(x);

	if (r || (r = make_nonce(x, x->attest_nonce)) ||
			(r = make_nonce(x, x->release_nonce)) ||
			(r = make_key(x)) || (r = get_token(x)) ||
			(r = check_token(x)) || (r = get_answer(x)))
		return r;
	return open_answer(x, key, key_size);
}

oe_result_t exchange_run(const struct exchange_ops *ops,
	const struct coffer_key_request *request, uint8_t **key,
	size_t *key_size)
{
	struct exchange *x = calloc(1, sizeof(*x));
	oe_result_t result;

	if (!x)
		return OE_OUT_OF_MEMORY;
	x->ops = ops;
	x->request = request;
	mbedtls_rsa_init(&x->rsa, MBEDTLS_RSA_PKCS_V21, MBEDTLS_MD_SHA256);
	x->answer = malloc(ANSWER_MAX + 1);
	result = x->answer ? run(x, key, key_size)
			   : fail(x, OE_OUT_OF_MEMORY, "out of memory");
	if (request->reason && request->reason_size)
		snprintf(request->reason, request->reason_size, "%s",
			result ? x->why.text : "");
	mbedtls_rsa_free(&x->rsa); /* wipes */
	json_decref(x->released);
	free(x->modulus);
	free(x->runtime);
	free(x->answer);
	free(x->token);
	encoding_wipe(x, sizeof(*x));
	free(x);
	return result;
}
