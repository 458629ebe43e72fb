/* SPDX-License-Identifier: MIT */
#include "service/akv.h"

#include "service/jws.h"
#include "service/sealed_key.h"
#include "service/tls.h"
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define DAYS 825
#define CN "Coffer key release"

struct akv_signer {
	EVP_PKEY *key;
	char *chain; /* PEM */
	json_t *header; /* of every JWS */
};

static const char *const steps[] = {
	"CREATE TABLE akv_signer (id INTEGER PRIMARY KEY CHECK (id = 1),"
	" secret BLOB NOT NULL);",
};

static const struct sealed_key kept = { .table = "akv_signer",
	.label = "akv signer of released keys", .bits = 3072,
	.what = "the key that signs released keys",
	.database = "the key database" };

/* "kid" and "x5t#S256": of the certificate's bytes. */
static int set_thumbprint(json_t *header, X509 *leaf)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	unsigned int size = sizeof(digest);
	char *text = X509_digest(leaf, EVP_sha256(), digest, &size) == 1 ?
		base64url_encode(digest, size) : NULL;
	int r = text ? json_object_set_new(header, "x5t#S256",
		json_string(text)) | json_object_set_new(header, "kid",
		json_string(text)) : -1;

	free(text);
	return r;
}

static int make_header(struct akv_signer *signer, struct why *why)
{
	X509 *certs[JWK_CERTS_MOST];
	BIO *pem = BIO_new_mem_buf(signer->chain, -1);
	size_t count = 0;
	int r = -EIO;

	while (pem && count < JWK_CERTS_MOST && (certs[count] =
			PEM_read_bio_X509(pem, NULL, NULL, NULL)))
		count++;
	BIO_free(pem);
	signer->header = json_pack("{s:s, s:s}", "alg", "RS256", "typ",
		"JWT");
	if (count && signer->header && !json_object_set_new(signer->header,
			"x5c", jwk_x5c_from(certs, count)))
		r = set_thumbprint(signer->header, certs[0]);
	while (count)
		X509_free(certs[--count]);
	return r ? why_set(why, -EIO, "no certificate for released keys") : 0;
}

/* The name that clients call the service by. */
static void host_of(const char *url, char *host, size_t size)
{
	const char *at = strstr(url, "://");
	size_t n;

	at = at ? at + 3 : url;
	n = *at == '[' ? strcspn(++at, "]") : strcspn(at, ":/");
	if (n >= size)
		n = size - 1;
	memcpy(host, at, n);
	host[n] = '\0';
}

int akv_signer_open(struct service *service, struct akv_signer **signer,
	struct why *why)
{
	struct akv_signer *s = calloc(1, sizeof(*s));
	char host[256];
	int r = s ? db_migrate(service->db, "akv_signer", steps, 1, why)
		  : why_set(why, -ENOMEM, "out of memory");

	if (!r)
		r = sealed_key_open(service, &kept, &s->key, why);
	host_of(service->url, host, sizeof(host));
	if (!r) /* where only HTTP is served nobody has made the CA yet */
		r = tls_prepare(service->folder, config_text(service->config,
			"tls_names"), service_now(service), why);
	if (!r)
		r = tls_issue(service->folder, s->key, CN, host, DAYS,
			service_now(service), &s->chain, why);
	if (!r)
		r = make_header(s, why);
	if (r) {
		akv_signer_close(s);
		return r;
	}
	*signer = s;
	return 0;
}

void akv_signer_close(struct akv_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->key);
	free(signer->chain);
	json_decref(signer->header);
	free(signer);
}

char *akv_signer_sign(struct akv_signer *signer, const json_t *payload,
	struct why *why)
{
	char *text = json_dumps(payload, JSON_COMPACT), *jws;

	if (!text) {
		why_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	jws = jws_sign(signer->header, text, strlen(text), signer->key, why);
	free(text);
	return jws;
}

const char *akv_signer_chain(const struct akv_signer *signer)
{
	return signer->chain;
}
