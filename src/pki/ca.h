/* SPDX-License-Identifier: MIT */
/*
 * Coffer's certificate authority: what stands in for the chip maker.  Its
 * names are those that stock verifiers look for ("Intel SGX Root CA" and so
 * on), and every name says in its OU that the root of trust is software and
 * not Intel's.
 *
 * It lives in <state>/ca/, a directory of its owner (0700):
 *
 *   root.pem processor.pem platform.pem tcb.pem   certificates
 *   root.key processor.key platform.key tcb.key   P-256 private keys
 *   enclaves.key     RSA-3072 with exponent 3, signs PCE and QE; made when
 *                    first needed, since making it takes a second
 *   url              base of the addresses in certificates (one line)
 *   revoked          certificates that were taken back, a line each
 *   crl-number       number of the last revocation list
 *   issued/          signed lists, made again when they get old (collateral.h)
 *   lock             held while any of these changes
 *
 * Whoever has the directory makes machines that everybody who trusts its root
 * believes.
 *
 * A struct pki may be used by several threads; several processes may have the
 * same directory open.  Functions return 0 or a negative errno with the
 * reason in why.
 */
#ifndef COFFER_PKI_CA_H
#define COFFER_PKI_CA_H

#include "common/why.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Addresses in certificates begin with this unless `coffer ca init` was told
 * another: where `coffer serve` listens. */
#define PKI_URL_DEFAULT "https://localhost:8081"

struct pki;

/* Something made for the caller, who frees it.  Text has a NUL behind it
 * that does not count. */
struct pki_bytes {
	uint8_t *data;
	size_t size;
};
void pki_bytes_free(struct pki_bytes *); /* also of an empty one */

/* Opens the CA of a state directory (NULL: paths_state()); pki_open makes it
 * when there is none, at once complete or not at all, pki_find gives -ENOENT.
 * -EPERM when others can read it; -EINVAL when what is there is no CA. */
int pki_open(const char *state, struct pki **, struct why *);
int pki_find(const char *state, struct pki **, struct why *);
void pki_close(struct pki *); /* also NULL */

/* Makes one whose certificates have addresses that begin with url (https or
 * http, no slash at the end; NULL: PKI_URL_DEFAULT).  -EEXIST. */
int pki_create(const char *state, const char *url, struct why *);

/* The clock that issuing looks at, in seconds since 1970; 0, as it begins:
 * the system's.  For tests. */
void pki_set_time(struct pki *, int64_t now);

/* The state directory. */
const char *pki_state(const struct pki *);
const char *pki_url(const struct pki *);

#define PKI_URL_MAX 256 /* of what is before the path, with the NUL */

/* Which CA issues a machine's certificates: that of single packages (DCsv2),
 * or that of platforms registered as a whole (DCsv3, DCdsv3). */
enum pki_ca { PKI_CA_PROCESSOR, PKI_CA_PLATFORM };

enum pki_cert {
	PKI_CERT_ROOT, PKI_CERT_PROCESSOR, PKI_CERT_PLATFORM, PKI_CERT_TCB,
	PKI_CERTS
};
/* A certificate in PEM, with LF; or in DER. */
int pki_cert_pem(struct pki *, enum pki_cert, struct pki_bytes *,
	struct why *);
int pki_cert_der(struct pki *, enum pki_cert, struct pki_bytes *,
	struct why *);
/* A certificate and behind it the root's, in PEM: an issuer chain as Intel's
 * service puts it into headers.  Of PKI_CERT_ROOT: it alone. */
int pki_chain_pem(struct pki *, enum pki_cert, struct pki_bytes *,
	struct why *);

/* The distribution point in certificates that this one has issued (the root
 * also its own): where its revocation list can be had in DER.
 *   root       URL/CofferRootCA.der
 *   others     URL/sgx/certification/v4/pckcrl?ca=platform&encoding=der */
void pki_crl_url(const struct pki *, enum pki_cert issuer,
	char url[PKI_URL_MAX + 80]);

/* The root's public key, x and y big endian, and its SHA-256: what is fused
 * into machines. */
void pki_root_key(const struct pki *, uint8_t xy[64]);
void pki_root_hash(const struct pki *, uint8_t hash[32]);

/* When a certificate begins and ends, in seconds since 1970. */
int pki_cert_dates(struct pki *, enum pki_cert, int64_t *from, int64_t *until,
	struct why *);

/* Has the key below been made? */
bool pki_has_enclave_key(struct pki *);

/* The key that signs architectural enclaves, an EVP_PKEY for
 * sigstruct_sign(), which stays the CA's, and the MRSIGNER that it gives.
 * Makes the key the first time. */
int pki_enclave_key(struct pki *, void **evp_pkey, struct why *);
int pki_mrsigner(struct pki *, uint8_t mrsigner[32], struct why *);

#endif
