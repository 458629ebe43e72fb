/* SPDX-License-Identifier: MIT */
/* Carrying messages for coffer_key_release(). */
#include "host/services/client.h"

#include <coffer/key_release_host.h>
#include <errno.h>
#include <openenclave/bits/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* coffer/edl/key_release.edl, as the generated headers of hosts have it. */
oe_result_t coffer_http_ocall(const char *url, const uint8_t *body,
	size_t body_size, uint32_t *status, uint8_t *answer,
	size_t answer_capacity, size_t *answer_size);

#define DEFAULT_TOKEN "release.token"

static char *ca_file, *token_file;

int coffer_http_setup(const char *ca, const char *token)
{
	char *new_ca = ca ? strdup(ca) : NULL;
	char *new_token = token ? strdup(token) : NULL;

	if ((ca && !new_ca) || (token && !new_token)) {
		free(new_ca);
		free(new_token);
		return -ENOMEM;
	}
	free(ca_file);
	free(token_file);
	ca_file = new_ca;
	token_file = new_token;
	return 0;
}

/* The token is for the key service alone. */
static void drop_token(struct client *client, const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	if (!path || strncmp(path, "/keys/", 6))
		explicit_bzero(client->token, sizeof(client->token));
}

oe_result_t coffer_http_ocall(const char *url, const uint8_t *body,
	size_t body_size, uint32_t *status, uint8_t *answer,
	size_t answer_capacity, size_t *answer_size)
{
	struct client_answer got = {0};
	struct client client;
	struct why why = {""};
	int r;

	if (!url || !status || !answer || !answer_size || !answer_capacity)
		return OE_INVALID_PARAMETER;
	*status = 0;
	*answer_size = 0;
	r = client_open(&client, ca_file, token_file, DEFAULT_TOKEN, &why);
	if (!r) {
		drop_token(&client, url);
		r = client_ask(&client, body ? "POST" : "GET", url, body,
			body_size, answer_capacity, &got, &why);
		client_close(&client);
	}
	if (r) {
		snprintf((char *)answer, answer_capacity, "%s", why.text);
		*answer_size = strlen((char *)answer);
		return OE_OK;
	}
	memcpy(answer, got.body, got.size);
	*status = got.status;
	*answer_size = got.size;
	free(got.body);
	return OE_OK;
}
