/* SPDX-License-Identifier: MIT */
#include "pki/pki_priv.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SGX_EXTENSION "1.2.840.113741.1.13.1"
#define SERIAL_SIZE 20
#define MARK "Coffer software root of trust, not Intel"

/* ---- keys ---- */

EVP_PKEY *x509_key_new(void)
{
	return EVP_EC_gen("P-256");
}

EVP_PKEY *x509_key_public(const uint8_t xy[64])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	uint8_t point[65] = { 4 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
			(char *)"P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
			point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	memcpy(point + 1, xy, 64);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

bool x509_key_xy(EVP_PKEY *key, uint8_t xy[64])
{
	BIGNUM *x = NULL, *y = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) &&
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) &&
		BN_bn2binpad(x, xy, 32) == 32 &&
		BN_bn2binpad(y, xy + 32, 32) == 32;
	BN_free(x);
	BN_free(y);
	return ok;
}

/* ---- names ---- */

const char *x509_common_name(enum pki_cert role)
{
	static const char *const names[] = {
		[PKI_CERT_ROOT] = "Intel SGX Root CA",
		[PKI_CERT_PROCESSOR] = "Intel SGX PCK Processor CA",
		[PKI_CERT_PLATFORM] = "Intel SGX PCK Platform CA",
		[PKI_CERT_TCB] = "Intel SGX TCB Signing",
		[PKI_CERTS] = "Intel SGX PCK Certificate",
	};

	return names[role];
}

static X509_NAME *name_of(enum pki_cert role)
{
	const char *parts[][2] = {
		{ "CN", x509_common_name(role) }, { "O", "Intel Corporation" },
		{ "L", "Santa Clara" }, { "ST", "CA" }, { "C", "US" },
		{ "OU", MARK },
	};
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; name && i < sizeof(parts) / sizeof(*parts); i++) {
		if (!X509_NAME_add_entry_by_txt(name, parts[i][0],
			MBSTRING_UTF8, (const uint8_t *)parts[i][1], -1, -1,
			0)) {
			X509_NAME_free(name);
			name = NULL;
		}
	}
	return name;
}

/* ---- extensions ---- */

/* Takes the extension over; false when there is none. */
static bool add(X509 *cert, X509_EXTENSION *extension)
{
	bool ok = extension && X509_add_ext(cert, extension, -1);

	X509_EXTENSION_free(extension);
	return ok;
}

static bool add_text(X509 *cert, int nid, const char *value)
{
	return add(cert, X509V3_EXT_conf_nid(NULL, NULL, nid, value));
}

static ASN1_OCTET_STRING *key_id(X509 *cert)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size;

	if (id && X509_pubkey_digest(cert, EVP_sha1(), digest, &size) &&
	    ASN1_OCTET_STRING_set(id, digest, (int)size))
		return id;
	ASN1_OCTET_STRING_free(id);
	return NULL;
}

static AUTHORITY_KEYID *authority_of(X509 *issuer)
{
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();

	if (authority)
		authority->keyid = key_id(issuer);
	if (authority && authority->keyid)
		return authority;
	AUTHORITY_KEYID_free(authority);
	return NULL;
}

static bool add_key_ids(X509 *cert, X509 *issuer, const char *crl_url)
{
	AUTHORITY_KEYID *authority = authority_of(issuer);
	ASN1_OCTET_STRING *own = key_id(cert);
	char uri[PKI_URL_MAX + 96];
	bool ok = authority && own;

	snprintf(uri, sizeof(uri), "URI:%s", crl_url);
	ok = ok && X509_add1_ext_i2d(cert, NID_authority_key_identifier,
		authority, 0, X509V3_ADD_APPEND) == 1;
	ok = ok && add_text(cert, NID_crl_distribution_points, uri);
	ok = ok && X509_add1_ext_i2d(cert, NID_subject_key_identifier, own, 0,
		X509V3_ADD_APPEND) == 1;
	AUTHORITY_KEYID_free(authority);
	ASN1_OCTET_STRING_free(own);
	return ok;
}

static bool add_usage(X509 *cert, enum pki_cert role)
{
	bool ca = role != PKI_CERT_TCB && role != PKI_CERTS;

	return add_text(cert, NID_key_usage, ca ?
			"critical,keyCertSign,cRLSign" :
			"critical,digitalSignature,nonRepudiation") &&
		add_text(cert, NID_basic_constraints,
			role == PKI_CERT_ROOT ? "critical,CA:TRUE,pathlen:1" :
			ca ? "critical,CA:TRUE,pathlen:0" :
			"critical,CA:FALSE");
}

