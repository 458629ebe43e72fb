/* SPDX-License-Identifier: MIT */
/*
 * JSON web signatures in the compact form (RFC 7515): three parts of
 * base64url with dots between them, the last one empty for the unsecured
 * kind ("alg":"none").  Algorithms (RFC 7518): RS256/384/512, PS256/384/512,
 * ES256/384/512.  What an algorithm may be used with comes from the key,
 * never from the token alone: an RSA key takes RS and PS, a curve takes its
 * own ES, and nothing takes "none".
 */
#ifndef COFFER_SERVICE_JWS_H
#define COFFER_SERVICE_JWS_H

#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base64.h"
#include "common/why.h"
#include "jwk.h"

struct jws {
	json_t *header;		/* an object */
	const char *algorithm;	/* within header */
	char *payload;		/* payload_size bytes, then a NUL */
	size_t payload_size;
	/* Private: the signed text, within the caller's token; and what
	 * signs it. */
	const char *signed_text;
	size_t signed_size;
	uint8_t *signature;
	size_t signature_size;
};

/* Takes a token apart; text has to live as long as the answer.  Nothing is
 * verified.  Refused: another number of parts, parts that are not base64url,
 * a header that is no JSON object or names a member twice, a header without
 * "alg", with "crit" (nothing critical is understood here) or with an
 * unencoded payload.  Returns 0 or -EINVAL with *why, -ENOMEM.  jws_free()
 * after success. */
int jws_parse(const char *text, size_t size, struct jws *jws,
	      struct why *why);
void jws_free(struct jws *jws);

/* "alg" is "none" and there is no signature. */
bool jws_is_unsecured(const struct jws *jws);

/* Verifies with a public key.  Returns 0, -EKEYREJECTED with *why if the
 * signature does not verify or the algorithm does not go with the key. */
int jws_verify(const struct jws *jws, EVP_PKEY *key, struct why *why);

/* A token of header and payload.  header is an object that the caller keeps;
 * its "alg" says how to sign: one of the algorithms above with a private key
 * that goes with it, or "none" with key NULL.  The caller's to free(); NULL
 * with *why. */
char *jws_sign(const json_t *header, const void *payload, size_t size,
	       EVP_PKEY *key, struct why *why);

/* The algorithm that a key signs with here: RS256 or its curve's; NULL for
 * keys of another kind. */
const char *jws_algorithm_of(EVP_PKEY *key);

#endif
