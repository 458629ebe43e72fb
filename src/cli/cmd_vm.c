/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/paths.h"
#include "machine.h"
#include "vm_list.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *name, *size;
	const char *what; /* a status or CPUSVN */
	uint64_t epc_pages, pcesvn;
	bool json, all;
};

/* ---- shown ---- */

static void show_head(void)
{
	printf("%-16s %-18s %-14s %-34s %s\n", "machine", "size", "state",
		"TCB status", "CPUSVN");
}

static void show_line(const struct vm *vm)
{
	char cpusvn[33], status[64];

	cli_hex(vm->conf.cpusvn, 16, cpusvn);
	snprintf(status, sizeof(status), "%s%s",
		pki_tcb_status_name(vm->tcb), vm->revoked ? ", revoked" : "");
	printf("%-16s %-18s %-14s %-34s %s\n", vm->name, vm->conf.size->name,
		vm_state_name(vm->state), status, cpusvn);
}

/* Without a CA there is none that made any machine. */
static int find_ca(struct pki **pki, struct why *why)
{
	int r = pki_find(NULL, pki, why);

	return r == -ENOENT ? 0 : r;
}

static int list(struct options *o)
{
	struct vm_list all;
	struct pki *pki;
	struct why why;
	json_t *array;
	int r = CLI_OK;

	if (find_ca(&pki, &why))
		return cli_error("%s", why.text);
	if (o->json) {
		array = vm_list_json(pki, &why);
		r = array ? cli_print_json(json_pack("{s:o}", "machines",
			array)) : cli_error("%s", why.text);
	} else if (vm_list_load(pki, &all, &why)) {
		r = cli_error("%s", why.text);
	} else {
		if (all.count)
			show_head();
		else
			puts("There are no virtual machines; the first "
				"enclave or `coffer vm create` makes one.");
		for (size_t i = 0; i < all.count; i++)
			show_line(&all.items[i]);
		vm_list_free(&all);
	}
	pki_close(pki);
	return r;
}

static int show_one(struct pki *pki, const struct options *o)
{
	struct why why;
	struct vm vm;

	if (vm_load(pki, o->name, &vm, &why))
		return cli_error("%s", why.text);
	if (o->json)
		return cli_print_json(vm_json(&vm));
	show_head();
	show_line(&vm);
	return CLI_OK;
}

/* What was changed is read at power on. */
static void say_when(const char *name)
{
	struct machine machine;

	if (machine_open(name, &machine, NULL))
		return;
	machine_close(&machine);
	printf("The machine runs: this holds when it is started again, after "
		"its last application has ended.\n");
}

/* ---- made ---- */

static int configure(const struct options *o, struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct vmconf conf;
	int r;

	vmconf_default(&conf);
	if (o->size) {
		conf.size = vmconf_size_find(o->size);
		if (!conf.size)
			return why_set(why, -EINVAL, "no size is called "
				"\"%.60s\"", o->size);
		conf.epc_pages = conf.size->epc_pages;
	}
	if (o->epc_pages)
		conf.epc_pages = (uint32_t)o->epc_pages;
	r = paths_vm_state(o->name, folder, sizeof(folder), why);
	if (!r)
		r = paths_join(path, sizeof(path), folder, "vm.conf", why);
	if (!r && !access(path, F_OK))
		return why_set(why, -EEXIST, "there is a virtual machine %s "
			"already", o->name);
	if (!r)
		r = paths_make(folder, true, why);
	return r ? r : vmconf_write(path, &conf, why);
}

static int create(struct options *o)
{
	struct pki *pki;
	struct why why;
	int r;

	if (!paths_name_ok(o->name))
		return cli_usage(&cli_vm, "\"%s\" is no name: 1 to 63 of a-z, "
			"0-9 and '-'", o->name);
	if (o->epc_pages && (o->epc_pages < VMCONF_EPC_MIN ||
			o->epc_pages > VMCONF_EPC_MAX))
		return cli_usage(&cli_vm, "--epc-pages is %u to %u",
			VMCONF_EPC_MIN, VMCONF_EPC_MAX);
	if (configure(o, &why) || pki_open(NULL, &pki, &why))
		return cli_error("%s", why.text);
	r = pki_machine_ensure(pki, o->name, &why) ?
		cli_error("%s", why.text) : show_one(pki, o);
	pki_close(pki);
	return r;
}

