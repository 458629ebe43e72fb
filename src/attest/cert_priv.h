/* SPDX-License-Identifier: MIT */
/*
 * Certificates of Intel's SGX PKI: each in its role, each by its issuer.
 */
#ifndef COFFER_ATTEST_CERT_PRIV_H
#define COFFER_ATTEST_CERT_PRIV_H

#include "attest/collateral.h"
#include "attest/pck.h"
#include "common/why.h"

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

enum cert_role {
	CERT_ROOT, CERT_INTERMEDIATE, CERT_PCK, CERT_TCB_SIGNER,
};

struct cert {
	mbedtls_x509_crt crt;
	uint8_t key[64]; /* P-256, x || y */
	uint8_t signature[64];
	int64_t from, until; /* the dates in it */
	char common_name[65]; /* "" if there is none, or several */
	/* Extensions; those with data == NULL are not there. */
	struct attest_bytes subject_key, authority_key, crl_points, sgx;
	bool constraints_critical, usage_critical;
};

enum { CHAIN_MAX = 3 };

struct chain {
	struct cert cert[CHAIN_MAX];
	size_t count;
};

/* Reads one certificate, DER.  0, -EINVAL and why, -ENOMEM; release with
 * attest_cert_free in each case. */
int attest_cert_read(const uint8_t *der, size_t size, struct cert *cert,
	struct why *why);
void attest_cert_free(struct cert *cert);

/* Reads a PEM text of exactly count certificates, in order.  Errors as
 * above; release with attest_chain_free in each case. */
int attest_chain_read(struct attest_bytes pem, size_t count,
	struct chain *chain,
	struct why *why);
void attest_chain_free(struct chain *chain);

/* Names, extensions and constraints are those of the role.  0 or -EINVAL. */
int attest_cert_check_role(const struct cert *cert, enum cert_role role,
	struct why *why);

/* Was it issued by the other (names, key identifier, signature)?  0, -EINVAL
 * or -EBADMSG and why, -EIO. */
int attest_cert_check_issuer(const struct cert *cert, const struct cert *issuer,
	struct why *why);

bool attest_cert_same(const struct cert *a, const struct cert *b);

/* The machine in a PCK certificate.  0 or -EINVAL. */
int attest_cert_pck(const struct cert *cert, struct attest_pck *pck,
	struct why *why);

#endif
