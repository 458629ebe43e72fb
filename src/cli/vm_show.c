/* SPDX-License-Identifier: MIT */
/* `coffer vm list` and `coffer vm show`. */
#include "vm_limits.h"
#include "vm_cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- JSON ---- */

static void add_number(json_t *object, const char *key, int64_t value,
	bool there)
{
	json_object_set_new(object, key, there ? json_integer(value) :
		json_null());
}

static void add_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, *text ? json_string(text) :
		json_null());
}

static void add_cert(json_t *object, const struct vm_cert *cert)
{
	char fmspc[13], ppid[33], qe_id[33];

	json_object_set_new(object, "state",
		json_string(vm_cert_state_name(cert->state)));
	json_object_set_new(object, "tcb_status",
		json_string(pki_tcb_status_name(cert->tcb)));
	json_object_set_new(object, "revoked", json_boolean(cert->revoked));
	if (cert->state != VM_CERTIFIED)
		return;
	cli_hex(cert->machine.fmspc, 6, fmspc);
	cli_hex(cert->machine.ppid, 16, ppid);
	cli_hex(cert->machine.qe_id, 16, qe_id);
	json_object_set_new(object, "pcesvn",
		json_integer(cert->machine.pcesvn));
	json_object_set_new(object, "ca", json_string(
		cert->machine.ca == PKI_CA_PLATFORM ? "platform" :
		"processor"));
	json_object_set_new(object, "fmspc", json_string(fmspc));
	json_object_set_new(object, "ppid", json_string(ppid));
	json_object_set_new(object, "qe_id", json_string(qe_id));
}

/* What its vm.conf does not say any more. */
static void add_damage(json_t *object, const struct vm *vm)
{
	static const char *const lost[] = { "size", "family", "vcpus",
		"memory_gib", "epc_pages", "cpusvn", "on_demand", "zone",
		"update_domain", "host", "ptrace_slot", "limits" };

	for (size_t i = 0; i < sizeof(lost) / sizeof(*lost); i++)
		json_object_set_new(object, lost[i], json_null());
	json_object_set_new(object, "error", json_pack("{s:s, s:s}", "code",
		"OperationNotAllowed", "message", vm->damage.text));
}

json_t *vm_json(const struct vm *vm, const struct vm_cert *cert)
{
	const struct vmconf *conf = &vm->conf;
	bool up = vm->power == VM_POWER_RUNNING;
	char cpusvn[33];
	json_t *object, *tags = json_object();

	cli_hex(conf->cpusvn, 16, cpusvn);
	for (size_t i = 0; i < conf->tag_count; i++)
		json_object_set_new(tags, conf->tags[i].key,
			json_string(conf->tags[i].value));
	object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:b}",
		"name", vm->name, "size", conf->size->name,
		"family", vmconf_family_name(conf->size->family),
		"power", vm_power_name(vm->power),
		"vcpus", (json_int_t)conf->size->vcpus,
		"memory_gib", (json_int_t)conf->size->memory_gib,
		"epc_pages", (json_int_t)conf->epc_pages, "cpusvn", cpusvn,
		"on_demand", conf->power == VMCONF_DEMAND);
	if (!object) {
		json_decref(tags);
		return NULL;
	}
	json_object_set_new(object, "tags", tags);
	add_number(object, "zone", conf->zone, conf->zone);
	add_number(object, "update_domain", conf->update_domain,
		conf->update_domain >= 0);
	add_number(object, "host", conf->host, conf->host >= 0);
	add_text(object, "set", conf->set);
	add_text(object, "probe", conf->probe);
	add_text(object, "swap", conf->swap);
	json_object_set_new(object, "ptrace_slot",
		json_boolean(conf->ptrace_slot));
	add_number(object, "created", vm->created, vm->created);
	add_number(object, "started", vm->started, vm->started);
	add_number(object, "driver_pid", vm->driver_pid, vm->driver_pid);
	add_number(object, "processor_pid", vm->processor_pid,
		vm->processor_pid);
	add_number(object, "enclaves", vm->enclaves, up);
	add_number(object, "epc_used", (int64_t)vm->epc_used, up);
	json_object_set_new(object, "limits", limits_json(vm));
	json_object_set_new(object, "error", json_null());
	if (vm_is_damaged(vm))
		add_damage(object, vm);
	else if (cert)
		add_cert(object, cert);
	return object;
}

