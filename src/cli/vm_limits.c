/* SPDX-License-Identifier: MIT */
#include "vm_limits.h"

#include "common/paths.h"
#include "common/place.h"
#include "vm_cli.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void limits_enter(const char *vm, const struct vmconf_size *size,
	struct cgroup_place *applied)
{
	struct cgroup_limits limits;
	struct why why = { "" };

	cgroup_size(size, &limits);
	if (cgroup_make(vm, &limits, applied, &why) ||
	    cgroup_join(vm, getpid(), &why)) {
		applied->cpu = applied->memory = false;
		applied->why = why;
		cli_error("this program runs outside the limits of machine "
			"%s: %s", vm, why.text);
	}
}

static const char *bytes(uint64_t n, char text[24])
{
	static const char *const units[] = { "KiB", "MiB", "GiB" };
	double value = (double)n / 1024;
	int unit = 0;

	while (unit < 2 && value >= 1024) {
		value /= 1024;
		unit++;
	}
	snprintf(text, 24, "%.*f %s", value < 10 && value != (int)value, value,
		units[unit]);
	return text;
}

static const char *limited(bool is)
{
	return is ? _("limited") : _("not limited");
}

void limits_line(const struct vmconf_size *size,
	const struct cgroup_place *applied, char *text, size_t room)
{
	struct cgroup_limits limits, box;
	char memory[24], all[24];

	cgroup_size(size, &limits);
	cgroup_box(&box);
	snprintf(text, room, ngettext(
		"%u vCPU of %u on this box (%s), %s of %s (%s)",
		"%u vCPUs of %u on this box (%s), %s of %s (%s)",
		limits.vcpus), limits.vcpus, box.vcpus, limited(applied->cpu),
		bytes(limits.memory, memory), bytes(box.memory, all),
		limited(applied->memory));
}

/* What there is to say about a machine's limits. */
struct view {
	struct cgroup_limits asked, box;
	const struct cgroup_place *place;
	struct cgroup_state state;
	bool group; /* there is one */
	bool cpu, memory; /* are what was asked for */
	bool outside; /* the machine runs, and not in its group */
	struct why why; /* "": all holds */
};

/* Machines of the system are services, whose units set the limits. */
static bool is_systems(void)
{
	const char *state = getenv("COFFER_STATE_DIR");

	return state && !strcmp(state, PLACE_SYSTEM_STATE);
}

static void explain(struct view *view, const struct vm *vm)
{
	struct why *why = &view->why;

	if (view->cpu && view->memory && !view->outside)
		return;
	if (is_systems() && view->place->kind == CGROUP_NONE)
		why_set(why, 0, "the system's machines are limited by systemd, "
			"while coffer-vm@%s runs", vm->name);
	else if (view->place->kind == CGROUP_NONE)
		*why = view->place->why;
	else if (!view->group && (vm->power == VM_POWER_STOPPED ||
			vm->power == VM_POWER_DEALLOCATED))
		why_set(why, 0, "it is %s; nothing runs in it",
			_(vm_power_name(vm->power)));
	else if (!view->group)
		why_set(why, 0, "nothing was placed in it so far: `coffer vm "
			"start %s`, `coffer run --vm %s` and `coffer shell "
			"%s` do", vm->name, vm->name, vm->name);
	else if (view->outside)
		why_set(why, 0, "its driver and processor were started by a "
			"program that is not in the group, and are not "
			"either: start that program with `coffer run --vm "
			"%s`, when the machine has ended", vm->name);
	else if ((view->cpu || !view->place->cpu) &&
			(view->memory || !view->place->memory))
		*why = view->place->why;
	else
		why_set(why, 0, "somebody gave its group other limits (%u "
			"vCPUs, %llu MiB; 0: none); who is placed next sets "
			"them again", view->state.limits.vcpus,
			(unsigned long long)view->state.limits.memory >> 20);
}

/* Somebody else may have given it what it was promised: the unit of a service
 * that it runs as. */
static void look_outside(const struct vm *vm, struct view *view)
{
	struct cgroup_state state;

	if (cgroup_look_up((pid_t)vm->driver_pid, &state, NULL) ||
	    (state.limits.vcpus != view->asked.vcpus &&
	     state.limits.memory != view->asked.memory))
		return;
	view->state = state;
	view->group = true;
	view->outside = false;
	view->cpu = state.limits.vcpus == view->asked.vcpus;
	view->memory = state.limits.memory == view->asked.memory;
}

static void look(const struct vm *vm, struct view *view)
{
	memset(view, 0, sizeof(*view));
	cgroup_size(vm->conf.size, &view->asked);
	cgroup_box(&view->box);
	view->place = cgroup_where();
	view->group = !cgroup_look(vm->name, &view->state, NULL);
	view->cpu = view->group &&
		view->state.limits.vcpus == view->asked.vcpus;
	view->memory = view->group &&
		view->state.limits.memory == view->asked.memory;
	view->outside = view->group && vm->driver_pid &&
		!cgroup_has(vm->name, (pid_t)vm->driver_pid);
	if (vm->driver_pid && (view->outside || !view->group))
		look_outside(vm, view);
	explain(view, vm);
}

