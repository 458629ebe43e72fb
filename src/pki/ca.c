/* SPDX-License-Identifier: MIT */
#include "pki/pki_priv.h"

#include "common/paths.h"
#include "pki/files.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *ca_file(enum pki_cert role)
{
	static const char *const names[] = {
		[PKI_CERT_ROOT] = "root", [PKI_CERT_PROCESSOR] = "processor",
		[PKI_CERT_PLATFORM] = "platform", [PKI_CERT_TCB] = "tcb",
	};

	return names[role];
}

const char *ca_name(enum pki_ca ca)
{
	return ca_file(ca_cert(ca));
}

int64_t ca_now(const struct pki *pki)
{
	return pki->now ? pki->now : (int64_t)time(NULL);
}

int ca_failed(struct why *why, const char *what)
{
	char text[160] = "no reason given";
	unsigned long code = ERR_get_error();

	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return why_set(why, -EIO, "%s: %s", why_words(what), text);
}

/* ---- reading ---- */

static int read_certificate(const char *directory, enum pki_cert role,
	X509 **cert, struct why *why)
{
	struct pki_bytes pem;
	char name[32];
	BIO *bio;
	int r;

	snprintf(name, sizeof(name), "%s.pem", ca_file(role));
	r = files_read(directory, name, false, &pem, why);
	if (r)
		return r == -ENOENT ? -EINVAL : r;
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	*cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	pki_bytes_free(&pem);
	ERR_clear_error();
	return *cert ? 0 : why_set(why, -EINVAL, "%s/%s is no certificate",
		directory, name);
}

/* Is it the certificate of this role, and the root's? */
int ca_check_certificate(struct pki *pki, enum pki_cert role,
	struct why *why)
{
	X509 *root = pki->cert[PKI_CERT_ROOT], *cert = pki->cert[role];
	EVP_PKEY *root_key = X509_get0_pubkey(root);
	char name[80];
	bool ok = X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
			NID_commonName, name, sizeof(name)) > 0 &&
		!strcmp(name, x509_common_name(role)) &&
		X509_verify(cert, root_key) == 1;

	ERR_clear_error();
	return ok ? 0 : why_set(why, -EINVAL, "%s/%s.pem is not this CA's "
		"\"%s\"", pki->directory, ca_file(role),
		x509_common_name(role));
}

static int digest_root(struct pki *pki, struct why *why)
{
	EVP_PKEY *key = X509_get0_pubkey(pki->cert[PKI_CERT_ROOT]);
	unsigned size;

	if (!key || !x509_key_xy(key, pki->root_xy) ||
	    !EVP_Digest(pki->root_xy, 64, pki->root_hash, &size, EVP_sha256(),
		NULL))
		return ca_failed(why, "the root has no P-256 key");
	return 0;
}

static int read_url(struct pki *pki, const char *directory, struct why *why)
{
	struct pki_bytes text;
	int r = files_read(directory, "url", false, &text, why);

	if (r)
		return r == -ENOENT ? -EINVAL : r;
	snprintf(pki->url, sizeof(pki->url), "%.*s",
		(int)strcspn((char *)text.data, "\n"), (char *)text.data);
	pki_bytes_free(&text);
	return 0;
}

void ca_unload(struct pki *pki)
{
	for (int i = 0; i < PKI_CERTS; i++) {
		X509_free(pki->cert[i]);
		EVP_PKEY_free(pki->key[i]);
		pki->cert[i] = NULL;
		pki->key[i] = NULL;
	}
	EVP_PKEY_free(pki->enclaves);
	pki->enclaves = NULL;
}

int ca_load(struct pki *pki, const char *directory, struct why *why)
{
	struct stat st;
	int r = 0;

	if (lstat(directory, &st)) {
		r = -errno;
		return why_set(why, r, r == -ENOENT ? N_("there is no CA at "
			"%s; `coffer ca init` makes one") :
			N_("cannot open %s"), directory);
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077))
		return why_set(why, -EPERM, "%s must be a directory of this "
			"user, closed to others (chmod 700)", directory);
	for (int i = 0; !r && i < PKI_CERTS; i++)
		r = read_certificate(directory, i, &pki->cert[i], why);
	for (int i = 0; !r && i < PKI_CERTS; i++)
		r = ca_check_certificate(pki, i, why);
	if (!r)
		r = digest_root(pki, why);
	if (!r)
		r = read_url(pki, directory, why);
	pki->dev = st.st_dev;
	pki->ino = st.st_ino;
	if (r)
		ca_unload(pki);
	return r;
}

