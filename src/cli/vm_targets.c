/* SPDX-License-Identifier: MIT */
/* Machines that a command names: NAME..., --set SET or --all. */
#include "vm_cli.h"
#include <stdlib.h>
#include <string.h>

static bool has_all(const struct vm_option *options)
{
	while (options->name && strcmp(options->name, "--all"))
		options++;
	return options->name != NULL;
}

int vm_targets_parse(int argc, char **argv, const struct vm_option *options,
	bool all, struct vm_targets *targets)
{
	int r;

	memset(targets, 0, sizeof(*targets));
	targets->names = calloc((size_t)argc + 1, sizeof(*targets->names));
	if (!targets->names)
		return cli_error("out of memory");
	r = vm_parse(argc, argv, options, targets->names, (size_t)argc,
		&targets->count);
	if (!r && all && !targets->count && !targets->set)
		targets->all = true;
	if (!r && !!targets->count + !!targets->set + targets->all != 1)
		r = has_all(options) ? cli_usage(&cli_vm, "which machines? "
			"NAME..., --set SET or --all") : cli_usage(&cli_vm,
			"which machines? NAME... or --set SET");
	if (r)
		vm_targets_free(targets);
	return r;
}

int vm_targets_load(struct vms *vms, struct vm_targets *targets)
{
	const char **names;
	struct why why;

	if (targets->count)
		return CLI_OK;
	if (targets->set) {
		if (vm_names_of_set(vms, targets->set, &targets->list))
			return CLI_FAILED;
	} else if (vm_list(vms, NULL, false, &targets->list, &why)) {
		return cli_error("%s", why.text);
	}
	names = calloc(targets->list.count + 1, sizeof(*names));
	if (!names)
		return cli_error("out of memory");
	for (size_t i = 0; i < targets->list.count; i++)
		names[i] = targets->list.items[i].name;
	free(targets->names);
	targets->names = names;
	targets->count = targets->list.count;
	return CLI_OK;
}

void vm_targets_free(struct vm_targets *targets)
{
	vm_list_free(&targets->list);
	free(targets->names);
	memset(targets, 0, sizeof(*targets));
}

json_t *vm_refusal_json(const char *name, const struct vm_refusal *refusal)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "name", name, "error",
		"code", refusal->code, "message", refusal->why.text);
}
