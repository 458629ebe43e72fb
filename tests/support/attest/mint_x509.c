/* SPDX-License-Identifier: MIT */
#include "mint_priv.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static char *bio_text(BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);
	char *text = malloc((size_t)size + 1);

	memcpy(text, data, (size_t)size);
	text[size] = '\0';
	BIO_free(bio);
	return text;
}

static void set_name(X509_NAME *name, const char *common, const char *unit)
{
	const char *const parts[][2] = {
		{ "CN", common }, { "OU", unit },
		{ "O", "Intel Corporation" }, { "L", "Santa Clara" },
		{ "ST", "CA" }, { "C", "US" },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (parts[i][1])
			mint_check(X509_NAME_add_entry_by_txt(name,
				parts[i][0], MBSTRING_ASC,
				(const unsigned char *)parts[i][1], -1, -1,
				0), "name");
}

/* A certificate that has nothing but a key, for key identifiers. */
static X509 *key_holder(enum mint_key key)
{
	EVP_PKEY *pkey = mint_pkey(key);
	X509 *x509 = X509_new();
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509_set_pubkey(x509, pkey);
	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context,
		NID_subject_key_identifier, "hash");
	mint_check(extension && X509_add_ext(x509, extension, -1),
		"key identifier");
	X509_EXTENSION_free(extension);
	EVP_PKEY_free(pkey);
	return x509;
}

static void add(X509 *x509, X509V3_CTX *context, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (!value)
		return;
	extension = X509V3_EXT_conf_nid(NULL, context, nid, value);
	mint_check(extension && X509_add_ext(x509, extension, -1), value);
	X509_EXTENSION_free(extension);
}

static void add_bytes(X509 *x509, const char *oid, bool critical,
	const uint8_t *bytes, size_t size)
{
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *extension = NULL;

	ASN1_OCTET_STRING_set(value, bytes, (int)size);
	X509_EXTENSION_create_by_OBJ(&extension, object, critical, value);
	mint_check(extension && X509_add_ext(x509, extension, -1), oid);
	X509_EXTENSION_free(extension);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(value);
}

static void add_sgx(const struct mint *mint, X509 *x509)
{
	size_t size = mint->sgx_size;
	uint8_t *own = mint->sgx ? NULL :
		mint_sgx_extension(&mint->machine, &size);

	add_bytes(x509, "1.2.840.113741.1.13.1", false,
		own ? own : mint->sgx, size);
	free(own);
}

static void add_extensions(const struct mint *mint,
	const struct mint_cert *cert, X509 *x509)
{
	X509 *issuer = key_holder(cert->signer);
	static const uint8_t nothing[] = { 5, 0 };
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	add(x509, &context, NID_authority_key_identifier,
		cert->authority_key);
	add(x509, &context, NID_crl_distribution_points, cert->crl_points);
	add(x509, &context, NID_subject_key_identifier, cert->subject_key);
	add(x509, &context, NID_key_usage, cert->usage);
	add(x509, &context, NID_basic_constraints, cert->constraints);
	if (cert->more)
		add_bytes(x509, cert->more, true, nothing, 2);
	if (cert->sgx)
		add_sgx(mint, x509);
	X509_free(issuer);
}

char *mint_make_cert(const struct mint *mint, const struct mint_cert *cert)
{
	EVP_PKEY *key = cert->p384 ? EVP_EC_gen("P-384") :
		mint_pkey(cert->key);
	EVP_PKEY *signer = mint_pkey(cert->signer);
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *x509 = X509_new();
	const ASN1_BIT_STRING *signature;

	X509_set_version(x509, 2);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), cert->serial);
	set_name(X509_get_subject_name(x509), cert->name, cert->unit);
	set_name(X509_get_issuer_name(x509), cert->issuer, cert->unit);
	ASN1_TIME_set(X509_getm_notBefore(x509), cert->from);
	ASN1_TIME_set(X509_getm_notAfter(x509), cert->until);
	X509_set_pubkey(x509, key);
	add_extensions(mint, cert, x509);
	mint_check(X509_sign(x509, signer, cert->sha384 ? EVP_sha384() :
		EVP_sha256()) > 0, "certificate");
	if (cert->wrong_signature) {
		X509_get0_signature(&signature, NULL, x509);
		signature->data[20] ^= 1;
	}
	PEM_write_bio_X509(bio, x509);
	X509_free(x509);
	EVP_PKEY_free(signer);
	EVP_PKEY_free(key);
	return bio_text(bio);
}

