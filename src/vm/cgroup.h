/* SPDX-License-Identifier: MIT */
/*
 * vCPUs and memory of a virtual machine, by cgroup v2: one group for its
 * driver, processor, cells and applications together.
 *
 * Where groups are made, the first that there is:
 *
 *   $COFFER_CGROUP   a folder of cgroup v2 that is delegated to the caller;
 *                    "none": groups are not used
 *   systemd          the system's manager for root, the user's own for
 *                    others: coffer.slice/coffer-ID.slice/coffer-ID-NAME.slice
 *                    is the machine, a scope in it whatever was placed at once
 *   own              the group that the caller runs in, where it may be
 *                    divided and has the cpu or the memory controller
 *
 * ID stands for the state directory (eight hexadecimal digits), so machines of
 * the same name in two state directories are two.  Where no place is,
 * machines run without limits and cgroup_where() has the reason.
 *
 * A group holds whoever was placed in it and what that starts.  `coffer run`,
 * `coffer shell` and `coffer vm start` place; an application that is started
 * without them, and the driver that it starts on demand, stay where the
 * application is: the library in it (liboehost) knows nothing of groups.
 *
 * Functions return 0 or a negative errno with the reason in why (may be
 * NULL).  One thread at a time.
 */
#ifndef COFFER_VM_CGROUP_H
#define COFFER_VM_CGROUP_H

#include "common/vmconf.h"
#include "common/why.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_kind { CGROUP_NONE, CGROUP_FOLDER, CGROUP_SYSTEMD };

struct cgroup_place {
	enum cgroup_kind kind;
	bool cpu, memory; /* these limits can be set there */
	/* The folder in which machines' groups are (systemd: coffer-ID.slice,
	 * which is there only while a machine is); "" without a place. */
	char path[512];
	struct why why; /* what does not hold here, and what to do about it;
			 * "" when all does */
};

/* The state directory whose machines are meant from now on; NULL, and before
 * the first call: paths_state()'s.  vms_open() calls this. */
int cgroup_use(const char *state, struct why *);

/* Looks once per process and state directory. */
const struct cgroup_place *cgroup_where(void);
/* "none", "folder", "systemd". */
const char *cgroup_kind_name(enum cgroup_kind);

struct cgroup_limits {
	unsigned vcpus; /* 100 ms of processor time per 100 ms each */
	uint64_t memory; /* bytes */
};
/* What a size promises. */
void cgroup_size(const struct vmconf_size *, struct cgroup_limits *);
/* What the box has: processors that are online, bytes of memory. */
void cgroup_box(struct cgroup_limits *);

/* Makes a machine's group with these limits, or changes them.  *applied (may
 * be NULL): what holds now, as the kernel has it, its path that of the group.
 * Without a place 0, and nothing holds.  A controller that is missing is no
 * error. */
int cgroup_make(const char *vm, const struct cgroup_limits *,
	struct cgroup_place *applied, struct why *);

/* Moves a process into the machine's group (made without limits if it is not
 * there); returns when it is in it.  0 without a place, -ESRCH when there is
 * no such process. */
int cgroup_join(const char *vm, pid_t pid, struct why *);

/* Starts a program as spawn_detached() does, in the machine's group from its
 * first instruction on.  When it cannot be placed it is started all the same,
 * and outside has the reason ("" when it is placed or there is no place).
 * 0 or a negative errno when it could not be started. */
int cgroup_spawn(const char *vm, const char *path, char *const argv[],
	const int *fds, unsigned count, struct why *outside, struct why *);

/* Does the group hold this process? */
bool cgroup_has(const char *vm, pid_t pid);

/* What the group says of itself now: limits and use.  -ENOENT: no group. */
struct cgroup_state {
	struct cgroup_limits limits; /* 0: none */
	char path[512];
	uint64_t memory_used, cpu_usec; /* 0 where the kernel does not say */
	uint64_t oom_kills; /* processes ended for want of memory */
	unsigned processes;
};
int cgroup_look(const char *vm, struct cgroup_state *, struct why *);
/* The same of the nearest group, from that of a process upwards, that has one
 * of the limits, whoever made it.  -ENOENT: none that is seen here has. */
int cgroup_look_up(pid_t pid, struct cgroup_state *, struct why *);

/* Gives a unit of systemd (a service that runs a machine) these limits, until
 * it ends. */
int cgroup_limit_unit(const char *unit, const struct cgroup_limits *,
	struct why *);

/* Ends all in it (SIGTERM, after grace_ms SIGKILL), then removes it; 0 when
 * there is none.  The calling process is spared: then the group stays, with
 * it alone, until a later call removes it. */
int cgroup_end(const char *vm, int grace_ms, struct why *);

/* Calls back with each machine's name that has a group here, so that groups
 * of machines that are gone can be swept.  The callback may call
 * cgroup_end(). */
int cgroup_each(void (*found)(void *ctx, const char *vm), void *ctx,
	struct why *);

#endif
