/* SPDX-License-Identifier: MIT */
/* `coffer vm delete`. */
#include "vm_cli.h"
#include <stdio.h>

static int delete_one(struct vms *vms, const char *name, bool force)
{
	struct vm_refusal refusal;

	if (vm_delete(vms, name, force, &refusal))
		return vm_refused(&refusal);
	printf("%s is deleted\n", name);
	return CLI_OK;
}

int vm_cmd_delete(int argc, char **argv)
{
	const char *names[VM_TEXTS_MAX], *set = NULL;
	bool force = false;
	const struct vm_option options[] = { { "--force", .flag = &force },
		{ "--set", .text = &set }, { .name = NULL } };
	struct vm_list list = { NULL, 0 };
	struct vms *vms;
	size_t count;
	int failed = 0, r = vm_parse(argc, argv, options, names,
		VM_TEXTS_MAX, &count);

	if (r)
		return r;
	if (!count == !set)
		return cli_usage(&cli_vm, "which machines? NAME... or "
			"--set SET");
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	if (set)
		r = vm_names_of_set(vms, set, &list);
	for (size_t i = 0; !r && i < list.count; i++)
		failed |= delete_one(vms, list.items[i].name, force);
	for (size_t i = 0; !set && i < count; i++)
		failed |= delete_one(vms, names[i], force);
	vm_list_free(&list);
	vms_close(vms);
	return r ? r : failed;
}
