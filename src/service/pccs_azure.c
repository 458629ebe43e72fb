/* SPDX-License-Identifier: MIT */
/*
 * The dialect of Azure's trusted hardware identity management: lower-case
 * hexadecimal, numbers big endian, certificates in JSON.  Under
 * /metadata/THIM as at the instance metadata service, which wants the header
 * "metadata: true"; and under the caching service's own paths when the query
 * names a clientid or an api-version, as that client does.
 */
#include "service/pccs_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool pccs_is_azure(const struct http_request *request)
{
	return !strncmp(request->path, "/metadata/", 10) ||
		http_query(request, "clientid") ||
		http_query(request, "api-version");
}

/* v2 and v3 speak of TCB information of version 2. */
static unsigned version_of(struct http_request *request,
	struct http_answer *answer)
{
	const char *version = http_parameter(request, "version");
	const char *metadata = http_header(request, "metadata");

	if (!metadata || strcasecmp(metadata, "true")) {
		http_answer_error(answer, 400, "MetadataHeaderRequired",
			"The header \"metadata: true\" is required.");
		return 0;
	}
	if (version && (!strcmp(version, "v2") || !strcmp(version, "v3")))
		return 3;
	if (version && !strcmp(version, "v4"))
		return 4;
	http_answer_error(answer, 404, "NotFound",
		"Versions are v2, v3 and v4.");
	return 0;
}

static json_t *shape(struct http_request *request,
	const struct pki_machine *machine, const struct pki_pck *pck,
	const struct pki_bytes *chain)
{
	struct pccs *pccs = request->context;
	uint8_t tcbm[18];
	char age[32];

	memcpy(tcbm, pck->tcbm_cpusvn, 16);
	tcbm[16] = (uint8_t)(pck->tcbm_pcesvn >> 8);
	tcbm[17] = (uint8_t)pck->tcbm_pcesvn;
	snprintf(age, sizeof(age), "%lld", (long long)config_number(
		pccs->service->config, "pccs.cache_seconds"));
	return json_pack("{s:s%, s:s?, s:s?, s:s}", "pckCert",
		(const char *)pck->leaf.data, pck->leaf.size,
		"sgx-Pck-Certificate-Issuer-Chain", pccs_escape(request,
		(const char *)chain->data, chain->size), "sgx-Tcbm",
		pccs_to_hex(request, tcbm, sizeof(tcbm), false),
		"cacheMaxAge", age);
}

void pccs_azure_pckcert(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	uint8_t cpusvn[16], pcesvn[2], pceid[2];
	struct pki_machine machine;
	struct pki_bytes chain;
	struct why why = { "" };
	struct pki_pck pck;
	int r;

	if (!pccs_hex(http_query(request, "cpusvn"), cpusvn, 16) ||
	    !pccs_hex(http_query(request, "pcesvn"), pcesvn, 2) ||
	    !pccs_hex(http_query(request, "pceid"), pceid, 2)) {
		http_answer_error(answer, 400, NULL, "cpusvn, pcesvn and pceid "
			"are 32, 4 and 4 hexadecimal digits.");
		return;
	}
	r = pccs_find(pccs, http_query(request, "qeid"),
		http_query(request, "encrypted_ppid"), &machine, &why);
	if (!r && (pceid[0] << 8 | pceid[1]) != machine.pce_id)
		r = -ENOENT;
	if (!r)
		r = pki_pck_get(pccs->pki, &machine, cpusvn,
			(uint16_t)(pcesvn[0] << 8 | pcesvn[1]), &pck, &why);
	if (r) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	r = pki_chain_pem(pccs->pki, machine.ca == PKI_CA_PLATFORM ?
		PKI_CERT_PLATFORM : PKI_CERT_PROCESSOR, &chain, &why);
	if (r) {
		pccs_fail(answer, r, &why, 500);
	} else {
		http_answer_json(answer, 200, shape(request, &machine, &pck,
			&chain));
		pccs_cache_header(request, answer);
		pki_bytes_free(&chain);
	}
	pki_pck_free(&pck);
}

static void get_pckcert(struct http_request *request,
	struct http_answer *answer)
{
	if (version_of(request, answer))
		pccs_azure_pckcert(request, answer);
}

static void get_tcb(struct http_request *request, struct http_answer *answer)
{
	unsigned version = version_of(request, answer);

	if (version)
		pccs_tcb(request, answer, version);
}

static void get_identity(struct http_request *request,
	struct http_answer *answer)
{
	unsigned version = version_of(request, answer);

	if (version)
		pccs_qe_identity(request, answer, version);
}

static void get_pckcrl(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	enum pki_cert issuer;
	struct pki_bytes list;
	int r;

	if (!version_of(request, answer))
		return;
	r = pccs_crl_by_uri(pccs, http_query(request, "uri"), &list, &issuer,
		&why);
	if (r) {
		pccs_fail(answer, r, &why, 404);
		return;
	}
	if (pccs_chain_header(request, answer, issuer,
	    "SGX-PCK-CRL-Issuer-Chain")) {
		http_answer_bytes(answer, 200, "application/pkix-crl",
			list.data, list.size);
		pccs_cache_header(request, answer);
	}
	pki_bytes_free(&list);
}

int pccs_azure_routes(struct http_server *server, struct pccs *pccs)
{
	static const struct {
		const char *pattern;
		http_handler *handler;
	} routes[] = {
		{ "/metadata/THIM/sgx/certification/{version}/pckcert",
		  get_pckcert },
		{ "/metadata/THIM/sgx/certification/{version}/tcb", get_tcb },
		{ "/metadata/THIM/sgx/certification/{version}/qe/identity",
		  get_identity },
		{ "/metadata/THIM/sgx/certification/{version}/pckcrl",
		  get_pckcrl },
	};
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(routes) / sizeof(*routes); i++)
		r = http_route(server, &pccs_interface, pccs, "GET",
			routes[i].pattern, 0, routes[i].handler);
	return r;
}
