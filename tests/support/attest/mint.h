/* SPDX-License-Identifier: MIT */
/*
 * A mint for quotes and collateral, sound ones and such with any defect: a
 * test sets everything up with mint_init, changes what it is about, and lets
 * mint_make write and sign.  Keys are the same in each run.
 */
#ifndef COFFER_TESTS_ATTEST_MINT_H
#define COFFER_TESTS_ATTEST_MINT_H

#include "attest/verify.h"

#include <stdbool.h>

enum mint_key {
	MINT_KEY_ROOT, MINT_KEY_CA, MINT_KEY_PCK, MINT_KEY_TCB,
	MINT_KEY_ATTESTATION, MINT_KEY_OTHER,
	MINT_KEYS
};

/* 2026-01-01T00:00:00Z, at which everything sound is valid; what is made
 * begins a day before and ends between 10 days and 10 years later. */
#define MINT_NOW INT64_C(1767225600)
#define MINT_DAY 86400

struct mint_cert {
	const char *name, *issuer; /* common names */
	const char *unit; /* OU, or NULL */
	int64_t from, until;
	unsigned long serial;
	enum mint_key key, signer;
	bool wrong_signature; /* a bit flipped after signing */
	bool sha384, p384; /* other algorithms than the right ones */
	/* Extensions in OpenSSL's notation; NULL: not there. */
	const char *constraints, *usage, *crl_points;
	const char *subject_key, *authority_key; /* "hash", "keyid:always" */
	const char *more; /* "OID=critical,DER:..." */
	bool sgx; /* with the SGX extension */
};

struct mint_crl {
	const char *issuer;
	const char *unit;
	int64_t from, until; /* until 0: no nextUpdate */
	enum mint_key signer;
	bool wrong_signature, no_number, no_authority_key;
	bool other_authority_key; /* that of MINT_KEY_OTHER */
	bool critical_extension; /* one that nobody knows */
	unsigned long revoked[4]; /* serials; 0: none */
	enum { MINT_DER, MINT_PEM, MINT_HEX, MINT_HEX_NUL } encoding;
};

struct mint_level {
	uint8_t components[16];
	unsigned int pcesvn; /* of a QE's level: isvsvn */
	const char *date, *status;
	const char *advisories; /* "\"INTEL-SA-1\",\"...\"" or NULL */
};

struct mint_json {
	const char *from, *until; /* issueDate, nextUpdate */
	struct mint_level level[4];
	size_t levels;
	enum mint_key signer;
	bool wrong_signature;
	/* What to put in another's place, before and after signing. */
	const char *find_signed, *put_signed, *find, *put;
};

struct mint {
	struct mint_cert root, ca, pck, tcb;
	/* In the chains of collateral; the same as above by default. */
	struct mint_cert crl_root, crl_ca, qe_root, qe_tcb, tcb_root;
	struct mint_crl root_crl, pck_crl;
	struct attest_pck machine; /* what the PCK certificate says */
	/* Bytes instead of the SGX extension that machine makes. */
	const uint8_t *sgx;
	size_t sgx_size;

	unsigned int tcb_version; /* 2 or 3 */
	struct mint_json tcb_info, qe_identity;

	unsigned int quote_version; /* 3 or 4 */
	struct attest_quote_header header;
	struct sgx_report_body body, qe_report;
	uint8_t auth[64];
	size_t auth_size;
	enum mint_key attestation_key, quote_signer, qe_report_signer;
	bool unbound; /* QE report data as it is in qe_report */
	const char *before_chain, *after_chain; /* around the PEM */
	unsigned int certificates; /* of the chain; 3 */
	bool no_nul; /* none at the chain's end */

	/* Made: */
	uint8_t *quote;
	size_t quote_size;
	struct attest_collateral collateral;
	char *root_pem, *ca_pem;
	struct attest_roots roots; /* MINT_KEY_ROOT alone */
};

void mint_init(struct mint *mint);

/* Makes (again) everything under "Made".  Ends the test program if OpenSSL
 * fails; a defect that was asked for is no failure. */
void mint_make(struct mint *mint);
void mint_free(struct mint *mint);

/* The scalar and the public key of a key. */
void mint_scalar(enum mint_key key, uint8_t scalar[32]);
void mint_public(enum mint_key key, uint8_t public[64]);

/* The SGX extension of a machine, a new buffer. */
uint8_t *mint_sgx_extension(const struct attest_pck *machine, size_t *size);

/* Text with the first find replaced; text is given back to free(). */
char *mint_replace(char *text, const char *find, const char *put);

/* Aborts with a message: a test's own failure. */
void mint_check(bool ok, const char *what);

#endif
