/* SPDX-License-Identifier: MIT */
/* What verifiers fetch: lists, TCB information, identities. */
#include "service/pccs_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/pem.h>

/* --- TCB information and identities ------------------------------------- */

bool pccs_evaluation(struct http_request *request,
	struct http_answer *answer, unsigned *number)
{
	const char *update = http_query(request, "update");
	const char *text = http_query(request, "tcbEvaluationDataNumber");
	char *end = NULL;
	unsigned long value;

	*number = 0;
	if (update && text) {
		http_answer_error(answer, 400, NULL, "update and "
			"tcbEvaluationDataNumber exclude each other.");
		return false;
	}
	if (update && strcmp(update, "early") && strcmp(update, "standard")) {
		http_answer_error(answer, 400, NULL,
			"update is early or standard.");
		return false;
	}
	if (!text)
		return true;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end || !value ||
	    value > UINT16_MAX) {
		http_answer_error(answer, 400, NULL,
			"tcbEvaluationDataNumber is a number.");
		return false;
	}
	*number = (unsigned)value;
	return true;
}

static void give(struct http_request *request, struct http_answer *answer,
	const char *type, struct pki_bytes *bytes)
{
	http_answer_bytes(answer, 200, type, bytes->data, bytes->size);
	pccs_cache_header(request, answer);
	pki_bytes_free(bytes);
}

void pccs_tcb(struct http_request *request, struct http_answer *answer,
	unsigned api_version)
{
	struct pccs *pccs = request->context;
	const char *text = http_query(request, "fmspc");
	uint8_t fmspc[PKI_FMSPC_SIZE];
	struct why why = { "" };
	struct pki_bytes json;
	unsigned number;
	int r;

	if (!pccs_hex(text, fmspc, sizeof(fmspc))) {
		http_answer_error(answer, 400, NULL,
			"fmspc is 12 hexadecimal digits.");
		return;
	}
	if (!pccs_evaluation(request, answer, &number))
		return;
	r = pki_tcb_info_get(pccs->pki, fmspc, api_version, number, &json,
		&why);
	if (r) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	/* Azure's client asks for the old name whatever the version. */
	if (!pccs_chain_header(request, answer, PKI_CERT_TCB,
	    api_version == 3 ? "SGX-TCB-Info-Issuer-Chain" :
	    "TCB-Info-Issuer-Chain") || (pccs_is_azure(request) &&
	    !pccs_chain_header(request, answer, PKI_CERT_TCB,
	    "SGX-TCB-Info-Issuer-Chain"))) {
		pki_bytes_free(&json);
		return;
	}
	give(request, answer, "application/json", &json);
}

void pccs_qe_identity(struct http_request *request,
	struct http_answer *answer, unsigned api_version)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	struct pki_bytes json;
	unsigned number;
	int r;

	if (!pccs_evaluation(request, answer, &number))
		return;
	r = pki_qe_identity_get(pccs->pki, api_version, number, &json, &why);
	if (r) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	if (!pccs_chain_header(request, answer, PKI_CERT_TCB,
	    "SGX-Enclave-Identity-Issuer-Chain")) {
		pki_bytes_free(&json);
		return;
	}
	give(request, answer, "application/json", &json);
}

static void get_tcb(struct http_request *request, struct http_answer *answer)
{
	unsigned version = pccs_version(request, answer);

	if (version)
		pccs_tcb(request, answer, version);
}

static void get_qe_identity(struct http_request *request,
	struct http_answer *answer)
{
	unsigned version = pccs_version(request, answer);

	if (version)
		pccs_qe_identity(request, answer, version);
}

/* Verifiers' own enclaves: Coffer's verifier is a library, there is none. */
static void get_no_identity(struct http_request *request,
	struct http_answer *answer)
{
	http_answer_error(answer, 404, NULL,
		"There is no such enclave on this platform.");
}

static void get_numbers(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	struct pki_bytes json;
	int r = pki_evaluation_numbers_get(pccs->pki, &json, &why);

	if (r) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	if (!pccs_chain_header(request, answer, PKI_CERT_TCB,
	    "TCB-Evaluation-Data-Numbers-Issuer-Chain")) {
		pki_bytes_free(&json);
		return;
	}
	give(request, answer, "application/json", &json);
}

static void get_fmspcs(struct http_request *request,
	struct http_answer *answer)
{
	const char *platform = http_query(request, "platform");
	const struct pki_fmspc *list;
	json_t *out = json_array();
	size_t count;

	if (platform && strcasecmp(platform, "all") &&
	    strcasecmp(platform, "client") && strcasecmp(platform, "E3") &&
	    strcasecmp(platform, "E5")) {
		json_decref(out);
		http_answer_error(answer, 400, NULL,
			"platform is all, client, E3 or E5.");
		return;
	}
	list = pki_fmspcs(&count);
	for (size_t i = 0; i < count; i++)
		if (!platform || !strcasecmp(platform, "all") ||
		    !strcasecmp(platform, list[i].platform))
			json_array_append_new(out, json_pack("{s:s?, s:s}",
				"fmspc", pccs_to_hex(request, list[i].fmspc,
				PKI_FMSPC_SIZE, true), "platform",
				list[i].platform));
	http_answer_json(answer, 200, out);
	pccs_cache_header(request, answer);
}

/* --- revocation lists --------------------------------------------------- */

static void give_hex(struct http_request *request,
	struct http_answer *answer, struct pki_bytes *list)
{
	char *text = pccs_to_hex(request, list->data, list->size, false);

	pki_bytes_free(list);
	if (!text) {
		http_answer_error(answer, 500, NULL, "out of memory");
		return;
	}
	http_answer_text(answer, 200, "text/plain; charset=utf-8", text);
	pccs_cache_header(request, answer);
}

