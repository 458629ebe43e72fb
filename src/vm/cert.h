/* SPDX-License-Identifier: MIT */
/*
 * What the CA has to do with a machine, running or not.
 */
#ifndef COFFER_VM_CERT_H
#define COFFER_VM_CERT_H

#include "common/vmconf.h"
#include "pki/manufacture.h"
#include "pki/tcb.h"

enum vm_cert_state {
	VM_NOT_CERTIFIED, /* nobody has asked for a certificate so far */
	VM_CERTIFIED,
	VM_OF_ANOTHER, /* another CA's root is fused in */
};

struct vm_cert {
	enum vm_cert_state state;
	struct pki_machine machine; /* of certified ones */
	enum pki_tcb_status tcb; /* of its CPUSVN, were it started now */
	bool revoked;
};

/* Makes nothing.  pki may be NULL, where there is no CA: then no machine is
 * certified.  0 or a negative errno. */
int vm_cert_look(struct pki *, const char *name, const struct vmconf *,
	struct vm_cert *, struct why *);

const char *vm_cert_state_name(enum vm_cert_state);

#endif
