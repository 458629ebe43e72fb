/* SPDX-License-Identifier: MIT */
/*
 * An open inventory, and what the files of src/vm do for each other.
 *
 * Locks, each taken before the next: a machine's (vm_hold), the inventory's
 * (vms_lock).  Both are flocks, which end with the process.  A driver that
 * runs holds the flock of its machine's folder itself; that is another one.
 */
#ifndef COFFER_VM_VMS_PRIV_H
#define COFFER_VM_VMS_PRIV_H

#include "pki/ca.h"
#include "vm/vm.h"
#include <limits.h>

struct vms {
	char state[PATH_MAX]; /* base of the state directories */
	char machines[PATH_MAX]; /* STATE/vm */
	char runtime[PATH_MAX]; /* base of the runtime directories */
	struct pki *pki; /* opened when it is first needed */
	struct vms_watch watch;
};

/* Is who waits tired of it? */
static inline bool vms_cancelled(const struct vms *vms)
{
	return vms->watch.cancel && *vms->watch.cancel;
}

/* Fills in a refusal (may be NULL); returns error. */
int vm_refuse(struct vm_refusal *, const char *code, int error,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* ResourceNotFound, with the name. */
int vm_refuse_missing(struct vm_refusal *, const char *name);
/* InternalError, for a reason that something beneath gave. */
int vm_refuse_why(struct vm_refusal *, int error, const struct why *);

/* STATE/vm/NAME, and a file in it. */
int vms_folder(struct vms *, const char *name, char path[PATH_MAX],
	struct why *);
int vms_file(struct vms *, const char *name, const char *file,
	char path[PATH_MAX], struct why *);

/* The CA, made if there is none. */
int vms_pki(struct vms *, struct pki **, struct why *);

/* The inventory's lock: who holds it reads all machines and puts new ones in
 * place.  A descriptor, closed to give it back, or a negative errno. */
int vms_lock(struct vms *, struct why *);

/* Is a machine's lock held (vm_hold)? */
bool vm_is_held(struct vms *, const char *name);

/* Does a driver run in this machine's folder? */
bool vm_is_alive(struct vms *, const char *name);

/* Waits until no driver runs in this machine's folder, and keeps drivers out
 * until the descriptor is closed.  -EBUSY when one does not end, -EINTR when
 * the watch has cancelled. */
int vm_keep_out(struct vms *, const char *name, int wait_ms, struct why *);

/* The machine's lock is held: ends what there is of it, whatever its vm.conf
 * says and however damaged that is, for it is about to be removed. */
int vm_end(struct vms *, const char *name, struct vm_refusal *);

/* Is there a machine of this name, damaged or not?  One has a vm.conf, or
 * fuses, which are made after it: then somebody took its vm.conf away.  A
 * folder without both is one that is just being filled. */
bool vm_is_there(struct vms *, const char *name);

/* Reads one machine, which may be damaged.  -ENOENT when there is none.  The
 * caller frees vm->conf. */
int vm_load(struct vms *, const char *name, bool probe, struct vm *,
	struct why *why);
/* The same for who would change it: ResourceNotFound when there is none,
 * OperationNotAllowed for one that is damaged. */
int vm_load_whole(struct vms *, const char *name, struct vm *,
	struct vm_refusal *);
/* Writes its vm.conf. */
int vm_save(struct vms *, const char *name, const struct vmconf *,
	struct why *);

/* What dead commands and drivers left (sweep.c). */
int vms_sweep(struct vms *, struct why *);

#endif
