/* SPDX-License-Identifier: MIT */
/* Policies and who may sign them: for administrators.  Answers are signed
 * tokens, so that nobody between can say another policy is in force. */
#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "service/maa.h"

#define BODY_MAX (768u << 10)

static bool read_type(struct http_request *request,
	struct http_answer *answer, enum maa_type *type)
{
	if (maa_type_find(http_parameter(request, "type"), type))
		return true;
	http_answer_error(answer, 400, "InvalidParameter",
		"The types that have a policy are SgxEnclave and "
		"OpenEnclave.");
	return false;
}

/* A body that is a token: as plain text (spaces around it do not count), or
 * as a string of JSON, as the published client sends some of them. */
static bool read_token(struct http_request *request,
	struct http_answer *answer, const char **token, size_t *size)
{
	const char *at = (const char *)request->body;
	size_t n = request->body_size;
	json_t *json;

	if (http_body_is(request, "application/json")) {
		json = http_body_json(request, answer);
		if (json && !json_is_string(json))
			http_answer_error(answer, 400, "InvalidParameter",
				"The body is no string of JSON.");
		*token = json_string_value(json);
		*size = json_string_length(json);
		return *token;
	}
	if (!http_body_is(request, "text/plain")) {
		http_answer_error(answer, 415, "InvalidParameter",
			"The body is a token as text/plain.");
		return false;
	}
	while (n && strchr(" \t\r\n", at[n - 1]) && at[n - 1])
		n--;
	while (n && strchr(" \t\r\n", *at) && *at) {
		at++;
		n--;
	}
	*token = at;
	*size = n;
	return true;
}

static char *token_hash(const char *token)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)token, strlen(token), digest);
	return base64url_encode(digest, sizeof(digest));
}

/* result: NULL when a policy is only shown. */
static void answer_policy(struct http_answer *answer, const struct maa *maa,
	const struct maa_stored *stored, const char *result)
{
	json_t *claims = maa_claims_new(maa->service);
	char *hash = token_hash(stored->token);

	if (claims && hash) {
		if (result)
			json_object_set_new(claims, "x-ms-policy-result",
				json_string(result));
		json_object_set_new(claims, "x-ms-policy-token-hash",
			json_string(hash));
		json_object_set_new(claims, "x-ms-policy",
			json_string(stored->token));
		if (stored->signer)
			json_object_set(claims, "x-ms-policy-signer",
				stored->signer);
	}
	free(hash);
	maa_answer_token(answer, maa, claims);
}

static void get_policy(struct http_request *request,
	struct http_answer *answer)
{
	struct maa *maa = request->context;
	struct maa_stored *stored;
	enum maa_type type;

	if (!maa_version(request, answer) ||
			!maa_administers(request, answer) ||
			!read_type(request, answer, &type))
		return;
	stored = maa_store_get(maa->store, type);
	answer_policy(answer, maa, stored, NULL);
	maa_stored_release(stored);
}

static void change_policy(struct http_request *request,
	struct http_answer *answer, bool reset)
{
	struct maa *maa = request->context;
	struct maa_stored *stored = NULL;
	struct why why = { "" };
	enum maa_type type;
	const char *token;
	size_t size;
	int r;

	if (!maa_version(request, answer) ||
			!maa_administers(request, answer) ||
			!read_type(request, answer, &type) ||
			!read_token(request, answer, &token, &size))
		return;
	r = reset ? maa_store_reset(maa->store, type, token, size, &stored,
		&why) : maa_store_put(maa->store, type, token, size, &stored,
		&why);
	if (r) {
		maa_fail(answer, r, &why);
		return;
	}
	answer_policy(answer, maa, stored, reset ? "Removed" : "Updated");
	maa_stored_release(stored);
}

static void put_policy(struct http_request *request,
	struct http_answer *answer)
{
	change_policy(request, answer, false);
}

static void reset_policy(struct http_request *request,
	struct http_answer *answer)
{
	change_policy(request, answer, true);
}

static void get_signers(struct http_request *request,
	struct http_answer *answer)
{
	struct maa *maa = request->context;
	json_t *claims;

	if (!maa_version(request, answer) ||
			!maa_administers(request, answer))
		return;
	claims = maa_claims_new(maa->service);
	if (claims && json_object_set_new(claims, "x-ms-policy-certificates",
			maa_store_signers(maa->store))) {
		json_decref(claims);
		claims = NULL;
	}
	maa_answer_token(answer, maa, claims);
}

static void change_signer(struct http_request *request,
	struct http_answer *answer, bool add)
{
	struct maa *maa = request->context;
	struct why why = { "" };
	char thumbprint[41];
	const char *token;
	json_t *claims;
	size_t size;
	int r;

	if (!maa_version(request, answer) ||
			!maa_administers(request, answer) ||
			!read_token(request, answer, &token, &size))
		return;
	r = maa_store_change_signer(maa->store, token, size, add, thumbprint,
		&why);
	if (r) {
		maa_fail(answer, r, &why);
		return;
	}
	claims = maa_claims_new(maa->service);
	if (claims) {
		json_object_set_new(claims, "x-ms-certificate-thumbprint",
			json_string(thumbprint));
		json_object_set_new(claims, "x-ms-policycertificates-result",
			json_string(add ? "IsPresent" : "IsAbsent"));
	}
	maa_answer_token(answer, maa, claims);
}

static void add_signer(struct http_request *request,
	struct http_answer *answer)
{
	change_signer(request, answer, true);
}

static void remove_signer(struct http_request *request,
	struct http_answer *answer)
{
	change_signer(request, answer, false);
}

int maa_admin_routes(struct http_server *server, struct maa *maa)
{
	static const struct {
		const char *method, *pattern;
		size_t body_max;
		http_handler *handler;
	} rows[] = {
		{ "GET", "/policies/{type}", 0, get_policy },
		{ "PUT", "/policies/{type}", BODY_MAX, put_policy },
		{ "POST", "/policies/{type}:reset", BODY_MAX, reset_policy },
		{ "GET", "/certificates", 0, get_signers },
		{ "POST", "/certificates:add", BODY_MAX, add_signer },
		{ "POST", "/certificates:remove", BODY_MAX, remove_signer },
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(rows) / sizeof(*rows); i++)
		r = http_route(server, &maa_interface, maa, rows[i].method,
			rows[i].pattern, rows[i].body_max, rows[i].handler);
	return r;
}
