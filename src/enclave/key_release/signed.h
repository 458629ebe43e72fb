/* SPDX-License-Identifier: MIT */
/* Signed answers: JWS in the compact form, RS256, of a pinned signer. */
#ifndef COFFER_ENCLAVE_KEY_RELEASE_SIGNED_H
#define COFFER_ENCLAVE_KEY_RELEASE_SIGNED_H

#include "common/why.h"
#include <coffer/key_release.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* JSON of strangers: an object, no name twice; NULL: it is none. */
json_t *signed_json(const void *text, size_t size);

/* A member's text; NULL: there is none. */
const char *signed_text(const json_t *object, const char *name);

/*
 * Verifies a JWS and gives its payload, a JSON object, the caller's.  The
 * signer's certificates are in the header's x5c, or, with jwks not NULL, in
 * that of the key of the set that the header's kid names.  The first must be
 * of the signing key; the pin must be that of one of them, to which the
 * others lead.  NULL with why.
 */
json_t *signed_open(const char *text, size_t size, const json_t *jwks,
	const uint8_t pin[COFFER_PIN_SIZE], struct why *why);

#endif
