/* SPDX-License-Identifier: MIT */
#include "cert_priv.h"

#include "attest/crypto.h"
#include "der_priv.h"
#include "text_priv.h"

#include <errno.h>
#include <mbedtls/oid.h>
#include <stdlib.h>
#include <string.h>

#define OID_SUBJECT_KEY "\x55\x1d\x0e"
#define OID_KEY_USAGE "\x55\x1d\x0f"
#define OID_BASIC_CONSTRAINTS "\x55\x1d\x13"
#define OID_CRL_POINTS "\x55\x1d\x1f"
#define OID_AUTHORITY_KEY "\x55\x1d\x23"
#define OID_SGX "\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01"

/* SubjectPublicKeyInfo of P-256 up to the coordinates. */
static const uint8_t p256_prefix[27] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
	0x42, 0x00, 0x04,
};

static bool read_key(const mbedtls_x509_crt *crt, uint8_t key[64])
{
	if (crt->pk_raw.len != sizeof(p256_prefix) + 64 ||
			memcmp(crt->pk_raw.p, p256_prefix,
				sizeof(p256_prefix)))
		return false;
	memcpy(key, crt->pk_raw.p + sizeof(p256_prefix), 64);
	return true;
}

static void read_name(const mbedtls_x509_name *name, char *out, size_t size)
{
	const mbedtls_x509_buf *found = NULL;

	out[0] = '\0';
	for (; name; name = name->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid))
			continue;
		if (found)
			return;
		found = &name->val;
	}
	if (!found || found->len >= size)
		return;
	/* Names end up in sentences on somebody's terminal. */
	for (size_t i = 0; i < found->len; i++)
		if (found->p[i] < ' ' || found->p[i] > '~')
			return;
	memcpy(out, found->p, found->len);
	out[found->len] = '\0';
}

static bool set_once(struct attest_bytes *to, const struct der *value)
{
	if (to->data)
		return false;
	*to = (struct attest_bytes){ value->at,
		(size_t)(value->end - value->at) };
	return true;
}

static bool read_extension(struct cert *cert, struct der_extension *e)
{
	struct der id;

	if (DER_OID_IS(&e->oid, OID_SUBJECT_KEY))
		return attest_der_take(&e->value, MBEDTLS_ASN1_OCTET_STRING,
		&id) &&
			attest_der_done(&e->value) &&
			set_once(&cert->subject_key,
				&id);
	if (DER_OID_IS(&e->oid, OID_AUTHORITY_KEY))
		return !cert->authority_key.data && attest_der_key_identifier(
			e->value, &cert->authority_key);
	if (DER_OID_IS(&e->oid, OID_CRL_POINTS))
		return set_once(&cert->crl_points, &e->value);
	if (DER_OID_IS(&e->oid, OID_SGX))
		return set_once(&cert->sgx, &e->value);
	/* mbedTLS has read these two and refuses a second one. */
	if (DER_OID_IS(&e->oid, OID_BASIC_CONSTRAINTS))
		cert->constraints_critical = e->critical;
	if (DER_OID_IS(&e->oid, OID_KEY_USAGE))
		cert->usage_critical = e->critical;
	return true;
}

static bool read_extensions(struct cert *cert)
{
	struct der_extension extension;
	struct der all;

	if (!cert->crt.v3_ext.p)
		return true;
	if (!attest_der_extensions(&cert->crt.v3_ext, &all))
		return false;
	while (attest_der_take_extension(&all, &extension))
		if (!read_extension(cert, &extension))
			return false;
	return attest_der_done(&all);
}

int attest_cert_read(const uint8_t *der, size_t size, struct cert *cert,
	struct why *why)
{
	int error;

