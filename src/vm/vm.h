/* SPDX-License-Identifier: MIT */
/*
 * The virtual machines of a state directory: which may be made, which there
 * are, what each is doing.  The command line and the services use this and
 * nothing beneath it.
 *
 *   <state>/vm/NAME/          one machine; vm.conf has what it is
 *   <state>/vm/.new-NAME-*    half made (order.h), and
 *   <state>/vm/.gone-NAME-*   half removed: swept by the next vms_open, once
 *                             who makes or removes it is dead
 *   <state>/inventory.conf    zones and quotas (inventory.h)
 *
 * A function that can refuse fills a struct vm_refusal: the code is one of
 * those that Azure's Resource Manager uses, the text says what to do.
 * Functions that change a machine hold its lock, so two commands on one
 * machine happen one after the other.
 */
#ifndef COFFER_VM_VM_H
#define COFFER_VM_VM_H

#include "common/vmconf.h"
#include "common/why.h"
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vms; /* an open inventory; one thread at a time */

struct vm_refusal {
	/* QuotaExceeded, SkuNotAvailable, AllocationFailed, InvalidParameter,
	 * OperationNotAllowed, Conflict, ResourceNotFound, InternalError; a
	 * string constant, NULL when nothing was refused. */
	const char *code;
	struct why why;
};

/* What is wanted, from vm.conf (`power=`), and what is there. */
enum vm_power {
	VM_POWER_RUNNING, /* its driver answers */
	VM_POWER_IDLE, /* runs on demand, nobody uses it now */
	VM_POWER_STOPPED, /* refuses applications until it is started */
	VM_POWER_DEALLOCATED, /* the same, and its host is free for others */
	VM_POWER_FAILED, /* should run, and does not; or is damaged */
};

struct vm {
	char name[64];
	struct vmconf conf; /* size, EPC, zone, update domain, set, tags ... */
	/* Why its vm.conf cannot be read, and what to do; "": it can.  conf
	 * has what could be read of it then, with defaults for the rest, and
	 * power is VM_POWER_FAILED.  It can be deleted, not changed. */
	struct why damage;
	enum vm_power power;
	int64_t created; /* Unix seconds */
	/* While it runs; zero otherwise. */
	int64_t started;
	uint32_t driver_pid, processor_pid, enclaves;
	uint64_t epc_used; /* pages */
};

/* Opens <state> (NULL: the user's), makes it if missing, sweeps what dead
 * commands left: half-made machines and their cgroups, sockets of drivers
 * that are gone.  0 or a negative errno. */
int vms_open(const char *state, struct vms **, struct why *);
void vms_close(struct vms *);

/* Who waits for machines and may get tired of it. */
struct vms_watch {
	/* NULL, or: when it is set, waiting ends with -EINTR and Conflict;
	 * what has been begun stays on its way. */
	const volatile sig_atomic_t *cancel;
	/* NULL, or: told once of each driver that takes long to end, and in
	 * how many milliseconds it will be killed. */
	void (*slow)(void *ctx, const char *name, unsigned left_ms);
	void *ctx;
};
/* From now on; copied. */
void vms_watch(struct vms *, const struct vms_watch *);

/* ---- what there is ---- */

struct vm_list {
	struct vm *items; /* ascending by name, numbers in it as numbers */
	size_t count;
};

/* All machines (no filter), or those of a set, zone (1 to ..), update domain,
 * tag.  NULL or 0 or -1 (VM_ANY): any.  probe: asks each driver for its
 * numbers; without, power comes from its lock alone. */
struct vm_filter {
	const char *set;
	unsigned zone;
	int update_domain;
	const char *tag, *tag_value; /* a value of NULL: any */
};
#define VM_ANY { .update_domain = -1 }
int vm_list(struct vms *, const struct vm_filter *, bool probe,
	struct vm_list *, struct why *);
void vm_list_free(struct vm_list *);

/* Can its vm.conf be read? */
static inline bool vm_is_damaged(const struct vm *vm)
{
	return *vm->damage.text != '\0';
}

/* ResourceNotFound when there is none.  Its driver is asked for its numbers;
 * vm_free afterwards. */
