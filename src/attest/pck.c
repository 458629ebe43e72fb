/* SPDX-License-Identifier: MIT */
#include "attest/pck.h"

#include "attest/quote.h"
#include "cert_priv.h"
#include "der_priv.h"
#include "text_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 1.2.840.113741.1.13.1; what is inside has one or two numbers more. */
#define PREFIX "\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01"
#define PREFIX_SIZE 9
#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

enum element {
	ELEMENT_PPID = 1, ELEMENT_TCB, ELEMENT_PCEID, ELEMENT_FMSPC,
	ELEMENT_SGX_TYPE, ELEMENT_INSTANCE, ELEMENT_CONFIGURATION,
};

enum { ELEMENT_LAST = ELEMENT_CONFIGURATION };
enum { TCB_PCESVN = 17, TCB_CPUSVN = 18 }; /* 1 ... 16: components */

const char *attest_ca_name(enum attest_ca ca)
{
	return ca == ATTEST_CA_PLATFORM ? "platform" : "processor";
}

/* Takes { OID, value } off, where the OID is the prefix and the numbers of
 * path, then one of 1 ... last, which is returned; 0 if there is none.
 * value is what follows the OID. */
static unsigned int take_pair(struct der *from, const char *path,
	unsigned int last, struct der *value)
{
	size_t depth = strlen(path), size;
	struct der oid;

	if (!attest_der_take(from, SEQUENCE, value) ||
			!attest_der_take(value, MBEDTLS_ASN1_OID, &oid))
		return 0;
	size = (size_t)(oid.end - oid.at);
	if (size != PREFIX_SIZE + depth + 1 ||
			memcmp(oid.at, PREFIX, PREFIX_SIZE) ||
			memcmp(oid.at + PREFIX_SIZE, path, depth) ||
			oid.end[-1] > last)
		return 0;
	return oid.end[-1];
}

static bool take_tcb(struct der *value, struct attest_pck *pck)
{
	uint32_t seen = 0, number;
	struct der all, inner;
	unsigned int which;

	if (!attest_der_take(value, SEQUENCE, &all))
		return false;
	while (!attest_der_done(&all)) {
		which = take_pair(&all, "\x02", TCB_CPUSVN, &inner);
		if (!which || (seen & 1u << which))
			return false;
		seen |= 1u << which;
		if (which == TCB_CPUSVN) {
			if (!attest_der_take_octets(&inner, pck->cpusvn, 16))
				return false;
		} else {
			if (!attest_der_take_number(&inner,
				MBEDTLS_ASN1_INTEGER,
					which == TCB_PCESVN ? 65535 : 255,
					&number))
				return false;
			if (which == TCB_PCESVN)
				pck->pcesvn = (uint16_t)number;
			else
				pck->components[which - 1] = (uint8_t)number;
		}
		if (!attest_der_done(&inner))
			return false;
	}
	return seen == (1u << (TCB_CPUSVN + 1)) - 2;
}

static bool take_configuration(struct der *value, struct attest_pck *pck)
{
	int8_t *const flag[] = {
		&pck->dynamic_platform, &pck->cached_keys, &pck->smt_enabled,
	};
	struct der all, inner, content;
	unsigned int which;

	if (!attest_der_take(value, SEQUENCE, &all))
		return false;
	while (!attest_der_done(&all)) {
		which = take_pair(&all, "\x07", 3, &inner);
		if (!which || *flag[which - 1] != -1 ||
				!attest_der_take(&inner, MBEDTLS_ASN1_BOOLEAN,
					&content) ||
				content.end - content.at != 1 ||
				!attest_der_done(&inner))
			return false;
		*flag[which - 1] = *content.at != 0;
	}
	return true;
}

static bool take_element(struct der *value, enum element which,
	struct attest_pck *pck)
{
	uint8_t pceid[2];
	uint32_t number;

	switch (which) {
	case ELEMENT_PPID:
		return attest_der_take_octets(value, pck->ppid,
			sizeof(pck->ppid));
	case ELEMENT_TCB:
		return take_tcb(value, pck);
	case ELEMENT_PCEID:
		if (!attest_der_take_octets(value, pceid, sizeof(pceid)))
			return false;
		pck->pceid = (uint16_t)(pceid[0] | pceid[1] << 8);
		return true;
	case ELEMENT_FMSPC:
		return attest_der_take_octets(value, pck->fmspc,
			sizeof(pck->fmspc));
	case ELEMENT_SGX_TYPE:
		if (!attest_der_take_number(value, MBEDTLS_ASN1_ENUMERATED, 2,
				&number))
			return false;
		pck->sgx_type = (uint8_t)number;
		return true;
	case ELEMENT_INSTANCE:
		return attest_der_take_octets(value, pck->platform_instance_id,
			sizeof(pck->platform_instance_id));
	case ELEMENT_CONFIGURATION:
		return take_configuration(value, pck);
	}
	return false;
}

int attest_pck_parse_extension(const uint8_t *der, size_t size,
	struct attest_pck *pck, struct why *why)
{
	const uint32_t five = 0x3e, seven = 0xfe; /* bits of elements */
	struct der outer = { (uint8_t *)der, (uint8_t *)der + size };
	struct der all, value;
	uint32_t seen = 0;
	unsigned int which;

	pck->dynamic_platform = pck->cached_keys = pck->smt_enabled = -1;
	pck->has_platform = false;
	if (!attest_der_take(&outer, SEQUENCE, &all) ||
		!attest_der_done(&outer))
		return why_set(why, -EINVAL,
			"the SGX extension is not a sequence");
	while (!attest_der_done(&all)) {
		which = take_pair(&all, "", ELEMENT_LAST, &value);
		if (!which || (seen & 1u << which) ||
				!take_element(&value, which, pck) ||
				!attest_der_done(&value))
			return why_set(why, -EINVAL, "element %u of the SGX "
				"extension cannot be read", which);
		seen |= 1u << which;
	}
	if (seen != five && seen != seven)
		return why_set(why, -EINVAL, "the SGX extension has neither "
			"the five elements of a processor's certificate nor "
			"the seven of a platform's");
	pck->has_platform = seen == seven;
	return 0;
}

int attest_pck_parse(const uint8_t *bytes, size_t size,
	struct attest_pck *pck, struct why *why)
{
	struct attest_bytes text =
		attest_text_trim((struct attest_bytes){ bytes,
		size });
	uint8_t *der = NULL;
	struct cert cert;
	int error = 0;

	memset(pck, 0, sizeof(*pck));
	if (text.size && text.data[0] == '-') {
		error = attest_text_pem_next(&text, "CERTIFICATE", &der, &size);
		if (error == -ENODATA || error == -EINVAL)
			return why_set(why, -EINVAL,
				"not a certificate in PEM");
		if (error)
			return error;
		bytes = der;
	}
	error = attest_cert_read(bytes, size, &cert, why);
	if (!error)
		error = attest_cert_pck(&cert, pck, why);
	attest_cert_free(&cert);
	free(der);
	return error;
}

int attest_pck_of_quote(const struct attest_quote *quote,
	struct attest_pck *pck, struct why *why)
{
	if (quote->cert_type != ATTEST_CERT_PCK_LEAF &&
			quote->cert_type != ATTEST_CERT_PCK_CHAIN) {
		memset(pck, 0, sizeof(*pck));
		return why_set(why, -ENOTSUP, "the quote brings no PCK "
			"certificate (its certification data is of type %d)",
			quote->cert_type);
	}
	return attest_pck_parse(quote->cert, quote->cert_size, pck, why);
}
