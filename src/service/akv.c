/* SPDX-License-Identifier: MIT */
#include "service/akv.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* The module's one instance: what akv_close() closes. */
static struct akv *opened;

static void akv_free(struct akv *akv)
{
	if (!akv)
		return;
	akv_verbs_free(akv);
	akv_issuers_close(akv->issuers);
	akv_signer_close(akv->signer);
	akv_store_close(akv->store);
	OPENSSL_cleanse(akv, sizeof(*akv));
	free(akv);
}

int akv_routes(struct http_server *server, struct service *service,
	struct why *why)
{
	struct akv *akv = calloc(1, sizeof(*akv));
	int r;

	if (!akv)
		return why_set(why, -ENOMEM, "out of memory");
	akv->service = service;
	akv->server = server;
	r = service_token(service->folder, "release.token",
		akv->release_token, why);
	if (!r)
		r = akv_store_open(service->db, service->seal, &akv->store,
			why);
	if (!r)
		r = akv_audit_open(service->db, why);
	if (!r)
		r = akv_signer_open(service, &akv->signer, why);
	if (!r)
		r = akv_issuers_open(akv, &akv->issuers, why);
	if (!r && ((r = akv_keys_verbs(akv)) || (r = akv_crypto_verbs(akv)) ||
			(r = akv_release_verbs(akv)) ||
			(r = akv_audit_verbs(akv))))
		why_set(why, r, "the key service's routes do not fit in");
	if (r) {
		akv_free(akv);
		return r;
	}
	opened = akv;
	return 0;
}

void akv_close(void)
{
	akv_free(opened);
	opened = NULL;
}
