/* SPDX-License-Identifier: MIT */
/*
 * What may be made: zones, hosts and quotas, the file <state>/inventory.conf,
 * lines of key=value; '#' starts a comment line.  What is not said has the
 * default's value.
 *
 *   zone.1=FAMILY FAMILY ..   families of sizes that zone 1 has (all); empty:
 *                             there is no such zone
 *   update_domains=10         of each zone
 *   hosts.FAMILY=4            in each zone and update domain
 *   quota.FAMILY=350          vCPUs of all machines of the family together
 *
 * FAMILY is standardDCSv2Family, standardDCSv3Family or standardDDCSv3Family.
 */
#ifndef COFFER_VM_INVENTORY_H
#define COFFER_VM_INVENTORY_H

#include "common/vmconf.h"
#include "vm/vm.h"

#define INVENTORY_QUOTA_MAX 1000000u

struct inventory {
	bool has[VMCONF_ZONES_MAX + 1][VMCONF_FAMILIES]; /* by zone, from 1 */
	unsigned update_domains;
	unsigned hosts[VMCONF_FAMILIES], quota[VMCONF_FAMILIES];
};

/* -EINVAL with file and line for what is no inventory.conf. */
int inventory_read(struct vms *, struct inventory *, struct why *);

/* Changes a quota, and nothing else that is in the file. */
int inventory_set_quota(struct vms *, enum vmconf_family, unsigned vcpus,
	struct why *);

/* Does the zone have anything? */
bool inventory_has_zone(const struct inventory *, unsigned zone);

#endif
