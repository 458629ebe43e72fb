/* SPDX-License-Identifier: MIT */
#include "vm/place.h"

#include "common/paths.h"
#include "pki/manufacture.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what there is ---- */

void place_free(struct place_map *map)
{
	free(map->items);
	map->items = NULL;
	map->count = 0;
}

static int add(struct place_map *map, const char *name,
	const struct vmconf *conf)
{
	struct place_item *more = map->items, *item;

	if (!(map->count & (map->count - 1)))
		more = realloc(more, (map->count ? 2 * map->count : 1) *
			sizeof(*more));
	if (!more)
		return -ENOMEM;
	map->items = more;
	item = &more[map->count++];
	snprintf(item->name, sizeof(item->name), "%s", name);
	memcpy(item->set, conf->set, sizeof(item->set));
	item->size = conf->size;
	item->zone = conf->zone;
	item->update_domain = conf->update_domain;
	item->host = conf->host;
	return 0;
}

/* The name of a machine by that of its directory, which may be one that is
 * being made; false for other directories. */
static bool name_of(const char *directory, char name[64])
{
	size_t before = strlen(PKI_MACHINE_NEW), n;
	const char *end;

	if (paths_name_ok(directory)) {
		strcpy(name, directory);
		return true;
	}
	if (strncmp(directory, PKI_MACHINE_NEW, before))
		return false;
	directory += before;
	end = strrchr(directory, '-');
	n = end ? (size_t)(end - directory) : 64;
	if (n >= 64)
		return false;
	memcpy(name, directory, n);
	name[n] = '\0';
	return paths_name_ok(name);
}

int place_load(struct vms *vms, struct place_map *map, struct why *why)
{
	char path[2 * PATH_MAX], name[64];
	struct vmconf conf;
	struct dirent *e;
	DIR *dir;
	int r;

	map->items = NULL;
	map->count = 0;
	r = inventory_read(vms, &map->inv, why);
	if (r)
		return r;
	dir = opendir(vms->machines);
	if (!dir)
		return why_set(why, -errno, "cannot read %s: %s",
			vms->machines, strerror(errno));
	while (!r && (e = readdir(dir))) {
		if (!name_of(e->d_name, name))
			continue;
		snprintf(path, sizeof(path), "%s/%s/vm.conf", vms->machines,
			e->d_name);
		r = vmconf_read(path, &conf, why);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		/* A damaged one has what can be read of it. */
		if (r)
			vmconf_salvage(path, &conf);
		r = 0;
		if (add(map, name, &conf))
			r = why_set(why, -ENOMEM, "out of memory");
		vmconf_free(&conf);
	}
	closedir(dir);
	if (r)
		place_free(map);
	return r;
}

struct place_item *place_item(struct place_map *map, const char *name)
{
	for (size_t i = 0; i < map->count; i++)
		if (!strcmp(map->items[i].name, name))
			return &map->items[i];
	return NULL;
}

/* ---- quota ---- */

unsigned place_used(const struct place_map *map, enum vmconf_family family)
{
	unsigned used = 0;

	for (size_t i = 0; i < map->count; i++)
		if (map->items[i].size->family == family)
			used += map->items[i].size->vcpus;
	return used;
}

int place_quota(const struct place_map *map, const struct vmconf_size *size,
	unsigned count, const struct vmconf_size *instead,
	struct vm_refusal *refusal)
{
	const char *family = vmconf_family_name(size->family);
	unsigned limit = map->inv.quota[size->family];
	unsigned used = place_used(map, size->family);
	unsigned more = size->vcpus * count;

	if (instead && more <= instead->vcpus)
		return 0; /* no more than before, whatever the quota is now */
	if (instead)
		more -= instead->vcpus;
	if (used + more <= limit)
		return 0;
	return vm_refuse(refusal, "QuotaExceeded", -EDQUOT, "this results in "
		"exceeding approved %s Cores quota: Current Limit: %u, "
		"Current Usage: %u, Additional Required: %u, (Minimum) New "
		"Limit Required: %u; `coffer vm quota %s %u` sets it", family,
		limit, used, more, used + more, family, used + more);
}

/* ---- rooms ---- */

