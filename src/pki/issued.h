/* SPDX-License-Identifier: MIT */
/*
 * Signed things with a date, kept in <state>/ca/issued/ until they are old.
 * Private to src/pki; the CA's mutex is held.
 */
#ifndef COFFER_PKI_ISSUED_H
#define COFFER_PKI_ISSUED_H

#include "pki/pki_priv.h"

#define ISSUED_DAY 86400ll

struct issued {
	const char *name; /* of its file */
	int64_t life; /* seconds that it is good for */
	/* When it was issued, 0 if that cannot be told. */
	int64_t (*time)(const struct pki_bytes *);
	/* Makes it, for these dates; the directory's lock is held. */
	int (*make)(struct pki *, const void *ctx, int64_t from,
		int64_t until, struct pki_bytes *, struct why *);
	const void *ctx;
};

/* What is kept, if less than a third of its life has passed; else made. */
int issued_get(struct pki *, const struct issued *, struct pki_bytes *,
	struct why *);

/* Has it made anew the next time. */
int issued_forget(struct pki *, const char *name, struct why *);

#endif