/* One of several: what is wrong with it alone is no reason to show none. */
static json_t *one_json(struct pki *pki, const struct vm *vm)
{
	struct vm_cert cert;
	struct why why;
	json_t *object;

	if (vm_is_damaged(vm))
		return vm_json(vm, NULL);
	if (!vm_cert_look(pki, vm->name, &vm->conf, &cert, &why))
		return vm_json(vm, &cert);
	object = vm_json(vm, NULL);
	json_object_set_new(object, "error", json_pack("{s:s, s:s}", "code",
		"InternalError", "message", why.text));
	return object;
}

json_t *vm_list_json(struct vms *vms, struct pki *pki,
	const struct vm_filter *filter, bool probe, struct why *why)
{
	struct vm_list list;
	json_t *array;

	if (vm_list(vms, filter, probe, &list, why))
		return NULL;
	array = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, one_json(pki, &list.items[i]));
	vm_list_free(&list);
	return array;
}

/* ---- tables ---- */

const char *vm_pages_text(uint64_t pages, char text[24])
{
	static const struct {
		uint64_t pages;
		const char *unit;
	} units[] = { { 1 << 18, "GiB" }, { 1 << 8, "MiB" } };

	for (size_t i = 0; i < 2; i++) {
		double n = (double)pages / (double)units[i].pages;

		if (n < 1)
			continue;
		snprintf(text, 24, "%.*f %s", pages % units[i].pages ? 1 : 0,
			n, units[i].unit);
		return text;
	}
	snprintf(text, 24, "%llu KiB", 4 * (unsigned long long)pages);
	return text;
}

static void show_time(const char *what, int64_t seconds)
{
	time_t when = (time_t)seconds;
	char text[32];
	struct tm tm;

	if (!seconds || !gmtime_r(&when, &tm))
		return;
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	cli_row(what, "%s", text);
}

static void show_place(const struct vmconf *conf)
{
	if (!conf->zone) {
		cli_row(_("zone"), _("none: it was made by an application"));
		return;
	}
	cli_row(_("zone"), "%u", conf->zone);
	cli_row(_("update domain"), "%d", conf->update_domain);
	if (conf->host >= 0)
		cli_row(_("host"), "%d", conf->host);
	else
		cli_row(_("host"), _("none until it is started"));
}

static void show_text(const struct vm *vm, const struct vm_cert *cert)
{
	const struct vmconf *conf = &vm->conf;
	char epc[24], used[24], cpusvn[33];

	printf(_("Virtual machine %s\n"), vm->name);
	cli_row(_("power"), "%s", _(vm_power_name(vm->power)));
	if (vm_is_damaged(vm)) {
		cli_row(_("damaged"), "%s", vm->damage.text);
		return;
	}
	cli_row(_("size"), "%s (%s)", conf->size->name,
		vmconf_family_name(conf->size->family));
	limits_show(vm);
	cli_row("EPC", _("%s (%u pages)"), vm_pages_text(conf->epc_pages,
		epc), conf->epc_pages);
	show_place(conf);
	if (conf->set[0])
		cli_row(_("set"), "%s", conf->set);
	if (conf->probe[0])
		cli_row(_("probe"), "%s", conf->probe);
	if (conf->swap[0])
		cli_row(_("evicts to"), "%s", conf->swap);
	for (size_t i = 0; i < conf->tag_count; i++)
		cli_row(_("tag"), "%s=%s", conf->tags[i].key,
			conf->tags[i].value);
	show_time(_("created"), vm->created);
	show_time(_("started"), vm->started);
	if (vm->driver_pid) {
		cli_row(_("processes"), _("driver %u, processor %u"),
			vm->driver_pid, vm->processor_pid);
		cli_row(_("enclaves"), _("%u, with %s of EPC"),
			vm->enclaves, vm_pages_text(vm->epc_used, used));
	}
	cli_hex(conf->cpusvn, 16, cpusvn);
	cli_row(_("certificates"), "%s%s", _(vm_cert_state_name(cert->state)),
		cert->revoked ? _(", revoked") : "");
	cli_row("TCB", "%s, CPUSVN %s",
		pki_tcb_status_name(cert->tcb), cpusvn);
}

