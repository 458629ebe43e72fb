/* SPDX-License-Identifier: MIT */
/* Machines as Azure shows them: lists, one, its instance view. */
#include "service/arm.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PAGE 1000 /* machines of a list; more by nextLink */

/* --- names -------------------------------------------------------------- */

bool arm_group_ok(const char *group)
{
	size_t size = strspn(group, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM"
		"NOPQRSTUVWXYZ0123456789-_.()");

	return size && size <= ARM_GROUP_MAX && !group[size] &&
		group[size - 1] != '.';
}

const char *arm_group(const struct vm *vm)
{
	const char *group = vmconf_tag(&vm->conf, ARM_GROUP_TAG);

	return group && arm_group_ok(group) ? group : ARM_GROUP_DEFAULT;
}

static json_t *id_json(const struct arm *arm, const char *group,
	const char *name)
{
	return json_sprintf("/subscriptions/%s/resourceGroups/%s/providers/"
		"Microsoft.Compute/virtualMachines/%s", arm->subscription,
		group, name);
}

/* A UUID that belongs to this machine alone: a later one of its name was
 * created at another time. */
static json_t *vm_id(const struct arm *arm, const struct vm *vm)
{
	uint8_t d[SHA256_DIGEST_LENGTH];
	char text[160];
	int n = snprintf(text, sizeof(text), "%s/%s/%lld", arm->subscription,
		vm->name, (long long)vm->created);

	SHA256((const uint8_t *)text, (size_t)n, d);
	return json_sprintf("%02x%02x%02x%02x-%02x%02x-8%01x%02x-a%01x%02x-"
		"%02x%02x%02x%02x%02x%02x", d[0], d[1], d[2], d[3], d[4],
		d[5], d[6] & 15, d[7], d[8] & 15, d[9], d[10], d[11], d[12],
		d[13], d[14], d[15]);
}

/* --- one ---------------------------------------------------------------- */

struct state {
	const char *code, *level, *words;
};

static struct state state_of(const struct vm *vm, const struct arm_op *op)
{
	static const struct state states[] = {
		[VM_POWER_RUNNING] = { "PowerState/running", "Info",
			"VM running" },
		[VM_POWER_IDLE] = { "PowerState/running", "Info",
			"VM idle: its first application starts it" },
		[VM_POWER_STOPPED] = { "PowerState/stopped", "Info",
			"VM stopped" },
		[VM_POWER_DEALLOCATED] = { "PowerState/deallocated", "Info",
			"VM deallocated" },
		[VM_POWER_FAILED] = { "PowerState/unknown", "Error",
			"VM failed: it should run, and does not" },
	};

	if (op && (op->kind == ARM_START || op->kind == ARM_RESTART))
		return (struct state){ "PowerState/starting", "Info",
			"VM starting" };
	if (op && op->kind == ARM_STOP)
		return (struct state){ "PowerState/stopping", "Info",
			"VM stopping" };
	if (op && op->kind == ARM_DEALLOCATE)
		return (struct state){ "PowerState/deallocating", "Info",
			"VM deallocating" };
	return states[vm->power];
}

static json_t *status_json(const char *code, const char *level,
	const char *words)
{
	return json_pack("{s:s, s:s, s:s}", "code", code, "level", level,
		"displayStatus", words);
}

static json_t *view_json(const struct vm *vm, const struct arm_op *op)
{
	struct state state = state_of(vm, op);
	json_t *out = json_pack("{s:s, s:[o, o]}", "computerName", vm->name,
		"statuses", op ? status_json("ProvisioningState/updating",
		"Info", "Updating") : status_json(
		"ProvisioningState/succeeded", "Info",
		"Provisioning succeeded"), status_json(state.code,
		state.level, state.words));

	if (out && vm->conf.update_domain >= 0)
		json_object_set_new(out, "platformUpdateDomain",
			json_integer(vm->conf.update_domain));
	return out;
}

static json_t *tags_json(const struct vm *vm)
{
	json_t *tags = NULL;

	for (size_t i = 0; i < vm->conf.tag_count; i++) {
		const struct vmconf_tag *tag = &vm->conf.tags[i];

		if (!strcasecmp(tag->key, ARM_GROUP_TAG))
			continue;
		if (!tags)
			tags = json_object();
		json_object_set_new(tags, tag->key, json_string(tag->value));
	}
	return tags;
}