	memset(cert, 0, sizeof(*cert));
	mbedtls_x509_crt_init(&cert->crt);
	error = mbedtls_x509_crt_parse_der(&cert->crt, der, size);
	if (error == MBEDTLS_ERR_X509_ALLOC_FAILED)
		return -ENOMEM;
	if (error)
		return why_set(why, -EINVAL, "a certificate that cannot be "
			"read (mbedTLS says -%#x)", (unsigned int)-error);
	if (cert->crt.raw.len != size)
		return why_set(why, -EINVAL,
			"bytes after the end of a certificate");
	if (cert->crt.version != 3 ||
			cert->crt.sig_md != MBEDTLS_MD_SHA256 ||
			cert->crt.sig_pk != MBEDTLS_PK_ECDSA ||
			!attest_der_signature(&cert->crt.sig, cert->signature))
		return why_set(why, -EINVAL, "a certificate that is not "
			"X.509 version 3 with ECDSA and SHA-256");
	if (!read_key(&cert->crt, cert->key))
		return why_set(why, -EINVAL,
			"a certificate whose key is not of P-256");
	if (!attest_der_time(&cert->crt.valid_from, &cert->from) ||
			!attest_der_time(&cert->crt.valid_to, &cert->until))
		return why_set(why, -EINVAL, "a certificate without dates");
	if (!read_extensions(cert))
		return why_set(why, -EINVAL,
			"a certificate whose extensions cannot be read");
	read_name(&cert->crt.subject, cert->common_name,
		sizeof(cert->common_name));
	return 0;
}

void attest_cert_free(struct cert *cert)
{
	mbedtls_x509_crt_free(&cert->crt);
}

int attest_chain_read(struct attest_bytes pem, size_t count,
	struct chain *chain,
	struct why *why)
{
	struct attest_bytes rest = attest_text_trim(pem);
	uint8_t *der;
	size_t size;
	int error = 0;

	chain->count = 0;
	while (!error && chain->count < count) {
		error = attest_text_pem_next(&rest, "CERTIFICATE", &der, &size);
		if (error == -ENODATA)
			return why_set(why, -EINVAL, "a chain of %zu "
				"certificates that should have %zu",
				chain->count, count);
		if (error == -EINVAL)
			return why_set(why, error,
				"a chain that is not PEM");
		if (error)
			return error;
		error = attest_cert_read(der, size,
			&chain->cert[chain->count++],
			why);
		free(der);
	}
	if (!error && rest.size)
		return why_set(why, -EINVAL, "something follows the %zu "
			"certificates of a chain", count);
	return error;
}

void attest_chain_free(struct chain *chain)
{
	while (chain->count)
		attest_cert_free(&chain->cert[--chain->count]);
}

static const struct {
	const char *phrase; /* in the common name */
	unsigned int usage; /* bits that must be there */
	bool authority;
} roles[] = {
	[CERT_ROOT] = { "SGX Root CA",
		MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN,
		true },
	[CERT_INTERMEDIATE] = { "SGX PCK ",
		MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN,
		true },
	[CERT_PCK] = { "SGX PCK Certificate",
		MBEDTLS_X509_KU_DIGITAL_SIGNATURE, false },
	[CERT_TCB_SIGNER] = { "SGX TCB Signing",
		MBEDTLS_X509_KU_DIGITAL_SIGNATURE, false },
};

/* mbedTLS counts one more than the certificate says; 0 is no limit. */
static bool path_fits(const struct cert *cert, enum cert_role role)
{
	int limit = cert->crt.max_pathlen;

	return role == CERT_ROOT ? limit == 0 || limit >= 2 :
		role == CERT_INTERMEDIATE ? limit == 1 : true;
}

/* "... PCK Processor CA" or "... PCK Platform CA". */
static bool read_ca(const char *common_name, enum attest_ca *ca)
{
	*ca = ATTEST_CA_PLATFORM;
	if (strstr(common_name, "SGX PCK Platform CA"))
		return true;
	*ca = ATTEST_CA_PROCESSOR;
	return strstr(common_name, "SGX PCK Processor CA") != NULL;
}