int place_zone_ok(const struct place_map *map,
	const struct vmconf_size *size, unsigned zone,
	struct vm_refusal *refusal)
{
	if (!zone || !inventory_has_zone(&map->inv, zone))
		return vm_refuse(refusal, "InvalidParameter", -EINVAL, "there "
			"is no zone %u; zones are 1 to %u, and inventory.conf "
			"says which there are", zone, VMCONF_ZONES_MAX);
	if (!map->inv.has[zone][size->family])
		return vm_refuse(refusal, "SkuNotAvailable", -ENODEV, "zone "
			"%u has no hosts for %s (%s); choose another zone or "
			"size", zone, size->name,
			vmconf_family_name(size->family));
	return 0;
}

static unsigned host_vcpus(enum vmconf_family family)
{
	return family == VMCONF_DCSV2 ? 8 : 48;
}

static uint64_t host_epc(enum vmconf_family family)
{
	return family == VMCONF_DCSV2 ? 168 << 8 : 256ull << 18;
}

/* The host with the lowest number that has room, or -1. */
static int room(const struct place_map *map, const struct vmconf_size *size,
	unsigned zone, int domain)
{
	unsigned hosts = map->inv.hosts[size->family];
	struct {
		unsigned vcpus;
		uint64_t epc;
		bool whole;
	} used[VMCONF_HOSTS_MAX];

	memset(used, 0, hosts * sizeof(*used));
	for (size_t i = 0; i < map->count; i++) {
		const struct place_item *item = &map->items[i];

		if (item->size->family != size->family ||
		    item->zone != zone || item->update_domain != domain ||
		    item->host < 0 || (unsigned)item->host >= hosts)
			continue;
		used[item->host].vcpus += item->size->vcpus;
		used[item->host].epc += item->size->epc_pages;
		used[item->host].whole |= item->size->whole_host;
	}
	for (unsigned h = 0; h < hosts; h++)
		if (!used[h].whole && (!size->whole_host || !used[h].vcpus) &&
		    used[h].vcpus + size->vcpus <=
				host_vcpus(size->family) &&
		    used[h].epc + size->epc_pages <= host_epc(size->family))
			return (int)h;
	return -1;
}

/* How much speaks against an update domain, the first first. */
struct burden {
	unsigned of_set, of_set_here, here;
	bool moved; /* another one than it has had */
	int domain;
};

static int compare_burdens(const void *a, const void *b)
{
	const struct burden *x = a, *y = b;

	if (x->moved != y->moved)
		return x->moved - y->moved;
	if (x->of_set != y->of_set)
		return x->of_set < y->of_set ? -1 : 1;
	if (x->of_set_here != y->of_set_here)
		return x->of_set_here < y->of_set_here ? -1 : 1;
	if (x->here != y->here)
		return x->here < y->here ? -1 : 1;
	return x->domain - y->domain;
}

/* Update domains of a zone in the order in which they are tried: those with
 * the fewest machines of the set, so that maintenance of one takes few. */
static unsigned domains(const struct place_map *map, const struct vmconf *conf,
	unsigned zone, struct burden *list)
{
	unsigned count = map->inv.update_domains;

	memset(list, 0, VMCONF_UPDATE_DOMAINS_MAX * sizeof(*list));
	for (unsigned d = 0; d < count; d++) {
		list[d].domain = (int)d;
		list[d].moved = conf->update_domain >= 0 &&
			conf->update_domain != (int)d;
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct place_item *item = &map->items[i];
		bool mate = conf->set[0] && !strcmp(item->set, conf->set);
		struct burden *at;

		if (item->update_domain < 0 ||
		    (unsigned)item->update_domain >= count)
			continue;
		at = &list[item->update_domain];
		at->of_set += mate;
		at->of_set_here += mate && item->zone == zone;
		at->here += item->zone == zone;
	}
	qsort(list, count, sizeof(*list), compare_burdens);
	return count;
}

static bool choose_in(const struct place_map *map, struct vmconf *conf,
	unsigned zone)
{
	struct burden list[VMCONF_UPDATE_DOMAINS_MAX];
	unsigned count = domains(map, conf, zone, list);
	int host;

	for (unsigned i = 0; i < count; i++) {
		host = room(map, conf->size, zone, list[i].domain);
		if (host < 0)
			continue;
		conf->zone = (uint16_t)zone;
		conf->update_domain = (int16_t)list[i].domain;
		conf->host = (int16_t)host;
		return true;
	}
	return false;
}

/* How much speaks against a zone, the first first. */
struct zone_burden {
	unsigned of_set, vcpus; /* machines; of the family, on hosts */
	unsigned zone;
};

