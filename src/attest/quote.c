/* SPDX-License-Identifier: MIT */
#include "attest/quote.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

const uint8_t attest_qe_vendor[16] = {
	0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
	0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
};

/* What is left of the bytes. */
struct cursor {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct cursor *from, size_t size)
{
	const uint8_t *bytes = from->at;

	if (size > from->left)
		return NULL;
	from->at += size;
	from->left -= size;
	return bytes;
}

static bool take_copy(struct cursor *from, void *to, size_t size)
{
	const uint8_t *bytes = take(from, size);

	if (bytes)
		memcpy(to, bytes, size);
	return bytes != NULL;
}

static bool take_u16(struct cursor *from, uint16_t *value)
{
	return take_copy(from, value, sizeof(*value));
}

static bool take_u32(struct cursor *from, uint32_t *value)
{
	return take_copy(from, value, sizeof(*value));
}

size_t attest_quote_size(const uint8_t *bytes, size_t size)
{
	struct cursor all = { bytes, size };
	uint32_t tail;

	if (!take(&all, ATTEST_QUOTE_SIGNED_SIZE) || !take_u32(&all, &tail) ||
			tail > all.left)
		return 0;
	return size - all.left + tail;
}

static int check_header(const struct attest_quote_header *header,
	struct why *why)
{
	if (header->version != 3 && header->version != 4)
		return why_set(why, -ENOTSUP,
			"quote version %u; 3 and 4 are known",
			header->version);
	if (header->key_type != ATTEST_KEY_ECDSA_P256)
		return why_set(why, -ENOTSUP, "attestation key type %u; "
			"ECDSA P-256, which is 2, is known", header->key_type);
	if (header->tee_type)
		return why_set(why, -ENOTSUP,
			"TEE type %#x; SGX, which is 0, is known",
			header->tee_type);
	if (header->version == 4 && (header->qe_svn || header->pce_svn))
		return why_set(why, -EINVAL,
			"the quote's header has reserved bytes set");
	if (memcmp(header->qe_vendor, attest_qe_vendor,
			sizeof(attest_qe_vendor)))
		return why_set(why, -ENOTSUP,
			"the quoting enclave is of an unknown vendor");
	return 0;
}

static int check_cert(const struct attest_quote *quote, struct why *why)
{
	static const uint16_t exact[] = {
		[ATTEST_CERT_PPID_CLEAR] = 36,
		[ATTEST_CERT_PPID_RSA2048] = 276,
		[ATTEST_CERT_PPID_RSA3072] = 404,
	};

	switch (quote->cert_type) {
	case ATTEST_CERT_PPID_CLEAR:
	case ATTEST_CERT_PPID_RSA2048:
	case ATTEST_CERT_PPID_RSA3072:
		if (quote->cert_size != exact[quote->cert_type])
			return why_set(why, -EINVAL, "certification data of "
				"type %d has %zu bytes, not %u",
				quote->cert_type, quote->cert_size,
				exact[quote->cert_type]);
		return 0;
	case ATTEST_CERT_PCK_LEAF:
	case ATTEST_CERT_PCK_CHAIN:
		if (!quote->cert_size)
			return why_set(why, -EINVAL,
				"the quote's PCK certificate is empty");
		return 0;
	default:
		return why_set(why, -ENOTSUP, "certification data of type %d",
			quote->cert_type);
	}
}

/* From the QE's report to the end, which must be that of tail. */
static bool take_certification(struct cursor *tail,
	struct attest_quote *quote)
{
	uint16_t auth_size, type;
	uint32_t cert_size;

	if (!take_copy(tail, &quote->qe_report, sizeof(quote->qe_report)) ||
			!take_copy(tail, quote->qe_report_signature, 64) ||
			!take_u16(tail, &auth_size))
		return false;
	quote->auth = take(tail, auth_size);
	quote->auth_size = auth_size;
	if (!quote->auth || !take_u16(tail, &type) ||
			!take_u32(tail, &cert_size))
		return false;
	quote->cert = take(tail, cert_size);
	quote->cert_size = cert_size;
	quote->cert_type = (enum attest_cert_type)type;
	return quote->cert && !tail->left;
}

int attest_quote_parse(const uint8_t *bytes, size_t size,
	struct attest_quote *quote, struct why *why)
{
	size_t quote_size = attest_quote_size(bytes, size);
	struct cursor all = { bytes, quote_size };
	uint16_t outer;
	uint32_t outer_size;
	int error;

	memset(quote, 0, sizeof(*quote));
	/* What the header says is worth more than "too short". */
	if (size >= ATTEST_QUOTE_HEADER_SIZE) {
		memcpy(&quote->header, bytes, ATTEST_QUOTE_HEADER_SIZE);
		error = check_header(&quote->header, why);
		if (error)
			return error;
	}
	if (quote_size < ATTEST_QUOTE_MIN)
		return why_set(why, -EINVAL, "%zu bytes are too few for a "
			"quote, or for what its size field says", size);
	if (quote_size > ATTEST_QUOTE_MAX)
		return why_set(why, -EINVAL,
			"a quote of %zu bytes, more than %d", quote_size,
			ATTEST_QUOTE_MAX);
	quote->size = quote_size;
	quote->signed_bytes = bytes;
	take(&all, ATTEST_QUOTE_HEADER_SIZE);
	take_copy(&all, &quote->body, sizeof(quote->body));
	take(&all, 4);
	take_copy(&all, quote->signature, 64);
	take_copy(&all, quote->key, 64);
	if (quote->header.version == 4 && (!take_u16(&all, &outer) ||
			!take_u32(&all, &outer_size) ||
			outer != ATTEST_CERT_QE_REPORT ||
			outer_size != all.left))
		return why_set(why, -EINVAL, "the quote's certification "
			"record is not one of type 6 that fills its rest");
	if (!take_certification(&all, quote))
		return why_set(why, -EINVAL, "the sizes inside the quote do "
			"not add up to its own");
	return check_cert(quote, why);
}
