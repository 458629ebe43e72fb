/* SPDX-License-Identifier: MIT */
/*
 * What the QE writes: a quote of version 3 with an ECDSA P-256 key.
 *
 *   offset  size
 *        0    48  header
 *       48   384  body of the application's REPORT
 *      432     4  bytes that follow
 *      436    64  signature over the first 432 bytes, by the attestation key
 *      500    64  attestation key, x and y
 *      564   384  body of the QE's REPORT, which binds the key
 *      948    64  signature over that body, by the PCK
 *     1012     2  size of the authentication data, 32
 *     1014    32  authentication data, 0 to 31
 *     1046     2  type of the certification data, 5
 *     1048     4  its size
 *     1052        PEM: PCK certificate, its CA's, the root's, and a NUL
 */
#ifndef COFFER_QE_QUOTE_V3_H
#define COFFER_QE_QUOTE_V3_H

#include <coffer/sgx_arch.h>

#define QE_AUTHENTICATION_SIZE 32
#define QE_CERTIFICATION_PEM 5
#define QE_CERTIFICATION_MIN 500u
#define QE_CERTIFICATION_MAX (3u * 4098u)

struct qe_quote {
	struct {
		uint16_t version, key_type;
		uint32_t reserved;
		uint16_t qe_svn, pce_svn;
		uint8_t vendor[16];
		uint8_t user_data[20]; /* QE_ID, then zeroes */
	} __attribute__((packed)) header;
	struct sgx_report_body body;
	uint32_t signature_size;
	uint8_t signature[64];
	uint8_t key[64];
	struct sgx_report_body qe_body;
	uint8_t qe_signature[64];
	uint16_t authentication_size;
	uint8_t authentication[QE_AUTHENTICATION_SIZE];
	uint16_t certification_type;
	uint32_t certification_size;
} __attribute__((packed));

#define QE_SIGNED_SIZE offsetof(struct qe_quote, signature_size)
_Static_assert(sizeof(struct qe_quote) == 1052, "quote v3");
_Static_assert(QE_SIGNED_SIZE == 432, "quote v3");
_Static_assert(offsetof(struct qe_quote, qe_body) == 564, "quote v3");

#endif
