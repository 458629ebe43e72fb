/* SPDX-License-Identifier: MIT */
/*
 * Certificates and collateral with the paths, headers and encodings of
 * Intel's caching service (PCCS), versions 3 and 4, and of Azure's.
 */
#include "service/pccs_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

static struct pccs g_pccs; /* set before the first request */

static const char *text_of(unsigned status)
{
	switch (status) {
	case 400: return "The request's parameters are wrong.";
	case 401: return "This needs a token.";
	case 404: return "There is no such data.";
	case PCCS_INTEGRITY: return "This does not come from the CA of this "
		"service.";
	case PCCS_UNKNOWN: return "No such platform is known.";
	case PCCS_NO_CERTIFICATE: return "The platform has no certificate for "
		"this TCB.";
	case 500: return "The service has failed.";
	default: return "The request was refused.";
	}
}

/* The body is a sentence, as the caching service's; the headers are those of
 * Intel's own. */
static void error(struct http_answer *answer, unsigned status,
	const char *code, const char *message)
{
	if (!message)
		message = text_of(status);
	http_answer_text(answer, status, "text/plain; charset=utf-8",
		message);
	http_answer_header(answer, "Error-Code", code ? code :
		status < 500 ? "InvalidRequest" : "ServerError");
	http_answer_header(answer, "Error-Message", message);
}

static void finish(const struct http_request *request,
	struct http_answer *answer)
{
	if (request->id)
		http_answer_header(answer, "Request-ID", request->id);
}

static const char *const prefixes[] = { "/sgx/", "/metadata/THIM/",
	"/CofferRootCA", NULL };

const struct http_interface pccs_interface = {
	.name = "pccs", .prefixes = prefixes, .error = error,
	.finish = finish,
};

/* --- text --------------------------------------------------------------- */

unsigned pccs_version(struct http_request *request,
	struct http_answer *answer)
{
	const char *version = http_parameter(request, "version");

	if (version && !strcmp(version, "v3"))
		return 3;
	if (version && !strcmp(version, "v4"))
		return 4;
	http_answer_error(answer, 404, "NotFound", "Versions are v3 and v4.");
	return 0;
}

bool pccs_is_hex(const char *text, size_t digits)
{
	return text && strlen(text) == digits &&
		strspn(text, "0123456789abcdefABCDEF") == digits;
}

bool pccs_hex(const char *text, uint8_t *bytes, size_t size)
{
	if (!pccs_is_hex(text, 2 * size))
		return false;
	for (size_t i = 0; i < size; i++) {
		char pair[3] = { text[2 * i], text[2 * i + 1], '\0' };

		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return true;
}

char *pccs_to_hex(struct http_request *request, const uint8_t *bytes,
	size_t size, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char *text = http_alloc(request, 2 * size + 1);

	for (size_t i = 0; text && i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

char *pccs_escape(struct http_request *request, const char *text,
	size_t size)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = http_alloc(request, 3 * size + 1), *to = out;

	for (size_t i = 0; out && i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isalnum(c) || strchr("-._~", c)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	return out;
}

/* --- answers ------------------------------------------------------------ */

void pccs_fail(struct http_answer *answer, int number,
	const struct why *why, unsigned missing)
{
	unsigned status = 500;

	if (number == -ENOENT)
		status = missing;
	else if (number == -ESRCH)
		status = PCCS_NO_CERTIFICATE;
	else if (number == -ESTALE)
		status = 410;
	else if (number == -EINVAL)
		status = 400;
	if (status == 500)
		log_error("pccs: %s", why->text);
	http_answer_error(answer, status, NULL, "%s", text_of(status));
}

bool pccs_chain_header(struct http_request *request,
	struct http_answer *answer, enum pki_cert signer, const char *name)
{
	struct pccs *pccs = request->context;
	struct why why = { "" };
	struct pki_bytes chain;
	char *text;
	int r = pki_chain_pem(pccs->pki, signer, &chain, &why);

	if (r) {
		pccs_fail(answer, r, &why, 500);
		return false;
	}
	text = pccs_escape(request, (const char *)chain.data, chain.size);
	pki_bytes_free(&chain);
	if (text)
		http_answer_header(answer, name, text);
	else
		http_answer_error(answer, 500, NULL, "%s", text_of(500));
	return text != NULL;
}

void pccs_cache_header(struct http_request *request,
	struct http_answer *answer)
{
	struct pccs *pccs = request->context;
	char text[64];

	snprintf(text, sizeof(text), "max-age=%lld", (long long)config_number(
		pccs->service->config, "pccs.cache_seconds"));
	http_answer_header(answer, "Cache-Control", text);
}

/* --- the module --------------------------------------------------------- */

int pccs_routes(struct http_server *server, struct service *service,
	struct why *why)
{
	int r;

	g_pccs.service = service;
	r = pki_open(NULL, &g_pccs.pki, why);
	if (r)
		return r;
	r = pccs_collateral_routes(server, &g_pccs);
	if (!r)
		r = pccs_certs_routes(server, &g_pccs);
	if (!r)
		r = pccs_azure_routes(server, &g_pccs);
	if (r)
		return why_set(why, r, "pccs: routes cannot be registered");
	return pccs_admin_routes(server, &g_pccs, why);
}

void pccs_close(void)
{
	pki_close(g_pccs.pki);
	g_pccs.pki = NULL;
}
