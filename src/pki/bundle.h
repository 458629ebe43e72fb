/* SPDX-License-Identifier: MIT */
/*
 * A CA as one file, for a team to share: certificates and private keys in
 * PEM, keys encrypted when there is a passphrase (PKCS#8, AES-256), in front
 * of them lines with address, number of the last revocation list, and what
 * has been revoked.
 */
#ifndef COFFER_PKI_BUNDLE_H
#define COFFER_PKI_BUNDLE_H

#include "pki/ca.h"

/* Writes a new file (0600; -EEXIST if it is there).  passphrase may be NULL:
 * then the keys in it are in the clear. */
int pki_export(struct pki *, const char *path, const char *passphrase,
	struct why *);

/* Makes STATE/ca from such a file, after checking that everything in it fits
 * together.  -EEXIST when there is a CA and replace is false; with replace the
 * old one goes to STATE/ca.old-TIME.  -EACCES when the passphrase is wrong or
 * missing; -EINVAL when the file is no such bundle. */
int pki_import(const char *state, const char *path, const char *passphrase,
	bool replace, struct why *);

#endif