int ca_enter(struct pki *pki, struct why *why)
{
	struct stat st;
	int r = 0;

	pthread_mutex_lock(&pki->mutex);
	if (lstat(pki->directory, &st) || st.st_ino != pki->ino ||
	    st.st_dev != pki->dev || !pki->cert[0]) {
		ca_unload(pki);
		r = ca_load(pki, pki->directory, why);
	}
	if (r)
		pthread_mutex_unlock(&pki->mutex);
	return r;
}

void ca_leave(struct pki *pki)
{
	pthread_mutex_unlock(&pki->mutex);
}

static EVP_PKEY *read_key(struct pki *pki, const char *name, struct why *why)
{
	struct pki_bytes pem;
	EVP_PKEY *key;
	BIO *bio;

	if (files_read(pki->directory, name, true, &pem, why))
		return NULL;
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"") :
		NULL;
	BIO_free(bio);
	pki_bytes_free(&pem);
	ERR_clear_error();
	if (!key)
		why_set(why, -EINVAL, "%s/%s is no private key in PEM",
			pki->directory, name);
	return key;
}

EVP_PKEY *ca_key(struct pki *pki, enum pki_cert role, struct why *why)
{
	char name[32];

	if (pki->key[role])
		return pki->key[role];
	snprintf(name, sizeof(name), "%s.key", ca_file(role));
	pki->key[role] = read_key(pki, name, why);
	if (pki->key[role] &&
	    X509_check_private_key(pki->cert[role], pki->key[role]) != 1) {
		why_set(why, -EINVAL, "%s/%s does not belong to %s.pem",
			pki->directory, name, ca_file(role));
		EVP_PKEY_free(pki->key[role]);
		pki->key[role] = NULL;
		ERR_clear_error();
	}
	return pki->key[role];
}

/* ---- opening ---- */

static int open_state(const char *state, struct pki **out, struct why *why)
{
	struct pki *pki = calloc(1, sizeof(*pki));
	int r;

	if (!pki)
		return why_set(why, -ENOMEM, "out of memory");
	pthread_mutex_init(&pki->mutex, NULL);
	if (!state)
		r = paths_state(pki->state, sizeof(pki->state), why);
	else
		r = paths_join(pki->state, sizeof(pki->state), state, ".",
			why);
	if (!r && state)
		pki->state[strlen(pki->state) - 2] = '\0';
	if (!r)
		r = paths_join(pki->directory, sizeof(pki->directory),
			pki->state, "ca", why);
	if (!r)
		r = ca_load(pki, pki->directory, why);
	if (r)
		pki_close(pki);
	else
		*out = pki;
	return r;
}

int pki_find(const char *state, struct pki **out, struct why *why)
{
	*out = NULL;
	return open_state(state, out, why);
}

int pki_open(const char *state, struct pki **out, struct why *why)
{
	int r;

	*out = NULL;
	r = open_state(state, out, why);
	if (r != -ENOENT)
		return r;
	r = pki_create(state, NULL, why);
	if (r && r != -EEXIST)
		return r;
	return open_state(state, out, why);
}

void pki_close(struct pki *pki)
{
	if (!pki)
		return;
	ca_unload(pki);
	pthread_mutex_destroy(&pki->mutex);
	free(pki);
}

void pki_set_time(struct pki *pki, int64_t now)
{
	pki->now = now;
}

const char *pki_state(const struct pki *pki)
{
	return pki->state;
}

const char *pki_url(const struct pki *pki)
{
	return pki->url;
}

void pki_crl_url(const struct pki *pki, enum pki_cert issuer,
	char url[PKI_URL_MAX + 80])
{
	if (issuer == PKI_CERT_PROCESSOR || issuer == PKI_CERT_PLATFORM)
		snprintf(url, PKI_URL_MAX + 80, "%s/sgx/certification/v4/"
			"pckcrl?ca=%s&encoding=der", pki->url,
			ca_file(issuer));
	else
		snprintf(url, PKI_URL_MAX + 80, "%s/CofferRootCA.der",
			pki->url);
}

/* ---- what it has ---- */

int pki_cert_pem(struct pki *pki, enum pki_cert role, struct pki_bytes *out,
	struct why *why)
{
	int r = ca_enter(pki, why);

	*out = (struct pki_bytes){ NULL, 0 };
	if (r)
		return r;
	r = x509_pem(pki->cert[role], out);
	ca_leave(pki);
	return r ? why_set(why, r, "out of memory") : 0;
}

int pki_cert_der(struct pki *pki, enum pki_cert role, struct pki_bytes *out,
	struct why *why)
{
	unsigned char *p;
	int size, r = ca_enter(pki, why);

