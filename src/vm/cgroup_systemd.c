/* SPDX-License-Identifier: MIT */
/*
 * Machines' groups as slices of systemd:
 *
 *   coffer.slice/coffer-ID.slice/coffer-ID-NAME.slice/…-PID-N.scope
 *
 * A '-' in a slice's name is a step down, which is why machines' names have
 * '_' there.  systemd writes the limits; what holds is read from the group.
 */
#include "vm/cgroup_priv.h"

#include "vm/cgroup_bus.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool has(const char *base, const char *name)
{
	return cgroup_lists(base, "cgroup.controllers", name);
}

static void say_missing(struct cgroup_place *place, const char *base)
{
	const char *what = place->cpu ? N_("memory") : place->memory ?
		N_("vCPUs") : N_("vCPUs and memory");

	if (!place->cpu || !place->memory)
		why_set(&place->why, 0, "%s cannot be limited: the controllers "
			"are not in %s/cgroup.controllers; %s", why_words(what),
			base, why_words(geteuid() ? N_("have root give them to "
			"user managers (Delegate=cpu memory in a drop-in of "
			"user@.service), on a box with cgroup v2 alone") :
			N_("boot with systemd.unified_cgroup_hierarchy=1")));
}

int cgroup_systemd_where(struct cgroup_world *world)
{
	struct cgroup_place *place = &world->place;
	char group[CGROUP_PATH_MAX], base[CGROUP_PATH_MAX];
	int n;

	if (access("/run/systemd/system", F_OK)) {
		why_set(&place->why, 0, "systemd does not run here");
		return 0;
	}
	if (bus_control_group(group, sizeof(group), &place->why))
		return 0;
	if (cgroup_below(&world->mount, *group ? group : "/", base)) {
		why_set(&place->why, 0, "the group of systemd's manager, "
			"%.150s, is not seen here", group);
		return 0;
	}
	n = snprintf(place->path, sizeof(place->path),
		"%s/coffer.slice/coffer-%s.slice", base, world->id);
	if (n >= (int)sizeof(place->path)) {
		why_set(&place->why, 0, "the path of systemd's group is too "
			"long");
		return 0;
	}
	place->kind = CGROUP_SYSTEMD;
	place->cpu = has(base, "cpu");
	place->memory = has(base, "memory");
	say_missing(place, base);
	return 1;
}

/* The unit is called as its folder is. */
static const char *unit_of(const char *folder)
{
	return strrchr(folder, '/') + 1;
}

static bool may_swap(const struct cgroup_limits *limits)
{
	struct cgroup_limits box;

	cgroup_box(&box);
	return !limits->memory || limits->memory > box.memory;
}

int cgroup_limit_unit(const char *unit, const struct cgroup_limits *limits,
	struct why *why)
{
	if (access("/run/systemd/system", F_OK))
		return why_set(why, -ENOENT, "systemd does not run here");
	return bus_limit_unit(unit, limits, may_swap(limits), why);
}

static int make(const char *vm, const char *folder,
	const struct cgroup_limits *limits, struct cgroup_place *applied,
	struct why *why)
{
	const char *unit = unit_of(folder);
	bool swap = may_swap(limits);
	char description[128];
	int r = 0;

	cgroup_limits_check(folder, limits, applied);
	if ((applied->cpu || !limits->vcpus) &&
	    (applied->memory || !limits->memory) && !access(folder, F_OK))
		return 0;
	snprintf(description, sizeof(description),
		"Coffer virtual machine %s", vm);
	r = bus_start_slice(unit, description, limits, swap, why);
	if (r == -EEXIST)
		r = bus_limit_unit(unit, limits, swap, why);
	if (!r)
		cgroup_limits_check(folder, limits, applied);
	return r;
}

static int join(const char *vm, const char *folder, pid_t pid,
	struct why *why)
{
	char unit[256], description[128];
	const char *slice = unit_of(folder);
	struct timespec now;

	/* A scope outlives its first process; numbers of processes come
	 * again. */
	clock_gettime(CLOCK_BOOTTIME, &now);
	snprintf(unit, sizeof(unit), "%.*s-%d-%llx.scope",
		(int)(strlen(slice) - strlen(".slice")), slice, (int)pid,
		(unsigned long long)now.tv_sec * 1000000000u +
		(unsigned long long)now.tv_nsec);
	snprintf(description, sizeof(description),
		"In Coffer's virtual machine %s", vm);
	return bus_start_scope(unit, description, slice, pid, why);
}

static int take_away(const char *vm, const char *folder, struct why *why)
{
	int r = bus_stop(unit_of(folder), why);

	/* Slices that systemd knows nothing of, after it was restarted. */
	return r ? r : cgroup_remove(folder, why);
}

const struct cgroup_ops cgroup_systemd_ops = {
	.make = make,
	.join = join,
	.remove = take_away,
	.suffix = ".slice",
};
