/* SPDX-License-Identifier: MIT */
/*
 * Virtual machines over the paths of Azure Resource Manager (Microsoft.Compute,
 * any api-version of its form), on the inventory of src/vm.  This header is
 * for its own files and the portal's.
 *
 * What Azure has and a state directory has not:
 *
 *   subscription     one, <serve>/subscription: made at first use
 *   resource group   the machine's tag ARM_GROUP_TAG, which no answer shows
 *                    among the tags; without it ARM_GROUP_DEFAULT.  Names of
 *                    machines are unique in all groups together
 *   location         ARM_LOCATION, with the inventory's zones
 *
 * What takes long (create, delete, start, stop ...) is an operation: begun,
 * done by a thread of its own, looked at by Azure-AsyncOperation.
 */
#ifndef COFFER_SERVICE_ARM_H
#define COFFER_SERVICE_ARM_H

#include "service/portal.h"
#include "vm/vm.h"
#include <pthread.h>
#include <stdio.h>

#define ARM_LOCATION "coffer-local"
#define ARM_GROUP_TAG "resource-group"
#define ARM_GROUP_DEFAULT "coffer"
#define ARM_GROUP_MAX 90u
#define ARM_ID_SIZE 37u /* of a UUID, with the NUL */
#define ARM_ETAG_SIZE 35u /* 32 hex digits in quotes, with the NUL */
#define ARM_BODY_MAX 65536u

/* --- operations (arm_op.c) ------------------------------------------------ */

enum arm_kind {
	ARM_CREATE, ARM_UPDATE, ARM_DELETE, ARM_START, ARM_STOP,
	ARM_DEALLOCATE, ARM_RESTART,
};
/* "create" ..., and what a machine is meanwhile: "Creating" ... */
const char *arm_kind_name(enum arm_kind);
const char *arm_kind_state(enum arm_kind);

/* What is to be done; begun copies all of it. */
struct arm_work {
	enum arm_kind kind;
	char name[64], group[ARM_GROUP_MAX + 1];
	const struct vmconf_size *size; /* CREATE; UPDATE: NULL: as it is */
	unsigned zone; /* CREATE; 0: any */
	char etag[ARM_ETAG_SIZE]; /* only if it is that one's; "": any */
	bool set_tags; /* UPDATE: tags are all that it shall have */
	json_t *tags; /* object of strings, or NULL; with the group's */
};

struct arm_op {
	char id[33];
	enum arm_kind kind;
	char name[64], group[ARM_GROUP_MAX + 1];
	const struct vmconf_size *size; /* of CREATE, for who asks meanwhile */
	unsigned zone;
	bool checked; /* its conditions are met, or it has ended */
	bool ended;
	const char *code; /* NULL: it went well */
	char message[320];
	char what[64]; /* what is being done, and how far that is */
	size_t done, total;
	int64_t began, end; /* Unix seconds; end 0: not yet */
};

struct arm_ops; /* for several threads */
int arm_ops_open(struct service *, struct arm_ops **, struct why *);
void arm_ops_close(struct arm_ops *); /* waits for those that run */

/* -EBUSY: too many wait already; -EALREADY: one is at this machine. */
int arm_op_begin(struct arm_ops *, const struct arm_work *, char id[33],
	struct why *);
/* -ENOENT: there is none, or it ended long ago. */
int arm_op_look(struct arm_ops *, const char *id, struct arm_op *);
/* The one that is at a machine; false: none. */
bool arm_op_on(struct arm_ops *, const char *name, struct arm_op *);
/* Waits until it is checked (or, ended, has ended), ms at most; as it is
 * then.  Not at all while others are before it, or while so many callers wait
 * that the rest of the service would have to. */
int arm_op_wait(struct arm_ops *, const char *id, bool ended, unsigned ms,
	struct arm_op *);
/* All that have not ended, as a copy of the caller's to free(). */
int arm_op_list(struct arm_ops *, struct arm_op **, size_t *count);

/* --- the module (arm.c) ---------------------------------------------------- */

struct arm {
	struct portal *portal;
	struct arm_ops *ops;
	char subscription[ARM_ID_SIZE];
	struct arm_vms *spare; /* inventories that nobody uses (arm.c) */
	pthread_mutex_t lock; /* of spare */
};

int arm_open(struct portal *, struct why *);
void arm_close(struct portal *);

/* An inventory for one request: they are used by one thread at a time. */
int arm_vms_take(struct arm *, struct vms **, struct why *);
void arm_vms_give(struct arm *, struct vms *);

/* Is the path's subscription ours, is there an api-version, are its group and
 * location ones?  false: answered. */
bool arm_place_ok(struct portal_call *);
/* Ours, as Azure compares them: without case and spaces. */
bool arm_location_ok(const char *location);
/* The error of a refusal; r is what came with it. */
void arm_refuse(struct portal_call *, const struct vm_refusal *);
void arm_refuse_code(struct portal_call *, const char *code,
	const char *message);
/* Do If-Match and If-None-Match let this happen to the machine, NULL: to one
 * that there is not?  false: answered. */
bool arm_condition_ok(struct portal_call *, const struct vm *);
/* A time as Azure writes it, 2026-01-31T12:00:00+00:00. */
json_t *arm_time(int64_t time);

/* --- machines (arm_vm.c) ---------------------------------------------------- */

/* The group of a machine; a string of the machine's or a constant. */
const char *arm_group(const struct vm *);
/* Another after each change of what a PUT can change, quotes around it. */
void arm_etag(const struct vm *, char etag[ARM_ETAG_SIZE]);
/* One that a name of groups may be. */
bool arm_group_ok(const char *group);
/* As Azure shows it, as JSON; view: with its instance view.  op: what is at
 * it, or NULL. */
void arm_vm_write(FILE *out, const struct arm *, const struct vm *, bool view,
	const struct arm_op *);
/* One that is being made. */
void arm_new_write(FILE *out, const struct arm *, const struct arm_op *);
/* An answer that is written as text: begin gives what to write to (NULL: no
 * memory), answer takes it in either case. */
struct arm_text {
	FILE *out;
	char *bytes;
	size_t size;
};
FILE *arm_text_begin(struct arm_text *);
void arm_text_answer(struct portal_call *, unsigned status,
	struct arm_text *);
/* The machine that the path names, in its group; vm_free() it.  -ENOENT:
 * answered. */
int arm_vm_find(struct portal_call *, struct vms *, struct vm *);

int arm_vm_verbs(struct portal *); /* list, get, instance view */
int arm_order_verbs(struct portal *); /* PUT, PATCH, DELETE (arm_order.c) */
int arm_power_verbs(struct portal *); /* start ... operations (arm_power.c) */
int arm_size_verbs(struct portal *); /* sizes, SKUs, usages (arm_size.c) */

/* Begins what is wanted and answers with the addresses to ask after it; when
 * it is refused at once, with that. */
int arm_begin(struct portal_call *, const struct arm_work *);

#endif
