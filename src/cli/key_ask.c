/* SPDX-License-Identifier: MIT */
#include "key.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (4u << 20)

/* The service's own words. */
static void print_refusal(const struct client_answer *answer)
{
	json_t *json = json_loadb(answer->body, answer->size, 0, NULL);
	const char *message = json_string_value(json_object_get(
		json_object_get(json, "error"), "message"));

	if (answer->status == 401)
		cli_error("the service does not know this token; "
			"name its file with --token");
	else
		cli_error("%s (%u)", message ? message :
			_("the service refused"), answer->status);
	json_decref(json);
}

json_t *key_ask(const struct key_service *service, const char *method,
	const char *path, json_t *body, bool *empty)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	char url[2 * KEY_URL_MAX];
	struct client_answer answer;
	struct why why = { "" };
	json_t *json = NULL;
	int r;

	if (empty)
		*empty = false;
	snprintf(url, sizeof(url), "%s%s", service->url, path);
	r = client_ask(&service->client, method, url, text,
		text ? strlen(text) : 0, ANSWER_MAX, &answer, &why);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	json_decref(body);
	if (r) {
		cli_error("%s", why.text);
		return NULL;
	}
	if (answer.status == 204 && empty)
		*empty = true;
	else if (answer.status != 200)
		print_refusal(&answer);
	else if (!(json = json_loadb(answer.body, answer.size, 0, NULL)))
		cli_error("%s answers without JSON: is it a key service?",
			service->url);
	free(answer.body);
	return json;
}

int key_open(const struct key_options *o, struct key_service *service)
{
	struct why why = { "" };
	int r = 0;

	if (o->url)
		snprintf(service->url, sizeof(service->url), "%s", o->url);
	else
		r = client_service_url(service->url, sizeof(service->url),
			&why);
	if (!r && *service->url &&
			service->url[strlen(service->url) - 1] == '/')
		service->url[strlen(service->url) - 1] = '\0';
	if (!r)
		r = client_open(&service->client, o->ca, o->token,
			"admin.token", &why);
	return r ? cli_error("%s", why.text) : CLI_OK;
}

json_t *key_pages(const struct key_service *service, const char *path)
{
	char at[KEY_URL_MAX];
	json_t *all = json_array(), *page;

	snprintf(at, sizeof(at), "%s", path);
	while (*at) {
		const char *next;

		page = key_ask(service, "GET", at, NULL, NULL);
		if (!page) {
			json_decref(all);
			return NULL;
		}
		json_array_extend(all, json_object_get(page, "value"));
		next = json_string_value(json_object_get(page, "nextLink"));
		/* Its path only: we stay with the service that we asked. */
		next = next ? strstr(next, "://") : NULL;
		next = next ? strchr(next + 3, '/') : NULL;
		snprintf(at, sizeof(at), "%s", next ? next : "");
		json_decref(page);
	}
	return all;
}

void key_name(const char *kid, char name[128])
{
	const char *at = kid ? strstr(kid, "/keys/") : NULL;

	snprintf(name, 128, "%.*s", at ? (int)strcspn(at + 6, "/") : 0,
		at ? at + 6 : "");
}

char *key_base64url(const void *bytes, size_t size)
{
	char *text = malloc(size / 3 * 4 + 8);

	if (!text)
		return NULL;
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	text[strcspn(text, "=")] = '\0';
	return text;
}