/* Is it so for the whole machine? */
static const char *word(const struct view *view, bool set)
{
	return !set ? _("not applied") : view->outside ?
		_("applied to some of its processes") : _("applied");
}

void limits_show(const struct vm *vm)
{
	struct view view;
	char memory[24], all[24], used[24];

	look(vm, &view);
	cli_row(_("vCPUs"), _("%u of %u on this box, limit %s"),
		view.asked.vcpus, view.box.vcpus, word(&view, view.cpu));
	cli_row(_("memory"), _("%s of %s on this box, limit %s"),
		bytes(view.asked.memory, memory), bytes(view.box.memory, all),
		word(&view, view.memory));
	if (*view.why.text)
		cli_row(_("because"), "%s", view.why.text);
	if (!view.group)
		return;
	cli_row(_("in its group"), ngettext(
		"%u process, %s, %.1f s of processor time",
		"%u processes, %s, %.1f s of processor time",
		view.state.processes), view.state.processes,
		bytes(view.state.memory_used, used),
		(double)view.state.cpu_usec / 1e6);
	if (view.state.oom_kills)
		cli_row("", ngettext("%llu process ended for want of memory",
			"%llu processes ended for want of memory",
			view.state.oom_kills),
			(unsigned long long)view.state.oom_kills);
}

json_t *limits_json(const struct vm *vm)
{
	struct view view;
	json_t *object;

	look(vm, &view);
	object = json_pack("{s:s, s:s?, s:s?, s:b, s:{s:I, s:I, s:b}, "
		"s:{s:I, s:I, s:b}}",
		"place", cgroup_kind_name(view.place->kind),
		"group", view.group ? view.state.path : NULL,
		"why", *view.why.text ? view.why.text : NULL,
		"machine_outside", view.outside,
		"vcpus", "asked", (json_int_t)view.asked.vcpus,
		"box", (json_int_t)view.box.vcpus, "applied", view.cpu,
		"memory", "asked", (json_int_t)view.asked.memory,
		"box", (json_int_t)view.box.memory, "applied", view.memory);
	if (object && view.group)
		cli_counts(object, (const struct cli_count[]){
			{ "processes", view.state.processes },
			{ "memory_used", view.state.memory_used },
			{ "cpu_usec", view.state.cpu_usec },
			{ "oom_kills", view.state.oom_kills }, { NULL, 0 } });
	return object;
}

/* ---- `coffer vm limit`, for units that run machines ---- */

/* What the machine is.  Root reads it with its owner's rights: what the owner
 * may put in the place of the file is not shown to others. */
static int read_size(const char *name, const struct vmconf_size **size,
	struct why *why)
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct vmconf conf;
	struct stat st;
	int r = paths_state(path, sizeof(path), why);

	if (!r && stat(path, &st))
		r = why_set(why, -errno, "%s: %s", path, strerror(errno));
	if (!r)
		r = paths_vm_state(name, folder, sizeof(folder), why);
	if (!r)
		r = paths_join(path, sizeof(path), folder, "vm.conf", why);
	if (r)
		return r;
	if (!geteuid() && (setegid(st.st_gid) || seteuid(st.st_uid)))
		return why_set(why, -errno, "cannot become user %u: %s",
			(unsigned)st.st_uid, strerror(errno));
	vmconf_default(&conf);
	r = vmconf_read(path, &conf, why);
	*size = conf.size;
	vmconf_free(&conf);
	if (!getuid() && (seteuid(0) || setegid(0)))
		return why_set(why, -errno, "cannot become root again: %s",
			strerror(errno));
	/* It will be made by its first start, as the default. */
	return r == -ENOENT ? 0 : r;
}

int vm_cmd_limit(int argc, char **argv)
{
	const char *name, *unit = NULL;
	const struct vm_option options[] = { { "--unit", .text = &unit },
		{ .name = NULL } };
	const struct vmconf_size *size;
	struct cgroup_limits limits;
	struct why why = { "" };
	int r = vm_parse_one(argc, argv, options, &name);

	if (r)
		return r;
	if (!unit || !paths_name_ok(name))
		return cli_usage(&cli_vm, unit ?
			N_("\"%s\" is no name of a machine") :
			N_("which unit runs %s? --unit UNIT"), name);
	if (read_size(name, &size, &why))
		return cli_error("%s", why.text);
	cgroup_size(size, &limits);
	return cgroup_limit_unit(unit, &limits, &why) ?
		cli_error("%s", why.text) : CLI_OK;
}
