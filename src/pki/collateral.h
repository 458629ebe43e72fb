/* SPDX-License-Identifier: MIT */
/*
 * What a verifier needs besides a quote: revocation lists, TCB information
 * and the quoting enclave's identity, signed by the CA, each with the chain of
 * who signed it.  Made at the first request and kept in <state>/ca/issued/;
 * made again when a third of its time has passed, or when something that it
 * says has changed.
 */
#ifndef COFFER_PKI_COLLATERAL_H
#define COFFER_PKI_COLLATERAL_H

#include "attest/collateral.h"
#include "pki/ca.h"

#define PKI_FMSPC_SIZE 6u

/* api_version: of Intel's service, 3 (TCB information of version 2) or 4
 * (of version 3).  -EINVAL for another one. */

/* Everything at once.  -ENOENT when no machine has this FMSPC. */
struct pki_collateral {
	struct attest_collateral view; /* lists in DER, JSON, chains in PEM */
	void *owned;
};
int pki_collateral_get(struct pki *, const uint8_t fmspc[PKI_FMSPC_SIZE],
	enum pki_ca, unsigned api_version, struct pki_collateral *,
	struct why *);
void pki_collateral_free(struct pki_collateral *);

/* Another number when the authority or its revocation lists have been changed
 * since (other programs may do that): whoever keeps collateral compares it. One
 * system call.  0 when the authority's directory is gone. */
uint64_t pki_revision(const struct pki *);

/* One by one.  Lists in DER. */
int pki_root_crl_get(struct pki *, struct pki_bytes *, struct why *);
int pki_crl_get(struct pki *, enum pki_ca, struct pki_bytes *, struct why *);

/* Signed JSON, compact, in Intel's order of members.  evaluation: a TCB
 * evaluation data number, 0 for the standard one.  -ENOENT when there is no
 * such FMSPC or number; -ESTALE for a number that has been given up. */
int pki_tcb_info_get(struct pki *, const uint8_t fmspc[PKI_FMSPC_SIZE],
	unsigned api_version, unsigned evaluation, struct pki_bytes *,
	struct why *);
int pki_qe_identity_get(struct pki *, unsigned api_version,
	unsigned evaluation, struct pki_bytes *, struct why *);
int pki_evaluation_numbers_get(struct pki *, struct pki_bytes *,
	struct why *);

/* The FMSPCs that there are, one per family of sizes. */
struct pki_fmspc {
	uint8_t fmspc[PKI_FMSPC_SIZE];
	enum pki_ca ca;
	const char *platform; /* as Intel's service names it: "E3", "E5" */
	const char *family; /* "DCsv2" */
};
const struct pki_fmspc *pki_fmspcs(size_t *count);

/* The bytes that sign a JSON object, as lower-case hexadecimal r and s with a
 * NUL behind: ECDSA P-256 with SHA-256 by the TCB signing key. */
int pki_sign_json(struct pki *, const char *json, size_t size,
	char signature[129], struct why *);

#endif
