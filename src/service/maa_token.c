/* SPDX-License-Identifier: MIT */
/*
 * The claims of a quote: for the policy, and in the token.  Numbers are
 * numbers, measurements lower-case hexadecimal, held data base64url, as the
 * interface has them.  x-coffer-… are our own: a token whose quote is rooted
 * in Coffer's CA says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/hex.h"
#include "service/maa.h"

#define KSS(body) (((body)->attributes.flags & SGX_ATTR_KSS) != 0)

static char *to_hex(struct pool *pool, const uint8_t *bytes, size_t size)
{
	char *text = pool_alloc(pool, 2 * size + 1);

	if (text)
		hex_write(bytes, size, text);
	return text;
}

static const char *root_of(const struct attest_verdict *verdict)
{
	return verdict->software_root ? "software" : "intel";
}

static json_t *collateral_json(const struct maa_evidence *evidence)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < MAA_HASHES; i++)
		if (json_object_set_new(object, maa_hash_names[i],
				json_string(evidence->hashes.hex[i]))) {
			json_decref(object);
			return NULL;
		}
	return object;
}

/* --- for the policy ---------------------------------------------------------- */

struct maker {
	struct pool *pool;
	struct maa_claims *claims;
	bool failed;
};

static void add_text(struct maker *maker, const char *type, const char *text)
{
	if (!text || maa_claims_string(maker->claims, maker->pool, type, text))
		maker->failed = true;
}

static void add_hex(struct maker *maker, const char *type,
	const uint8_t *bytes, size_t size)
{
	add_text(maker, type, to_hex(maker->pool, bytes, size));
}

static void add_number(struct maker *maker, const char *type, int64_t number)
{
	if (maa_claims_integer(maker->claims, maker->pool, type, number))
		maker->failed = true;
}

static void add_flag(struct maker *maker, const char *type, bool value)
{
	if (maa_claims_boolean(maker->claims, maker->pool, type, value))
		maker->failed = true;
}

/* JSON as its text; takes the reference. */
static void add_json(struct maker *maker, const char *type, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	add_text(maker, type, text ? pool_text(maker->pool, text,
		strlen(text)) : NULL);
	free(text);
	json_decref(json);
}

static void add_base64(struct maker *maker, const char *type,
	const uint8_t *bytes, size_t size)
{
	char *text = base64url_encode(bytes, size);

	add_text(maker, type, text ? pool_text(maker->pool, text,
		strlen(text)) : NULL);
	free(text);
}

static void add_enclave(struct maker *maker,
	const struct sgx_report_body *body, bool debug)
{
	static const char *const prefixes[][5] = {
		{ "x-ms-sgx-is-debuggable", "x-ms-sgx-product-id",
		  "x-ms-sgx-mrsigner", "x-ms-sgx-mrenclave", "x-ms-sgx-svn" },
		{ "$is-debuggable", "$product-id", "$sgx-mrsigner",
		  "$sgx-mrenclave", "$svn" },
	};

	for (size_t i = 0; i < 2; i++) {
		add_flag(maker, prefixes[i][0], debug);
		add_number(maker, prefixes[i][1], body->isv_prod_id);
		add_hex(maker, prefixes[i][2], body->mrsigner, 32);
		add_hex(maker, prefixes[i][3], body->mrenclave, 32);
		add_number(maker, prefixes[i][4], body->isv_svn);
	}
	add_hex(maker, "x-ms-sgx-report-data", body->report_data, 64);
	if (!KSS(body))
		return;
	add_hex(maker, "x-ms-sgx-config-id", body->config_id, 64);
	add_number(maker, "x-ms-sgx-config-svn", body->config_svn);
	add_hex(maker, "x-ms-sgx-isv-extended-product-id",
		body->isv_ext_prod_id, 16);
	add_hex(maker, "x-ms-sgx-isv-family-id", body->isv_family_id, 16);
}

static void add_data(struct maker *maker, const struct maa_asked *asked)
{
	static const char *const names[] = { "x-ms-sgx-ehd", "maa-ehd",
		"aas-ehd" };

	if (asked->runtime_json)
		add_json(maker, "x-ms-runtime",
			json_incref(asked->runtime_json));
	for (size_t i = 0; asked->runtime && !asked->runtime_json && i < 3;
			i++)
		add_base64(maker, names[i], asked->runtime,
			asked->runtime_size);
	if (asked->init_json)
		add_json(maker, "x-ms-inittime",
			json_incref(asked->init_json));
}

int maa_claims_make(const struct maa_asked *asked,
	const struct maa_evidence *evidence, const struct maa_stored *stored,
	struct pool *pool, struct maa_claims *claims, struct why *why)
{
	const struct attest_verdict *verdict = &evidence->verdict;
	struct maker maker = { pool, claims, false };

	memset(claims, 0, sizeof(*claims));
	add_text(&maker, "x-ms-ver", "1.0");
	add_text(&maker, "ver", "1.0");
	add_text(&maker, "x-ms-attestation-type", "sgx");
	add_text(&maker, "tee", "sgx");
	add_text(&maker, "$tee", "sgx");
	add_text(&maker, "x-ms-policy-hash", stored->hash);
	add_text(&maker, "policy_hash", stored->hash);
	add_text(&maker, "maa-policyHash", stored->hash);
	if (stored->signer)
		add_json(&maker, "x-ms-policy-signer",
			json_pack("{sO}", "jwk", stored->signer));
	add_enclave(&maker, &verdict->body, verdict->debug);
	add_data(&maker, asked);
	add_json(&maker, "x-ms-sgx-collateral", collateral_json(evidence));
	add_text(&maker, "x-coffer-root", root_of(verdict));
	add_text(&maker, "x-coffer-tcb-status",
		attest_level_name(verdict->tcb_status));
	for (size_t i = 0; i < verdict->advisory_count; i++)
		add_text(&maker, "x-coffer-advisory", verdict->advisory[i]);
	return maker.failed ? why_set(why, -ENOMEM, "the claims do not fit "
		"into %d bytes", MAA_MEMORY_MOST) : 0;
}

