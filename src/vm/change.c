/* SPDX-License-Identifier: MIT */
/* Machines changed: another size, other tags. */
#include "vm/place.h"

#include "common/events.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- size ---- */

/* How much EPC it has afterwards. */
static int choose_epc(struct vm *vm, const struct vmconf_size *size,
	uint32_t wanted, struct vm_refusal *refusal)
{
	bool own = vm->conf.epc_pages != vm->conf.size->epc_pages;

	if (wanted == VM_EPC_SAME && own) {
		if (vm->conf.epc_pages > size->epc_pages)
			return vm_refuse(refusal, "InvalidParameter", -ERANGE,
				"%s has %u EPC pages of its own, and a %s has "
				"%u: say how many it shall have with "
				"--epc-pages N, or --epc-pages 0 for its "
				"size's", vm->name, vm->conf.epc_pages,
				size->name, size->epc_pages);
		return 0;
	}
	if (wanted == VM_EPC_SAME || !wanted)
		wanted = size->epc_pages;
	if (wanted < VMCONF_EPC_MIN || wanted > VMCONF_EPC_MAX)
		return vm_refuse(refusal, "InvalidParameter", -EINVAL,
			"a machine has %u to %u EPC pages", VMCONF_EPC_MIN,
			VMCONF_EPC_MAX);
	vm->conf.epc_pages = wanted;
	return 0;
}

/* The inventory's lock is held. */
static int resize(struct vms *vms, struct vm *vm,
	const struct vmconf_size *size, uint32_t epc_pages,
	struct place_map *map, struct vm_refusal *refusal)
{
	const struct vmconf_size *before = vm->conf.size;
	struct place_item *item = place_item(map, vm->name);
	struct why why;
	int r = place_quota(map, size, 1, before, refusal);

	if (!r)
		r = choose_epc(vm, size, epc_pages, refusal);
	if (r)
		return r;
	vm->conf.size = size;
	if (vm->conf.host >= 0 && item) {
		item->host = -1; /* what it takes now is free for it */
		r = place_choose(map, vm->name, &vm->conf, refusal);
	}
	if (r == -ENOSPC)
		return vm_refuse(refusal, "AllocationFailed", r, "zone %u has "
			"no host left with room for a %s; delete or "
			"deallocate other machines, or deallocate this one "
			"and resize it: it is given a host when it is started",
			vm->conf.zone, size->name);
	if (r)
		return r;
	r = vm_save(vms, vm->name, &vm->conf, &why);
	return r ? vm_refuse_why(refusal, r, &why) : 0;
}

static int resize_held(struct vms *vms, struct vm *vm,
	const struct vmconf_size *size, uint32_t epc_pages,
	struct vm_refusal *refusal)
{
	const struct vmconf_size *before = vm->conf.size;
	char folder[PATH_MAX];
	struct place_map map;
	struct why why;
	int r, lock, out;

	if (before->family != size->family)
		return vm_refuse(refusal, "OperationNotAllowed", -EXDEV, "a %s "
			"cannot become a %s: sizes change within a family "
			"only (%s); make another machine", before->name,
			size->name, vmconf_family_name(before->family));
	out = vm_keep_out(vms, vm->name, 0, &why);
	if (out < 0)
		return vm_refuse(refusal, "OperationNotAllowed", -EBUSY, "the "
			"size of %s can change when it is stopped: `coffer vm "
			"stop %s`", vm->name, vm->name);
	lock = vms_lock(vms, &why);
	if (lock < 0) {
		close(out);
		return vm_refuse_why(refusal, lock, &why);
	}
	r = place_load(vms, &map, &why);
	if (!r) {
		r = resize(vms, vm, size, epc_pages, &map, refusal);
		place_free(&map);
	} else {
		vm_refuse_why(refusal, r, &why);
	}
	close(lock);
	close(out);
	if (!r && !vms_folder(vms, vm->name, folder, NULL))
		events_add(folder, EVENTS_RESIZED, (struct event_detail[]){
			{ "from", before->name, 0 }, { "to", size->name, 0 },
			{ "epc_pages", NULL, vm->conf.epc_pages },
			{ NULL, NULL, 0 } }, "from %s to %s, with %u EPC "
			"pages", before->name, size->name,
			vm->conf.epc_pages);
	return r;
}

int vm_resize(struct vms *vms, const char *name,
	const struct vmconf_size *size, uint32_t epc_pages,
	struct vm_refusal *refusal)
{
	struct vm vm;
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = vm_load_whole(vms, name, &vm, refusal);
	if (!r) {
		r = resize_held(vms, &vm, size, epc_pages, refusal);
		vm_free(&vm);
	}
	vm_release(lock);
	return r;
}

/* ---- tags ---- */

int vm_set_tags(struct vms *vms, const char *name, const struct vm_tag *tags,
	size_t count, struct vm_refusal *refusal)
{
	struct why why;
	struct vm vm;
	int r, lock = vm_hold(vms, name, refusal);

	if (lock < 0)
		return lock;
	r = vm_load_whole(vms, name, &vm, refusal);
	if (r) {
		vm_release(lock);
		return r;
	}
	for (size_t i = 0; !r && i < count; i++)
		r = vmconf_set_tag(&vm.conf, tags[i].key, tags[i].value, &why);
	if (r) {
		vm_refuse(refusal, "InvalidParameter", r, "%s", why.text);
	} else {
		r = vm_save(vms, name, &vm.conf, &why);
		if (r)
			vm_refuse_why(refusal, r, &why);
	}
	vm_free(&vm);
	vm_release(lock);
	return r;
}
