/* SPDX-License-Identifier: MIT */
#include "evidence/extension.h"

#include <mbedtls/asn1.h>
#include <string.h>

#define OLD "\x2a\x86\x48\x86\xf7\x14\x0a\x01"
#define NEW "\x2b\x06\x01\x04\x01\x82\x37\x69"

const char extension_oid[2][EXTENSION_OID_SIZE + 1] = {
	NEW "\x01", NEW "\x02"
};

static const struct {
	const char *oid;
	enum extension_kind kind;
} known[] = {
	{ OLD "\x01", EXTENSION_REPORT },
	{ NEW "\x01", EXTENSION_REPORT },
	{ OLD "\x02", EXTENSION_EVIDENCE },
	{ NEW "\x02", EXTENSION_EVIDENCE },
};

/* Extension ::= SEQUENCE { OID, BOOLEAN OPTIONAL, OCTET STRING } at *at. */
static bool next(unsigned char **at, const unsigned char *end,
	mbedtls_asn1_buf *oid, mbedtls_asn1_buf *value)
{
	unsigned char *inner_end;
	int critical;
	size_t size;

	if (mbedtls_asn1_get_tag(at, end, &size, MBEDTLS_ASN1_CONSTRUCTED
			| MBEDTLS_ASN1_SEQUENCE))
		return false;
	inner_end = *at + size;
	if (mbedtls_asn1_get_tag(at, inner_end, &oid->len, MBEDTLS_ASN1_OID))
		return false;
	oid->p = *at;
	*at += oid->len;
	/* That it is not there is no error. */
	(void)mbedtls_asn1_get_bool(at, inner_end, &critical);
	if (mbedtls_asn1_get_tag(at, inner_end, &value->len,
			MBEDTLS_ASN1_OCTET_STRING))
		return false;
	value->p = *at;
	*at += value->len;
	return *at == inner_end;
}

/* Without the OCTET STRING that some producers put inside. */
static void unwrap(mbedtls_asn1_buf *value)
{
	unsigned char *at = value->p, *end = value->p + value->len;
	size_t size;

	if (!mbedtls_asn1_get_tag(&at, end, &size, MBEDTLS_ASN1_OCTET_STRING)
			&& at + size == end) {
		value->p = at;
		value->len = size;
	}
}

bool extension_find(const mbedtls_x509_crt *certificate,
	enum extension_kind *kind, const uint8_t **data, size_t *size)
{
	const mbedtls_asn1_buf *all = &certificate->v3_ext;
	size_t best = sizeof(known) / sizeof(known[0]), length;
	mbedtls_asn1_buf oid, value;
	unsigned char *at = all->p, *end;

	if (!at || mbedtls_asn1_get_tag(&at, all->p + all->len, &length,
			MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE))
		return false;
	end = at + length;
	while (at < end && next(&at, end, &oid, &value)) {
		for (size_t i = 0; i < best; i++) {
			if (oid.len != EXTENSION_OID_SIZE || memcmp(oid.p,
					known[i].oid, EXTENSION_OID_SIZE))
				continue;
			best = i;
			unwrap(&value);
			*kind = known[i].kind;
			*data = value.p;
			*size = value.len;
		}
	}
	return best < sizeof(known) / sizeof(known[0]);
}
