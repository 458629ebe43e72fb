/* SPDX-License-Identifier: MIT */
/* What can be made: sizes, where they are, how many; and what there is
 * besides machines: the subscription, its location. */
#include "service/arm.h"

#include "vm/inventory.h"
#include <errno.h>
#include <string.h>

/* --- sizes -------------------------------------------------------------- */

static json_t *size_json(const struct vmconf_size *size)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "name", size->name,
		"numberOfCores", size->vcpus, "memoryInMB",
		size->memory_gib * 1024, "maxDataDiskCount", 0,
		"osDiskSizeInMB", 0, "resourceDiskSizeInMB", 0);
}

static void answer_sizes(struct portal_call *call, int family)
{
	json_t *list = json_array();
	const struct vmconf_size *sizes;
	size_t count;

	sizes = vmconf_sizes(&count);
	for (size_t i = 0; i < count; i++)
		if (family < 0 || (int)sizes[i].family == family)
			json_array_append_new(list, size_json(&sizes[i]));
	http_answer_json(call->answer, 200, json_pack("{s:o}", "value",
		list));
}

static int sizes(struct portal_call *call)
{
	if (arm_place_ok(call))
		answer_sizes(call, -1);
	return 0;
}

/* Those that a machine can be resized to: its family's. */
static int sizes_of(struct portal_call *call)
{
	struct vms *vms;
	struct vm vm;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = arm_vms_take(call->portal->arm, &vms, &call->why);
	if (r)
		return r;
	if (!arm_vm_find(call, vms, &vm)) {
		answer_sizes(call, (int)vm.conf.size->family);
		vm_free(&vm);
	}
	arm_vms_give(call->portal->arm, vms);
	return 0;
}

static json_t *capability(const char *name, json_t *value)
{
	return json_pack("{s:s, s:o}", "name", name, "value", value);
}

static json_t *zones_of(const struct inventory *inventory, int family)
{
	json_t *zones = json_array();

	for (unsigned zone = 1; zone <= VMCONF_ZONES_MAX; zone++)
		if (family < 0 ? inventory_has_zone(inventory, zone) :
				inventory->has[zone][family])
			json_array_append_new(zones, json_sprintf("%u",
				zone));
	return zones;
}

static json_t *sku_json(const struct vmconf_size *size,
	const struct inventory *inventory)
{
	json_t *zones = zones_of(inventory, (int)size->family);
	bool here = json_array_size(zones) > 0;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:[{s:s, s:o}], "
		"s:[o, o, o, o], s:o}", "resourceType", "virtualMachines",
		"name", size->name, "tier", "Standard", "size", size->name +
		strlen("Standard_"), "family", vmconf_family_name(
		size->family), "locations", ARM_LOCATION, "locationInfo",
		"location", ARM_LOCATION, "zones", zones, "capabilities",
		capability("vCPUs", json_sprintf("%u", size->vcpus)),
		capability("MemoryGB", json_sprintf("%u", size->memory_gib)),
		capability("EpcMiB", json_sprintf("%u", size->epc_pages /
		256)), capability("WholeHost", json_string(size->whole_host ?
		"True" : "False")), "restrictions", here ? json_array() :
		json_pack("[{s:s, s:[s], s:s}]", "type", "Location", "values",
		ARM_LOCATION, "reasonCode", "NotAvailableForSubscription"));
}

static int read_inventory(struct portal_call *call,
	struct inventory *inventory)
{
	struct vms *vms;
	int r = arm_vms_take(call->portal->arm, &vms, &call->why);

	if (r)
		return r;
	r = inventory_read(vms, inventory, &call->why);
	arm_vms_give(call->portal->arm, vms);
	return r ? -EIO : 0;
}

static int skus(struct portal_call *call)
{
	json_t *list;
	const struct vmconf_size *all;
	struct inventory inventory;
	size_t count;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = read_inventory(call, &inventory);
	if (r)
		return r;
	list = json_array();
	all = vmconf_sizes(&count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, sku_json(&all[i], &inventory));
	http_answer_json(call->answer, 200, json_pack("{s:o}", "value",
		list));
	return 0;
}