static int compare_zones(const void *a, const void *b)
{
	const struct zone_burden *x = a, *y = b;

	if (x->of_set != y->of_set)
		return x->of_set < y->of_set ? -1 : 1;
	if (x->vcpus != y->vcpus)
		return x->vcpus < y->vcpus ? -1 : 1;
	return (int)x->zone - (int)y->zone;
}

/* The zones in the order in which they are tried: those with the fewest
 * machines of the set, so that the loss of one takes few. */
static unsigned zones(const struct place_map *map, const struct vmconf *conf,
	struct zone_burden list[VMCONF_ZONES_MAX + 1])
{
	enum vmconf_family family = conf->size->family;
	struct zone_burden all[VMCONF_ZONES_MAX + 1];
	unsigned count = 0;

	if (conf->zone) {
		list[0].zone = conf->zone;
		return 1;
	}
	memset(all, 0, sizeof(all));
	for (size_t i = 0; i < map->count; i++) {
		const struct place_item *item = &map->items[i];

		all[item->zone].of_set += conf->set[0] &&
			!strcmp(item->set, conf->set);
		if (item->host >= 0 && item->size->family == family)
			all[item->zone].vcpus += item->size->vcpus;
	}
	for (unsigned z = 1; z <= VMCONF_ZONES_MAX; z++) {
		all[z].zone = z;
		if (map->inv.has[z][family])
			list[count++] = all[z];
	}
	qsort(list, count, sizeof(*list), compare_zones);
	return count;
}

int place_choose(struct place_map *map, const char *name, struct vmconf *conf,
	struct vm_refusal *refusal)
{
	struct zone_burden list[VMCONF_ZONES_MAX + 1];
	unsigned count = zones(map, conf, list);
	struct place_item *item = place_item(map, name);
	bool found = false;

	if (!count)
		return vm_refuse(refusal, "SkuNotAvailable", -ENODEV, "no "
			"zone has hosts for %s; inventory.conf says which "
			"family is where", conf->size->name);
	for (unsigned i = 0; !found && i < count; i++)
		found = choose_in(map, conf, list[i].zone);
	if (!found && conf->zone)
		return vm_refuse(refusal, "AllocationFailed", -ENOSPC, "zone "
			"%u has no host left with room for a %s; delete or "
			"deallocate machines there, or choose another zone "
			"or a smaller size", conf->zone, conf->size->name);
	if (!found)
		return vm_refuse(refusal, "AllocationFailed", -ENOSPC, "no "
			"host is left with room for a %s; delete or "
			"deallocate machines, or choose a smaller size",
			conf->size->name);
	if (item) {
		item->size = conf->size;
		item->zone = conf->zone;
		item->update_domain = conf->update_domain;
		item->host = conf->host;
		return 0;
	}
	return add(map, name, conf) ? vm_refuse(refusal, "InternalError",
		-ENOMEM, "out of memory") : 0;
}

/* ---- machines that there are ---- */

int vm_quotas(struct vms *vms, struct vm_quota quotas[VMCONF_FAMILIES],
	struct why *why)
{
	struct place_map map;
	int r, lock = vms_lock(vms, why);

	if (lock < 0)
		return lock;
	r = place_load(vms, &map, why);
	for (int f = 0; !r && f < VMCONF_FAMILIES; f++)
		quotas[f] = (struct vm_quota){ map.inv.quota[f],
			place_used(&map, (enum vmconf_family)f) };
	if (!r)
		place_free(&map);
	close(lock);
	return r;
}

int vm_set_quota(struct vms *vms, enum vmconf_family family, unsigned limit,
	struct why *why)
{
	return inventory_set_quota(vms, family, limit, why);
}

int vm_place(struct vms *vms, const char *name, struct vmconf *conf,
	struct vm_refusal *refusal)
{
	struct place_map map;
	struct why why;
	int r, lock = vms_lock(vms, &why);

	if (lock < 0)
		return vm_refuse_why(refusal, lock, &why);
	r = place_load(vms, &map, &why);
	if (r) {
		close(lock);
		return vm_refuse_why(refusal, r, &why);
	}
	r = place_choose(&map, name, conf, refusal);
	if (!r) {
		r = vm_save(vms, name, conf, &why);
		if (r)
			vm_refuse_why(refusal, r, &why);
	}
	place_free(&map);
	close(lock);
	return r;
}

int vm_unplace(struct vms *vms, const char *name, struct vmconf *conf,
	struct vm_refusal *refusal)
{
	struct why why;
	int r;

	conf->host = -1;
	r = vm_save(vms, name, conf, &why);
	return r ? vm_refuse_why(refusal, r, &why) : 0;
}