static json_t *begin_json(const struct arm *arm, const char *group,
	const char *name, const char *size, unsigned zone, json_t *properties)
{
	json_t *out = json_pack("{s:s, s:o, s:s, s:s, s:o}", "name", name,
		"id", id_json(arm, group, name), "type",
		"Microsoft.Compute/virtualMachines", "location", ARM_LOCATION,
		"properties", properties);

	json_object_set_new(properties, "hardwareProfile", json_pack("{s:s}",
		"vmSize", size));
	if (zone)
		json_object_set_new(out, "zones", json_pack("[o]",
			json_sprintf("%u", zone)));
	return out;
}

json_t *arm_vm_json(const struct arm *arm, const struct vm *vm, bool view,
	const struct arm_op *op)
{
	json_t *properties = json_pack("{s:o, s:s}", "vmId", vm_id(arm, vm),
		"provisioningState", op ? arm_kind_state(op->kind) :
		"Succeeded");
	json_t *out = begin_json(arm, arm_group(vm), vm->name,
		vm->conf.size->name, vm->conf.zone, properties);
	json_t *tags = tags_json(vm);

	if (tags)
		json_object_set_new(out, "tags", tags);
	if (vm->created)
		json_object_set_new(properties, "timeCreated",
			arm_time(vm->created));
	if (view)
		json_object_set_new(properties, "instanceView",
			view_json(vm, op));
	return out;
}

json_t *arm_new_json(const struct arm *arm, const struct arm_op *op)
{
	const struct vmconf_size *size = op->size ? op->size :
		vmconf_size_find(VMCONF_SIZE_DEFAULT);

	return begin_json(arm, op->group, op->name, size->name, op->zone,
		json_pack("{s:s}", "provisioningState",
		arm_kind_state(op->kind)));
}

int arm_vm_find(struct portal_call *call, struct vms *vms, struct vm *vm)
{
	const char *name = http_parameter(call->request, "name");
	const char *group = http_parameter(call->request, "group");
	struct vm_refusal refusal;
	int r = vm_look(vms, name, vm, &refusal);

	if (!r && !strcasecmp(arm_group(vm), group))
		return 0;
	if (!r)
		vm_free(vm);
	if (!r || r == -ENOENT)
		http_answer_error(call->answer, 404, "ResourceNotFound",
			"The Resource 'Microsoft.Compute/virtualMachines/%s' "
			"under resource group '%s' was not found.", name,
			group);
	else
		arm_refuse(call, &refusal);
	return r ? r : -ENOENT;
}

/* What a client that asks with $expand or statusOnly wants to see. */
static bool wants_view(struct portal_call *call, bool *view)
{
	const char *expand = http_query_any_case(call->request, "$expand");
	const char *only = http_query_any_case(call->request, "statusOnly");

	*view = (only && !strcasecmp(only, "true")) || (expand &&
		!strcasecmp(expand, "instanceView"));
	if (!expand || !*expand || *view || !strcasecmp(expand, "userData"))
		return true;
	arm_refuse_code(call, "InvalidParameter", "$expand takes instanceView");
	return false;
}

static int get(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	const char *name = http_parameter(call->request, "name");
	struct arm_op op;
	struct vms *vms;
	struct vm vm;
	bool view, at = arm_op_on(arm->ops, name, &op);
	int r;

	if (!arm_place_ok(call) || !wants_view(call, &view))
		return 0;
	if (at && op.kind == ARM_CREATE && !strcasecmp(op.group,
			http_parameter(call->request, "group"))) {
		http_answer_json(call->answer, 200, arm_new_json(arm, &op));
		return 0;
	}
	r = arm_vms_take(arm, &vms, &call->why);
	if (r)
		return r;
	if (!arm_vm_find(call, vms, &vm)) {
		http_answer_json(call->answer, 200, arm_vm_json(arm, &vm,
			view, at ? &op : NULL));
		vm_free(&vm);
	}
	arm_vms_give(arm, vms);
	return 0;
}

static int instance_view(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	struct arm_op op;
	struct vms *vms;
	struct vm vm;
	bool at = arm_op_on(arm->ops, http_parameter(call->request, "name"),
		&op);
	int r;

	if (!arm_place_ok(call))
		return 0;
	r = arm_vms_take(arm, &vms, &call->why);
	if (r)
		return r;
	if (!arm_vm_find(call, vms, &vm)) {
		http_answer_json(call->answer, 200, view_json(&vm, at ? &op :
			NULL));
		vm_free(&vm);
	}
	arm_vms_give(arm, vms);
	return 0;
}

/* --- lists -------------------------------------------------------------- */

