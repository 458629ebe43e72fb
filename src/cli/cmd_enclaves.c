/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/paths.h"
#include "machine.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *state_name(uint32_t state)
{
	switch (state) {
	case WIRE_STATE_OPEN:
		return "open";
	case WIRE_STATE_CREATED:
		return "loading";
	case WIRE_STATE_INITIALIZED:
		return "running";
	case WIRE_STATE_LOST:
		return "lost";
	case WIRE_STATE_CLOSING:
		return "closing";
	}
	return "unknown";
}

static json_t *to_json(const struct wire_enclave *e)
{
	char mrenclave[65], mrsigner[65];

	cli_hex(e->mrenclave, 32, mrenclave);
	cli_hex(e->mrsigner, 32, mrsigner);
	return json_pack("{s:I, s:i, s:i, s:s, s:I, s:I, s:I, s:i, s:i, s:b,"
		" s:I, s:I, s:I, s:i, s:i, s:s, s:s}",
		"id", (json_int_t)e->id, "pid", e->pid, "cell_pid", e->cell_pid,
		"state", state_name(e->state), "base", (json_int_t)e->base,
		"size", (json_int_t)e->size,
		"epc_pages", (json_int_t)e->epc_pages,
		"threads", e->threads, "inside", e->inside, "debug", e->debug,
		"entries", (json_int_t)e->entries, "aex", (json_int_t)e->aex,
		"enclu", (json_int_t)e->enclu, "isv_prod_id", e->isv_prod_id,
		"isv_svn", e->isv_svn, "mrenclave", mrenclave,
		"mrsigner", mrsigner);
}

static int show_json(const char *vm, const struct machine *machine,
	const struct wire_enclave *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, to_json(&items[i]));
	if (!machine)
		return cli_print_json(json_pack("{s:s, s:b, s:o}", "vm", vm,
			"running", 0, "enclaves", list));
	return cli_print_json(json_pack("{s:s, s:b, s:s, s:I, s:I, s:i, s:o}",
		"vm", vm, "running", 1, "size", machine->info.vm_size,
		"epc_pages", (json_int_t)machine->info.epc_pages,
		"epc_used", (json_int_t)machine->info.epc_used,
		"clients", machine->info.clients, "enclaves", list));
}

static void show(const char *vm, const struct machine *machine,
	const struct wire_enclave *items, size_t count)
{
	if (!machine) {
		printf("Machine %s does not run: no enclaves.\n", vm);
		return;
	}
	printf("Machine %s, %s: %" PRIu64 " of %" PRIu64 " EPC pages used\n",
		vm, machine->info.vm_size, (uint64_t)machine->info.epc_used,
		(uint64_t)machine->info.epc_pages);
	if (!count)
		return;
	printf("%4s %8s %8s %-8s %10s %7s %12s %8s  %s\n", "id", "app", "cell",
		"state", "epc pages", "threads", "entries", "aex", "mrenclave");
	for (size_t i = 0; i < count; i++) {
		const struct wire_enclave *e = &items[i];
		char mrenclave[65];

		cli_hex(e->mrenclave, 32, mrenclave);
		printf("%4" PRIu64 " %8u %8u %-8s %10" PRIu64 " %3u/%-3u %12"
			PRIu64 " %8" PRIu64 "  %.16s...%s\n", (uint64_t)e->id,
			e->pid, e->cell_pid, state_name(e->state),
			(uint64_t)e->epc_pages, e->inside, e->threads,
			(uint64_t)e->entries, (uint64_t)e->aex, mrenclave,
			e->debug ? " debug" : "");
	}
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
	.summary = "list the enclaves of a virtual machine",
	.usage =
"usage: coffer enclaves [--vm NAME] [--json]\n"
"\n"
"Lists the enclaves of all applications on the machine NAME (default:\n"
"COFFER_VM, else \"default\"): application and cell by process number, state,\n"
"EPC pages, threads inside and in all, entries and asynchronous exits so far,\n"
"measurement.  A machine that does not run has none.\n",
	.run = run,
};
