/* SPDX-License-Identifier: MIT */
/*
 * The services' own certificates, by OpenSSL:
 *
 *   <folder>/tls/ca.pem       certificate that clients shall trust, public
 *   <folder>/tls/ca.key       its key, 0600
 *   <folder>/tls/server.pem   chain that the server shows, public
 *   <folder>/tls/server.key   0600
 *
 * All P-256.  The CA is for these services on this machine, and says so; it
 * has nothing to do with the CA of machines and quotes.
 */
#ifndef COFFER_SERVICE_TLS_H
#define COFFER_SERVICE_TLS_H

#include "common/why.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

/* Makes what is missing, and a new server certificate where the old one has
 * less than 30 days left or lacks one of the names (comma-separated host
 * names and addresses; localhost and the loopback addresses are always
 * there).  now: unix seconds. */
int tls_prepare(const char *folder, const char *names, int64_t now,
	struct why *why);

/* Private key and chain as PEM, NUL-terminated; the caller's (the key with
 * OPENSSL_clear_free); both NULL after a failure. */
int tls_load(const char *folder, char **key, char **chain, struct why *why);

/* A certificate of the CA for another public key: common name, DNS names and
 * addresses as above, days of validity.  *chain gets the PEM of the
 * certificate and the CA's, the caller's (free).  For signers whose clients
 * check a chain. */
int tls_issue(const char *folder, EVP_PKEY *subject, const char *cn,
	const char *names, unsigned days, int64_t now, char **chain,
	struct why *why);

#endif
