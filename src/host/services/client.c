/* SPDX-License-Identifier: MIT */
#include "host/services/client.h"

#include "common/paths.h"
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_SECONDS 10L
#define TIMEOUT_SECONDS 60L

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- who ---------------------------------------------------------------- */

/* The first line of a file, without its end; -ENOENT, -EINVAL. */
static int read_line(const char *path, char *text, size_t size,
	struct why *why)
{
	FILE *file = fopen(path, "re");
	char *got;

	if (!file)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	got = fgets(text, (int)size, file);
	fclose(file);
	if (!got)
		return why_set(why, -EINVAL, "%s is empty", path);
	text[strcspn(text, "\r\n")] = '\0';
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return why_set(why, -EINVAL, "%s holds more than one "
				"word", path);
	return 0;
}

/* A file of this user's services. */
static int service_path(char path[PATH_MAX], const char *name,
	struct why *why)
{
	char state[PATH_MAX], folder[PATH_MAX];
	int r = paths_state(state, sizeof(state), why);

	if (!r)
		r = paths_join(folder, sizeof(folder), state, "serve", why);
	return r ? r : paths_join(path, PATH_MAX, folder, name, why);
}

static int find_ca(struct client *client, const char *file, struct why *why)
{
	const char *given = file ? file : getenv("COFFER_SERVICE_CA");
	int r = 0;

	if (given && *given) {
		if (strlen(given) >= sizeof(client->ca))
			return why_set(why, -EINVAL, "the path is too long");
		strcpy(client->ca, given);
		return access(given, R_OK) ? why_set(why, -errno, "%s: %s",
			given, strerror(errno)) : 0;
	}
	r = service_path(client->ca, "tls/ca.pem", why);
	if (r || access(client->ca, R_OK))
		client->ca[0] = '\0';
	return r;
}

static int find_token(struct client *client, const char *file,
	const char *default_token, struct why *why)
{
	const char *given = file ? file : getenv("COFFER_SERVICE_TOKEN");
	char path[PATH_MAX];
	int r;

	if (given && *given)
		return read_line(given, client->token, sizeof(client->token),
			why);
	if (!default_token)
		return 0;
	r = service_path(path, default_token, why);
	if (!r)
		r = read_line(path, client->token, sizeof(client->token),
			why);
	return r == -ENOENT ? 0 : r;
}

int client_open(struct client *client, const char *ca_file,
	const char *token_file, const char *default_token, struct why *why)
{
	int r;

	pthread_once(&curl_once, curl_begin);
	memset(client, 0, sizeof(*client));
	r = find_ca(client, ca_file, why);
	if (!r)
		r = find_token(client, token_file, default_token, why);
	if (r)
		client_close(client);
	return r;
}

int client_service_url(char *url, size_t size, struct why *why)
{
	char path[PATH_MAX];
	int r = service_path(path, "url", why);

	if (!r)
		r = read_line(path, url, size, why);
	return r == -ENOENT ? why_set(why, r, "no service runs for this user: "
		"start `coffer serve`, or name one with --url") : r;
}

void client_close(struct client *client)
{
	explicit_bzero(client, sizeof(*client));
}

/* --- asking ------------------------------------------------------------- */

struct sink {
	struct client_answer *answer;
	size_t most;
	bool overflow;
};

static size_t take(char *bytes, size_t one, size_t count, void *context)
{
	struct sink *sink = context;
	struct client_answer *answer = sink->answer;
	size_t size = one * count;
	char *more;

	if (size > sink->most - answer->size) {
		sink->overflow = true;
		return 0;
	}
	more = realloc(answer->body, answer->size + size + 1);
	if (!more)
		return 0;
	answer->body = more;
	memcpy(more + answer->size, bytes, size);
	answer->size += size;
	more[answer->size] = '\0';
	return size;
}

static bool token_may_go(const char *url)
{
	static const char *const starts[] = {
		"https://", "http://localhost:", "http://localhost/",
		"http://127.0.0.1:", "http://127.0.0.1/", "http://[::1]:",
		"http://[::1]/",
	};

	/* What stands before an @ would be a name, not the host. */
	if (strchr(url, '@'))
		return false;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(url, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static struct curl_slist *headers_of(const struct client *client,
	const char *url, bool body)
{
	char bearer[CLIENT_TOKEN_MAX + 32];
	struct curl_slist *list = curl_slist_append(NULL, "Accept: */*");

	if (body)
		list = curl_slist_append(list,
			"Content-Type: application/json");
	/* No waiting for a 100. */
	list = curl_slist_append(list, "Expect:");
	if (*client->token && token_may_go(url)) {
		snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s",
			client->token);
		list = curl_slist_append(list, bearer);
		explicit_bzero(bearer, sizeof(bearer));
	}
	return list;
}

int client_ask(const struct client *client, const char *method,
	const char *url, const void *body, size_t body_size, size_t most,
	struct client_answer *answer, struct why *why)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = headers_of(client, url, body != NULL);
	struct sink sink = {.answer = answer, .most = most};
	char detail[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode code = CURLE_OUT_OF_MEMORY;

	memset(answer, 0, sizeof(*answer));
	if (curl && headers) {
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
		curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			CONNECT_SECONDS);
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
		curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
		if (*client->ca)
			curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca);
		if (body) {
			curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)body_size);
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		}
		code = curl_easy_perform(curl);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	}
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	if (code == CURLE_OK && !answer->body)
		answer->body = calloc(1, 1);
	if (code == CURLE_OK && answer->body) {
		answer->status = (unsigned)status;
		return 0;
	}
	free(answer->body);
	memset(answer, 0, sizeof(*answer));
	return why_set(why, -EIO, "%.120s: %s", url, sink.overflow ?
		why_words("the answer is too long") : *detail ? detail :
		curl_easy_strerror(code));
}
