/* SPDX-License-Identifier: MIT */
/*
 * Revocation lists.
 */
#ifndef COFFER_ATTEST_CRL_PRIV_H
#define COFFER_ATTEST_CRL_PRIV_H

#include "cert_priv.h"

#include <mbedtls/x509_crl.h>

struct crl {
	mbedtls_x509_crl list;
	uint8_t signature[64];
	int64_t from, until; /* thisUpdate, nextUpdate */
	uint64_t number; /* low 64 bits of CRLNumber */
	struct attest_bytes authority_key;
};

/* Reads DER, PEM or DER in hexadecimal.  0, -EINVAL and why, -ENOMEM;
 * release with attest_crl_free in each case. */
int attest_crl_read(struct attest_bytes bytes, struct crl *crl,
	struct why *why);
void attest_crl_free(struct crl *crl);

/* Is the list by this authority?  0; -ENOKEY for another issuer, -EBADMSG for
 * a wrong signature, and why; -EIO. */
int attest_crl_check_issuer(const struct crl *crl, const struct cert *issuer,
	struct why *why);

bool attest_crl_lists(const struct crl *crl, const struct cert *cert);

#endif