struct page {
	const char *group; /* NULL: any */
	const char *after; /* begin behind this name; NULL: at the first */
	size_t count;
	bool view;
};

static bool read_page(struct portal_call *call, struct page *page)
{
	const struct http_request *request = call->request;
	const char *filter = http_query_any_case(request, "$filter");
	int64_t count = PAGE;

	page->group = http_parameter(request, "group");
	page->after = http_query_any_case(request, "$skipToken");
	if (!wants_view(call, &page->view))
		return false;
	if (filter && *filter) {
		arm_refuse_code(call, "InvalidParameter", "$filter is not "
			"taken: all machines are listed");
		return false;
	}
	if (!portal_number(request, "$top", 1, PAGE, &count)) {
		arm_refuse_code(call, "InvalidParameter", "$top is a number "
			"from 1 to 1000");
		return false;
	}
	page->count = (size_t)count;
	return true;
}

static const struct arm_op *op_at(const struct arm_op *ops, size_t count,
	const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

/* The address of what follows the machine of this name. */
static json_t *next_link(struct portal_call *call, const struct page *page,
	const char *name)
{
	return json_sprintf("%s%s?api-version=%s&$top=%zu&$skipToken=%s%s",
		call->url, call->request->path, http_query_any_case(
		call->request, "api-version"), page->count, name,
		page->view ? "&$expand=instanceView" : "");
}

/* Those that are being made come last, on the last page. */
static void add_new(const struct arm *arm, const struct page *page,
	const struct vm_list *vms, const struct arm_op *ops, size_t count,
	json_t *list)
{
	for (size_t i = 0; i < count; i++) {
		bool known = ops[i].kind != ARM_CREATE || (page->group &&
			strcasecmp(page->group, ops[i].group));

		for (size_t k = 0; !known && k < vms->count; k++)
			known = !strcmp(vms->items[k].name, ops[i].name);
		if (!known)
			json_array_append_new(list, arm_new_json(arm,
				&ops[i]));
	}
}

static void answer_list(struct portal_call *call, const struct page *page,
	const struct vm_list *vms, const struct arm_op *ops, size_t count)
{
	const struct arm *arm = call->portal->arm;
	json_t *list = json_array(), *out = json_pack("{s:o}", "value", list);
	const char *last = "";
	size_t i;

	for (i = 0; i < vms->count; i++) {
		const struct vm *vm = &vms->items[i];

		if ((page->after && strverscmp(vm->name, page->after) <= 0) ||
				(page->group && strcasecmp(page->group,
				arm_group(vm))))
			continue;
		if (json_array_size(list) == page->count)
			break;
		json_array_append_new(list, arm_vm_json(arm, vm, page->view,
			op_at(ops, count, vm->name)));
		last = vm->name;
	}
	if (i < vms->count)
		json_object_set_new(out, "nextLink", next_link(call, page,
			last));
	else
		add_new(arm, page, vms, ops, count, list);
	http_answer_json(call->answer, 200, out);
}

static int list(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	struct arm_op *ops = NULL;
	struct vm_list vms;
	struct vms *inventory;
	struct page page;
	size_t count;
	int r;

	if (!arm_place_ok(call) || !read_page(call, &page))
		return 0;
	r = arm_vms_take(arm, &inventory, &call->why);
	if (r)
		return r;
	r = vm_list(inventory, NULL, false, &vms, &call->why);
	arm_vms_give(arm, inventory);
	if (r)
		return r;
	r = arm_op_list(arm->ops, &ops, &count);
	if (r)
		why_set(&call->why, r, "out of memory");
	else
		answer_list(call, &page, &vms, ops, count);
	free(ops);
	vm_list_free(&vms);
	return r;
}

#define MACHINES "/subscriptions/{subscription}/resourceGroups/{group}" \
	"/providers/Microsoft.Compute/virtualMachines"

static const struct portal_verb verbs[] = {
	{ "GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/"
		"virtualMachines", PORTAL_READ, 0, list },
	{ "GET", "/subscriptions/{subscription}/providers/Microsoft.Compute/"
		"locations/{location}/virtualMachines", PORTAL_READ, 0,
		list },
	{ "GET", MACHINES, PORTAL_READ, 0, list },
	{ "GET", MACHINES "/{name}", PORTAL_READ, 0, get },
	{ "GET", MACHINES "/{name}/instanceView", PORTAL_READ, 0,
		instance_view },
};

int arm_vm_verbs(struct portal *portal)
{
	return portal_verbs(portal, verbs, sizeof(verbs) / sizeof(*verbs));
}
