/* SPDX-License-Identifier: MIT */
/* `coffer vm create`. */
#include "vm_cli.h"
#include "common/paths.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int configure(const char *name, const struct vmconf *conf,
	struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	int r;

	r = paths_vm_state(name, folder, sizeof(folder), why);
	if (!r)
		r = paths_join(path, sizeof(path), folder, "vm.conf", why);
	if (!r && !access(path, F_OK))
		return why_set(why, -EEXIST, "there is a virtual machine %s "
			"already", name);
	if (!r)
		r = paths_make(folder, true, why);
	return r ? r : vmconf_write(path, conf, why);
}

int vm_cmd_create(int argc, char **argv)
{
	const char *name, *size = NULL;
	uint64_t epc_pages = 0;
	bool json = false;
	const struct vm_option options[] = {
		{ "--json", .flag = &json }, { "--size", .text = &size },
		{ "--epc-pages", .number = &epc_pages,
			.max = VMCONF_EPC_MAX }, { NULL },
	};
	struct vmconf conf;
	struct vms *vms;
	struct pki *pki;
	struct why why;
	int r = vm_parse_one(argc, argv, options, &name);

	if (r)
		return r;
	if (!paths_name_ok(name))
		return cli_usage(&cli_vm, "\"%s\" is no name: 1 to 63 of a-z, "
			"0-9 and '-'", name);
	if (epc_pages && epc_pages < VMCONF_EPC_MIN)
		return cli_usage(&cli_vm, "--epc-pages is %u to %u",
			VMCONF_EPC_MIN, VMCONF_EPC_MAX);
	vmconf_default(&conf);
	conf.created = time(NULL);
	if (size && vm_parse_size(size, &conf.size))
		return CLI_FAILED;
	conf.epc_pages = epc_pages ? (uint32_t)epc_pages :
		conf.size->epc_pages;
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	if (configure(name, &conf, &why) || pki_open(NULL, &pki, &why)) {
		vms_close(vms);
		return cli_error("%s", why.text);
	}
	r = pki_machine_ensure(pki, name, &why) ? cli_error("%s", why.text) :
		vm_show_state(vms, name, json);
	pki_close(pki);
	vms_close(vms);
	return r;
}