static int manufacture_all(struct pki *pki)
{
	struct vm_list all;
	struct why why;
	int r = CLI_OK;

	if (vm_list_load(pki, &all, &why))
		return cli_error("%s", why.text);
	for (size_t i = 0; i < all.count; i++) {
		const char *name = all.items[i].name;

		if (pki_machine_again(pki, name, &why)) {
			r = cli_error("%s", why.text);
		} else {
			printf("%s: made under this CA\n", name);
			say_when(name);
		}
	}
	vm_list_free(&all);
	return r;
}

static int manufacture(struct options *o)
{
	struct pki *pki;
	struct why why;
	struct vm vm;
	int r;

	if (!o->all == !o->name)
		return cli_usage(&cli_vm, "which machine? NAME or --all");
	if (pki_open(NULL, &pki, &why))
		return cli_error("%s", why.text);
	if (o->all) {
		r = manufacture_all(pki);
	} else if (vm_load(NULL, o->name, &vm, &why) ||
			pki_machine_again(pki, o->name, &why)) {
		r = cli_error("%s", why.text);
	} else {
		r = show_one(pki, o);
		if (!o->json)
			say_when(o->name);
	}
	pki_close(pki);
	return r;
}

/* ---- TCB ---- */

static int tcb_show(struct options *o)
{
	struct pki *pki;
	struct why why;
	int r;

	if (!o->name)
		return list(o);
	if (find_ca(&pki, &why))
		return cli_error("%s", why.text);
	r = show_one(pki, o);
	pki_close(pki);
	return r;
}

/* What `what` stands for; how: changes it. */
static int tcb_change(struct options *o,
	int (*how)(struct pki *, struct options *, struct why *))
{
	struct pki *pki;
	struct why why;
	struct vm vm;
	int r;

	if (!o->name)
		return cli_usage(&cli_vm, "which machine?");
	if (vm_load(NULL, o->name, &vm, &why) || pki_open(NULL, &pki, &why))
		return cli_error("%s", why.text);
	if (how(pki, o, &why)) {
		r = cli_error("%s", why.text);
	} else {
		r = show_one(pki, o);
		if (!o->json)
			say_when(o->name);
	}
	pki_close(pki);
	return r;
}

static int set(struct pki *pki, struct options *o, struct why *why)
{
	uint8_t cpusvn[16];
	int status = pki_tcb_status_find(o->what);

	if (status >= 0)
		pki_tcb_cpusvn((enum pki_tcb_status)status, cpusvn);
	else if (vmconf_parse_cpusvn(o->what, cpusvn, why))
		return why_set(why, -EINVAL, "\"%.60s\" is neither a TCB "
			"status (`coffer vm --help` lists them) nor a CPUSVN "
			"of 32 hexadecimal digits", o->what);
	return pki_machine_set_tcb(pki, o->name, cpusvn, (uint16_t)o->pcesvn,
		why);
}

static int tcb_set(struct options *o)
{
	if (!o->what)
		return cli_usage(&cli_vm, "which machine, and what? NAME and "
			"a status or a CPUSVN");
	return tcb_change(o, set);
}

static int take_back(struct pki *pki, struct options *o, struct why *why)
{
	unsigned count;
	int r = pki_machine_ensure(pki, o->name, why);

	return r ? r : pki_revoke(pki, o->name, &count, why);
}

static int tcb_revoke(struct options *o)
{
	return tcb_change(o, take_back);
}