int vm_get(struct vms *, const char *name, struct vm *, struct vm_refusal *);
/* The same without asking its driver: power comes from its lock alone. */
int vm_look(struct vms *, const char *name, struct vm *, struct vm_refusal *);
void vm_free(struct vm *);

const char *vm_power_name(enum vm_power); /* "running" ... */

/* ---- made, changed, removed ---- */

struct vm_tag {
	const char *key, *value;
};

struct vm_order {
	const char *name; /* with a count the set's: NAME-0, NAME-1 ... */
	const struct vmconf_size *size; /* NULL: the default */
	uint32_t epc_pages; /* 0: the size's */
	const char *swap; /* NULL: memory */
	bool ptrace_slot;
	unsigned count; /* 0: one machine that is in no set */
	/* zone_count of them, taken in turn; none: a set goes over all zones
	 * that have room, one machine goes to the emptiest. */
	const unsigned *zones;
	size_t zone_count;
	const struct vm_tag *tags;
	size_t tag_count;
	const char *probe; /* how its health is asked for, "{n}" in it being a
			      machine's number in its set; NULL: driver only */
	bool stopped; /* do not start it */
	bool on_demand; /* nor that: applications start it, and it ends when
			 * nobody uses it */
	const volatile sig_atomic_t *cancel; /* NULL, or: give up when set */
};

/* Called as work goes on, from the calling thread: what is being done to
 * which machine, done of total steps.  May be NULL. */
typedef void (*vm_progress)(void *ctx, const char *name, const char *what,
	size_t done, size_t total);

/* Checks everything (name, quota, zones, room on hosts), then makes all of
 * them, certified and, unless order->stopped, running.  When one cannot be
 * made none is left. */
int vm_create(struct vms *, const struct vm_order *, vm_progress, void *ctx,
	struct vm_refusal *);
#define VM_EPC_SAME UINT32_MAX
/* Another size of the same family, when stopped.  epc_pages: how many it has
 * then, 0 for the size's; VM_EPC_SAME: a number of its own, that it was made
 * with, stays if the new size has as many (else InvalidParameter), and who
 * had the old size's gets the new one's. */
int vm_resize(struct vms *, const char *name, const struct vmconf_size *,
	uint32_t epc_pages, struct vm_refusal *);
/* Sets tags; a value of NULL removes. */
int vm_set_tags(struct vms *, const char *name, const struct vm_tag *,
	size_t count, struct vm_refusal *);
/* A running one only with force, which stops it first.  Its sealed data and
 * fuses go for ever. */
int vm_delete(struct vms *, const char *name, bool force,
	struct vm_refusal *);

/* ---- quotas ---- */

struct vm_quota {
	unsigned limit, used; /* vCPUs */
};
/* Of each family of sizes. */
int vm_quotas(struct vms *, struct vm_quota quotas[VMCONF_FAMILIES],
	struct why *);
int vm_set_quota(struct vms *, enum vmconf_family, unsigned limit,
	struct why *);

/* ---- what happened ---- */

/* How far the events have been read; zero: not at all. */
struct vm_events_at {
	uint64_t inode, offset;
};
/* The events (common/events.h) behind at, which then stands behind them, as
 * lines of JSON in a text that the caller frees. */
int vm_events(struct vms *, const char *name, struct vm_events_at *at,
	char **text, struct vm_refusal *);

/* Takes a machine's lock, as every function here does that changes it, for a
 * change that is made elsewhere.  What vm_release takes, or a negative
 * errno. */
int vm_hold(struct vms *, const char *name, struct vm_refusal *);
void vm_release(int lock);

/* ---- power (power.c) ---- */

/* Each returns when the machine is in that state; being in it already is no
 * error. */
int vm_start(struct vms *, const char *name, struct vm_refusal *);

enum {
	VM_DEALLOCATE = 1, /* gives up its place on a host too */
	VM_FORCE = 2, /* its driver is killed at once, not told */
};
/* Its driver is told to end, and killed when it has not in 20 seconds;
 * applications in it are told to end, then ended. */
int vm_stop(struct vms *, const char *name, unsigned flags,
	struct vm_refusal *);
/* flags: VM_FORCE or 0.  Applications that look for the machine meanwhile
 * wait for it. */
int vm_restart(struct vms *, const char *name, unsigned flags,
	struct vm_refusal *);

#endif