static void crl_add_extensions(const struct mint_crl *crl, X509_CRL *list)
{
	X509 *issuer = key_holder(crl->other_authority_key ? MINT_KEY_OTHER :
		crl->signer);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509_EXTENSION *extension;
	X509V3_CTX context;

	X509V3_set_ctx(&context, issuer, NULL, NULL, list, 0);
	if (!crl->no_authority_key) {
		extension = X509V3_EXT_conf_nid(NULL, &context,
			NID_authority_key_identifier, "keyid:always");
		X509_CRL_add_ext(list, extension, -1);
		X509_EXTENSION_free(extension);
	}
	ASN1_INTEGER_set(number, 4711);
	if (!crl->no_number)
		X509_CRL_add1_ext_i2d(list, NID_crl_number, number, 0, 0);
	if (crl->critical_extension)
		X509_CRL_add1_ext_i2d(list, NID_delta_crl, number, 1, 0);
	ASN1_INTEGER_free(number);
	X509_free(issuer);
}

static X509_CRL *make_list(const struct mint_crl *crl)
{
	EVP_PKEY *signer = mint_pkey(crl->signer);
	X509_CRL *list = X509_CRL_new();
	X509_NAME *name = X509_NAME_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, crl->from);
	const ASN1_BIT_STRING *signature;

	X509_CRL_set_version(list, 1);
	set_name(name, crl->issuer, crl->unit);
	X509_CRL_set_issuer_name(list, name);
	X509_CRL_set1_lastUpdate(list, time);
	for (int i = 0; i < 4 && crl->revoked[i]; i++) {
		X509_REVOKED *revoked = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();

		ASN1_INTEGER_set_uint64(serial, crl->revoked[i]);
		X509_REVOKED_set_serialNumber(revoked, serial);
		X509_REVOKED_set_revocationDate(revoked, time);
		X509_CRL_add0_revoked(list, revoked);
		ASN1_INTEGER_free(serial);
	}
	if (crl->until) {
		ASN1_TIME_set(time, crl->until);
		X509_CRL_set1_nextUpdate(list, time);
	}
	crl_add_extensions(crl, list);
	mint_check(X509_CRL_sign(list, signer, EVP_sha256()) > 0, "CRL");
	if (crl->wrong_signature) {
		X509_CRL_get0_signature(list, &signature, NULL);
		signature->data[20] ^= 1;
	}
	ASN1_TIME_free(time);
	X509_NAME_free(name);
	EVP_PKEY_free(signer);
	return list;
}

struct attest_bytes mint_make_crl(const struct mint_crl *crl)
{
	X509_CRL *list = make_list(crl);
	BIO *bio = BIO_new(BIO_s_mem());
	struct attest_bytes out;
	uint8_t *der = NULL;
	int size;

	if (crl->encoding == MINT_PEM) {
		PEM_write_bio_X509_CRL(bio, list);
		out.data = (uint8_t *)bio_text(bio);
		out.size = strlen((const char *)out.data);
		X509_CRL_free(list);
		return out;
	}
	size = i2d_X509_CRL(list, &der);
	mint_check(size > 0, "CRL");
	X509_CRL_free(list);
	if (crl->encoding == MINT_DER) {
		uint8_t *copy = malloc((size_t)size);

		memcpy(copy, der, (size_t)size);
		out = (struct attest_bytes){ copy, (size_t)size };
		BIO_free(bio);
	} else {
		for (int i = 0; i < size; i++)
			BIO_printf(bio, "%02x", der[i]);
		out.data = (uint8_t *)bio_text(bio);
		out.size = 2 * (size_t)size +
			(crl->encoding == MINT_HEX_NUL);
	}
	OPENSSL_free(der);
	return out;
}
