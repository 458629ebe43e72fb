/* SPDX-License-Identifier: MIT */
/*
 * Where `coffer verify` gets quotes and collateral from.
 */
#ifndef COFFER_CLI_EVIDENCE_H
#define COFFER_CLI_EVIDENCE_H

#include "attest/collateral.h"
#include "attest/pck.h"
#include "attest/roots.h"
#include "common/why.h"

/* Collateral that somebody owns; all zeroes is none. */
struct evidence {
	struct attest_collateral view;
	uint8_t *part[ATTEST_COLLATERAL_PARTS]; /* each to be freed, or NULL */
};
void evidence_free(struct evidence *evidence);

/* Gives a part its bytes, which become the evidence's. */
void evidence_set(struct evidence *evidence, unsigned int part,
	uint8_t *bytes, size_t size);

/* Reads a file (or standard input, "-") of at most 1 MiB; NUL behind it.
 * 0 or a negative errno and why. */
int evidence_read_file(const char *path, uint8_t **bytes, size_t *size,
	struct why *why);

/*
 * The quote in what a file holds: a quote, the hexadecimal digits of one, or
 * one behind Open Enclave's header for reports or evidence.  *bytes and
 * *size are changed in place.
 */
int evidence_find_quote(uint8_t **bytes, size_t *size, struct why *why);

/* Collateral from a folder: files tcb_info, tcb_info_chain, pck_crl,
 * pck_crl_chain, root_crl, qe_identity and qe_identity_chain, with or
 * without .json, .pem, .der, .crl, .hex. */
int evidence_from_folder(const char *folder, struct evidence *evidence,
	struct why *why);

/* The reverse; makes the folder if it is not there. */
int evidence_to_folder(const char *folder, const struct evidence *evidence,
	struct why *why);

/* Collateral from a service with the interface of Intel's PCCS: url is its
 * base, with or without /sgx/certification/vN.  ca_file, if not NULL: whom to
 * trust with TLS instead of the system's authorities. */
int evidence_from_pccs(const char *url, const char *ca_file,
	const struct attest_pck *pck, struct evidence *evidence,
	struct why *why);

/* Collateral from the certificate authority of this user, and its root. */
int evidence_from_local(const struct attest_pck *pck,
	struct evidence *evidence, struct why *why);
int evidence_local_root(struct attest_roots *roots, struct why *why);

#endif