int attest_cert_check_role(const struct cert *cert, enum cert_role role,
	struct why *why)
{
	enum attest_ca ca;

	if (!strstr(cert->common_name, roles[role].phrase) ||
			(role == CERT_INTERMEDIATE &&
				!read_ca(cert->common_name, &ca)))
		return why_set(why, -EINVAL, "\"%s\" is the name of a "
			"certificate that should be \"Intel %s%s\"",
			cert->common_name, roles[role].phrase,
			role == CERT_INTERMEDIATE ? "Platform CA" : "");
	if (!cert->subject_key.data || !cert->authority_key.data ||
			!cert->crl_points.data ||
			!(cert->crt.ext_types &
				MBEDTLS_OID_X509_EXT_BASIC_CONSTRAINTS) ||
			!(cert->crt.ext_types &
				MBEDTLS_OID_X509_EXT_KEY_USAGE) ||
			!cert->constraints_critical || !cert->usage_critical)
		return why_set(why, -EINVAL, "\"%s\" lacks one of the five "
			"extensions, or has one that is not critical",
			cert->common_name);
	if (!cert->crt.ca_istrue != !roles[role].authority ||
			!path_fits(cert, role) ||
			(cert->crt.key_usage & roles[role].usage) !=
				roles[role].usage)
		return why_set(why, -EINVAL, "\"%s\" is not allowed to do "
			"what it does here", cert->common_name);
	if (!cert->sgx.data != (role != CERT_PCK))
		return why_set(why, -EINVAL, "\"%s\" has, or lacks, the SGX "
			"extension", cert->common_name);
	return 0;
}

static bool same(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

int attest_cert_check_issuer(const struct cert *cert, const struct cert *issuer,
	struct why *why)
{
	uint8_t digest[32];
	int error;

	if (!same(&cert->crt.issuer_raw, &issuer->crt.subject_raw))
		return why_set(why, -EINVAL, "\"%s\" names another issuer "
			"than \"%s\"", cert->common_name,
			issuer->common_name);
	if (cert->authority_key.size != issuer->subject_key.size ||
			memcmp(cert->authority_key.data,
				issuer->subject_key.data,
				issuer->subject_key.size))
		return why_set(why, -EINVAL, "\"%s\" was issued under "
			"another key than that of \"%s\"", cert->common_name,
			issuer->common_name);
	error = attest_sha256(cert->crt.tbs.p, cert->crt.tbs.len, digest);
	if (!error)
		error = attest_p256_verify(issuer->key, digest,
			cert->signature);
	if (error == -EBADMSG)
		why_set(why, error, "\"%s\" is not signed by \"%s\"",
			cert->common_name, issuer->common_name);
	return error;
}

bool attest_cert_same(const struct cert *a, const struct cert *b)
{
	return same(&a->crt.raw, &b->crt.raw);
}

int attest_cert_pck(const struct cert *cert, struct attest_pck *pck,
	struct why *why)
{
	char issuer[65];
	int error;

	memset(pck, 0, sizeof(*pck));
	error = attest_cert_check_role(cert, CERT_PCK, why);
	if (!error)
		error = attest_pck_parse_extension(cert->sgx.data,
			cert->sgx.size, pck, why);
	if (error)
		return error;
	memcpy(pck->key, cert->key, sizeof(pck->key));
	read_name(&cert->crt.issuer, issuer, sizeof(issuer));
	if (!read_ca(issuer, &pck->ca))
		return why_set(why, -EINVAL, "the PCK certificate's issuer "
			"\"%s\" is neither the processor nor the platform "
			"CA", issuer);
	if (pck->has_platform != (pck->ca == ATTEST_CA_PLATFORM))
		return why_set(why, -EINVAL, "the PCK certificate's SGX "
			"extension is not of the kind that the %s CA issues",
			attest_ca_name(pck->ca));
	return 0;
}