/* --- quota -------------------------------------------------------------- */

static json_t *usage_json(const char *name, const char *words, int64_t used,
	int64_t limit)
{
	return json_pack("{s:s, s:I, s:I, s:{s:s, s:s}}", "unit", "Count",
		"currentValue", (json_int_t)used, "limit", (json_int_t)limit,
		"name", "value", name, "localizedValue", words);
}

static int usages(struct portal_call *call)
{
	struct vm_quota quotas[VMCONF_FAMILIES];
	int64_t all = 0, most = 0;
	struct vms *vms;
	json_t *list;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = arm_vms_take(call->portal->arm, &vms, &call->why);
	if (r)
		return r;
	r = vm_quotas(vms, quotas, &call->why);
	arm_vms_give(call->portal->arm, vms);
	if (r)
		return r;
	list = json_array();
	for (int i = 0; i < VMCONF_FAMILIES; i++) {
		static const char *const words[] = { "Standard DCSv2 Family "
			"vCPUs", "Standard DCSv3 Family vCPUs",
			"Standard DDCSv3 Family vCPUs" };

		json_array_append_new(list, usage_json(vmconf_family_name(
			(enum vmconf_family)i), words[i], quotas[i].used,
			quotas[i].limit));
		all += quotas[i].used;
		most += quotas[i].limit;
	}
	json_array_append_new(list, usage_json("cores",
		"Total Regional vCPUs", all, most));
	http_answer_json(call->answer, 200, json_pack("{s:o}", "value",
		list));
	return 0;
}

/* --- besides machines --------------------------------------------------- */

static json_t *subscription_json(const struct arm *arm)
{
	return json_pack("{s:o, s:s, s:s, s:s}", "id", json_sprintf(
		"/subscriptions/%s", arm->subscription), "subscriptionId",
		arm->subscription, "displayName", "Coffer", "state",
		"Enabled");
}

static int subscriptions(struct portal_call *call)
{
	if (arm_place_ok(call))
		http_answer_json(call->answer, 200, json_pack("{s:[o]}",
			"value", subscription_json(call->portal->arm)));
	return 0;
}

static int subscription(struct portal_call *call)
{
	if (arm_place_ok(call))
		http_answer_json(call->answer, 200,
			subscription_json(call->portal->arm));
	return 0;
}

static int locations(struct portal_call *call)
{
	struct inventory inventory;
	json_t *zones, *zone;
	size_t i;
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = read_inventory(call, &inventory);
	if (r)
		return r;
	zones = zones_of(&inventory, -1);
	json_array_foreach(zones, i, zone)
		json_array_set_new(zones, i, json_pack("{s:O, s:o}",
			"logicalZone", zone, "physicalZone", json_sprintf(
			"%s-az%s", ARM_LOCATION, json_string_value(zone))));
	http_answer_json(call->answer, 200, json_pack("{s:[{s:s, s:s, s:o}]}",
		"value", "name", ARM_LOCATION, "displayName", "Coffer Local",
		"availabilityZoneMappings", zones));
	return 0;
}

#define COMPUTE "/subscriptions/{subscription}/providers/Microsoft.Compute"

static const struct portal_verb verbs[] = {
	{ "GET", "/subscriptions", PORTAL_READ, 0, subscriptions },
	{ "GET", "/subscriptions/{subscription}", PORTAL_READ, 0,
		subscription },
	{ "GET", "/subscriptions/{subscription}/locations", PORTAL_READ, 0,
		locations },
	{ "GET", COMPUTE "/locations/{location}/vmSizes", PORTAL_READ, 0,
		sizes },
	{ "GET", COMPUTE "/locations/{location}/usages", PORTAL_READ, 0,
		usages },
	{ "GET", COMPUTE "/skus", PORTAL_READ, 0, skus },
	{ "GET", "/subscriptions/{subscription}/resourceGroups/{group}"
		"/providers/Microsoft.Compute/virtualMachines/{name}/vmSizes",
		PORTAL_READ, 0, sizes_of },
};

int arm_size_verbs(struct portal *portal)
{
	return portal_verbs(portal, verbs, sizeof(verbs) / sizeof(*verbs));
}
