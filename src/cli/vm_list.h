/* SPDX-License-Identifier: MIT */
/*
 * The virtual machines of a state directory, running or not, and what the CA
 * has to do with them.
 */
#ifndef COFFER_CLI_VM_LIST_H
#define COFFER_CLI_VM_LIST_H

#include "common/vmconf.h"
#include "pki/manufacture.h"
#include "pki/tcb.h"
#include <jansson.h>

enum vm_state {
	VM_NOT_CERTIFIED, /* nobody has asked for a certificate so far */
	VM_CERTIFIED,
	VM_OF_ANOTHER, /* another CA's root is fused in */
};

struct vm {
	char name[64];
	struct vmconf conf;
	enum vm_state state;
	struct pki_machine machine; /* of certified ones */
	enum pki_tcb_status tcb; /* of its CPUSVN, were it started now */
	bool revoked;
};

struct vm_list {
	struct vm *items; /* by name */
	size_t count;
};

/* 0 or a negative errno.  pki may be NULL: then nothing is known but names
 * and vm.conf. */
int vm_list_load(struct pki *, struct vm_list *, struct why *);
void vm_list_free(struct vm_list *);

/* One machine; -ENOENT. */
int vm_load(struct pki *, const char *name, struct vm *, struct why *);

json_t *vm_json(const struct vm *);
/* An array of all; NULL with the reason. */
json_t *vm_list_json(struct pki *, struct why *);

const char *vm_state_name(enum vm_state);

#endif
