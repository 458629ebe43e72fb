/* SPDX-License-Identifier: MIT */
/*
 * The extension of a certificate that holds a report or evidence.
 *
 *   1.2.840.113556.10.1.1, 1.3.6.1.4.1.311.105.1   report of oe_get_report
 *   1.2.840.113556.10.1.2, 1.3.6.1.4.1.311.105.2   evidence with header
 *
 * The second of each is the one that is written. Its value is the bytes
 * themselves, or an OCTET STRING of them; both are read.
 */
#ifndef COFFER_EVIDENCE_EXTENSION_H
#define COFFER_EVIDENCE_EXTENSION_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

enum extension_kind { EXTENSION_REPORT, EXTENSION_EVIDENCE };

/* DER of the identifiers that are written, without tag and length. */
#define EXTENSION_OID_SIZE 9
extern const char extension_oid[2][EXTENSION_OID_SIZE + 1];

/* Finds it, in the order of the list above.  The view is of the certificate.
 * False if there is none. */
bool extension_find(const mbedtls_x509_crt *certificate,
	enum extension_kind *kind, const uint8_t **data, size_t *size);

#endif