static int give_back(struct pki *pki, struct options *o, struct why *why)
{
	uint8_t cpusvn[16];
	unsigned count;
	int r;

	pki_tcb_cpusvn(PKI_TCB_UP_TO_DATE, cpusvn);
	r = pki_machine_set_tcb(pki, o->name, cpusvn, PKI_PCESVN, why);
	return r ? r : pki_restore(pki, o->name, &count, why);
}

static int tcb_restore(struct options *o)
{
	return tcb_change(o, give_back);
}

/* ---- command line ---- */

static int parse(int argc, char **argv, int i, struct options *o)
{
	o->pcesvn = PKI_PCESVN;
	for (; i < argc; i++) {
		bool more = i + 1 < argc;

		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "--all"))
			o->all = true;
		else if (!strcmp(argv[i], "--size") && more)
			o->size = argv[++i];
		else if (!strcmp(argv[i], "--epc-pages") && more &&
				cli_number(argv[i + 1], UINT32_MAX,
					&o->epc_pages))
			i++;
		else if (!strcmp(argv[i], "--pcesvn") && more &&
				cli_number(argv[i + 1], PKI_PCESVN,
					&o->pcesvn))
			i++;
		else if (*argv[i] != '-' && !o->name)
			o->name = argv[i];
		else if (*argv[i] != '-' && !o->what)
			o->what = argv[i];
		else
			return cli_usage(&cli_vm, "what is \"%s\"?", argv[i]);
	}
	return CLI_OK;
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *group, *name;
		bool needs_name, takes_what;
		int (*run)(struct options *);
	} commands[] = {
		{ NULL, "list", false, false, list },
		{ NULL, "create", true, false, create },
		{ NULL, "manufacture", false, false, manufacture },
		{ "tcb", "show", false, false, tcb_show },
		{ "tcb", "set", true, true, tcb_set },
		{ "tcb", "revoke", true, false, tcb_revoke },
		{ "tcb", "restore", true, false, tcb_restore },
	};
	struct options o = { .json = false };
	const char *group = NULL;
	int at = 1, r;

	if (argc > 1 && !strcmp(argv[1], "tcb"))
		group = argv[at++];
	if (argc <= at)
		return cli_usage(&cli_vm, group ? "show, set, revoke or "
			"restore?" : "list, create, manufacture or tcb?");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, argv[at]) ||
				!group != !commands[i].group)
			continue;
		r = parse(argc, argv, at + 1, &o);
		if (!r && commands[i].needs_name && !o.name)
			r = cli_usage(&cli_vm, "which machine?");
		if (!r && !commands[i].takes_what && o.what)
			r = cli_usage(&cli_vm, "what is \"%s\"?", o.what);
		return r ? r : commands[i].run(&o);
	}
	return cli_usage(&cli_vm, "what is \"%s\"?", argv[at]);
}

const struct cli_command cli_vm = {
	.name = "vm",
	.summary = "make virtual machines, certify them, change their TCB",
	.usage =
"usage: coffer vm list [--json]\n"
"       coffer vm create NAME [--size SIZE] [--epc-pages N] [--json]\n"
"       coffer vm manufacture NAME|--all [--json]\n"
"       coffer vm tcb show [NAME] [--json]\n"
"       coffer vm tcb set NAME STATUS|CPUSVN [--pcesvn N] [--json]\n"
"       coffer vm tcb revoke NAME [--json]\n"
"       coffer vm tcb restore NAME [--json]\n"
"\n"
"list         the machines of the state directory, running or not\n"
"create       makes and certifies one (applications do so on demand)\n"
"manufacture  makes machines again under the CA that there is\n"
"tcb set      gives a machine another CPUSVN, so that verifiers can be tried\n"
"             out: UpToDate, SWHardeningNeeded, ConfigurationNeeded,\n"
"             ConfigurationAndSWHardeningNeeded, OutOfDate,\n"
"             OutOfDateConfigurationNeeded, Revoked, NotSupported, or 32\n"
"             hexadecimal digits; --pcesvn: certificates for no newer PCE\n"
"tcb revoke   puts its certificates on the revocation list\n"
"tcb restore  takes them off, and makes it up to date\n",
	.run = run,
};
