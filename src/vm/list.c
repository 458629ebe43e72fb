/* SPDX-License-Identifier: MIT */
/* What machines there are, and what each is doing. */
#include "vm/vms_priv.h"

#include "common/paths.h"
#include "vm/machine.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A driver that does not answer for so long is of no use to anybody. */
#define ANSWER_MS 5000

const char *vm_power_name(enum vm_power power)
{
	static const char *const names[] = { N_("running"), N_("idle"),
		N_("stopped"), N_("deallocated"), N_("failed") };

	return names[power];
}

/* ---- one ---- */

/* What it is while no driver runs. */
static enum vm_power asleep(struct vms *vms, const struct vm *vm)
{
	switch (vm->conf.power) {
	case VMCONF_DEMAND:
		return VM_POWER_IDLE;
	case VMCONF_OFF:
		return VM_POWER_STOPPED;
	case VMCONF_DEALLOCATED:
		return VM_POWER_DEALLOCATED;
	case VMCONF_ON:
		break;
	}
	/* A command that is at work on it may be about to start it. */
	return vm_is_held(vms, vm->name) ? VM_POWER_STOPPED : VM_POWER_FAILED;
}

/* When its driver began to listen. */
static int64_t since(struct vms *vms, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%.3900s/%s/driver.sock", vms->runtime,
		name);
	return stat(path, &st) ? 0 : st.st_mtime;
}

static void ask(struct vms *vms, struct vm *vm)
{
	struct machine machine;
	int r = machine_open_within(vm->name, ANSWER_MS, &machine, NULL);

	if (!r) {
		vm->started = since(vms, vm->name);
		vm->driver_pid = machine.info.cofferd_pid;
		vm->processor_pid = machine.info.cpu_pid;
		vm->enclaves = machine.info.enclaves;
		vm->epc_used = machine.info.epc_used;
		machine_close(&machine);
	} else if (r != -ENOENT || (vm->conf.power == VMCONF_ON &&
			!vm_is_held(vms, vm->name))) {
		/* It is there and does not answer.  One without a socket may
		 * be starting or ending. */
		vm->power = VM_POWER_FAILED;
	}
}

bool vm_is_there(struct vms *vms, const char *name)
{
	char folder[PATH_MAX], path[PATH_MAX];

	return !vms_folder(vms, name, folder, NULL) &&
		!vms_file(vms, name, "vm.conf", path, NULL) &&
		(!access(path, F_OK) || vmconf_is_lost(folder));
}

