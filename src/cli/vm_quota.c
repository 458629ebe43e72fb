/* SPDX-License-Identifier: MIT */
/* `coffer vm quota`. */
#include "vm_cli.h"
#include <stdio.h>

static int show(struct vms *vms, bool json)
{
	struct vm_quota quotas[VMCONF_FAMILIES];
	json_t *array;
	struct why why;

	if (vm_quotas(vms, quotas, &why))
		return cli_error("%s", why.text);
	array = json_array();
	if (!json)
		printf("%-*s %*s %*s\n", CLI_CELL(24, _("family")),
			CLI_CELL(10, _("vCPUs used")), CLI_CELL(10, _("limit")));
	for (int f = 0; f < VMCONF_FAMILIES; f++) {
		const char *name = vmconf_family_name((enum vmconf_family)f);

		if (!json)
			printf("%-24s %10u %10u\n", name, quotas[f].used,
				quotas[f].limit);
		json_array_append_new(array, json_pack("{s:s, s:I, s:I}",
			"family", name, "used", (json_int_t)quotas[f].used,
			"limit", (json_int_t)quotas[f].limit));
	}
	if (json)
		return cli_print_json(json_pack("{s:o}", "quotas", array));
	json_decref(array);
	return CLI_OK;
}

/* coffer vm quota [FAMILY N] */
int vm_cmd_quota(int argc, char **argv)
{
	const char *words[2];
	bool json = false;
	const struct vm_option options[] = { { "--json", .flag = &json },
		{ .name = NULL } };
	uint64_t limit = 0;
	struct vms *vms;
	struct why why;
	size_t count;
	int family = 0, r = vm_parse(argc, argv, options, words, 2, &count);

	if (!r && count == 1)
		r = cli_usage(&cli_vm, "how many vCPUs?");
	if (!r && count == 2) {
		family = vmconf_family_find(words[0]);
		if (family < 0)
			r = cli_usage(&cli_vm, "\"%s\" is no family: %s, %s "
				"or %s", words[0], vmconf_family_name(0),
				vmconf_family_name(1), vmconf_family_name(2));
		else if (!cli_number(words[1], UINT32_MAX, &limit))
			r = cli_usage(&cli_vm, "\"%s\" is no number of vCPUs",
				words[1]);
	}
	if (r)
		return r;
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	if (count && vm_set_quota(vms, (enum vmconf_family)family,
			(unsigned)limit, &why))
		r = cli_error("%s", why.text);
	else
		r = show(vms, json);
	vms_close(vms);
	return r;
}