static void give_pem(struct http_request *request,
	struct http_answer *answer, struct pki_bytes *list)
{
	const unsigned char *at = list->data;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)list->size);
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long size = 0;

	if (crl && out && PEM_write_bio_X509_CRL(out, crl))
		size = BIO_get_mem_data(out, &text);
	if (size > 0)
		http_answer_bytes(answer, 200, "application/x-pem-file", text,
			(size_t)size);
	else
		http_answer_error(answer, 500, NULL, "out of memory");
	pccs_cache_header(request, answer);
	BIO_free(out);
	X509_CRL_free(crl);
	pki_bytes_free(list);
}

static void get_pckcrl(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	const char *ca = http_query(request, "ca");
	const char *encoding = http_query(request, "encoding");
	struct why why = { "" };
	struct pki_bytes list;
	bool platform;
	int r;

	if (!pccs_version(request, answer))
		return;
	platform = ca && !strcasecmp(ca, "platform");
	if (!ca || (!platform && strcasecmp(ca, "processor"))) {
		http_answer_error(answer, 400, NULL,
			"ca is processor or platform.");
		return;
	}
	if (encoding && strcasecmp(encoding, "der") &&
	    strcasecmp(encoding, "pem")) {
		http_answer_error(answer, 400, NULL,
			"encoding is der or pem.");
		return;
	}
	r = pki_crl_get(pccs->pki, platform ? PKI_CA_PLATFORM :
		PKI_CA_PROCESSOR, &list, &why);
	if (r) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	if (!pccs_chain_header(request, answer, platform ? PKI_CERT_PLATFORM :
	    PKI_CERT_PROCESSOR, "SGX-PCK-CRL-Issuer-Chain")) {
		pki_bytes_free(&list);
		return;
	}
	if (!encoding)
		give_hex(request, answer, &list);
	else if (!strcasecmp(encoding, "pem"))
		give_pem(request, answer, &list);
	else
		give(request, answer, "application/pkix-crl", &list);
}

static void get_rootcacrl(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	struct pki_bytes list;
	int r;

	if (!pccs_version(request, answer))
		return;
	r = pki_root_crl_get(pccs->pki, &list, &why);
	if (r)
		pccs_fail(answer, r, &why, 404);
	else
		give_hex(request, answer, &list);
}

/* Where our certificates, or those of Intel, say that it is. */
static void get_root_der(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	struct pki_bytes list;
	int r = pki_root_crl_get(pccs->pki, &list, &why);

	if (r)
		pccs_fail(answer, r, &why, 404);
	else
		give(request, answer, "application/pkix-crl", &list);
}

static const char *after_host(const char *uri)
{
	if (strncasecmp(uri, "https://", 8) && strncasecmp(uri, "http://", 7))
		return NULL;
	return strchr(strstr(uri, "//") + 2, '/');
}

int pccs_crl_by_uri(struct pccs *pccs, const char *uri,
	struct pki_bytes *list, enum pki_cert *issuer, struct why *why)
{
	const char *path = uri && strlen(uri) <= 2048 ? after_host(uri) :
		NULL, *ca;

	if (!path)
		return why_set(why, -EINVAL, "no such list");
	if (!strncmp(path, "/CofferRootCA.", 14) ||
	    !strncmp(path, "/IntelSGXRootCA.", 16)) {
		*issuer = PKI_CERT_ROOT;
		return pki_root_crl_get(pccs->pki, list, why);
	}
	ca = strstr(path, "/pckcrl?");
	ca = ca ? strstr(ca, "ca=") : NULL;
	if (ca && !strncasecmp(ca + 3, "platform", 8)) {
		*issuer = PKI_CERT_PLATFORM;
		return pki_crl_get(pccs->pki, PKI_CA_PLATFORM, list, why);
	}
	if (ca && !strncasecmp(ca + 3, "processor", 9)) {
		*issuer = PKI_CERT_PROCESSOR;
		return pki_crl_get(pccs->pki, PKI_CA_PROCESSOR, list, why);
	}
	return why_set(why, -EINVAL, "no such list");
}

static void get_crl(struct http_request *request, struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	struct pki_bytes list;
	enum pki_cert issuer;
	int r;

	if (!pccs_version(request, answer))
		return;
	r = pccs_crl_by_uri(pccs, http_query(request, "uri"), &list, &issuer,
		&why);
	if (r)
		pccs_fail(answer, r, &why, 404);
	else
		give(request, answer, "application/pkix-crl", &list);
}

int pccs_collateral_routes(struct http_server *server, struct pccs *pccs)
{
	static const struct {
		const char *pattern;
		http_handler *handler;
	} routes[] = {
		{ "/sgx/certification/{version}/tcb", get_tcb },
		{ "/sgx/certification/{version}/qe/identity",
		  get_qe_identity },
		{ "/sgx/certification/{version}/qve/identity",
		  get_no_identity },
		{ "/sgx/certification/{version}/qae/identity",
		  get_no_identity },
		{ "/sgx/certification/{version}/pckcrl", get_pckcrl },
		{ "/sgx/certification/{version}/rootcacrl", get_rootcacrl },
		{ "/sgx/certification/v4/fmspcs", get_fmspcs },
		{ "/sgx/certification/v4/tcbevaluationdatanumbers",
		  get_numbers },
		{ "/CofferRootCA.der", get_root_der },
		{ "/CofferRootCA.crl", get_root_der },
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(routes) / sizeof(*routes); i++)
		r = http_route(server, &pccs_interface, pccs, "GET",
			routes[i].pattern, 0, routes[i].handler);
	return r ? r : http_route(server, &pccs_interface, pccs, "GET",
		"/sgx/certification/{version}/crl", 0, get_crl);
}