/* What is no fault of the file. */
static bool is_ours(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

static int read_conf(struct vms *vms, struct vm *vm, struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct why reason;
	int r = vms_folder(vms, vm->name, folder, why);

	if (!r)
		r = vms_file(vms, vm->name, "vm.conf", path, why);
	if (r)
		return r;
	r = vmconf_read(path, &vm->conf, &reason);
	if (!r || is_ours(r))
		return r ? why_set(why, r, "%s", reason.text) : 0;
	if (r == -ENOENT && !vmconf_is_lost(folder))
		return why_set(why, r, "%s", reason.text);
	if (r == -ENOENT)
		why_set(&reason, r, "%s is missing", path);
	vmconf_salvage(path, &vm->conf);
	why_set(&vm->damage, r, "%.*s; put it right, or `coffer vm delete "
		"%s`", (int)sizeof(reason.text) - 120, reason.text,
		vm->name);
	return 0;
}

int vm_load(struct vms *vms, const char *name, bool probe, struct vm *vm,
	struct why *why)
{
	int r;

	memset(vm, 0, sizeof(*vm));
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	r = read_conf(vms, vm, why);
	if (r)
		return r;
	vm->created = vm->conf.created;
	if (vm_is_damaged(vm)) {
		vm->power = VM_POWER_FAILED;
		return 0;
	}
	if (!vm_is_alive(vms, name)) {
		vm->power = asleep(vms, vm);
		return 0;
	}
	vm->power = VM_POWER_RUNNING;
	if (probe)
		ask(vms, vm);
	return 0;
}

int vm_load_whole(struct vms *vms, const char *name, struct vm *vm,
	struct vm_refusal *refusal)
{
	struct why why;
	int r = vm_load(vms, name, false, vm, &why);

	if (r == -ENOENT)
		return vm_refuse_missing(refusal, name);
	if (r)
		return vm_refuse_why(refusal, r, &why);
	if (!vm_is_damaged(vm))
		return 0;
	vm_free(vm);
	return vm_refuse(refusal, "OperationNotAllowed", -EINVAL, "%s",
		vm->damage.text);
}

int vm_save(struct vms *vms, const char *name, const struct vmconf *conf,
	struct why *why)
{
	char path[PATH_MAX];
	int r = vms_file(vms, name, "vm.conf", path, why);

	return r ? r : vmconf_write(path, conf, why);
}

static int find(struct vms *vms, const char *name, bool probe, struct vm *vm,
	struct vm_refusal *refusal)
{
	struct why why;
	int r = -EINVAL;

	if (!paths_name_ok(name))
		return vm_refuse(refusal, "InvalidParameter", r, "\"%.80s\" "
			"is no name of a virtual machine: 1 to %d of a-z, 0-9 "
			"and '-'", name, PATHS_NAME_MAX);
	r = vm_load(vms, name, probe, vm, &why);
	if (r == -ENOENT)
		return vm_refuse_missing(refusal, name);
	return r ? vm_refuse_why(refusal, r, &why) : 0;
}

int vm_get(struct vms *vms, const char *name, struct vm *vm,
	struct vm_refusal *refusal)
{
	return find(vms, name, true, vm, refusal);
}

int vm_look(struct vms *vms, const char *name, struct vm *vm,
	struct vm_refusal *refusal)
{
	return find(vms, name, false, vm, refusal);
}

void vm_free(struct vm *vm)
{
	vmconf_free(&vm->conf);
}

/* ---- all ---- */

static bool fits(const struct vm_filter *filter, const struct vmconf *conf)
{
	const char *value;

	if (!filter)
		return true;
	if ((filter->set && strcmp(filter->set, conf->set)) ||
	    (filter->zone && filter->zone != conf->zone) ||
	    (filter->update_domain >= 0 &&
		filter->update_domain != conf->update_domain))
		return false;
	if (!filter->tag)
		return true;
	value = vmconf_tag(conf, filter->tag);
	return value && (!filter->tag_value ||
		!strcmp(value, filter->tag_value));
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct vm *)a)->name,
		((const struct vm *)b)->name);
}

static int add(struct vms *vms, const char *name,
	const struct vm_filter *filter, bool probe, struct vm_list *list,
	struct why *why)
{
	struct vm *more, *vm;
	int r;

	/* Grows at powers of two. */
	if (!(list->count & (list->count - 1))) {
		more = realloc(list->items, (list->count ? 2 * list->count :
			1) * sizeof(*more));
		if (!more)
			return why_set(why, -ENOMEM, "out of memory");
		list->items = more;
	}
	vm = &list->items[list->count];
	r = vm_load(vms, name, probe, vm, why);
	if (r)
		return r == -ENOENT ? 0 : r; /* just being made, or gone */
	if (fits(filter, &vm->conf))
		list->count++;
	else
		vm_free(vm);
	return 0;
}

int vm_list(struct vms *vms, const struct vm_filter *filter, bool probe,
	struct vm_list *list, struct why *why)
{
	struct dirent *e;
	DIR *dir = opendir(vms->machines);
	int r = 0;

	*list = (struct vm_list){ NULL, 0 };
	if (!dir)
		return why_set(why, -errno, "cannot read %s: %s",
			vms->machines, strerror(errno));
	while (!r && (e = readdir(dir)))
		if (paths_name_ok(e->d_name))
			r = add(vms, e->d_name, filter, probe, list, why);
	closedir(dir);
	if (r)
		vm_list_free(list);
	else if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_name);
	return r;
}

void vm_list_free(struct vm_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		vm_free(&list->items[i]);
	free(list->items);
	*list = (struct vm_list){ NULL, 0 };
}