static bool add_sgx(X509 *cert, const uint8_t *der, size_t size)
{
	ASN1_OBJECT *object = OBJ_txt2obj(SGX_EXTENSION, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	bool ok = object && value &&
		ASN1_OCTET_STRING_set(value, der, (int)size) &&
		add(cert, X509_EXTENSION_create_by_OBJ(NULL, object, 0, value));

	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(value);
	return ok;
}

/* ---- certificates ---- */

static bool set_serial(X509 *cert)
{
	uint8_t bytes[SERIAL_SIZE];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (uint8_t)(0x40 | (bytes[0] & 0x3f)); /* 20 bytes, positive */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number,
		X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool set_fields(X509 *cert, const struct x509_order *o)
{
	X509_NAME *subject = name_of(o->role);
	bool ok = subject && X509_set_version(cert, X509_VERSION_3) &&
		set_serial(cert) &&
		X509_set_subject_name(cert, subject) &&
		X509_set_issuer_name(cert, o->issuer ?
			X509_get_subject_name(o->issuer) : subject) &&
		ASN1_TIME_set(X509_getm_notBefore(cert), o->from) &&
		ASN1_TIME_set(X509_getm_notAfter(cert), o->until) &&
		X509_set_pubkey(cert, o->subject_key);

	X509_NAME_free(subject);
	return ok;
}

X509 *x509_make(const struct x509_order *o, struct why *why)
{
	X509 *cert = X509_new();

	if (cert && set_fields(cert, o) &&
	    add_key_ids(cert, o->issuer ? o->issuer : cert, o->crl_url) &&
	    add_usage(cert, o->role) &&
	    (!o->extension ||
		add_sgx(cert, o->extension, o->extension_size)) &&
	    X509_sign(cert, o->issuer_key, EVP_sha256()))
		return cert;
	X509_free(cert);
	ca_failed(why, "cannot make a certificate");
	return NULL;
}

int x509_pem(X509 *cert, struct pki_bytes *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	uint8_t *more;
	long size;
	int r = -ENOMEM;

	if (bio && PEM_write_bio_X509(bio, cert)) {
		size = BIO_get_mem_data(bio, &text);
		more = realloc(out->data, out->size + (size_t)size + 1);
		if (more) {
			memcpy(more + out->size, text, (size_t)size);
			out->data = more;
			out->size += (size_t)size;
			out->data[out->size] = '\0';
			r = 0;
		}
	}
	BIO_free(bio);
	return r;
}

void x509_serial(X509 *cert, char hex[41])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert),
		NULL);
	char *text = number ? BN_bn2hex(number) : NULL;

	snprintf(hex, 41, "%s", text ? text : "");
	OPENSSL_free(text);
	BN_free(number);
}

/* ---- revocation lists ---- */

static bool add_revoked(X509_CRL *crl, const struct x509_revoked *what)
{
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *serial = NULL;
	ASN1_TIME *when = ASN1_TIME_set(NULL, what->when);
	BIGNUM *number = NULL;
	bool ok = reason && entry && when && BN_hex2bn(&number, what->serial);

	serial = ok ? BN_to_ASN1_INTEGER(number, NULL) : NULL;
	ok = serial && X509_REVOKED_set_serialNumber(entry, serial) &&
		X509_REVOKED_set_revocationDate(entry, when) &&
		ASN1_ENUMERATED_set(reason, CRL_REASON_KEY_COMPROMISE) &&
		X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0,
			0) == 1 &&
		X509_CRL_add0_revoked(crl, entry);
	if (!ok)
		X509_REVOKED_free(entry);
	ASN1_ENUMERATED_free(reason);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	BN_free(number);
	return ok;
}

static bool add_crl_extensions(X509_CRL *crl, X509 *issuer, uint64_t number)
{
	AUTHORITY_KEYID *authority = authority_of(issuer);
	ASN1_INTEGER *value = ASN1_INTEGER_new();
	bool ok = authority && value &&
		ASN1_INTEGER_set_uint64(value, number) &&
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1 &&
		X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier,
			authority, 0, 0) == 1;

	AUTHORITY_KEYID_free(authority);
	ASN1_INTEGER_free(value);
	return ok;
}

static bool crl_fields(X509_CRL *crl, X509 *issuer, int64_t from,
	int64_t until)
{
	ASN1_TIME *this_update = ASN1_TIME_set(NULL, from);
	ASN1_TIME *next_update = ASN1_TIME_set(NULL, until);
	bool ok = this_update && next_update &&
		X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
		X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) &&
		X509_CRL_set1_lastUpdate(crl, this_update) &&
		X509_CRL_set1_nextUpdate(crl, next_update);

	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
	return ok;
}

int x509_crl_make(X509 *issuer, EVP_PKEY *key, uint64_t number, int64_t from,
	int64_t until, const struct x509_revoked *revoked, size_t count,
	struct pki_bytes *out, struct why *why)
{
	X509_CRL *crl = X509_CRL_new();
	bool ok = crl && crl_fields(crl, issuer, from, until);
	unsigned char *der = NULL;
	int size = 0;

	*out = (struct pki_bytes){ NULL, 0 };
	for (size_t i = 0; ok && i < count; i++)
		ok = add_revoked(crl, &revoked[i]);
	ok = ok && add_crl_extensions(crl, issuer, number) &&
		X509_CRL_sort(crl) && X509_CRL_sign(crl, key, EVP_sha256());
	if (ok)
		size = i2d_X509_CRL(crl, &der);
	X509_CRL_free(crl);
	if (size > 0 && (out->data = malloc((size_t)size + 1))) {
		memcpy(out->data, der, (size_t)size);
		out->data[size] = '\0';
		out->size = (size_t)size;
	}
	OPENSSL_free(der);
	return out->data ? 0 : ca_failed(why, "cannot make a revocation list");
}

int64_t x509_crl_time(const uint8_t *der, size_t size)
{
	X509_CRL *crl = d2i_X509_CRL(NULL, &der, (long)size);
	struct tm tm;
	int64_t when = 0;

	if (crl && ASN1_TIME_to_tm(X509_CRL_get0_lastUpdate(crl), &tm))
		when = timegm(&tm);
	X509_CRL_free(crl);
	return when;
}
