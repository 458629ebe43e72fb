/* SPDX-License-Identifier: MIT */
#include "crl_priv.h"

#include "attest/crypto.h"
#include "der_priv.h"
#include "text_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OID_CRL_NUMBER "\x55\x1d\x14"
#define OID_AUTHORITY_KEY "\x55\x1d\x23"

static bool read_number(struct der value, uint64_t *number)
{
	struct der bytes;

	if (!attest_der_take(&value, MBEDTLS_ASN1_INTEGER, &bytes) ||
			!attest_der_done(&value) || attest_der_done(&bytes) ||
			bytes.end - bytes.at > 21 || (*bytes.at & 0x80))
		return false;
	for (*number = 0; !attest_der_done(&bytes); bytes.at++)
		*number = *number << 8 | *bytes.at;
	return true;
}

static bool read_extensions(struct crl *crl)
{
	struct der_extension extension;
	bool numbered = false;
	struct der all;

	if (!attest_der_extensions(&crl->list.crl_ext, &all))
		return false;
	while (attest_der_take_extension(&all, &extension)) {
		if (DER_OID_IS(&extension.oid, OID_CRL_NUMBER)) {
			if (numbered || !read_number(extension.value,
					&crl->number))
				return false;
			numbered = true;
		} else if (DER_OID_IS(&extension.oid, OID_AUTHORITY_KEY)) {
			if (crl->authority_key.data ||
				!attest_der_key_identifier(
					extension.value, &crl->authority_key))
				return false;
		} else if (extension.critical) {
			return false;
		}
	}
	return attest_der_done(&all) && numbered && crl->authority_key.data;
}

/* The DER within, and what has to be freed for it. */
static int decode(struct attest_bytes *bytes, uint8_t **copy)
{
	struct attest_bytes text = attest_text_trim(*bytes);
	size_t size = 0;
	int error = -EINVAL;

	*copy = NULL;
	if (!bytes->size)
		return -EINVAL;
	if (bytes->data[0] == 0x30) /* SEQUENCE; no text begins so */
		return 0;
	if (text.size && text.data[0] == '-') {
		error = attest_text_pem_next(&text, "X509 CRL", copy, &size);
		if (!error && text.size)
			error = -EINVAL;
		if (error == -ENODATA)
			error = -EINVAL;
	} else if (text.size) {
		error = attest_text_hex_all(text, copy, &size);
	}
	*bytes = (struct attest_bytes){ *copy, size };
	return error;
}

static int read_der(struct attest_bytes der, struct crl *crl,
	struct why *why)
{
	mbedtls_x509_crl *list = &crl->list;
	size_t rest;
	int error = mbedtls_x509_crl_parse_der(list, der.data, der.size);

	if (error == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return -ENOMEM;
	if (error)
		return why_set(why, -EINVAL, "a revocation list that cannot "
			"be read (mbedTLS says -%#x)", (unsigned int)-error);
	/* Some carry DER with the NUL of a text behind it. */
	rest = der.size - list->raw.len;
	if (rest > 1 || (rest && der.data[der.size - 1]))
		return why_set(why, -EINVAL,
			"bytes after the end of a revocation list");
	if (list->version != 2 || list->sig_md != MBEDTLS_MD_SHA256 ||
			list->sig_pk != MBEDTLS_PK_ECDSA ||
			!attest_der_signature(&list->sig, crl->signature))
		return why_set(why, -EINVAL, "a revocation list that is not "
			"of version 2 with ECDSA and SHA-256");
	if (!attest_der_time(&list->this_update, &crl->from) ||
			!attest_der_time(&list->next_update, &crl->until))
		return why_set(why, -EINVAL,
			"a revocation list without its two dates");
	if (!read_extensions(crl))
		return why_set(why, -EINVAL, "a revocation list without "
			"number or authority key, or with what is not known");
	return 0;
}

int attest_crl_read(struct attest_bytes bytes, struct crl *crl, struct why *why)
{
	uint8_t *copy;
	int error;

	memset(crl, 0, sizeof(*crl));
	mbedtls_x509_crl_init(&crl->list);
	error = decode(&bytes, &copy);
	if (error == -EINVAL)
		why_set(why, error, "a revocation list that is neither DER, "
			"PEM nor hexadecimal");
	if (!error)
		error = read_der(bytes, crl, why);
	free(copy);
	return error;
}

void attest_crl_free(struct crl *crl)
{
	mbedtls_x509_crl_free(&crl->list);
}

int attest_crl_check_issuer(const struct crl *crl, const struct cert *issuer,
	struct why *why)
{
	const mbedtls_x509_buf *name = &crl->list.issuer_raw;
	const mbedtls_x509_buf *subject = &issuer->crt.subject_raw;
	uint8_t digest[32];
	int error;

	if (name->len != subject->len ||
			memcmp(name->p, subject->p, name->len) ||
			crl->authority_key.size != issuer->subject_key.size ||
			memcmp(crl->authority_key.data,
				issuer->subject_key.data,
				issuer->subject_key.size))
		return why_set(why, -ENOKEY, "a revocation list that should "
			"be by \"%s\" is by another authority",
			issuer->common_name);
	error = attest_sha256(crl->list.tbs.p, crl->list.tbs.len, digest);
	if (!error)
		error = attest_p256_verify(issuer->key, digest,
			crl->signature);
	if (error == -EBADMSG)
		why_set(why, error, "the revocation list of \"%s\" is not "
			"signed by it", issuer->common_name);
	return error;
}

/* A serial number without leading zeroes. */
static struct attest_bytes plain(const mbedtls_x509_buf *serial)
{
	struct attest_bytes out = { serial->p, serial->len };

	while (out.size && !*out.data) {
		out.data++;
		out.size--;
	}
	return out;
}

bool attest_crl_lists(const struct crl *crl, const struct cert *cert)
{
	const mbedtls_x509_crl_entry *entry = &crl->list.entry;
	struct attest_bytes serial = plain(&cert->crt.serial), other;

	for (; entry && entry->serial.len; entry = entry->next) {
		other = plain(&entry->serial);
		if (other.size == serial.size && !memcmp(other.data,
				serial.data, serial.size))
			return true;
	}
	return false;
}
