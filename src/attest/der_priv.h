/* SPDX-License-Identifier: MIT */
/*
 * Pieces of DER that certificates, revocation lists and Intel's extension
 * share.
 */
#ifndef COFFER_ATTEST_DER_PRIV_H
#define COFFER_ATTEST_DER_PRIV_H

#include "attest/collateral.h"

#include <mbedtls/x509.h>
#include <stdbool.h>
#include <stdint.h>

/* What follows an element in its parent; elements are taken from the front.
 */
struct der {
	uint8_t *at, *end;
};

/* The element of this tag at the front; false if another is there. */
bool attest_der_take(struct der *from, int tag, struct der *content);
bool attest_der_done(const struct der *der);

/* A non-negative INTEGER or ENUMERATED of at most max. */
bool attest_der_take_number(struct der *from, int tag, uint32_t max,
	uint32_t *value);

/* An OCTET STRING of exactly this size. */
bool attest_der_take_octets(struct der *from, uint8_t *out, size_t size);

/* An extension of a certificate or a list. */
struct der_extension {
	struct der oid, value;
	bool critical;
};

/* The next one; false at the end and for what is none (then from is not
 * done). */
bool attest_der_take_extension(struct der *from,
	struct der_extension *extension);

bool attest_der_oid_is(const struct der *oid, const char *bytes, size_t size);
#define DER_OID_IS(oid, literal) \
	attest_der_oid_is(oid, literal, sizeof(literal) - 1)

/* AuthorityKeyIdentifier's keyIdentifier. */
bool attest_der_key_identifier(struct der value, struct attest_bytes *out);

/* The extensions as mbedTLS leaves them: a SEQUENCE. */
bool attest_der_extensions(const mbedtls_x509_buf *buffer, struct der *out);

/* SEQUENCE of two INTEGERs to r || s; strict DER. */
bool attest_der_signature(const mbedtls_x509_buf *buffer, uint8_t out[64]);

/* seconds since 1970 */
bool attest_der_time(const mbedtls_x509_time *time, int64_t *out);

#endif
