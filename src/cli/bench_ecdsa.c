/* SPDX-License-Identifier: MIT */
#include "bench_ecdsa.h"
#include "cli.h"
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct bench_ecdsa {
	EVP_PKEY *key;
	EVP_PKEY_CTX *sign, *verify;
	uint8_t digest[32], signature[80];
	size_t size;
};

static bool failed(void)
{
	cli_error("libcrypto's ECDSA failed");
	return false;
}

struct bench_ecdsa *bench_ecdsa_new(void)
{
	struct bench_ecdsa *e = calloc(1, sizeof(*e));

	if (e)
		e->key = EVP_EC_gen("P-256");
	if (e && e->key) {
		e->sign = EVP_PKEY_CTX_new(e->key, NULL);
		e->verify = EVP_PKEY_CTX_new(e->key, NULL);
	}
	if (e && e->sign && e->verify && EVP_PKEY_sign_init(e->sign) == 1 &&
	    EVP_PKEY_verify_init(e->verify) == 1 && bench_ecdsa_sign(e, 1))
		return e;
	failed();
	bench_ecdsa_free(e);
	return NULL;
}

bool bench_ecdsa_sign(struct bench_ecdsa *e, uint64_t count)
{
	while (count--) {
		e->size = sizeof(e->signature);
		e->digest[0]++;
		if (EVP_PKEY_sign(e->sign, e->signature, &e->size, e->digest,
				sizeof(e->digest)) != 1)
			return failed();
	}
	return true;
}

bool bench_ecdsa_verify(struct bench_ecdsa *e, uint64_t count)
{
	while (count--)
		if (EVP_PKEY_verify(e->verify, e->signature, e->size,
				e->digest, sizeof(e->digest)) != 1)
			return failed();
	return true;
}

void bench_ecdsa_free(struct bench_ecdsa *e)
{
	if (!e)
		return;
	EVP_PKEY_CTX_free(e->sign);
	EVP_PKEY_CTX_free(e->verify);
	EVP_PKEY_free(e->key);
	free(e);
}
