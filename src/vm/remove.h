/* SPDX-License-Identifier: MIT */
/*
 * Removing machines.  A machine becomes vm/.gone-NAME-ID first, at which moment
 * it is gone; what is left of it is removed after that, by whom it may be.
 */
#ifndef COFFER_VM_REMOVE_H
#define COFFER_VM_REMOVE_H

#include "vm/vms_priv.h"

#define REMOVE_PREFIX ".gone-"

/* Stops a machine, if it runs, and removes it.  0, also when there is none. */
int remove_machine(struct vms *, const char *name, struct why *);

/* Finishes what became of a machine, unless somebody is at it.  directory: its
 * name in STATE/vm. */
void remove_rest(struct vms *, const char *directory);

/* Sockets of a dead driver; and if there is no such machine, its runtime
 * directory. */
void remove_runtime(struct vms *, const char *name);

#endif
