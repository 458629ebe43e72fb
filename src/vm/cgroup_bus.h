/* SPDX-License-Identifier: MIT */
/*
 * systemd's manager over D-Bus: the few requests that groups need.  The
 * library (libsystemd) is opened when it is first asked for, so a box without
 * it is a box without systemd and nothing else.
 *
 * The system's manager for root, the user's own for others.  Functions return
 * 0 or a negative errno with the reason in why; requests return when systemd
 * has carried them out.
 */
#ifndef COFFER_VM_CGROUP_BUS_H
#define COFFER_VM_CGROUP_BUS_H

#include "vm/cgroup.h"
#include <stddef.h>

/* Connects, once per process. */
int bus_open(struct why *);

/* The group in which the manager makes its units' groups, as
 * /proc/PID/cgroup would say it; "" for the root. */
int bus_control_group(char *group, size_t size, struct why *);

/* A slice with limits; -EEXIST when it is there already. */
int bus_start_slice(const char *unit, const char *description,
	const struct cgroup_limits *, bool swap, struct why *);
/* Other limits for a slice or service, until it ends. */
int bus_limit_unit(const char *unit, const struct cgroup_limits *,
	bool swap, struct why *);
/* A scope in a slice, holding one process. */
int bus_start_scope(const char *unit, const char *description,
	const char *slice, pid_t pid, struct why *);
/* Stops a unit, and all in it; 0 when there is none. */
int bus_stop(const char *unit, struct why *);

#endif
