/* SPDX-License-Identifier: MIT */
#include "vm_list.h"
#include "cli.h"
#include "common/paths.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char *vm_state_name(enum vm_state state)
{
	static const char *const names[] = { "not certified", "certified",
		"of another CA" };

	return names[state];
}

int vm_load(struct pki *pki, const char *name, struct vm *vm, struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	const struct pki_tcb_level *level;
	uint16_t pcesvn = PKI_PCESVN;
	int r;

	memset(vm, 0, sizeof(*vm));
	if (!paths_name_ok(name))
		return why_set(why, -EINVAL, "\"%.80s\" is no name of a "
			"virtual machine: 1 to 63 of a-z, 0-9 and '-'", name);
	r = paths_vm_state(name, folder, sizeof(folder), why);
	if (!r)
		r = paths_join(path, sizeof(path), folder, "vm.conf", why);
	if (!r)
		r = vmconf_read(path, &vm->conf, why);
	if (r == -ENOENT)
		return why_set(why, r, "there is no virtual machine %s; "
			"`coffer vm create %s` makes it", name, name);
	if (r)
		return r;
	strcpy(vm->name, name);
	if (pki)
		r = pki_machine_look(pki, name, &vm->machine, why);
	else
		r = -ENODATA;
	vm->state = r == -EXDEV ? VM_OF_ANOTHER : r ? VM_NOT_CERTIFIED :
		VM_CERTIFIED;
	if (r && r != -EXDEV && r != -ENODATA)
		return r;
	if (!r)
		pcesvn = vm->machine.pcesvn;
	level = pki_tcb_match(vm->conf.cpusvn, pcesvn);
	vm->tcb = level ? level->status : PKI_TCB_NONE;
	return pki ? pki_is_revoked(pki, name, &vm->revoked, why) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vm *)a)->name,
		((const struct vm *)b)->name);
}

int vm_list_load(struct pki *pki, struct vm_list *list, struct why *why)
{
	char state[PATH_MAX], path[PATH_MAX];
	struct dirent *e;
	struct vm *more;
	DIR *dir;
	int r = paths_state(state, sizeof(state), why);

	*list = (struct vm_list){ NULL, 0 };
	if (!r)
		r = paths_join(path, sizeof(path), state, "vm", why);
	dir = r ? NULL : opendir(path);
	while (dir && !r && (e = readdir(dir))) {
		if (!paths_name_ok(e->d_name))
			continue;
		more = realloc(list->items, (list->count + 1) * sizeof(*more));
		if (!more) {
			r = why_set(why, -ENOMEM, "out of memory");
			break;
		}
		list->items = more;
		r = vm_load(pki, e->d_name, &more[list->count], why);
		if (r == -ENOENT) /* no vm.conf: just being made */
			r = 0;
		else
			list->count += !r;
	}
	if (dir)
		closedir(dir);
	if (r)
		vm_list_free(list);
	else if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_name);
	return r;
}

void vm_list_free(struct vm_list *list)
{
	free(list->items);
	*list = (struct vm_list){ NULL, 0 };
}

json_t *vm_json(const struct vm *vm)
{
	char cpusvn[33], fmspc[13], ppid[33], qe_id[33];
	json_t *object;

	cli_hex(vm->conf.cpusvn, 16, cpusvn);
	object = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:b}",
		"name", vm->name, "size", vm->conf.size->name,
		"epc_pages", (json_int_t)vm->conf.epc_pages,
		"state", vm_state_name(vm->state), "cpusvn", cpusvn,
		"tcb_status", pki_tcb_status_name(vm->tcb),
		"revoked", vm->revoked);
	if (!object || vm->state != VM_CERTIFIED)
		return object;
	cli_hex(vm->machine.fmspc, 6, fmspc);
	cli_hex(vm->machine.ppid, 16, ppid);
	cli_hex(vm->machine.qe_id, 16, qe_id);
	json_object_set_new(object, "pcesvn",
		json_integer(vm->machine.pcesvn));
	json_object_set_new(object, "ca", json_string(
		vm->machine.ca == PKI_CA_PLATFORM ? "platform" : "processor"));
	json_object_set_new(object, "fmspc", json_string(fmspc));
	json_object_set_new(object, "ppid", json_string(ppid));
	json_object_set_new(object, "qe_id", json_string(qe_id));
	return object;
}

json_t *vm_list_json(struct pki *pki, struct why *why)
{
	struct vm_list list;
	json_t *array;

	if (vm_list_load(pki, &list, why))
		return NULL;
	array = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, vm_json(&list.items[i]));
	vm_list_free(&list);
	return array;
}
