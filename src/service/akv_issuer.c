/* SPDX-License-Identifier: MIT */
/*
 * Whose tokens count: this service's own attestation service, asked without
 * a network, and the issuers that the configuration names, asked for their
 * OpenID metadata over https (plain http on loopback addresses only).  A
 * token's "iss" is looked up in that list and never fetched because a token
 * says so.
 */
#include "service/akv.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ISSUERS_MAX 16
#define ANSWER_MAX (256u << 10)
/* An issuer on a busy box may take long; one that is away is found out soon. */
#define CONNECT_SECONDS 10L
#define TIMEOUT_SECONDS 30L
#define KEEP_SECONDS 600

struct issuer {
	char *url; /* without a slash at the end */
	json_t *jwks; /* what it published */
	int64_t fetched;
};

struct akv_issuers {
	struct akv *akv;
	struct issuer list[ISSUERS_MAX];
	size_t count;
	pthread_mutex_t lock; /* of jwks and fetched */
};

static size_t trimmed(const char *url)
{
	size_t n = strlen(url);

	return n && url[n - 1] == '/' ? n - 1 : n;
}

static bool same(const char *a, const char *b)
{
	return trimmed(a) == trimmed(b) && !memcmp(a, b, trimmed(a));
}

/* A name before the host would make "http://localhost:" one of anybody's. */
static bool allowed_url(const char *url)
{
	const char *host = strstr(url, "://");
	static const char *const starts[] = {
		"https://", "http://localhost:", "http://127.0.0.1:",
		"http://[::1]:",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(url, starts[i], strlen(starts[i])))
			return !memchr(host + 3, '@', strcspn(host + 3, "/?#"));
	return false;
}

/* --- this service itself ------------------------------------------------ */

static int own_keys(struct akv *akv, json_t **jwks, struct why *why)
{
	struct sockaddr_in here = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http_exchange *exchange = http_dispatch(akv->server, "GET",
		"/certs", NULL, 0, NULL, 0, (struct sockaddr *)&here);
	struct http_view view = {0};
	const char *fault;

	*jwks = NULL;
	if (exchange && http_exchange_answer(exchange)) {
		http_answer_view(http_exchange_answer(exchange), &view);
		if (view.status == 200)
			*jwks = http_json_parse((const char *)view.body,
				view.body_size, &fault);
	}
	if (exchange)
		http_exchange_end(exchange);
	return *jwks ? 0 : why_set(why, -EIO, "this service's attestation "
		"service publishes no keys");
}

/* --- others ------------------------------------------------------------- */

struct text {
	char *bytes;
	size_t size;
};

static size_t take(char *bytes, size_t one, size_t count, void *context)
{
	struct text *text = context;
	size_t size = one * count;
	char *more;

	if (size > ANSWER_MAX - text->size)
		return 0;
	more = realloc(text->bytes, text->size + size + 1);
	if (!more)
		return 0;
	text->bytes = more;
	memcpy(more + text->size, bytes, size);
	text->size += size;
	return size;
}

/* A JSON object from elsewhere; NULL with why. */
static json_t *fetch(struct akv *akv, const char *url, struct why *why)
{
	const char *ca = config_text(akv->service->config,
		"akv.issuer_ca");
	CURL *curl = curl_easy_init();
	struct text text = {0};
	const char *fault = "its answer is no JSON object";
	json_t *object = NULL;
	long status = 0;
	CURLcode code;

	if (!curl || !allowed_url(url)) {
		curl_easy_cleanup(curl);
		why_set(why, -EINVAL, "%.160s is no https address", url);
		return NULL;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &text);
	if (*ca)
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK && status != 200)
		fault = "its status is not 200";
	else if (code == CURLE_OK)
		object = http_json_parse(text.bytes ? text.bytes : "",
			text.size, &fault);
	free(text.bytes);
	if (!json_is_object(object)) {
		json_decref(object);
		object = NULL;
		why_set(why, -EIO, "the keys of an issuer cannot be had from "
			"%.120s: %s", url, code ? curl_easy_strerror(code) :
			fault);
	}
	return object;
}

