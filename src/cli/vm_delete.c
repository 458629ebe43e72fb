/* SPDX-License-Identifier: MIT */
/* `coffer vm delete`. */
#include "vm_cli.h"
#include <stdio.h>

/* array: where results go with --json, else NULL. */
static int delete_one(struct vms *vms, const char *name, bool force,
	json_t *array)
{
	struct vm_refusal refusal;
	int r = vm_delete(vms, name, force, &refusal);

	if (array)
		json_array_append_new(array, r ? vm_refusal_json(name,
			&refusal) : json_pack("{s:s, s:b}", "name", name,
			"deleted", 1));
	else if (r)
		vm_refused(&refusal);
	else
		printf(_("%s is deleted\n"), name);
	return r ? CLI_FAILED : CLI_OK;
}

int vm_cmd_delete(int argc, char **argv)
{
	const char *names[VM_TEXTS_MAX], *set = NULL;
	bool force = false, json = false;
	const struct vm_option options[] = { { "--force", .flag = &force },
		{ "--json", .flag = &json },
		{ "--set", .text = &set }, { .name = NULL } };
	struct vm_list list = { NULL, 0 };
	json_t *array;
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
	array = json ? json_array() : NULL;
	if (set)
		r = vm_names_of_set(vms, set, &list);
	for (size_t i = 0; !r && i < list.count; i++)
		failed |= delete_one(vms, list.items[i].name, force,
			array);
	for (size_t i = 0; !set && i < count; i++)
		failed |= delete_one(vms, names[i], force, array);
	if (array)
		failed |= cli_print_json(json_pack("{s:o}", "machines",
			array));
	vm_list_free(&list);
	vms_close(vms);
	return r ? r : failed;
}
