/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/paths.h"
#include "table.h"
#include "vm/machine.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *to_json(const struct wire_enclave *e)
{
	char mrenclave[65], mrsigner[65];
	json_t *object;

	cli_hex(e->mrenclave, 32, mrenclave);
	cli_hex(e->mrsigner, 32, mrsigner);
	object = json_pack("{s:I, s:i, s:i, s:s, s:I, s:I, s:i, s:i, s:b,"
		" s:i, s:i, s:s, s:s}",
		"id", (json_int_t)e->id, "pid", e->pid, "cell_pid", e->cell_pid,
		"state", machine_state_name(e->state),
		"base", (json_int_t)e->base, "size", (json_int_t)e->size,
		"threads", e->threads, "inside", e->inside, "debug", e->debug,
		"isv_prod_id", e->isv_prod_id, "isv_svn", e->isv_svn,
		"mrenclave", mrenclave, "mrsigner", mrsigner);
	cli_counts(object, (const struct cli_count[]){
		{ "resident", e->resident }, { "evicted", e->evicted },
		{ "page_ins", e->page_ins }, { "page_outs", e->page_outs },
		{ "faults", e->faults }, { "added", e->added },
		{ "entries", e->entries }, { "aex", e->aex },
		{ "enclu", e->enclu }, { NULL, 0 } });
	return object;
}

static int show_json(const char *vm, const struct machine *machine,
	const struct wire_enclave *items, size_t count)
{
	json_t *list = json_array(), *object;

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, to_json(&items[i]));
	object = json_pack("{s:s, s:b, s:o}", "vm", vm, "running",
		machine != NULL, "enclaves", list);
	if (machine) {
		json_object_set_new(object, "size",
			json_string(machine->info.vm_size));
		cli_counts(object, (const struct cli_count[]){
			{ "epc_pages", machine->info.epc_pages },
			{ "epc_used", machine->info.epc_used },
			{ "va_pages", machine->info.va_pages },
			{ "swap_pages", machine->info.swap_pages },
			{ "tampered", machine->info.tampered },
			{ "clients", machine->info.clients }, { NULL, 0 } });
	}
	return cli_print_json(object);
}

static void show(const char *vm, const struct machine *machine,
	const struct wire_enclave *items, size_t count)
{
	struct table table;

	if (!machine) {
		printf(_("Machine %s does not run: no enclaves.\n"), vm);
		return;
	}
	printf(_("Machine %s, %s: %" PRIu64 " of %" PRIu64 " EPC pages used, "
		"%" PRIu64 " pages evicted\n"), vm, machine->info.vm_size,
		(uint64_t)machine->info.epc_used,
		(uint64_t)machine->info.epc_pages,
		(uint64_t)machine->info.swap_pages);
	if (!count)
		return;
	table_begin(&table, ">>><>>><", NULL);
	table_add(&table, "id");
	table_add(&table, "%s", _("app"));
	table_add(&table, "%s", _("cell"));
	table_add(&table, "%s", _("state"));
	table_add(&table, "%s", _("threads"));
	table_add(&table, "%s", _("resident"));
	table_add(&table, "%s", _("evicted"));
	table_add(&table, "mrenclave");
	for (size_t i = 0; i < count; i++) {
		const struct wire_enclave *e = &items[i];
		char mrenclave[65];

		cli_hex(e->mrenclave, 32, mrenclave);
		table_add(&table, "%" PRIu64, (uint64_t)e->id);
		table_add(&table, "%u", e->pid);
		table_add(&table, "%u", e->cell_pid);
		table_add(&table, "%s", _(machine_state_name(e->state)));
		table_add(&table, "%u/%u", e->inside, e->threads);
		table_add(&table, "%" PRIu64, (uint64_t)e->resident);
		table_add(&table, "%" PRIu64, (uint64_t)e->evicted);
		table_add(&table, "%.16s...%s", mrenclave, e->debug ?
			" debug" : "");
	}
	table_end(&table);
}

static int run(int argc, char **argv)
{
	struct wire_enclave *items = NULL;
	struct machine machine;
	struct why why = { "" };
	const char *vm = NULL;
	size_t count = 0;
	bool json = false;
	int ret, status = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--vm") && i + 1 < argc)
			vm = argv[++i];
		else
			return cli_usage(&cli_enclaves, "what is \"%s\"?",
				argv[i]);
	}
	if (vm ? !paths_name_ok(vm) : paths_vm_name(&vm, &why) != 0)
		return cli_usage(&cli_enclaves, "no such name of a machine: %s",
			vm ? vm : why.text);
	ret = machine_open(vm, &machine, &why);
	if (ret && ret != -ENOENT)
		return cli_error("%s", why.text);
	if (!ret) {
		if (machine_list(&machine, &items, &count, &why)) {
			machine_close(&machine);
			return cli_error("%s", why.text);
		}
	}
	if (json)
		status = show_json(vm, ret ? NULL : &machine, items, count);
	else
		show(vm, ret ? NULL : &machine, items, count);
	if (!ret)
		machine_close(&machine);
	free(items);
	return status;
}

const struct cli_command cli_enclaves = {
	.name = "enclaves",
	.summary = N_("list the enclaves of a virtual machine"),
	.usage = N_(
"usage: coffer enclaves [--vm NAME] [--json]\n"
"\n"
"Lists the enclaves of all applications on the machine NAME (default:\n"
"COFFER_VM, else \"default\"): application and cell by process number, state,\n"
"threads inside and in all, pages in the EPC and evicted, measurement.  A\n"
"machine that does not run has none.  `coffer top` shows what they do.\n"),
	.run = run,
};
