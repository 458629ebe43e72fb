/* SPDX-License-Identifier: MIT */
/* `coffer vm manufacture` and `coffer vm tcb`: what the CA does to machines. */
#include "table.h"
#include "vm_cli.h"
#include "vm/machine.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct options {
	const char *name, *what; /* what: a status or CPUSVN */
	uint64_t pcesvn;
	bool json, all;
};

/* What was changed is read at power on. */
static void say_when(const char *name)
{
	struct machine machine;

	if (machine_open(name, &machine, NULL))
		return;
	machine_close(&machine);
	puts(_("The machine runs: this holds when it is started again."));
}

static void head(struct table *table)
{
	table_begin(table, "<<<<<", NULL);
	table_add(table, "%s", _("machine"));
	table_add(table, "%s", _("size"));
	table_add(table, "%s", _("certificates"));
	table_add(table, "%s", _("TCB status"));
	table_add(table, "CPUSVN");
}

static int line(struct table *table, struct pki *pki, const struct vm *vm)
{
	struct vm_cert cert;
	char cpusvn[33];
	struct why why;

	if (vm_is_damaged(vm))
		return cli_error("%s", vm->damage.text);
	if (vm_cert_look(pki, vm->name, &vm->conf, &cert, &why))
		return cli_error("%s", why.text);
	cli_hex(vm->conf.cpusvn, 16, cpusvn);
	table_add(table, "%s", vm->name);
	table_add(table, "%s", vm->conf.size->name);
	table_add(table, "%s", _(vm_cert_state_name(cert.state)));
	table_add(table, "%s%s", pki_tcb_status_name(cert.tcb), cert.revoked ?
		_(", revoked") : "");
	table_add(table, "%s", cpusvn);
	return CLI_OK;
}

static int show_one(struct vms *vms, struct pki *pki, const struct options *o)
{
	struct vm_refusal refusal;
	struct vm_cert cert;
	struct table table;
	struct why why;
	struct vm vm;
	int r;

	if (vm_get(vms, o->name, &vm, &refusal))
		return vm_refused(&refusal);
	if (!o->json) {
		head(&table);
		r = line(&table, pki, &vm);
		table_end(&table);
	} else if (vm_cert_look(pki, o->name, &vm.conf, &cert, &why)) {
		r = cli_error("%s", why.text);
	} else {
		r = cli_print_json(vm_json(&vm, &cert));
	}
	vm_free(&vm);
	return r;
}

static int show_all(struct vms *vms, struct pki *pki, const struct options *o)
{
	struct vm_list all;
	struct table table;
	struct why why;
	json_t *array;
	int r = CLI_OK;

	if (o->json) {
		array = vm_list_json(vms, pki, NULL, false, &why);
		return array ? cli_print_json(json_pack("{s:o}", "machines",
			array)) : cli_error("%s", why.text);
	}
	if (vm_list(vms, NULL, false, &all, &why))
		return cli_error("%s", why.text);
	head(&table);
	for (size_t i = 0; i < all.count; i++)
		r |= line(&table, pki, &all.items[i]);
	table_end(&table);
	vm_list_free(&all);
	return r;
}

static int manufacture_all(struct vms *vms, struct pki *pki)
{
	struct vm_list all;
	struct why why;
	int r = CLI_OK;

	if (vm_list(vms, NULL, false, &all, &why))
		return cli_error("%s", why.text);
	for (size_t i = 0; i < all.count; i++) {
		const char *name = all.items[i].name;

		if (pki_machine_again(pki, name, &why)) {
			r = cli_error("%s", why.text);
		} else {
			printf(_("%s: made under this CA\n"), name);
			say_when(name);
		}
	}
	vm_list_free(&all);
	return r;
}

/* ---- one machine changed; how does it ---- */

