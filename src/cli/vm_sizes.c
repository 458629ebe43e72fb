/* SPDX-License-Identifier: MIT */
/* `coffer vm sizes`. */
#include "vm_cli.h"
#include <stdio.h>

static const char *sgx_of(const struct vmconf_size *size)
{
	return size->family == VMCONF_DCSV2 ? "SGX1, FLC" :
		"SGX1, SGX2, FLC, KSS";
}

static json_t *features(const struct vmconf_size *size)
{
	return size->family == VMCONF_DCSV2 ? json_pack("[s, s]", "SGX1",
		"FLC") : json_pack("[s, s, s, s]", "SGX1", "SGX2", "FLC",
		"KSS");
}

static json_t *one(const struct vmconf_size *size)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:b}",
		"name", size->name,
		"family", vmconf_family_name(size->family),
		"vcpus", (json_int_t)size->vcpus,
		"memory_gib", (json_int_t)size->memory_gib,
		"epc_pages", (json_int_t)size->epc_pages,
		"sgx", features(size), "whole_host", size->whole_host);
}

int vm_cmd_sizes(int argc, char **argv)
{
	const struct vmconf_size *sizes;
	bool json = false;
	const struct vm_option options[] = { { "--json", .flag = &json },
		{ .name = NULL } };
	json_t *array;
	size_t count, none;
	int r = vm_parse(argc, argv, options, NULL, 0, &none);
	char epc[24];

	if (r)
		return r;
	sizes = vmconf_sizes(&count);
	if (json) {
		array = json_array();
		for (size_t i = 0; i < count; i++)
			json_array_append_new(array, one(&sizes[i]));
		return cli_print_json(json_pack("{s:o}", "sizes", array));
	}
	printf("%-*s %*s %*s %8s  %-20s  %s\n", CLI_CELL(20, _("size")),
		CLI_CELL(6, _("vCPUs")), CLI_CELL(8, _("memory")), "EPC",
		"SGX", _("family"));
	for (size_t i = 0; i < count; i++)
		printf("%-20s %6u %4u GiB %8s  %-20s  %s%s\n", sizes[i].name,
			sizes[i].vcpus, sizes[i].memory_gib,
			vm_pages_text(sizes[i].epc_pages, epc),
			sgx_of(&sizes[i]),
			vmconf_family_name(sizes[i].family),
			sizes[i].whole_host ? _(", a whole host") : "");
	return CLI_OK;
}
