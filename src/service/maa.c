/* SPDX-License-Identifier: MIT */
#include "service/maa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const versions[] = { "2018-09-01-preview", "2020-10-01",
	"2022-08-01", "2025-06-01" };

static const char *const prefixes[] = { "/attest/", "/policies/",
	"/certificates", "/certs", "/.well-known/", NULL };

/* Clients match log lines of both sides by this. */
static void finish(const struct http_request *request,
	struct http_answer *answer)
{
	if (request->id)
		http_answer_header(answer, "x-ms-request-id", request->id);
}

const struct http_interface maa_interface = {
	.name = "maa", .prefixes = prefixes, .finish = finish,
};

const char *maa_version(struct http_request *request,
	struct http_answer *answer)
{
	const char *asked = http_query_any_case(request, "api-version");

	for (size_t i = 0; asked && i < sizeof(versions) / sizeof(*versions);
			i++)
		if (!strcmp(asked, versions[i]))
			return versions[i];
	http_answer_error(answer, 400, "InvalidParameter", "The query needs "
		"api-version, one of 2018-09-01-preview, 2020-10-01, "
		"2022-08-01, 2025-06-01.");
	return NULL;
}

bool maa_administers(struct http_request *request,
	struct http_answer *answer)
{
	struct maa *maa = request->context;

	if (service_is_admin(maa->service, request, NULL))
		return true;
	http_answer_header(answer, "WWW-Authenticate", "Bearer");
	http_answer_error(answer, 401, "Unauthorized", "This needs the token "
		"of an administrator: Authorization: Bearer, and what "
		"admin.token holds.");
	return false;
}

void maa_fail(struct http_answer *answer, int error, const struct why *why)
{
	if (error == -EINVAL || error == -E2BIG)
		http_answer_error(answer, 400, "InvalidParameter", "%s",
			why->text);
	else if (error == -EACCES)
		http_answer_error(answer, 400, "InvalidOperation", "%s",
			why->text);
	else
		http_answer_error(answer, 500, "InternalServerError",
			"The service has failed.");
}

void maa_answer_token(struct http_answer *answer, const struct maa *maa,
	json_t *claims)
{
	struct why why;
	char *token = claims ? maa_signer_sign(maa->signer, claims, &why) :
		NULL;

	json_decref(claims);
	/* Letters of base64url and dots: nothing to check. */
	http_answer_json(answer, 200, token ? json_pack("{so}", "token",
		json_string_nocheck(token)) : NULL);
	free(token);
}

static void certs(struct http_request *request, struct http_answer *answer)
{
	struct maa *maa = request->context;

	http_answer_json(answer, 200, maa_signer_jwks(maa->signer));
}

static void metadata(struct http_request *request,
	struct http_answer *answer)
{
	static const char *const claims[] = { "is-debuggable", "sgx-mrsigner",
		"sgx-mrenclave", "product-id", "svn", "tee", "iss", "iat",
		"exp", "nbf", "jti", "nonce", "x-ms-ver",
		"x-ms-attestation-type", "x-ms-policy-hash",
		"x-ms-policy-signer", "x-ms-runtime", "x-ms-inittime",
		"x-ms-sgx-is-debuggable", "x-ms-sgx-mrsigner",
		"x-ms-sgx-mrenclave", "x-ms-sgx-product-id", "x-ms-sgx-svn",
		"x-ms-sgx-ehd", "x-ms-sgx-report-data", "x-ms-sgx-config-id",
		"x-ms-sgx-config-svn", "x-ms-sgx-isv-extended-product-id",
		"x-ms-sgx-isv-family-id", "x-ms-sgx-collateral",
		"x-coffer-root", "x-coffer-tcb-status",
		"x-coffer-advisories" };
	struct maa *maa = request->context;
	json_t *list = json_array();
	char *uri = http_printf(request, "%s/certs", maa->service->url);

	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++)
		json_array_append_new(list, json_string(claims[i]));
	http_answer_json(answer, 200, json_pack("{sssss[s]s[ss]so}",
		"issuer", maa->service->url, "jwks_uri", uri ? uri : "",
		"id_token_signing_alg_values_supported", "RS256",
		"response_types_supported", "token", "none",
		"claims_supported", list));
}

int maa_open(struct http_server *server, struct service *service,
	const struct maa_source *source, struct maa **maa, struct why *why)
{
	struct maa *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return why_set(why, -ENOMEM, "out of memory");
	m->service = service;
	m->source = *source;
	r = maa_signer_open(service, &m->signer, why);
	if (!r)
		r = maa_store_open(service, &m->store, why);
	if (!r && (http_route(server, &maa_interface, m, "GET", "/certs", 0,
			certs) ||
			http_route(server, &maa_interface, m, "GET",
			"/.well-known/openid-configuration", 0, metadata) ||
			maa_attest_routes(server, m) ||
			maa_admin_routes(server, m)))
		r = why_set(why, -EINVAL, "the attestation service's routes "
			"do not fit in");
	if (r) {
		maa_free(m);
		return r;
	}
	*maa = m;
	return 0;
}

void maa_free(struct maa *maa)
{
	if (!maa)
		return;
	maa_store_close(maa->store);
	maa_signer_close(maa->signer);
	free(maa);
}
