/* SPDX-License-Identifier: MIT */
#include "service/tls.h"

#include "common/paths.h"
#include "service/service.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CA_DAYS 3650
#define SERVER_DAYS 397
#define RENEW_DAYS 30
#define DAY 86400
#define NAMES_ALWAYS "localhost,127.0.0.1,::1"
#define NAMES_MAX 1400

/* --- keys --------------------------------------------------------------- */

static int make_key(void *context, uint8_t **bytes, size_t *size,
	struct why *why)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long n = 0;

	*bytes = NULL;
	if (key && out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL,
	    0, NULL, NULL))
		n = BIO_get_mem_data(out, &text);
	if (n > 0)
		*bytes = malloc((size_t)n);
	if (*bytes) {
		memcpy(*bytes, text, (size_t)n);
		OPENSSL_cleanse(text, (size_t)n);
		*size = (size_t)n;
	}
	BIO_free(out);
	EVP_PKEY_free(key);
	return *bytes ? 0 : why_set(why, -EIO, "no key could be made");
}

/* The key of a file that is made when it is not there. */
static EVP_PKEY *key_of(const char *tls, const char *name, struct why *why)
{
	EVP_PKEY *key = NULL;
	uint8_t *bytes;
	size_t size;
	BIO *in;

	if (service_secret_file(tls, name, make_key, NULL, &bytes, &size,
	    why))
		return NULL;
	in = BIO_new_mem_buf(bytes, (int)size);
	if (in)
		key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	BIO_free(in);
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	if (!key)
		why_set(why, -EINVAL, "%s/%s is no private key in PEM", tls,
			name);
	return key;
}

/* --- certificates ------------------------------------------------------- */

static bool add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool ok;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_name(X509 *certificate, const char *cn, bool issuer)
{
	X509_NAME *name = X509_NAME_new();
	bool ok = name &&
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			(const uint8_t *)cn, -1, -1, 0) &&
		X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
			(const uint8_t *)"Coffer", -1, -1, 0) &&
		(issuer ? X509_set_issuer_name(certificate, name) :
			X509_set_subject_name(certificate, name));

	X509_NAME_free(name);
	return ok;
}

static bool set_serial(X509 *certificate)
{
	uint8_t random[16];
	BIGNUM *number;
	bool ok;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	random[0] = (uint8_t)((random[0] & 0x7f) | 0x40);
	number = BN_bin2bn(random, sizeof(random), NULL);
	ok = number && BN_to_ASN1_INTEGER(number,
		X509_get_serialNumber(certificate));
	BN_free(number);
	return ok;
}

/* "localhost,127.0.0.1" as "DNS:localhost,IP:127.0.0.1"; duplicates are
 * left as they are. */
