/* SPDX-License-Identifier: MIT */
/*
 * TCB levels: what Coffer's TCB information says of which security versions,
 * and how a machine is given, for trying out verifiers, the status that is
 * wanted.  The same levels for every FMSPC.
 *
 * Of a CPUSVN, byte i is component i + 1.  Components 1 and 2 stand for
 * microcode, 3 and 4 for firmware, 5 for the hardening of software, 6 for the
 * configuration; the others are 0 and not looked at.
 */
#ifndef COFFER_PKI_TCB_H
#define COFFER_PKI_TCB_H

#include "common/why.h"
#include "pki/ca.h"
#include <stddef.h>
#include <stdint.h>

enum pki_tcb_status {
	PKI_TCB_UP_TO_DATE, PKI_TCB_SW_HARDENING_NEEDED,
	PKI_TCB_CONFIGURATION_NEEDED,
	PKI_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
	PKI_TCB_OUT_OF_DATE, PKI_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
	PKI_TCB_REVOKED, PKI_TCB_NONE /* below every level */
};

#define PKI_PCESVN 16 /* the PCE's own, and so the highest there is */

/* As TCB information spells it: "UpToDate"; "NotSupported" for NONE. */
const char *pki_tcb_status_name(enum pki_tcb_status);
/* By that name, upper and lower case alike; -1 if there is none. */
int pki_tcb_status_find(const char *name);

struct pki_tcb_level {
	uint8_t components[16];
	uint16_t pcesvn;
	enum pki_tcb_status status;
	const char *date; /* tcbDate */
	const char *advisories[4]; /* up to a NULL */
};
/* Highest first, as they stand in TCB information. */
const struct pki_tcb_level *pki_tcb_levels(size_t *count);

/* The level that a TCB reaches, or NULL. */
const struct pki_tcb_level *pki_tcb_match(const uint8_t cpusvn[16],
	uint16_t pcesvn);

/* A CPUSVN that has this status with the PCE's own SVN. */
void pki_tcb_cpusvn(enum pki_tcb_status, uint8_t cpusvn[16]);

/* Gives a machine another CPUSVN (vm.conf; holds from its next start on) and
 * certificates for it, up to this PCESVN, which is at most the PCE's own.
 * Looks into the fuses, as pki_certify. */
int pki_tcb_set(struct pki *, const char *vm, const uint8_t cpusvn[16],
	uint16_t pcesvn, struct why *);

/* Puts all certificates of a machine on the revocation list, or takes them
 * off it again.  *count: how many that changed; 0 is no error. */
int pki_revoke(struct pki *, const char *vm, unsigned *count, struct why *);
int pki_restore(struct pki *, const char *vm, unsigned *count, struct why *);
int pki_is_revoked(struct pki *, const char *vm, bool *revoked,
	struct why *);

#endif
