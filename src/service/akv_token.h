/* SPDX-License-Identifier: MIT */
/*
 * Attestation tokens that are shown for a key: whose they are, whether they
 * are genuine and in time, and the RSA key inside for which the answer will
 * be encrypted.
 */
#ifndef COFFER_SERVICE_AKV_TOKEN_H
#define COFFER_SERVICE_AKV_TOKEN_H

#include "common/why.h"
#include <jansson.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#define AKV_TOKEN_MAX 131072u /* bytes */
#define AKV_TOKEN_SKEW 300 /* seconds that clocks may disagree */

/* The keys (JWKS) of an issuer, a new reference in *jwks.  0; -EACCES with
 * why when nobody here trusts that issuer; another negative errno when its
 * keys cannot be had. */
typedef int akv_issuer_keys(void *context, const char *issuer, json_t **jwks,
	struct why *why);

struct akv_token {
	json_t *claims;
	const char *issuer; /* "iss", within claims */
	const char *id; /* "jti", within claims; "" without */
	EVP_PKEY *enclave_key; /* RSA, public: the first that may encrypt */
	const char *enclave_kid; /* its name, within claims */
};

/*
 * Verifies a token: RS256 by one of its issuer's keys, named by kid; has an
 * "exp" that is not over and no "nbf" or "iat" to come; and carries, in
 * x-ms-runtime (or x-ms-isolation-tee.x-ms-runtime), "keys" with an RSA key of
 * 2048 bits or more that has a "kid" and is for encryption ("use":"enc" or
 * "encrypt" in key_ops).  now: unix seconds.  0 and akv_token_wipe() later;
 * -EACCES, -EINVAL or what keys() gave, with why.
 */
int akv_token_verify(const char *text, size_t size, akv_issuer_keys *keys,
	void *context, int64_t now, struct akv_token *token, struct why *why);

void akv_token_wipe(struct akv_token *token);

#endif
