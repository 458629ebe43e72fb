/* SPDX-License-Identifier: MIT */
/*
 * Removing machines.  A machine becomes vm/.gone-NAME-ID first, at which moment
 * it is gone; what is left of it is removed after that, by whom it may be.
 */
#ifndef COFFER_VM_REMOVE_H
#define COFFER_VM_REMOVE_H

#include "vm/vms_priv.h"

#define REMOVE_PREFIX ".gone-"

/* Stops the machine that an order has made (its ID), if it runs, and removes
 * it.  0, also when there is none, or another of its name. */
int remove_machine(struct vms *, const char *name, const char *order,
	struct why *);

/* Finishes what became of a machine, unless somebody is at it.  directory: its
 * name in STATE/vm. */
void remove_rest(struct vms *, const char *directory);

/* Is this, in the base of runtime directories, one that a driver used?  It has
 * something of a driver's and nothing else. */
bool remove_is_runtime(struct vms *, const char *name);
/* Removes the runtime directory of a machine that no driver serves; not one
 * with other files than a driver's. */
void remove_runtime(struct vms *, const char *name);

#endif
