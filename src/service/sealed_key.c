/* SPDX-License-Identifier: MIT */
#include "service/sealed_key.h"

#include "service/db.h"
#include "service/seal_at_rest.h"
#include <errno.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define SQL_MAX 160

static int failed(const struct sealed_key *which, struct why *why, int r)
{
	return why_set(why, r, "%s failed", which->database);
}

/* -ENOENT: none yet. */
static int load(const struct service *service, const struct sealed_key *which,
	EVP_PKEY **key, struct why *why)
{
	struct db_rows *rows;
	char sql[SQL_MAX];
	uint8_t *der = NULL;
	const unsigned char *at;
	size_t size = 0, blob_size;
	const void *blob;
	int r;

	snprintf(sql, sizeof(sql), "SELECT secret FROM %s", which->table);
	rows = db_ask(service->db, sql, "");
	r = rows ? db_next(rows) : -EIO;
	if (r > 0) {
		blob = db_blob(rows, 0, &blob_size);
		r = seal_at_rest_unseal(service->seal, which->label, blob,
			blob_size, &der, &size, why);
		if (r)
			why_set(why, r, "%s does not open: is this the master "
				"key of this database?", which->what);
	} else {
		r = r ? failed(which, why, r) : -ENOENT;
	}
	db_done(rows);
	if (r)
		return r;
	at = der;
	*key = d2i_AutoPrivateKey(NULL, &at, (long)size);
	seal_at_rest_wipe(der, size);
	return *key ? 0 : why_set(why, -EBADMSG, "%s is damaged", which->what);
}

static int make(const struct service *service, const struct sealed_key *which,
	struct why *why)
{
	EVP_PKEY *key = EVP_RSA_gen(which->bits);
	unsigned char *der = NULL;
	int n = key ? i2d_PrivateKey(key, &der) : -1, r;
	uint8_t *blob = NULL;
	size_t blob_size = 0;
	char sql[SQL_MAX];

	EVP_PKEY_free(key);
	if (n <= 0)
		return why_set(why, -EIO, "OpenSSL made no key");
	r = seal_at_rest_seal(service->seal, which->label, der, (size_t)n,
		&blob, &blob_size, why);
	OPENSSL_clear_free(der, (size_t)n);
	if (!r) {
		snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO %s "
			"(id, secret) VALUES (1, ?)", which->table);
		r = db_run(service->db, sql, "b", (const void *)blob,
			blob_size);
		r = r < 0 ? failed(which, why, r) : 0;
	}
	free(blob);
	return r;
}

int sealed_key_open(const struct service *service,
	const struct sealed_key *which, EVP_PKEY **key, struct why *why)
{
	int r = load(service, which, key, why);

	if (r == -ENOENT) {
		r = make(service, which, why);
		if (!r)
			r = load(service, which, key, why);
	}
	return r;
}
