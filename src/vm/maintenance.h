/* SPDX-License-Identifier: MIT */
/*
 * Planned maintenance of an update domain: its machines are restarted one
 * after another, each only when the one before is healthy again.  Their
 * enclaves are lost, as on hosts that are restarted; machines of other
 * domains run on.  One domain at a time per state directory.
 */
#ifndef COFFER_VM_MAINTENANCE_H
#define COFFER_VM_MAINTENANCE_H

#include "vm/probe.h"

enum vm_maintained {
	VM_MAINTAINED_NOT_YET, /* the maintenance stopped before it */
	VM_MAINTAINED_SKIPPED, /* it was off */
	VM_MAINTAINED_RESTARTING, /* said when it begins */
	VM_MAINTAINED_DONE, /* restarted, and healthy again */
	VM_MAINTAINED_FAILED, /* did not come back; nothing after it is touched */
};

struct vm_maintenance_item {
	char name[64];
	enum vm_maintained state;
	struct why why; /* when it failed, or was skipped */
	double ms; /* until it was healthy again, or was given up */
};

struct vm_maintenance {
	/* Wanted. */
	int domain; /* update domain, from 0 */
	unsigned zone; /* 0: of every zone */
	const char *set; /* NULL: of any set, or none */
	unsigned wait_ms; /* for each machine to be healthy */
	const volatile sig_atomic_t *cancel; /* NULL, or stops before the next */
	/* Called when a machine's state has changed; may be NULL. */
	void (*progress)(void *ctx, const struct vm_maintenance_item *);
	void *ctx;
	/* What came of it; freed by vm_maintenance_free. */
	struct vm_maintenance_item *items;
	size_t count;
};

/* 0 when all machines of the domain that ran are healthy again.  Conflict
 * when maintenance is under way, ResourceNotFound when the domain has no
 * machine; InternalError when a machine did not come back, and the items say
 * which. */
int vm_maintain(struct vms *, struct vm_maintenance *, struct vm_refusal *);
void vm_maintenance_free(struct vm_maintenance *);

const char *vm_maintained_name(enum vm_maintained);

#endif
