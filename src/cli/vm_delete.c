/* SPDX-License-Identifier: MIT */
/* `coffer vm delete`. */
#include "vm_each.h"

static int delete_one(struct vms *vms, const char *name, void *force,
	struct vm_refusal *refusal)
{
	return vm_delete(vms, name, *(const bool *)force, refusal);
}

static json_t *deleted(struct vms *vms, const char *name, double ms)
{
	return json_pack("{s:s, s:b, s:f}", "name", name, "deleted", 1,
		"ms", ms);
}

int vm_cmd_delete(int argc, char **argv)
{
	struct vm_targets targets;
	bool force = false, json = false;
	const struct vm_option options[] = { { "--force", .flag = &force },
		{ "--json", .flag = &json },
		{ "--set", .text = &targets.set }, { .name = NULL } };
	const struct vm_each each = { .run = delete_one, .ctx = &force,
		.done = N_("%s is deleted\n"), .json = deleted };
	struct vms *vms;
	int r = vm_targets_parse(argc, argv, options, false, &targets);

	if (r)
		return r;
	vms = vm_inventory();
	if (!vms) {
		vm_targets_free(&targets);
		return CLI_FAILED;
	}
	r = vm_targets_load(vms, &targets);
	if (!r)
		r = vm_each(vms, targets.names, targets.count, json, &each);
	vm_targets_free(&targets);
	vms_close(vms);
	return r;
}