/* --- in the token ------------------------------------------------------------- */

static void set(json_t *claims, const char *name, json_t *value)
{
	json_object_set_new(claims, name, value);
}

static void set_hex(json_t *claims, const char *name, const uint8_t *bytes,
	size_t size)
{
	char text[2 * 64 + 1]; /* no field of a report is larger */

	hex_write(bytes, size, text);
	set(claims, name, json_string_nocheck(text));
}

static void set_enclave(json_t *claims, const struct sgx_report_body *body,
	bool debug)
{
	set(claims, "x-ms-sgx-is-debuggable", json_boolean(debug));
	set_hex(claims, "x-ms-sgx-mrenclave", body->mrenclave, 32);
	set_hex(claims, "x-ms-sgx-mrsigner", body->mrsigner, 32);
	set(claims, "x-ms-sgx-product-id", json_integer(body->isv_prod_id));
	set(claims, "x-ms-sgx-svn", json_integer(body->isv_svn));
	set_hex(claims, "x-ms-sgx-report-data", body->report_data, 64);
	if (!KSS(body))
		return;
	set_hex(claims, "x-ms-sgx-config-id", body->config_id, 64);
	set(claims, "x-ms-sgx-config-svn", json_integer(body->config_svn));
	set_hex(claims, "x-ms-sgx-isv-extended-product-id",
		body->isv_ext_prod_id, 16);
	set_hex(claims, "x-ms-sgx-isv-family-id", body->isv_family_id, 16);
}

static void set_data(json_t *claims, const struct maa_asked *asked)
{
	static const char *const names[] = { "x-ms-sgx-ehd", "maa-ehd",
		"aas-ehd" };
	char *text;

	if (asked->runtime_json)
		set(claims, "x-ms-runtime", json_incref(asked->runtime_json));
	if (asked->init_json)
		set(claims, "x-ms-inittime", json_incref(asked->init_json));
	if (asked->nonce)
		set(claims, "nonce", json_incref((json_t *)asked->nonce));
	if (json_is_string(asked->nonce))
		set(claims, "rp_data", json_incref((json_t *)asked->nonce));
	if (!asked->runtime || asked->runtime_json)
		return;
	text = base64url_encode(asked->runtime, asked->runtime_size);
	for (size_t i = 0; text && i < 3; i++)
		set(claims, names[i], json_string(text));
	free(text);
}

static json_t *value_json(const struct maa_value *value)
{
	if (value->kind == MAA_STRING)
		return json_string(value->text);
	return value->kind == MAA_BOOLEAN ? json_boolean(value->number) :
		json_integer(value->number);
}

/* What the policy issued.  Names that the service has set itself stay as
 * they are; several claims of a type become a list. */
static bool set_issued(json_t *claims, const struct maa_claims *issued)
{
	json_t *more = json_object();
	int r = more ? 0 : -1;

	for (size_t i = 0; !r && i < issued->count; i++) {
		const char *type = issued->at[i].type;
		json_t *there = json_object_get(more, type);
		json_t *value = value_json(&issued->at[i].value);

		if (json_is_array(there))
			r = json_array_append_new(there, value);
		else if (there)
			r = json_object_set_new(more, type,
				json_pack("[Oo]", there, value));
		else
			r = json_object_set_new(more, type, value);
	}
	if (!r)
		r = json_object_update_missing(claims, more);
	json_decref(more);
	return !r;
}

json_t *maa_token_claims(const struct service *service,
	const struct maa_asked *asked, const struct maa_evidence *evidence,
	const struct maa_stored *stored, const struct maa_claims *issued)
{
	const struct attest_verdict *verdict = &evidence->verdict;
	json_t *claims = maa_claims_new(service), *list;

	if (!claims)
		return NULL;
	set(claims, "x-ms-ver", json_string("1.0"));
	set(claims, "ver", json_string("1.0"));
	set(claims, "x-ms-attestation-type", json_string("sgx"));
	set(claims, "x-ms-policy-hash", json_string(stored->hash));
	set(claims, "policy_hash", json_string(stored->hash));
	set(claims, "maa-policyHash", json_string(stored->hash));
	if (stored->signer) {
		set(claims, "x-ms-policy-signer",
			json_pack("{sO}", "jwk", stored->signer));
		set(claims, "policy_signer", json_incref(stored->signer));
	}
	set_enclave(claims, &verdict->body, verdict->debug);
	set_data(claims, asked);
	set(claims, "x-ms-sgx-collateral", collateral_json(evidence));
	set(claims, "maa-attestationcollateral", json_incref(json_object_get(
		claims, "x-ms-sgx-collateral")));
	set(claims, "x-coffer-root", json_string(root_of(verdict)));
	set(claims, "x-coffer-tcb-status",
		json_string(attest_level_name(verdict->tcb_status)));
	list = json_array();
	for (size_t i = 0; i < verdict->advisory_count; i++)
		json_array_append_new(list, json_string(verdict->advisory[i]));
	set(claims, "x-coffer-advisories", list);
	if (!json_object_get(claims, "x-coffer-root") ||
			!set_issued(claims, issued)) {
		json_decref(claims);
		return NULL;
	}
	return claims;
}