	*out = (struct pki_bytes){ NULL, 0 };
	if (r)
		return r;
	size = i2d_X509(pki->cert[role], NULL);
	p = out->data = size > 0 ? malloc((size_t)size + 1) : NULL;
	if (p) {
		out->size = (size_t)i2d_X509(pki->cert[role], &p);
		*p = '\0';
	}
	ca_leave(pki);
	return out->data ? 0 : why_set(why, -ENOMEM, "out of memory");
}

int pki_chain_pem(struct pki *pki, enum pki_cert role, struct pki_bytes *out,
	struct why *why)
{
	int r = ca_enter(pki, why);

	*out = (struct pki_bytes){ NULL, 0 };
	if (r)
		return r;
	r = x509_pem(pki->cert[role], out);
	if (!r && role != PKI_CERT_ROOT)
		r = x509_pem(pki->cert[PKI_CERT_ROOT], out);
	ca_leave(pki);
	if (r)
		pki_bytes_free(out);
	return r ? why_set(why, r, "out of memory") : 0;
}

void pki_root_key(const struct pki *pki, uint8_t xy[64])
{
	memcpy(xy, pki->root_xy, 64);
}

void pki_root_hash(const struct pki *pki, uint8_t hash[32])
{
	memcpy(hash, pki->root_hash, 32);
}

/* ---- the key of enclaves ---- */

static int make_enclave_key(struct pki *pki, struct why *why)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *three = BN_new();
	int r;

	if (ctx && three && BN_set_word(three, 3) &&
	    EVP_PKEY_keygen_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 3072) > 0 &&
	    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three) > 0 &&
	    EVP_PKEY_generate(ctx, &pki->enclaves) > 0)
		r = ca_write_key(pki->directory, "enclaves.key",
			pki->enclaves, why);
	else
		r = ca_failed(why, "cannot make the key of enclaves");
	if (r) {
		EVP_PKEY_free(pki->enclaves);
		pki->enclaves = NULL;
	}
	BN_free(three);
	EVP_PKEY_CTX_free(ctx);
	return r;
}

int ca_need_enclave_key(struct pki *pki, struct why *why)
{
	struct stat st;
	char path[PATH_MAX];
	int r;

	if (pki->enclaves)
		return 0;
	r = paths_join(path, sizeof(path), pki->directory, "enclaves.key",
		why);
	if (r)
		return r;
	if (lstat(path, &st) && errno == ENOENT)
		return make_enclave_key(pki, why);
	pki->enclaves = read_key(pki, "enclaves.key", why);
	return pki->enclaves ? 0 : -EINVAL;
}

int ca_mrsigner(struct pki *pki, uint8_t mrsigner[32], struct why *why)
{
	BIGNUM *modulus = NULL;
	uint8_t bytes[384];
	unsigned size;
	int r = ca_need_enclave_key(pki, why);

	if (r)
		return r;
	if (EVP_PKEY_get_bn_param(pki->enclaves, OSSL_PKEY_PARAM_RSA_N,
		&modulus) && BN_bn2lebinpad(modulus, bytes, 384) == 384 &&
	    EVP_Digest(bytes, 384, mrsigner, &size, EVP_sha256(), NULL))
		r = 0;
	else
		r = ca_failed(why, "the key of enclaves is not RSA-3072");
	BN_free(modulus);
	return r;
}

int pki_enclave_key(struct pki *pki, void **evp_pkey, struct why *why)
{
	int lock, r = ca_enter(pki, why);

	*evp_pkey = NULL;
	if (r)
		return r;
	lock = files_lock(pki->directory, why);
	r = lock < 0 ? lock : ca_need_enclave_key(pki, why);
	if (lock >= 0)
		close(lock);
	*evp_pkey = pki->enclaves;
	ca_leave(pki);
	return r;
}

int pki_mrsigner(struct pki *pki, uint8_t mrsigner[32], struct why *why)
{
	int lock, r = ca_enter(pki, why);

	if (r)
		return r;
	lock = files_lock(pki->directory, why);
	r = lock < 0 ? lock : ca_mrsigner(pki, mrsigner, why);
	if (lock >= 0)
		close(lock);
	ca_leave(pki);
	return r;
}

bool pki_has_enclave_key(struct pki *pki)
{
	char path[PATH_MAX];

	return !paths_join(path, sizeof(path), pki->directory, "enclaves.key",
			NULL) && !access(path, F_OK);
}

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) ? timegm(&tm) : 0;
}

int pki_cert_dates(struct pki *pki, enum pki_cert role, int64_t *from,
	int64_t *until, struct why *why)
{
	int r = ca_enter(pki, why);

	if (r)
		return r;
	*from = seconds(X509_get0_notBefore(pki->cert[role]));
	*until = seconds(X509_get0_notAfter(pki->cert[role]));
	ca_leave(pki);
	return 0;
}
