/* SPDX-License-Identifier: MIT */
#include "der_priv.h"

#include "attest/dates.h"

#include <mbedtls/asn1.h>
#include <string.h>

bool attest_der_take(struct der *from, int tag, struct der *content)
{
	size_t size;

	if (mbedtls_asn1_get_tag(&from->at, from->end, &size, tag))
		return false;
	content->at = from->at;
	content->end = from->at += size;
	return true;
}

bool attest_der_done(const struct der *der)
{
	return der->at == der->end;
}

bool attest_der_take_number(struct der *from, int tag, uint32_t max,
	uint32_t *value)
{
	struct der bytes;
	size_t size;
	uint32_t out = 0;

	if (!attest_der_take(from, tag, &bytes))
		return false;
	size = (size_t)(bytes.end - bytes.at);
	if (size < 1 || size > 4 || (bytes.at[0] & 0x80) ||
			(size > 1 && !bytes.at[0] && !(bytes.at[1] & 0x80)))
		return false;
	while (bytes.at < bytes.end)
		out = out << 8 | *bytes.at++;
	*value = out;
	return out <= max;
}

bool attest_der_take_octets(struct der *from, uint8_t *out, size_t size)
{
	struct der bytes;

	if (!attest_der_take(from, MBEDTLS_ASN1_OCTET_STRING, &bytes) ||
			(size_t)(bytes.end - bytes.at) != size)
		return false;
	memcpy(out, bytes.at, size);
	return true;
}

bool attest_der_take_extension(struct der *from,
	struct der_extension *extension)
{
	struct der all, critical;

	extension->critical = false;
	if (attest_der_done(from) || !attest_der_take(from,
		MBEDTLS_ASN1_CONSTRUCTED |
				MBEDTLS_ASN1_SEQUENCE, &all) ||
			!attest_der_take(&all, MBEDTLS_ASN1_OID,
			&extension->oid))
		return false;
	if (!attest_der_done(&all) && *all.at == MBEDTLS_ASN1_BOOLEAN) {
		if (!attest_der_take(&all, MBEDTLS_ASN1_BOOLEAN, &critical) ||
				critical.end - critical.at != 1)
			return false;
		extension->critical = *critical.at != 0;
	}
	return attest_der_take(&all, MBEDTLS_ASN1_OCTET_STRING,
		&extension->value) && attest_der_done(&all);
}

bool attest_der_oid_is(const struct der *oid, const char *bytes, size_t size)
{
	return (size_t)(oid->end - oid->at) == size &&
		!memcmp(oid->at, bytes, size);
}

bool attest_der_key_identifier(struct der value, struct attest_bytes *out)
{
	struct der all, id;

	if (!attest_der_take(&value, MBEDTLS_ASN1_CONSTRUCTED |
				MBEDTLS_ASN1_SEQUENCE, &all) ||
			!attest_der_take(&all,
			MBEDTLS_ASN1_CONTEXT_SPECIFIC | 0,
				&id))
		return false;
	*out = (struct attest_bytes){ id.at, (size_t)(id.end - id.at) };
	return out->size != 0;
}

bool attest_der_extensions(const mbedtls_x509_buf *buffer, struct der *out)
{
	struct der all = { buffer->p, buffer->p + buffer->len };

	return buffer->p && attest_der_take(&all, MBEDTLS_ASN1_CONSTRUCTED |
		MBEDTLS_ASN1_SEQUENCE, out) && attest_der_done(&all);
}

/* One INTEGER of at most 32 bytes, shortest form, not negative. */
static bool take_integer(const uint8_t **at, const uint8_t *end,
	uint8_t out[32])
{
	size_t size;
	const uint8_t *bytes = *at + 2;

	if (end - *at < 3 || (*at)[0] != MBEDTLS_ASN1_INTEGER)
		return false;
	size = (*at)[1];
	if (!size || size > 33 || (size_t)(end - bytes) < size ||
			(bytes[0] & 0x80) || (size > 1 && !bytes[0] &&
				!(bytes[1] & 0x80)))
		return false;
	*at = bytes + size;
	if (!bytes[0]) {
		bytes++;
		size--;
	}
	if (size > 32)
		return false;
	memset(out, 0, 32 - size);
	memcpy(out + 32 - size, bytes, size);
	return true;
}

bool attest_der_signature(const mbedtls_x509_buf *buffer, uint8_t out[64])
{
	const uint8_t *at = buffer->p, *end = at + buffer->len;

	if (buffer->len < 8 || at[0] != (MBEDTLS_ASN1_CONSTRUCTED |
				MBEDTLS_ASN1_SEQUENCE) ||
			at[1] != buffer->len - 2)
		return false;
	at += 2;
	return take_integer(&at, end, out) &&
		take_integer(&at, end, out + 32) && at == end;
}

bool attest_der_time(const mbedtls_x509_time *time, int64_t *out)
{
	return !attest_date_make(time->year, time->mon, time->day, time->hour,
		time->min, time->sec, out);
}
