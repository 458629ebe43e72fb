/* SPDX-License-Identifier: MIT */
/*
 * JSON web keys (RFC 7517, RFC 7518 section 6) of RSA and of the curves
 * P-256, P-384 and P-521, and the certificates that a JSON object carries
 * in "x5c" (RFC 7515, section 4.1.6).
 */
#ifndef COFFER_SERVICE_JWK_H
#define COFFER_SERVICE_JWK_H

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/why.h"

enum {
	JWK_RSA_BITS_LEAST = 2048,
	JWK_RSA_BITS_MOST = 8192,	/* a bound on work for strangers */
	JWK_CERTS_MOST = 8,
};

/* The key of a JWK: private if it holds the private members and
 * with_private says that they are wanted, else public.  The caller's to
 * EVP_PKEY_free(); NULL with *why. */
EVP_PKEY *jwk_to_key(const json_t *jwk, bool with_private, struct why *why);

/* {"kty":…} of a key with its public members, or the private ones too.  The
 * caller adds "kid", "use" and the like.  NULL if the key is of another
 * kind or there is no memory. */
json_t *jwk_from_key(EVP_PKEY *key, bool with_private);

/* The JWK's thumbprint of RFC 7638: SHA-256 over its required members,
 * base64url.  The caller's to free(); NULL if it is no key. */
char *jwk_thumbprint(const json_t *jwk);

/* The certificates in object's "x5c", leaf first: at most JWK_CERTS_MOST.
 * Returns their number, 0 if there is no such member, -EINVAL with *why if
 * it is malformed.  The caller's to X509_free() each. */
int jwk_x5c(const json_t *object, X509 *certs[JWK_CERTS_MOST],
	    struct why *why);

/* A new "x5c" array of certificates; NULL without memory. */
json_t *jwk_x5c_from(X509 *const *certs, size_t count);

/* The public key that object names: that of its first certificate if it
 * has any, else its own members'.  The caller's; NULL with *why. */
EVP_PKEY *jwk_public_key(const json_t *object, struct why *why);

#endif
