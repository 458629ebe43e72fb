/* SPDX-License-Identifier: MIT */
/*
 * What has been revoked, <state>/ca/revoked: a line each, "ISSUER SERIAL TIME
 * MACHINE"; "." is a machine that is gone.  Private to src/pki; the CA's mutex
 * is held, and for changing the directory's lock.
 */
#ifndef COFFER_PKI_LISTS_H
#define COFFER_PKI_LISTS_H

#include "pki/manufacture.h"
#include "pki/pki_priv.h"

struct revocation {
	enum pki_cert issuer;
	struct x509_revoked entry;
	char machine[PKI_MACHINE_NAME];
};

struct revocations {
	struct revocation *items;
	size_t count;
};

/* Is this (without LF) a line of that file? */
bool revocations_line(const char *line);
/* An empty list when there is no file. */
int revocations_load(struct pki *, struct revocations *, struct why *);
/* Writes the file and has the lists made anew. */
int revocations_save(struct pki *, const struct revocations *, struct why *);
bool revocations_have(const struct revocations *, const char *serial);
int revocations_add(struct revocations *, const struct revocation *);
/* What names this machine is of one that is gone; how many. */
unsigned revocations_forget(struct revocations *, const char *machine);
/* Takes out what names this machine; how many. */
unsigned revocations_drop(struct revocations *, const char *machine);
void revocations_free(struct revocations *);

#endif