static bool alternative_names(const char *names, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (const char *at = names; *at; at += strspn(at, ", ")) {
		size_t part = strcspn(at, ", ");
		char name[256];
		uint8_t address[16];
		bool ip;
		int n;

		if (part >= sizeof(name))
			return false;
		memcpy(name, at, part);
		name[part] = '\0';
		at += part;
		if (!part)
			continue;
		/* Nothing that the extension's syntax would take apart. */
		if (strspn(name, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*_") != part)
			return false;
		ip = inet_pton(AF_INET, name, address) == 1 ||
			inet_pton(AF_INET6, name, address) == 1;
		if (!ip && strchr(name, ':'))
			return false;
		n = snprintf(out + used, size - used, "%s%s:%s",
			used ? "," : "", ip ? "IP" : "DNS", name);
		if (n < 0 || (size_t)n >= size - used)
			return false;
		used += (size_t)n;
	}
	return true;
}

/* issuer NULL: signed by itself.  The caller's, or NULL. */
static X509 *certificate_new(EVP_PKEY *subject, const char *cn, X509 *issuer,
	EVP_PKEY *signer, const char *alternatives, unsigned days,
	int64_t now)
{
	X509 *c = X509_new();
	bool ok = c && X509_set_version(c, X509_VERSION_3) &&
		set_serial(c) && set_name(c, cn, false) &&
		X509_set_pubkey(c, subject) &&
		ASN1_TIME_set(X509_getm_notBefore(c), (time_t)(now - DAY)) &&
		ASN1_TIME_set(X509_getm_notAfter(c),
			(time_t)(now + (int64_t)days * DAY));

	if (ok && issuer)
		ok = X509_set_issuer_name(c, X509_get_subject_name(issuer)) &&
			add(c, issuer, NID_basic_constraints,
				"critical,CA:FALSE") &&
			add(c, issuer, NID_key_usage,
				"critical,digitalSignature") &&
			(!*alternatives || (add(c, issuer, NID_ext_key_usage,
				"serverAuth") &&
			add(c, issuer, NID_subject_alt_name, alternatives)));
	else if (ok)
		ok = set_name(c, cn, true) &&
			add(c, c, NID_basic_constraints,
				"critical,CA:TRUE,pathlen:0") &&
			add(c, c, NID_key_usage,
				"critical,keyCertSign,cRLSign");
	ok = ok && add(c, issuer ? issuer : c, NID_subject_key_identifier,
		"hash") && add(c, issuer ? issuer : c,
		NID_authority_key_identifier, "keyid:always") &&
		X509_sign(c, signer, EVP_sha256()) > 0;
	if (ok)
		return c;
	X509_free(c);
	return NULL;
}

/* --- files -------------------------------------------------------------- */

static X509 *read_certificate(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *c = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (file)
		fclose(file);
	return c;
}

/* Both, the second may be NULL; over what was there. */
static int write_certificates(const char *path, X509 *first, X509 *second,
	struct why *why)
{
	char fresh[PATH_MAX];
	FILE *file;
	bool ok;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    sizeof(fresh))
		return why_set(why, -ENAMETOOLONG, "%s is too long", path);
	file = fopen(fresh, "we");
	ok = file && PEM_write_X509(file, first) &&
		(!second || PEM_write_X509(file, second)) &&
		!fflush(file) && !fsync(fileno(file));
	if (file && fclose(file))
		ok = false;
	if (!ok || rename(fresh, path))
		return why_set(why, -EIO, "%s cannot be written", path);
	return 0;
}

/* --- the CA ------------------------------------------------------------- */

static int ca_open(const char *tls, int64_t now, EVP_PKEY **key, X509 **ca,
	struct why *why)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), tls, "ca.pem", why);

	*ca = NULL;
	*key = r ? NULL : key_of(tls, "ca.key", why);
	if (!*key)
		return r ? r : -EIO;
	*ca = read_certificate(path);
	if (*ca && X509_check_private_key(*ca, *key) == 1)
		return 0;
	X509_free(*ca);
	*ca = certificate_new(*key, "Coffer services of this machine", NULL,
		*key, "", CA_DAYS, now);
	r = *ca ? write_certificates(path, *ca, NULL, why) :
		why_set(why, -EIO, "no certificate could be made");
	if (r) {
		X509_free(*ca);
		EVP_PKEY_free(*key);
	}
	return r;
}

static bool covers(X509 *c, const char *names)
{
	for (const char *at = names; *at; at += strspn(at, ", ")) {
		size_t part = strcspn(at, ", ");
		char name[256];

		if (part && part < sizeof(name)) {
			memcpy(name, at, part);
			name[part] = '\0';
			if (X509_check_ip_asc(c, name, 0) != 1 &&
			    X509_check_host(c, name, part, 0, NULL) != 1)
				return false;
		}
		at += part;
	}
	return true;
}

static bool good(X509 *c, EVP_PKEY *key, EVP_PKEY *ca, const char *names,
	int64_t now)
{
	time_t soon = (time_t)(now + (int64_t)RENEW_DAYS * DAY);

	return c && X509_check_private_key(c, key) == 1 &&
		X509_verify(c, ca) == 1 &&
		X509_cmp_time(X509_get0_notAfter(c), &soon) > 0 &&
		covers(c, names);
}

