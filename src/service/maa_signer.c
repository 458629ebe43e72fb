/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "service/hex.h"
#include "service/maa.h"
#include "service/sealed_key.h"

#define DAYS 3650
#define RENEW_DAYS 60 /* before the end */
#define CN_MAX 64

struct maa_signer {
	EVP_PKEY *key;
	X509 *cert;
	json_t *header; /* of every token */
	json_t *jwks;
};

static const char *const steps[] = {
	"CREATE TABLE maa_signer (id INTEGER PRIMARY KEY CHECK (id = 1),"
	" secret BLOB NOT NULL, url TEXT, cert BLOB);",
};

static int failed(struct why *why, int r)
{
	return why_set(why, r < 0 ? r : -EIO, "the attestation service's "
		"database failed");
}

static const struct sealed_key kept = { .table = "maa_signer",
	.label = "maa signer of attestation tokens", .bits = 2048,
	.what = "the key that signs attestation tokens",
	.database = "the attestation service's database" };

/* The certificate as it is kept; the signer has none where it is for another
 * URL.  It lies in the database unsealed, and clients take the key out of it:
 * one of another key counts as none. */
static int load_cert(const struct service *service, struct maa_signer *signer,
	struct why *why)
{
	struct db_rows *rows = db_ask(service->db,
		"SELECT url, cert FROM maa_signer", "");
	const unsigned char *at;
	const char *url;
	size_t size = 0;
	int r = rows ? db_next(rows) : -EIO;

	if (r > 0) {
		url = db_text(rows, 0);
		at = db_blob(rows, 1, &size);
		if (at && url && !strcmp(url, service->url))
			signer->cert = d2i_X509(NULL, &at, (long)size);
	}
	db_done(rows);
	if (signer->cert && X509_check_private_key(signer->cert,
			signer->key) != 1) {
		log_error("maa: the certificate in the database is not that "
			"of the key that signs tokens: made anew");
		X509_free(signer->cert);
		signer->cert = NULL;
	}
	ERR_clear_error();
	return r > 0 ? 0 : failed(why, r);
}

static bool add_name(X509 *cert, const char *url)
{
	X509_NAME *name = X509_get_subject_name(cert);
	size_t size = strlen(url);

	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			(const unsigned char *)url,
			(int)(size < CN_MAX ? size : CN_MAX), -1, 0) &&
		X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8,
			(const unsigned char *)"Coffer software root of "
			"trust, not Intel", -1, -1, 0) &&
		X509_set_issuer_name(cert, name);
}

/* Self-signed, for the URL that tokens name as their issuer. */
static int make_cert(const struct service *service,
	struct maa_signer *signer, struct why *why)
{
	time_t now = (time_t)service_now(service);
	X509 *cert = X509_new();
	unsigned char *der = NULL;
	BIGNUM *serial = BN_new();
	int n = -1, r;

	if (cert && serial && X509_set_version(cert, X509_VERSION_3) &&
			BN_rand(serial, 127, BN_RAND_TOP_ONE,
				BN_RAND_BOTTOM_ANY) &&
			BN_to_ASN1_INTEGER(serial,
				X509_get_serialNumber(cert)) &&
			X509_time_adj_ex(X509_getm_notBefore(cert), -1, 0,
				&now) &&
			X509_time_adj_ex(X509_getm_notAfter(cert), DAYS, 0,
				&now) &&
			add_name(cert, service->url) &&
			X509_set_pubkey(cert, signer->key) &&
			X509_sign(cert, signer->key, EVP_sha256()))
		n = i2d_X509(cert, &der);
	BN_free(serial);
	if (n <= 0) {
		X509_free(cert);
		return why_set(why, -EIO, "OpenSSL made no certificate for "
			"attestation tokens");
	}
	r = db_run(service->db, "UPDATE maa_signer SET url = ?, cert = ?",
		"tb", service->url, (const void *)der, (size_t)n);
	OPENSSL_free(der);
	X509_free(signer->cert);
	signer->cert = cert;
	return r < 0 ? failed(why, r) : 0;
}

