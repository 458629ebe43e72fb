/* SPDX-License-Identifier: MIT */
#include "pccs.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An answer on its way in. */
struct answer {
	uint8_t *body;
	size_t size;
	const char *const *headers; /* names of the one wanted; NULL ends */
	char *chain; /* its value, decoded */
	CURL *curl;
};

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
	struct answer *answer = context;
	uint8_t *bytes;

	if (size > ATTEST_COLLATERAL_PART_MAX - answer->size)
		return 0;
	bytes = realloc(answer->body, answer->size + size + 1);
	if (!bytes)
		return 0;
	memcpy(bytes + answer->size, data, size);
	answer->body = bytes;
	answer->size += size;
	bytes[answer->size] = 0;
	return size;
}

/* "Name: value", the value percent-encoded PEM. */
static size_t take_header(char *data, size_t one, size_t size, void *context)
{
	struct answer *answer = context;
	size_t name, taken = one * size;
	char *decoded;
	int count;

	for (int i = 0; answer->headers && answer->headers[i]; i++) {
		name = strlen(answer->headers[i]);
		if (size <= name || data[name] != ':' ||
				strncasecmp(data, answer->headers[i], name))
			continue;
		for (name++; name < size && data[name] == ' '; name++)
			;
		while (size > name && strchr("\r\n", data[size - 1]))
			size--;
		decoded = curl_easy_unescape(answer->curl, data + name,
			(int)(size - name), &count);
		free(answer->chain);
		answer->chain = decoded ? strndup(decoded, (size_t)count) :
			NULL;
		curl_free(decoded);
		break;
	}
	return taken;
}

static int get(CURL *curl, const char *base, const char *path,
	struct answer *answer, struct why *why)
{
	char url[1024];
	long status = 0;
	CURLcode code;

	if (snprintf(url, sizeof(url), "%s/%s", base, path) >=
			(int)sizeof(url))
		return why_set(why, -EINVAL, "the address is too long");
	answer->curl = curl;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return why_set(why, -EPROTO, "%s: %s (whom to trust with "
			"TLS can be said: --cacert of coffer-verify(1), "
			"COFFER_COLLATERAL_CA)", url,
			curl_easy_strerror(code));
	if (code != CURLE_OK)
		return why_set(why, -EIO, "%s: %s", url,
			curl_easy_strerror(code));
	if (status != 200)
		return why_set(why, status == 404 ? -ENOENT : -EIO,
			status == 404 ? N_("%s answered %ld: it does not know "
			"this kind of machine") : N_("%s answered %ld"), url,
			status);
	if (!answer->size)
		return why_set(why, -EPROTO, "%s sent nothing", url);
	if (answer->headers && !answer->chain)
		return why_set(why, -EPROTO, "%s sent no issuer chain", url);
	return 0;
}

/* One request for a part, and a second part from its header. */
struct request {
	unsigned int part, chain_part;
	const char *const *headers;
	char path[64];
};

static int ask(CURL *curl, const char *base, const struct request *request,
	struct pccs_collateral *out, struct why *why)
{
	struct answer answer = { .headers = request->headers };
	int error = get(curl, base, request->path, &answer, why);

	if (error) {
		free(answer.body);
		free(answer.chain);
		return error;
	}
	out->part[request->part] = answer.body;
	out->size[request->part] = answer.size;
	if (answer.chain) {
		out->part[request->chain_part] = (uint8_t *)answer.chain;
		out->size[request->chain_part] = strlen(answer.chain);
	}
	return 0;
}

/* The base without slashes at its end, with the version. */
static int make_base(const char *url, char *base, size_t size,
	struct why *why)
{
	size_t length = strlen(url);
	bool versioned = strstr(url, "/sgx/certification/") != NULL;

	while (length && url[length - 1] == '/')
		length--;
	if (snprintf(base, size, "%.*s%s", (int)length, url, versioned ? "" :
			"/sgx/certification/v4") >= (int)size)
		return why_set(why, -EINVAL, "the address is too long");
	return 0;
}

void pccs_free(struct pccs_collateral *collateral)
{
	for (int i = 0; i < ATTEST_COLLATERAL_PARTS; i++)
		free(collateral->part[i]);
	memset(collateral, 0, sizeof(*collateral));
}

int pccs_get(const char *url, const char *ca_file, const uint8_t fmspc[6],
	enum attest_ca ca, struct pccs_collateral *out, struct why *why)
{
	static const char *const tcb[] = { "TCB-Info-Issuer-Chain",
		"SGX-TCB-Info-Issuer-Chain", NULL };
	static const char *const qe[] = {
		"SGX-Enclave-Identity-Issuer-Chain", NULL };
	static const char *const crl[] = { "SGX-PCK-CRL-Issuer-Chain", NULL };
	const uint8_t *f = fmspc;
	/* Parts in the order of struct attest_collateral. */
	struct request request[] = {
		{ 0, 1, tcb, "" }, { 2, 3, crl, "" }, { 4, 4, NULL, "" },
		{ 5, 6, qe, "qe/identity" },
	};
	char base[768];
	int error = make_base(url, base, sizeof(base), why);
	CURL *curl;

	memset(out, 0, sizeof(*out));
	snprintf(request[0].path, sizeof(request[0].path),
		"tcb?fmspc=%02X%02X%02X%02X%02X%02X", f[0], f[1], f[2], f[3],
		f[4], f[5]);
	snprintf(request[1].path, sizeof(request[1].path),
		"pckcrl?ca=%s&encoding=der", attest_ca_name(ca));
	snprintf(request[2].path, sizeof(request[2].path), "rootcacrl");
	if (error)
		return error;
	curl = curl_easy_init();
	if (!curl)
		return -ENOMEM;
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	if (ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
	for (size_t i = 0; !error && i < sizeof(request) / sizeof(*request);
			i++)
		error = ask(curl, base, &request[i], out, why);
	curl_easy_cleanup(curl);
	if (error)
		pccs_free(out);
	return error;
}
