/* SPDX-License-Identifier: MIT */
/*
 * A CA that is open: its certificates in memory, its keys as they are needed.
 * Private to src/pki.
 */
#ifndef COFFER_PKI_PRIV_H
#define COFFER_PKI_PRIV_H

#include "pki/ca.h"
#include "pki/collateral.h"
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sys/types.h>

struct pki {
	char state[PATH_MAX], directory[PATH_MAX];
	char url[PKI_URL_MAX];
	int64_t now; /* 0: the system's clock */
	pthread_mutex_t mutex; /* held by every function that is not private */
	dev_t dev; /* which directory this is: another one may be put there */
	ino_t ino;
	X509 *cert[PKI_CERTS];
	EVP_PKEY *key[PKI_CERTS]; /* private; NULL: not needed so far */
	EVP_PKEY *enclaves;
	uint8_t root_xy[64], root_hash[32];
};

/* Names of files: "root", "processor", "platform", "tcb". */
const char *ca_file(enum pki_cert);
/* And of the CA in addresses and records. */
const char *ca_name(enum pki_ca);
static inline enum pki_cert ca_cert(enum pki_ca ca)
{
	return ca == PKI_CA_PROCESSOR ? PKI_CERT_PROCESSOR : PKI_CERT_PLATFORM;
}

int64_t ca_now(const struct pki *);

/* Takes the mutex, after seeing to it that the CA in memory is the one on
 * disk; pki_leave gives it back.  Unless 0, nothing is held. */
int ca_enter(struct pki *, struct why *);
void ca_leave(struct pki *);

/* A private key, the CA's; NULL with the reason. */
EVP_PKEY *ca_key(struct pki *, enum pki_cert, struct why *);
/* Mutex and the directory's lock held: reads the key, or makes it; and the
 * MRSIGNER that it gives. */
int ca_need_enclave_key(struct pki *, struct why *);
int ca_mrsigner(struct pki *, uint8_t mrsigner[32], struct why *);

/* Reads what a directory has and checks that it fits together. */
int ca_load(struct pki *, const char *directory, struct why *);
void ca_unload(struct pki *);

/* Makes directory STATE/ca.new-XXXXXX and puts it to its place; fill writes
 * into it.  -EEXIST when there is a CA and replace is false; the one that was
 * replaced is then STATE/ca.old-TIME. */
int ca_place(const char *state, bool replace,
	int (*fill)(const char *directory, void *ctx, struct why *), void *ctx,
	struct why *);

/* Files of a CA: DIRECTORY/NAME, DIRECTORY/ROLE.pem. */
int ca_write_key(const char *directory, const char *name, EVP_PKEY *,
	struct why *);
int ca_write_cert(const char *directory, enum pki_cert role, X509 *,
	struct why *);

/* Is it the certificate of this role, and by the root that is there too? */
int ca_check_certificate(struct pki *, enum pki_cert role, struct why *);
int ca_check_url(const char *url, struct why *);

/* The reason that OpenSSL gives, in why; returns -EIO. */
int ca_failed(struct why *, const char *what);

/* x509.c */

/* Certificates: who is certified, and for how long. */
struct x509_order {
	enum pki_cert role; /* PKI_CERTS: a PCK certificate */
	X509 *issuer; /* NULL: the root itself */
	EVP_PKEY *issuer_key, *subject_key;
	const char *crl_url;
	int64_t from, until;
	const uint8_t *extension; /* DER of Intel's, for PCK certificates */
	size_t extension_size;
};
X509 *x509_make(const struct x509_order *, struct why *);
const char *x509_common_name(enum pki_cert role);

struct x509_revoked {
	char serial[41]; /* hexadecimal */
	int64_t when;
};
/* A revocation list in DER. */
int x509_crl_make(X509 *issuer, EVP_PKEY *key, uint64_t number, int64_t from,
	int64_t until, const struct x509_revoked *revoked, size_t count,
	struct pki_bytes *, struct why *);
/* thisUpdate of one in DER; 0 if it is none. */
int64_t x509_crl_time(const uint8_t *der, size_t size);

int x509_pem(X509 *, struct pki_bytes *); /* appends */
void x509_serial(X509 *, char hex[41]);

/* A fresh P-256 key; NULL when OpenSSL fails. */
EVP_PKEY *x509_key_new(void);
/* A public key from x and y. */
EVP_PKEY *x509_key_public(const uint8_t xy[64]);
bool x509_key_xy(EVP_PKEY *, uint8_t xy[64]);

#endif
