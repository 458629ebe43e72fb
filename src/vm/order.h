/* SPDX-License-Identifier: MIT */
/*
 * Machines that are being made, all or none of them.
 *
 *   vm/.order-ID       who makes it holds its lock; a line for each machine,
 *                      its name
 *   vm/.new-NAME-ID    a machine; it is renamed when all are complete, and is
 *                      known by the ID in its file "order" from then on
 *
 * While .order-ID is there, everything in it is to be made; who finds it
 * without its maker takes everything back.  It goes last.
 */
#ifndef COFFER_VM_ORDER_H
#define COFFER_VM_ORDER_H

#include "vm/vms_priv.h"

#define ORDER_ID 9 /* bytes of an ID with its NUL */
#define ORDER_MACHINES_MAX 1000u
#define ORDER_PREFIX ".order-"

struct order {
	char id[ORDER_ID];
	int fd; /* holds the lock */
};

/* Random letters and digits. */
void order_id(char id[ORDER_ID]);

/* .new-NAME-ID, for a machine of the order. */
void order_new_name(const struct order *, const char *name,
	char text[NAME_MAX + 1]);

/* The inventory's lock is held.  Makes .order-ID. */
int order_begin(struct vms *, struct order *, struct why *);
/* Makes .new-NAME-ID with this vm.conf and remembers it. */
int order_add(struct vms *, struct order *, const char *name,
	const struct vmconf *, struct why *);

/* The inventory's lock is held: puts a complete machine in place.  -EEXIST
 * when there is one. */
int order_put(struct vms *, const struct order *, const char *name,
	struct why *);

/* All is made. */
void order_end(struct vms *, struct order *);
/* Takes everything back that the order has made, then ends it. */
int order_undo(struct vms *, struct order *, struct why *);

/* Takes over an order that nobody works at; the inventory's lock is held.
 * -EBUSY when somebody does. */
int order_take(struct vms *, const char *id, struct order *, struct why *);

#endif
