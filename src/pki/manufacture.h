/* SPDX-License-Identifier: MIT */
/*
 * Making a virtual machine what a chip maker makes of a package: fuses with
 * the hash of the CA's root in them, and certificates for the keys that the
 * PCE will derive from the fuses.  In <state>/vm/NAME/:
 *
 *   fuses      64 secret bytes, then SHA-256 of the root's public key
 *   identity   who the machine is, struct pki_machine as key=value lines
 *   pck/       a certificate per TCB, CPUSVN-PCESVN.pem
 *
 * Fusing happens before the machine's first start and takes milliseconds;
 * certifying when somebody first asks for a certificate.  Both look into the
 * fuses, so both are done by the program coffer-manufacture, which ends
 * afterwards; cofferd, quoting and the services never see them.
 */
#ifndef COFFER_PKI_MANUFACTURE_H
#define COFFER_PKI_MANUFACTURE_H

#include "pki/ca.h"
#include "pki/collateral.h"

/* A machine that is being made has its directory beside the others, with
 * this before its name and something of its maker's behind; it can be
 * certified there, by the directory's name. */
#define PKI_MACHINE_NEW ".new-"
#define PKI_MACHINE_NAME 96 /* bytes of such a name, with the NUL */

struct pki_machine {
	char name[PKI_MACHINE_NAME];
	enum pki_ca ca;
	uint8_t fmspc[PKI_FMSPC_SIZE];
	uint8_t ppid[16];
	uint8_t qe_id[16]; /* what the QE puts into its quotes' headers */
	uint8_t platform_instance_id[16]; /* zero for PKI_CA_PROCESSOR */
	uint16_t pce_id;
	uint8_t cpusvn[16]; /* from vm.conf: at the next start, if changed */
	uint16_t pcesvn; /* highest that it has certificates for */
	uint8_t root_hash[32]; /* of the root that is fused in */
};

/* In a process that may read the fuses.  pki_fuse: makes the fuses, or puts
 * this CA's root into fuses that have none.  pki_certify: fuses, then makes
 * identity and certificates for every TCB level that the machine has reached
 * and for its own TCB; what is there already and of this CA is kept.
 * -ENOENT when there is no such machine.  -EXDEV when another root is fused in
 * and again is false; with again, this root replaces it at the machine's next
 * start, and everything that was certified under the other is dropped.  The
 * secrets in the fuses stay as they are, and so does what enclaves sealed. */
int pki_fuse(struct pki *, const char *vm, bool again, struct why *);
int pki_certify(struct pki *, const char *vm, bool again, struct why *);

/* Certifies in any process: starts coffer-manufacture and waits for it,
 * unless the machine's TCB has been certified by this CA.  -EXDEV when the
 * machine was made under another CA: the reason has the command that makes it
 * again. */
int pki_machine_ensure(struct pki *, const char *vm, struct why *);

/* What a machine was called is forgotten, for it is gone: another one that is
 * given its name later has nothing to do with it.  Its certificates stay on
 * the revocation list if they were there. */
int pki_machine_forget(struct pki *, const char *vm, struct why *);

/* Certifies again under this CA, in any process. */
int pki_machine_again(struct pki *, const char *vm, struct why *);

/* pki_tcb_set (tcb.h) in any process. */
int pki_machine_set_tcb(struct pki *, const char *vm, const uint8_t cpusvn[16],
	uint16_t pcesvn, struct why *);

/* Reads who a machine is, certifying it first where that has not happened. */
int pki_machine_get(struct pki *, const char *vm, struct pki_machine *,
	struct why *);
/* The same without making anything: -ENODATA when it has not been certified
 * for its TCB; -EXDEV as above. */
int pki_machine_look(struct pki *, const char *vm, struct pki_machine *,
	struct why *);
/* By QE_ID or PPID, of those certified by this CA.  -ENOENT. */
int pki_machine_find(struct pki *, const uint8_t id[16],
	struct pki_machine *, struct why *);

/* The certificate of the highest TCB that is not above this one, chosen as
 * Intel's service does it.  -ENOENT when no certificate is that low;
 * -ESRCH when the machine has none at all. */
struct pki_pck {
	struct pki_bytes leaf; /* PEM */
	struct pki_bytes chain; /* PEM: leaf, its CA, root */
	uint8_t tcbm_cpusvn[16]; /* the TCB of the certificate */
	uint16_t tcbm_pcesvn;
};
int pki_pck_get(struct pki *, const struct pki_machine *,
	const uint8_t cpusvn[16], uint16_t pcesvn, struct pki_pck *,
	struct why *);
void pki_pck_free(struct pki_pck *);

/* All certificates of a machine, highest TCB first.  The caller frees the
 * list with pki_pck_list_free. */
struct pki_pck_list {
	struct pki_pck *items;
	size_t count;
};
int pki_pck_all(struct pki *, const struct pki_machine *,
	struct pki_pck_list *, struct why *);
void pki_pck_list_free(struct pki_pck_list *);

#endif
