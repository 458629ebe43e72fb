/* SPDX-License-Identifier: MIT */
/*
 * A machine's directory as manufacturing sees it.  Private to src/pki.
 */
#ifndef COFFER_PKI_MACHINE_H
#define COFFER_PKI_MACHINE_H

#include "common/vmconf.h"
#include "pki/files.h"
#include "pki/manufacture.h"
#include "pki/pki_priv.h"

/* STATE/vm/NAME, or of a machine that is being made; -EINVAL for what is no
 * name, -ENOENT when there is none. */
int machine_folder(struct pki *, const char *vm, char path[PATH_MAX],
	struct why *);
/* Unless it fails, the caller frees it (vmconf_free). */
int machine_conf(struct pki *, const char *vm, struct vmconf *, struct why *);

/* The file "identity" with CPUSVN from vm.conf.  -ENOENT when the machine has
 * not been certified. */
int machine_read(struct pki *, const char *vm, struct pki_machine *,
	struct why *);
int machine_write(struct pki *, const struct pki_machine *, struct why *);

/* -EXDEV, with the command to type. */
int machine_of_another(const char *vm, struct why *);

/* ---- certificates: pck/CPUSVN-PCESVN.pem (pck.c) ---- */

struct tcb {
	uint8_t cpusvn[16];
	uint16_t pcesvn;
};

bool pck_exists(struct pki *, const char *vm, const struct tcb *);
/* For several, which are there after files_batch_end (files.h). */
int pck_batch_begin(struct pki *, const char *vm, struct files_batch *,
	struct why *);
int pck_batch_add(struct files_batch *, const struct tcb *, X509 *,
	struct why *);
/* The TCBs that a machine has certificates for, highest first; freed with
 * free(). */
int pck_list(struct pki *, const char *vm, struct tcb **, size_t *count,
	struct why *);
X509 *pck_read(struct pki *, const char *vm, const struct tcb *,
	struct why *);
int pck_remove_all(struct pki *, const char *vm, struct why *);

/* Component by component, no value above the other's. */
bool tcb_is_within(const struct tcb *, const struct tcb *limit);

/* If any certificate of the machine is revoked, revokes those that are not
 * (revoke.c).  Mutex and lock held. */
int revoke_rest(struct pki *, const char *vm, struct why *);

#endif
