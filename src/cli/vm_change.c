/* SPDX-License-Identifier: MIT */
/* `coffer vm resize` and `coffer vm tag`. */
#include "vm_cli.h"

int vm_cmd_resize(int argc, char **argv)
{
	const struct vmconf_size *size;
	const char *names[2];
	uint64_t epc_pages = VM_EPC_SAME;
	bool json = false;
	const struct vm_option options[] = { { "--json", .flag = &json },
		{ "--epc-pages", .number = &epc_pages,
			.max = VMCONF_EPC_MAX },
		{ .name = NULL } };
	struct vm_refusal refusal;
	struct vms *vms;
	size_t count;
	int r = vm_parse(argc, argv, options, names, 2, &count);

	if (!r && count < 2)
		r = cli_usage(&cli_vm, "which machine, and which size?");
	if (!r)
		r = vm_parse_size(names[1], &size);
	if (r)
		return r;
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	r = vm_resize(vms, names[0], size, (uint32_t)epc_pages, &refusal) ?
		vm_refused(&refusal) : vm_show_state(vms, names[0], json);
	vms_close(vms);
	return r;
}

static int show_tags(struct vms *vms, const char *name, bool json)
{
	struct vm_refusal refusal;
	json_t *tags;
	struct vm vm;
	int r = CLI_OK;

	if (vm_get(vms, name, &vm, &refusal))
		return vm_refused(&refusal);
	if (json) {
		tags = json_object();
		for (size_t i = 0; i < vm.conf.tag_count; i++)
			json_object_set_new(tags, vm.conf.tags[i].key,
				json_string(vm.conf.tags[i].value));
		r = cli_print_json(json_pack("{s:s, s:o}", "name", name,
			"tags", tags));
	} else {
		for (size_t i = 0; i < vm.conf.tag_count; i++)
			printf("%s=%s\n", vm.conf.tags[i].key,
				vm.conf.tags[i].value);
	}
	vm_free(&vm);
	return r;
}

/* coffer vm tag NAME [KEY=VALUE | KEY]... */
int vm_cmd_tag(int argc, char **argv)
{
	const char *names[VM_TEXTS_MAX];
	bool json = false;
	const struct vm_option options[] = { { "--json", .flag = &json },
		{ .name = NULL } };
	struct vm_tag tags[VM_TEXTS_MAX] = { { NULL, NULL } };
	struct vm_texts texts = { .count = 0 };
	struct vm_refusal refusal;
	struct vms *vms;
	size_t count;
	int r = vm_parse(argc, argv, options, names, VM_TEXTS_MAX, &count);

	if (!r && !count)
		r = cli_usage(&cli_vm, "which machine?");
	for (size_t i = 1; !r && i < count; i++)
		texts.items[texts.count++] = names[i];
	if (!r)
		r = vm_parse_tags(&texts, true, tags);
	vms = r ? NULL : vm_inventory();
	if (!vms)
		r = r ? r : CLI_FAILED;
	else if (texts.count && vm_set_tags(vms, names[0], tags, texts.count,
			&refusal))
		r = vm_refused(&refusal);
	else
		r = show_tags(vms, names[0], json);
	vms_close(vms);
	vm_free_tags(tags);
	return r;
}