/* ---- commands ---- */

static int list_text(struct vms *vms, const struct vm_filter *filter,
	bool any)
{
	struct vm_list all;
	struct why why;

	if (vm_list(vms, filter, true, &all, &why))
		return cli_error("%s", why.text);
	if (all.count)
		vm_table(all.items, all.count);
	else if (any)
		puts(_("There are no virtual machines; the first enclave or "
			"`coffer vm create` makes one."));
	else
		puts(_("No virtual machine is like this."));
	vm_list_free(&all);
	return CLI_OK;
}

static int list_json(struct vms *vms, const struct vm_filter *filter)
{
	struct pki *pki;
	struct why why;
	json_t *array;

	if (vm_find_ca(&pki))
		return CLI_FAILED;
	array = vm_list_json(vms, pki, filter, true, &why);
	pki_close(pki);
	return array ? cli_print_json(json_pack("{s:o}", "machines", array)) :
		cli_error("%s", why.text);
}

int vm_cmd_list(int argc, char **argv)
{
	struct vm_filter filter = VM_ANY;
	uint64_t zone = 0, domain = UINT64_MAX;
	const char *tag = NULL;
	bool json = false;
	const struct vm_option options[] = {
		{ "--json", .flag = &json },
		{ "--set", .text = &filter.set },
		{ "--zone", .number = &zone, .max = VMCONF_ZONES_MAX },
		{ "--domain", .number = &domain,
			.max = VMCONF_UPDATE_DOMAINS_MAX - 1 },
		{ "--tag", .text = &tag }, { .name = NULL },
	};
	struct vms *vms;
	char *copy = NULL, *equals;
	size_t none;
	int r = vm_parse(argc, argv, options, NULL, 0, &none);

	if (r)
		return r;
	filter.zone = (unsigned)zone;
	if (domain != UINT64_MAX)
		filter.update_domain = (int)domain;
	if (tag) {
		copy = strdup(tag);
		if (!copy)
			return cli_error("out of memory");
		equals = strchr(copy, '=');
		if (equals) {
			*equals = '\0';
			filter.tag_value = equals + 1;
		}
		filter.tag = copy;
	}
	vms = vm_inventory();
	if (!vms)
		r = CLI_FAILED;
	else
		r = json ? list_json(vms, &filter) : list_text(vms, &filter,
			!filter.set && !zone && !tag &&
			filter.update_domain < 0);
	vms_close(vms);
	free(copy);
	return r;
}

static int show(struct vms *vms, const char *name, bool json, bool line)
{
	struct vm_refusal refusal;
	struct vm_cert cert = { .state = VM_NOT_CERTIFIED };
	struct pki *pki;
	struct why why;
	struct vm vm;
	int r = CLI_OK;

	if (vm_get(vms, name, &vm, &refusal))
		return vm_refused(&refusal);
	if (vm_find_ca(&pki)) {
		vm_free(&vm);
		return CLI_FAILED;
	}
	if (!vm_is_damaged(&vm) && vm_cert_look(pki, name, &vm.conf, &cert,
			&why)) {
		r = cli_error("%s", why.text);
	} else if (json) {
		r = cli_print_json(vm_json(&vm, &cert));
	} else if (line) {
		vm_table(&vm, 1);
	} else {
		show_text(&vm, &cert);
	}
	pki_close(pki);
	vm_free(&vm);
	return r;
}

int vm_show_state(struct vms *vms, const char *name, bool json)
{
	return show(vms, name, json, true);
}

int vm_cmd_show(int argc, char **argv)
{
	const char *name;
	bool json = false;
	const struct vm_option options[] = { { "--json", .flag = &json },
		{ .name = NULL } };
	int r = vm_parse_one(argc, argv, options, &name);
	struct vms *vms = r ? NULL : vm_inventory();

	if (vms)
		r = show(vms, name, json, false);
	else if (!r)
		r = CLI_FAILED;
	vms_close(vms);
	return r;
}