static int change(struct vms *vms, const struct options *o,
	int (*how)(struct pki *, const struct options *, struct why *))
{
	struct vm_refusal refusal;
	struct pki *pki;
	struct why why;
	int r, lock = vm_hold(vms, o->name, &refusal);

	if (lock < 0)
		return vm_refused(&refusal);
	if (pki_open(NULL, &pki, &why)) {
		vm_release(lock);
		return cli_error("%s", why.text);
	}
	r = how(pki, o, &why);
	vm_release(lock);
	if (r) {
		r = cli_error("%s", why.text);
	} else {
		r = show_one(vms, pki, o);
		if (!o->json)
			say_when(o->name);
	}
	pki_close(pki);
	return r;
}

static int again(struct pki *pki, const struct options *o, struct why *why)
{
	return pki_machine_again(pki, o->name, why);
}

static int set(struct pki *pki, const struct options *o, struct why *why)
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

static int take_back(struct pki *pki, const struct options *o, struct why *why)
{
	unsigned count;
	int r = pki_machine_ensure(pki, o->name, why);

	return r ? r : pki_revoke(pki, o->name, &count, why);
}

static int give_back(struct pki *pki, const struct options *o, struct why *why)
{
	uint8_t cpusvn[16];
	unsigned count;
	int r;

	pki_tcb_cpusvn(PKI_TCB_UP_TO_DATE, cpusvn);
	r = pki_machine_set_tcb(pki, o->name, cpusvn, PKI_PCESVN, why);
	return r ? r : pki_restore(pki, o->name, &count, why);
}

/* ---- commands ---- */

static int parse(int argc, char **argv, struct options *o, size_t names_max)
{
	const struct vm_option options[] = {
		{ "--json", .flag = &o->json }, { "--all", .flag = &o->all },
		{ "--pcesvn", .number = &o->pcesvn, .max = PKI_PCESVN },
		{ .name = NULL },
	};
	const char *names[2] = { NULL, NULL };
	size_t count;
	int r;

	o->pcesvn = PKI_PCESVN;
	r = vm_parse(argc, argv, options, names, names_max, &count);
	o->name = names[0];
	o->what = names[1];
	return r;
}

int vm_cmd_manufacture(int argc, char **argv)
{
	struct options o = { .name = NULL };
	struct pki *pki;
	struct vms *vms;
	struct why why;
	int r = parse(argc, argv, &o, 1);

	if (r)
		return r;
	if (!o.all == !o.name)
		return cli_usage(&cli_vm, "which machine? NAME or --all");
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	if (!o.all) {
		r = change(vms, &o, again);
	} else if (pki_open(NULL, &pki, &why)) {
		r = cli_error("%s", why.text);
	} else {
		r = manufacture_all(vms, pki);
		pki_close(pki);
	}
	vms_close(vms);
	return r;
}

static int show(struct vms *vms, const struct options *o)
{
	struct pki *pki;
	int r = vm_find_ca(&pki);

	if (!r)
		r = o->name ? show_one(vms, pki, o) : show_all(vms, pki, o);
	pki_close(pki);
	return r;
}

int vm_cmd_tcb(int argc, char **argv)
{
	static const struct {
		const char *name;
		size_t names_max, names_min;
		int (*how)(struct pki *, const struct options *, struct why *);
	} verbs[] = {
		{ "show", 1, 0, NULL }, { "set", 2, 2, set },
		{ "revoke", 1, 1, take_back }, { "restore", 1, 1, give_back },
	};
	struct options o = { .name = NULL };
	struct vms *vms;
	size_t i = 0;
	int r;

	if (argc < 2)
		return cli_usage(&cli_vm, "show, set, revoke or restore?");
	while (i < 4 && strcmp(verbs[i].name, argv[1]))
		i++;
	if (i == 4)
		return cli_usage(&cli_vm, "what is \"%s\"?", argv[1]);
	r = parse(argc - 1, argv + 1, &o, verbs[i].names_max);
	if (r)
		return r;
	if (verbs[i].names_min > 0 && !o.name)
		return cli_usage(&cli_vm, "which machine?");
	if (verbs[i].names_min > 1 && !o.what)
		return cli_usage(&cli_vm, "which machine, and what? NAME and "
			"a status or a CPUSVN");
	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	r = verbs[i].how ? change(vms, &o, verbs[i].how) : show(vms, &o);
	vms_close(vms);
	return r;
}
