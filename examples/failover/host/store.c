/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URLS_MAX 7u
#define ANSWER_MAX (1u << 20)
#define CONNECT_MILLISECONDS 500L
#define ANSWER_MILLISECONDS 2000L

struct store {
	char *url[URLS_MAX];
	size_t count, at; /* at: the one that answered last */
	CURL *curl;
	pthread_mutex_t lock;
};

struct answer {
	char *text;
	size_t size;
};

struct store *store_open(const char *urls)
{
	struct store *s = calloc(1, sizeof(*s));
	char *copy = strdup(urls), *rest = copy, *url;

	if (!s || !copy)
		goto out;
	while (s->count < URLS_MAX && (url = strsep(&rest, ",")))
		s->url[s->count++] = strdup(url);
	s->curl = curl_easy_init();
	pthread_mutex_init(&s->lock, NULL);
out:
	free(copy);
	if (s && (!s->count || !s->curl || !s->url[s->count - 1])) {
		store_close(s);
		s = NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->url[i]);
	curl_easy_cleanup(s->curl);
	free(s);
}

/* --- one request ---------------------------------------------------------- */

static size_t collect(char *bytes, size_t one, size_t size, void *context)
{
	struct answer *a = context;
	char *text = a->size + size <= ANSWER_MAX
		? realloc(a->text, a->size + size + 1) : NULL;

	if (!text)
		return 0;
	a->text = text;
	memcpy(text + a->size, bytes, size);
	a->size += size;
	text[a->size] = 0;
	return size;
}

/* True if an answer of status 200 came; *sent: it may have been heard. */
static bool post(struct store *s, const char *path, const char *body,
	struct answer *a, bool *sent)
{
	char url[512];
	long status = 0;
	CURLcode code;

	snprintf(url, sizeof(url), "%s/v3/kv/%s", s->url[s->at], path);
	a->size = 0;
	curl_easy_setopt(s->curl, CURLOPT_URL, url);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(s->curl, CURLOPT_CONNECTTIMEOUT_MS,
		CONNECT_MILLISECONDS);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, ANSWER_MILLISECONDS);
	code = curl_easy_perform(s->curl);
	*sent = code != CURLE_COULDNT_CONNECT;
	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	return code == CURLE_OK && status == 200;
}

/* Asks the member of the store that answered last; others, if it cannot be
 * reached at all.  The caller releases what it gets; NULL: no answer. */
static json_t *ask(struct store *s, const char *path, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct answer a = { 0 };
	json_t *answer = NULL;
	bool sent = false;

	for (size_t i = 0; text && !answer && !sent && i < s->count; i++) {
		if (post(s, path, text, &a, &sent))
			answer = json_loads(a.text, 0, NULL);
		if (!answer)
			s->at = (s->at + 1) % s->count;
	}
	free(a.text);
	free(text);
	json_decref(body);
	return answer;
}

/* --- what etcd calls things ----------------------------------------------- */

static json_t *base64(const void *bytes, size_t size)
{
	char *text = malloc(4 * (size / 3 + 1) + 1);
	json_t *string = NULL;

	if (text) {
		EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
		string = json_string(text);
	}
	free(text);
	return string;
}

static json_t *key_of(const char *name, const char *suffix)
{
	char key[128];
	int n = snprintf(key, sizeof(key), "%s%s", name, suffix);

	return base64(key, (size_t)n);
}

/* The value of a range's only key, as much as there is room for. */
static int read_value(json_t *range, uint8_t *record, size_t capacity,
	size_t *size)
{
	json_t *kv = json_array_get(json_object_get(range, "kvs"), 0);
	const char *text = json_string_value(json_object_get(kv, "value"));
	size_t length = text ? strlen(text) : 0, padding = 0;
	uint8_t *bytes;
	int n;

	if (!kv)
		return json_object_get(range, "header") ? -ENOENT : -EIO;
	bytes = malloc(length + 1);
	if (!bytes)
		return -EIO;
	n = EVP_DecodeBlock(bytes, (const unsigned char *)(text ? text : ""),
		(int)length);
	while (padding < 2 && padding < length &&
		text[length - 1 - padding] == '=')
		padding++;
	if (n < 0 || (size_t)n - padding > capacity) {
		free(bytes);
		return n < 0 ? -EIO : -EMSGSIZE;
	}
	*size = (size_t)n - padding;
	memcpy(record, bytes, *size);
	free(bytes);
	return 0;
}

int store_get(struct store *s, const char *name, uint8_t *record,
	size_t capacity, size_t *size)
{
	json_t *answer;
	int error;

	*size = 0;
	pthread_mutex_lock(&s->lock);
	answer = ask(s, "range", json_pack("{s:o}", "key", key_of(name, "")));
	pthread_mutex_unlock(&s->lock);
	error = answer ? read_value(answer, record, capacity, size) : -EIO;
	json_decref(answer);
	return error;
}

static json_t *comparison(const char *name, const uint8_t *expected)
{
	static const uint8_t nothing[STORE_DIGEST];

	if (!memcmp(expected, nothing, STORE_DIGEST))
		return json_pack("{s:s, s:s, s:o, s:s}", "target", "CREATE",
			"result", "EQUAL", "key", key_of(name, "/head"),
			"create_revision", "0");
	return json_pack("{s:s, s:s, s:o, s:o}", "target", "VALUE", "result",
		"EQUAL", "key", key_of(name, "/head"), "value",
		base64(expected, STORE_DIGEST));
}

int store_put(struct store *s, const char *name,
	const uint8_t expected[STORE_DIGEST], const uint8_t *record,
	size_t size, const uint8_t digest[STORE_DIGEST])
{
	json_t *answer, *transaction = json_pack(
		"{s:[o], s:[{s:{s:o, s:o}}, {s:{s:o, s:o}}]}", "compare",
		comparison(name, expected), "success",
		"request_put", "key", key_of(name, ""),
		"value", base64(record, size),
		"request_put", "key", key_of(name, "/head"),
		"value", base64(digest, STORE_DIGEST));
	int error;

	if (!transaction)
		return -EIO;
	pthread_mutex_lock(&s->lock);
	answer = ask(s, "txn", transaction);
	pthread_mutex_unlock(&s->lock);
	if (!json_object_get(answer, "header"))
		error = -EIO;
	else
		error = json_is_true(json_object_get(answer, "succeeded")) ? 0
			: -ESTALE;
	json_decref(answer);
	return error;
}
