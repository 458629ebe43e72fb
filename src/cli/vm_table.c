/* SPDX-License-Identifier: MIT */
/* Machines as lines of a table. */
#include "table.h"
#include "vm_cli.h"
#include <stdio.h>

static void add_place(struct table *table, const struct vmconf *conf)
{
	if (conf->zone) {
		table_add(table, "%u", conf->zone);
		table_add(table, "%d", conf->update_domain);
	} else {
		table_add(table, "-");
		table_add(table, "-");
	}
}

static void add(struct table *table, const struct vm *vm)
{
	const struct vmconf_size *size = vm->conf.size;
	char used[24], epc[24];

	table_add(table, "%s", vm->name);
	table_add(table, "%s", size->name);
	table_add(table, "%s", _(vm_power_name(vm->power)));
	add_place(table, &vm->conf);
	table_add(table, "%u", size->vcpus);
	table_add(table, "%u GiB", size->memory_gib);
	vm_pages_text(vm->conf.epc_pages, epc);
	if (vm->driver_pid) {
		table_add(table, _("%s of %s"),
			vm_pages_text(vm->epc_used, used), epc);
		table_add(table, "%u", vm->enclaves);
	} else {
		table_add(table, "%s", epc);
		table_add(table, "-");
	}
}

/* Nobody knows what it is. */
static void add_damaged(struct table *table, const struct vm *vm)
{
	table_add(table, "%s", vm->name);
	table_add(table, "-");
	table_add(table, "%s", _(vm_power_name(vm->power)));
	for (int i = 0; i < 6; i++)
		table_add(table, "-");
}

void vm_table(const struct vm *vms, size_t count)
{
	struct table table;

	table_begin(&table, "<<<<<>><>", NULL);
	table_add(&table, "%s", _("machine"));
	table_add(&table, "%s", _("size"));
	table_add(&table, "%s", _("power"));
	table_add(&table, "%s", _("zone"));
	table_add(&table, "%s", _("domain"));
	table_add(&table, "%s", _("vCPUs"));
	table_add(&table, "%s", _("memory"));
	table_add(&table, "EPC");
	table_add(&table, "%s", _("enclaves"));
	for (size_t i = 0; i < count; i++)
		if (vm_is_damaged(&vms[i]))
			add_damaged(&table, &vms[i]);
		else
			add(&table, &vms[i]);
	table_end(&table);
	for (size_t i = 0; i < count; i++)
		if (vm_is_damaged(&vms[i]))
			printf("%s: %s\n", vms[i].name, vms[i].damage.text);
}