static json_t *fetch_keys(struct akv *akv, const struct issuer *issuer,
	struct why *why)
{
	char address[CONFIG_VALUE_MAX + 64];
	const char *keys_url;
	json_t *metadata, *jwks = NULL;

	snprintf(address, sizeof(address),
		"%s/.well-known/openid-configuration", issuer->url);
	metadata = fetch(akv, address, why);
	if (!metadata)
		return NULL;
	keys_url = json_string_value(json_object_get(metadata, "jwks_uri"));
	if (!keys_url)
		why_set(why, -EIO, "%.160s has no jwks_uri", address);
	else
		jwks = fetch(akv, keys_url, why);
	json_decref(metadata);
	return jwks;
}

static int others_keys(struct akv_issuers *issuers, struct issuer *issuer,
	json_t **jwks, struct why *why)
{
	int64_t now = service_now(issuers->akv->service);
	json_t *fresh;

	pthread_mutex_lock(&issuers->lock);
	*jwks = issuer->jwks && now - issuer->fetched < KEEP_SECONDS ?
		json_deep_copy(issuer->jwks) : NULL;
	pthread_mutex_unlock(&issuers->lock);
	if (*jwks)
		return 0;
	fresh = fetch_keys(issuers->akv, issuer, why);
	if (!fresh)
		return -EIO;
	*jwks = json_deep_copy(fresh);
	pthread_mutex_lock(&issuers->lock);
	json_decref(issuer->jwks);
	issuer->jwks = fresh;
	issuer->fetched = now;
	pthread_mutex_unlock(&issuers->lock);
	return *jwks ? 0 : why_set(why, -ENOMEM, "out of memory");
}

int akv_issuers_keys(void *context, const char *issuer, json_t **jwks,
	struct why *why)
{
	struct akv *akv = context;

	if (same(issuer, akv->service->url))
		return own_keys(akv, jwks, why);
	for (size_t i = 0; i < akv->issuers->count; i++)
		if (same(issuer, akv->issuers->list[i].url))
			return others_keys(akv->issuers,
				&akv->issuers->list[i], jwks, why);
	return why_set(why, -EACCES, "the token comes from %.120s, which is "
		"not trusted here (akv.issuers)", issuer);
}

static int add(struct akv_issuers *issuers, const char *url, size_t size,
	struct why *why)
{
	struct issuer *issuer = &issuers->list[issuers->count];

	if (issuers->count == ISSUERS_MAX)
		return why_set(why, -EINVAL, "akv.issuers: at most %d",
			ISSUERS_MAX);
	issuer->url = strndup(url, size);
	if (!issuer->url)
		return why_set(why, -ENOMEM, "out of memory");
	issuers->count++;
	issuer->url[trimmed(issuer->url)] = '\0';
	return allowed_url(issuer->url) ? 0 : why_set(why, -EINVAL,
		"akv.issuers: %.160s is no https address", issuer->url);
}

int akv_issuers_open(struct akv *akv, struct akv_issuers **issuers,
	struct why *why)
{
	const char *at = config_text(akv->service->config, "akv.issuers");
	struct akv_issuers *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(s);
		return why_set(why, -ENOMEM, "out of memory");
	}
	s->akv = akv;
	pthread_mutex_init(&s->lock, NULL);
	for (at += strspn(at, ", "); *at && !r; at += strspn(at, ", ")) {
		size_t n = strcspn(at, ", ");

		r = add(s, at, n, why);
		at += n;
	}
	*issuers = s;
	return r;
}

void akv_issuers_close(struct akv_issuers *issuers)
{
	if (!issuers)
		return;
	for (size_t i = 0; i < ISSUERS_MAX; i++) {
		free(issuers->list[i].url);
		json_decref(issuers->list[i].jwks);
	}
	pthread_mutex_destroy(&issuers->lock);
	free(issuers);
}
