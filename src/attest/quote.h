/* SPDX-License-Identifier: MIT */
/*
 * ECDSA quotes of SGX enclaves, versions 3 and 4.  Integers in quotes are
 * little-endian; coordinates, r and s big-endian.
 *
 * Version 3 (Intel SGX ECDSA Quote Library Reference, appendix A.4):
 *
 *   offset size
 *   0      48   header: version, attestation key type, 0, QE SVN, PCE SVN,
 *               QE vendor, user data
 *   48     384  report body of the attested enclave
 *   432    4    size of what follows
 *   436    64   signature of bytes 0 ... 431 by the attestation key
 *   500    64   attestation key
 *   564    384  report body of the quoting enclave (QE)
 *   948    64   signature of that body by the machine's PCK
 *   1012   2+N  QE's authentication data, its size before it
 *   1014+N 6+M  certification data: type, size, bytes
 *
 * Version 4: the header has the TEE type at 4 and no SVNs; after the
 * attestation key comes one certification record of type 6, whose bytes are
 * what stands from 564 on above.
 */
#ifndef COFFER_ATTEST_QUOTE_H
#define COFFER_ATTEST_QUOTE_H

#include "common/why.h"

#include <coffer/sgx_arch.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ATTEST_QUOTE_HEADER_SIZE = 48,
	ATTEST_QUOTE_SIGNED_SIZE = 432, /* header and report body */
	ATTEST_QUOTE_MIN = 1020, /* no authentication or certification data */
	ATTEST_QUOTE_MAX = 65536, /* of ours: no PCK chain comes near it */
};

enum attest_key_type {
	ATTEST_KEY_ECDSA_P256 = 2,
};

/* What certification data is, by its type. */
enum attest_cert_type {
	ATTEST_CERT_PPID_CLEAR = 1, /* struct attest_ppid_clear */
	ATTEST_CERT_PPID_RSA2048 = 2, /* 276 bytes, PPID encrypted */
	ATTEST_CERT_PPID_RSA3072 = 3, /* 404 bytes, PPID encrypted */
	ATTEST_CERT_PCK_LEAF = 4, /* PEM, the leaf alone */
	ATTEST_CERT_PCK_CHAIN = 5, /* PEM: leaf, intermediate, root */
	ATTEST_CERT_QE_REPORT = 6, /* the outer record of version 4 */
};

/* "Intel", the only QE vendor that verifiers know. */
extern const uint8_t attest_qe_vendor[16];

/* Little-endian, without padding: the first 48 bytes. */
struct attest_quote_header {
	uint16_t version;
	uint16_t key_type;
	uint32_t tee_type; /* 0: SGX; version 3 has zeroes here */
	uint16_t qe_svn; /* version 4: 0 */
	uint16_t pce_svn; /* version 4: 0 */
	uint8_t qe_vendor[16];
	uint8_t user_data[20]; /* 16 bytes QE_ID, 4 of zero */
};
_Static_assert(sizeof(struct attest_quote_header) == 48, "quote header");

/* Bytes 436 ... 1011 of version 3: the part of fixed size. */
struct attest_quote_signature {
	uint8_t signature[64];
	uint8_t key[64];
	struct sgx_report_body qe_report;
	uint8_t qe_report_signature[64];
};
_Static_assert(sizeof(struct attest_quote_signature) == 576, "quote tail");

/* A parsed quote: copies of what has a fixed size, and pointers into the
 * caller's bytes, which must stay as they are while the view is used. */
struct attest_quote {
	struct attest_quote_header header;
	struct sgx_report_body body;
	uint8_t signature[64]; /* r || s */
	uint8_t key[64]; /* attestation key, x || y */
	struct sgx_report_body qe_report;
	uint8_t qe_report_signature[64];
	const uint8_t *signed_bytes; /* ATTEST_QUOTE_SIGNED_SIZE of them */
	const uint8_t *auth; /* QE's authentication data */
	size_t auth_size;
	enum attest_cert_type cert_type; /* 1 ... 5 */
	const uint8_t *cert;
	size_t cert_size;
	size_t size; /* of the quote; bytes after it are not looked at */
};

/*
 * Takes a quote apart and checks what its format says: sizes, version, key
 * and TEE type, QE vendor, certification type and the sizes that the type
 * prescribes.  Nothing cryptographic.  0; or -EINVAL for bytes that are no
 * quote, -ENOTSUP for a quote of a kind that is not known here, and why (which
 * may be NULL).
 */
int attest_quote_parse(const uint8_t *bytes, size_t size,
	struct attest_quote *quote, struct why *why);

/* The size of the quote at the start of bytes as its own size fields give
 * it, or 0 if there is none within size. */
size_t attest_quote_size(const uint8_t *bytes, size_t size);

#endif