static bool ends_soon(const struct service *service, const X509 *cert)
{
	time_t then = (time_t)service_now(service) + RENEW_DAYS * 86400;

	return X509_cmp_time(X509_get0_notAfter(cert), &then) <= 0;
}

/* As Azure's self-signed certificates have it: base64 of SHA-256 over the
 * public key in PEM with a NUL behind. */
static char *make_kid(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char *kid = NULL, *pem;
	long size;

	if (bio && PEM_write_bio_PUBKEY(bio, key) &&
			BIO_write(bio, "", 1) == 1 &&
			(size = BIO_get_mem_data(bio, &pem)) > 0) {
		SHA256((const uint8_t *)pem, (size_t)size, digest);
		kid = base64_encode(digest, sizeof(digest));
	}
	BIO_free(bio);
	return kid;
}

static int make_json(const struct service *service,
	struct maa_signer *signer, struct why *why)
{
	char *kid = make_kid(signer->key), jku[sizeof(service->url) + 8];
	json_t *jwk = jwk_from_key(signer->key, false);
	json_t *x5c = jwk_x5c_from(&signer->cert, 1);

	snprintf(jku, sizeof(jku), "%s/certs", service->url);
	if (kid && jwk && x5c) {
		signer->header = json_pack("{ssssssss}", "alg", "RS256",
			"jku", jku, "kid", kid, "typ", "JWT");
		signer->jwks = json_pack("{s[{sssssssssO}]}", "keys", "alg",
			"RS256", "kid", kid, "kty", "RSA", "use", "sig",
			"x5c", x5c);
		if (signer->jwks)
			json_object_update_missing(json_array_get(
				json_object_get(signer->jwks, "keys"), 0),
				jwk);
	}
	free(kid);
	json_decref(jwk);
	json_decref(x5c);
	return signer->header && signer->jwks ? 0 :
		why_set(why, -ENOMEM, "out of memory");
}

int maa_signer_open(const struct service *service, struct maa_signer **signer,
	struct why *why)
{
	struct maa_signer *s = calloc(1, sizeof(*s));
	int r = s ? db_migrate(service->db, "maa_signer", steps, 1, why) :
		why_set(why, -ENOMEM, "out of memory");

	if (!r)
		r = sealed_key_open(service, &kept, &s->key, why);
	if (!r)
		r = load_cert(service, s, why);
	if (!r && (!s->cert || ends_soon(service, s->cert)))
		r = make_cert(service, s, why);
	if (!r)
		r = make_json(service, s, why);
	if (r) {
		maa_signer_close(s);
		return r;
	}
	*signer = s;
	return 0;
}

void maa_signer_close(struct maa_signer *signer)
{
	if (!signer)
		return;
	EVP_PKEY_free(signer->key);
	X509_free(signer->cert);
	json_decref(signer->header);
	json_decref(signer->jwks);
	free(signer);
}

char *maa_signer_sign(const struct maa_signer *signer, const json_t *claims,
	struct why *why)
{
	char *text = json_dumps(claims, JSON_COMPACT), *token;

	if (!text) {
		why_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	token = jws_sign(signer->header, text, strlen(text), signer->key,
		why);
	free(text);
	return token;
}

json_t *maa_signer_jwks(const struct maa_signer *signer)
{
	return json_incref(signer->jwks);
}

json_t *maa_claims_new(const struct service *service)
{
	int64_t now = service_now(service);
	uint8_t random[32];
	char jti[2 * sizeof(random) + 1];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return NULL;
	hex_write(random, sizeof(random), jti);
	return json_pack("{sssIsIsIss}", "iss", service->url, "iat",
		(json_int_t)now, "nbf", (json_int_t)now, "exp",
		(json_int_t)(now + MAA_TOKEN_SECONDS), "jti", jti);
}
