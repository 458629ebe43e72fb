/* SPDX-License-Identifier: MIT */
/*
 * In place of cgroup_bus.c where libsystemd's headers were missing when
 * Coffer was built.
 */
#include "vm/cgroup_bus.h"

#include <errno.h>

static int missing(struct why *why)
{
	return why_set(why, -ENOSYS, "this Coffer was built without "
		"libsystemd");
}

int bus_open(struct why *why)
{
	return missing(why);
}

int bus_control_group(char *group, size_t size, struct why *why)
{
	return missing(why);
}

int bus_start_slice(const char *unit, const char *description,
	const struct cgroup_limits *limits, bool swap, struct why *why)
{
	return missing(why);
}

int bus_limit_unit(const char *unit, const struct cgroup_limits *limits,
	bool swap, struct why *why)
{
	return missing(why);
}

int bus_start_scope(const char *unit, const char *description,
	const char *slice, pid_t pid, struct why *why)
{
	return missing(why);
}

int bus_stop(const char *unit, struct why *why)
{
	return missing(why);
}