static int server_prepare(const char *tls, const char *names, int64_t now,
	EVP_PKEY *ca_key, X509 *ca, struct why *why)
{
	char path[PATH_MAX], alternatives[2 * NAMES_MAX];
	EVP_PKEY *key;
	X509 *c;
	int r = paths_join(path, sizeof(path), tls, "server.pem", why);

	if (r)
		return r;
	if (!alternative_names(names, alternatives, sizeof(alternatives)))
		return why_set(why, -EINVAL, "\"%.200s\" is no list of host "
			"names and addresses", names);
	key = key_of(tls, "server.key", why);
	if (!key)
		return -EIO;
	c = read_certificate(path);
	if (!good(c, key, ca_key, names, now)) {
		X509_free(c);
		c = certificate_new(key, "localhost", ca, ca_key,
			alternatives, SERVER_DAYS, now);
		r = c ? write_certificates(path, c, ca, why) :
			why_set(why, -EIO, "no certificate could be made");
	}
	X509_free(c);
	EVP_PKEY_free(key);
	return r;
}

int tls_prepare(const char *folder, const char *names, int64_t now,
	struct why *why)
{
	char tls[PATH_MAX], all[NAMES_MAX];
	EVP_PKEY *key;
	X509 *ca;
	int r = paths_join(tls, sizeof(tls), folder, "tls", why);

	if (!r)
		r = paths_make(tls, true, why);
	if (!r && (size_t)snprintf(all, sizeof(all), "%s,%s", NAMES_ALWAYS,
	    names) >= sizeof(all))
		r = why_set(why, -ENAMETOOLONG, "too many names");
	if (!r)
		r = ca_open(tls, now, &key, &ca, why);
	if (r)
		return r;
	r = server_prepare(tls, all, now, key, ca, why);
	X509_free(ca);
	EVP_PKEY_free(key);
	return r;
}

static int no_key(void *context, uint8_t **bytes, size_t *size,
	struct why *why)
{
	return why_set(why, -ENOENT, "the service has no certificate");
}

int tls_load(const char *folder, char **key, char **chain, struct why *why)
{
	char path[PATH_MAX];
	uint8_t *bytes;
	size_t size;
	FILE *file;
	int r = service_secret_file(folder, "tls/server.key", no_key, NULL,
		&bytes, &size, why);

	*key = *chain = NULL;
	if (r)
		return r;
	*key = OPENSSL_zalloc(size + 1);
	*chain = calloc(1, 65536);
	if (*key)
		memcpy(*key, bytes, size);
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	r = paths_join(path, sizeof(path), folder, "tls/server.pem", why);
	file = r ? NULL : fopen(path, "re");
	if (!*key || !*chain || !file || !fread(*chain, 1, 65535, file))
		r = why_set(why, -EIO, "%s/tls/server.pem cannot be read",
			folder);
	if (file)
		fclose(file);
	if (r) {
		OPENSSL_clear_free(*key, *key ? strlen(*key) : 0);
		free(*chain);
		*key = *chain = NULL;
	}
	return r;
}

int tls_issue(const char *folder, EVP_PKEY *subject, const char *cn,
	const char *names, unsigned days, int64_t now, char **chain,
	struct why *why)
{
	char tls[PATH_MAX], alternatives[2 * NAMES_MAX], *text;
	BIO *out = BIO_new(BIO_s_mem());
	X509 *ca = NULL, *c = NULL;
	EVP_PKEY *key = NULL;
	long n = 0;
	int r = paths_join(tls, sizeof(tls), folder, "tls", why);

	*chain = NULL;
	if (!r && !alternative_names(names, alternatives,
	    sizeof(alternatives)))
		r = why_set(why, -EINVAL, "\"%.200s\" is no list of host "
			"names and addresses", names);
	if (!r)
		r = paths_make(tls, true, why);
	if (!r)
		r = ca_open(tls, now, &key, &ca, why);
	if (!r) {
		c = certificate_new(subject, cn, ca, key, alternatives, days,
			now);
		if (out && c && PEM_write_bio_X509(out, c) &&
		    PEM_write_bio_X509(out, ca))
			n = BIO_get_mem_data(out, &text);
		if (n > 0)
			*chain = strndup(text, (size_t)n);
		if (!*chain)
			r = why_set(why, -EIO, "no certificate could be made");
		X509_free(ca);
		EVP_PKEY_free(key);
	}
	X509_free(c);
	BIO_free(out);
	return r;
}
