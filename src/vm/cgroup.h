/* SPDX-License-Identifier: MIT */
/*
 * vCPUs and memory of a virtual machine, by cgroup v2: one group for its
 * driver, processor, cells and applications together.  Where groups may be
 * made is found in this order: $COFFER_CGROUP (a delegated folder), systemd
 * (the user's manager, or the system's for root: a slice per machine, a scope
 * per program), the folder that this process is in when it may be written.
 * Where none works, machines run without limits, and cgroup_where() has the
 * reason.
 */
#ifndef COFFER_VM_CGROUP_H
#define COFFER_VM_CGROUP_H

#include "common/why.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_kind { CGROUP_NONE, CGROUP_FOLDER, CGROUP_SYSTEMD };

struct cgroup_place {
	enum cgroup_kind kind;
	bool cpu, memory; /* these limits can be set there */
	char path[512]; /* CGROUP_FOLDER: where machines' groups are made */
	struct why why; /* what does not hold here, and what to do about it */
};

/* Looks once per process. */
const struct cgroup_place *cgroup_where(void);

struct cgroup_limits {
	unsigned vcpus;
	uint64_t memory; /* bytes */
};

/* Makes a machine's group with these limits, or changes them.  0 with what
 * holds in *applied (may be NULL); without a place 0, and nothing holds. */
int cgroup_make(const char *vm, const struct cgroup_limits *,
	struct cgroup_place *applied, struct why *);
/* Moves a process into the machine's group; 0 without a place. */
int cgroup_join(const char *vm, pid_t pid, struct why *);
/* Does the group hold this process? */
bool cgroup_has(const char *vm, pid_t pid);
/* What the group says of itself now: limits and use.  -ENOENT: no group. */
struct cgroup_state {
	struct cgroup_limits limits; /* 0: none */
	uint64_t memory_used, cpu_usec;
	unsigned processes;
};
int cgroup_look(const char *vm, struct cgroup_state *, struct why *);
/* Ends all in it (SIGTERM, after grace_ms SIGKILL), then removes it. */
int cgroup_end(const char *vm, int grace_ms, struct why *);
/* Calls back with each machine's name that has a group here, so that groups
 * of machines that are gone can be swept. */
int cgroup_each(void (*found)(void *ctx, const char *vm), void *ctx,
	struct why *);

#endif
