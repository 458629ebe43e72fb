/* SPDX-License-Identifier: MIT */
/*
 * Where machines are.  A host is (zone, family, update domain, number); a host
 * of DCsv2 has 8 vCPUs and 168 MiB of EPC, one of the others 48 and 256 GiB.
 * Machines share a host while both last; the largest size of a family takes
 * one alone.  What a machine takes is its size's, whatever EPC it was given.
 *
 * A machine that is off keeps its host; a deallocated one has none, and is
 * given one in its zone when it is started.  Machines that applications make
 * are nowhere and take nothing, but count in the quota.
 */
#ifndef COFFER_VM_PLACE_H
#define COFFER_VM_PLACE_H

#include "vm/inventory.h"
#include "vm/vms_priv.h"

struct place_item { /* a machine, or one that is being made */
	char name[64], set[64];
	const struct vmconf_size *size;
	unsigned zone;
	int update_domain, host;
};

struct place_map {
	struct inventory inv;
	struct place_item *items;
	size_t count;
};

/* All machines; the inventory's lock is held.  Freed with place_free. */
int place_load(struct vms *, struct place_map *, struct why *);
void place_free(struct place_map *);

/* The machine of this name, or NULL. */
struct place_item *place_item(struct place_map *, const char *name);

/* vCPUs of a family that the quota counts. */
unsigned place_used(const struct place_map *, enum vmconf_family);

/* QuotaExceeded if count machines of this size are more than the quota
 * allows; instead (may be NULL) is what one of them replaces. */
int place_quota(const struct place_map *, const struct vmconf_size *,
	unsigned count, const struct vmconf_size *instead,
	struct vm_refusal *);

/* SkuNotAvailable, or InvalidParameter for a zone that there is not. */
int place_zone_ok(const struct place_map *, const struct vmconf_size *,
	unsigned zone, struct vm_refusal *);

/* Chooses zone (unless there is one: one with room, with the fewest machines
 * of its set, then with the fewest vCPUs of its family), update domain (the one that it has, if
 * it can be) and host of a machine, and adds it to the map.  AllocationFailed
 * when there is no room. */
int place_choose(struct place_map *, const char *name, struct vmconf *,
	struct vm_refusal *);

/* Of a machine whose lock is held and that has no host: chooses one, and
 * writes its vm.conf with all that conf says. */
int vm_place(struct vms *, const char *name, struct vmconf *conf,
	struct vm_refusal *);
/* The same the other way: gives up the host. */
int vm_unplace(struct vms *, const char *name, struct vmconf *conf,
	struct vm_refusal *);

#endif
