/* SPDX-License-Identifier: MIT */
/*
 * Between the files of src/vm/cgroup*.c.
 */
#ifndef COFFER_VM_CGROUP_PRIV_H
#define COFFER_VM_CGROUP_PRIV_H

#include "vm/cgroup.h"
#include <stddef.h>
#include <stdio.h>

#define CGROUP_PATH_MAX 512 /* with the final 0; longer ones: -ENAMETOOLONG */
#define CGROUP_TEXT_MAX 4096 /* of a control file that is read whole */

/* ---- names (cgroup_name.c) ---- */

/* ID of a state directory: eight hexadecimal digits of its real path. */
void cgroup_id(const char *state, char id[9]);
/* "coffer-ID-" and the machine's name with '_' for '-', which no machine's
 * name has and which means nothing to systemd; and back: false when it is no
 * group of this ID. */
void cgroup_name(const char *id, const char *vm, char *name, size_t size);
bool cgroup_name_vm(const char *id, const char *name, size_t length,
	char vm[64]);
/* Could this be the name of any machine's group, of whatever ID? */
bool cgroup_name_any(const char *name);

/* ---- a tree of groups (cgroup_tree.c): folders with control files ---- */

/* Where the cgroup v2 tree is seen, and what of it: from the text of
 * /proc/self/mountinfo.  root: what a path of /proc/PID/cgroup has to begin
 * with to be under mount. -ENOENT: it is mounted nowhere. */
struct cgroup_mount {
	char mount[CGROUP_PATH_MAX], root[CGROUP_PATH_MAX];
};
int cgroup_mount_find(FILE *mountinfo, struct cgroup_mount *);
/* The group of a process as a folder; pid 0: of this one.  -ENOENT: it is in
 * no group of v2, or in one that is not seen here; -ESRCH. */
int cgroup_of(const struct cgroup_mount *, pid_t pid, char *path,
	struct why *);
/* path below mount from what stands behind "0::" in /proc/PID/cgroup. */
int cgroup_below(const struct cgroup_mount *, const char *group, char *path);
/* Is it a folder of cgroup v2? */
bool cgroup_is_v2(const char *path);

/* A control file's text without the last newline. */
int cgroup_read(const char *folder, const char *file, char *text, size_t size);
int cgroup_write(const char *folder, const char *file, const char *text);
/* A number; UINT64_MAX for "max".  Of a file "key value" per line when key is
 * given. */
int cgroup_number(const char *folder, const char *file, const char *key,
	uint64_t *value);
/* Is the word (a controller) in the file's list? */
bool cgroup_lists(const char *folder, const char *file, const char *word);

/* All processes in it and below, in an array for free(3). */
int cgroup_pids(const char *folder, pid_t **pids, size_t *count);
/* Calls back with the name of each group in a folder. */
int cgroup_children(const char *folder,
	void (*found)(void *ctx, const char *name), void *ctx);
/* Signals all but this process; *left: how many there were besides it,
 * *self: this process is in it. */
int cgroup_signal(const struct cgroup_mount *, const char *folder, int signal,
	size_t *left, bool *self);
/* SIGTERM, then SIGKILL, until none is left but this process.  -ETIMEDOUT
 * when one does not die. */
int cgroup_empty(const struct cgroup_mount *, const char *folder, int grace_ms,
	bool *self, struct why *);
/* Removes it and what is below; it must be empty. */
int cgroup_remove(const char *folder, struct why *);

/* ---- limits (cgroup_limits.c) ---- */

/* Writes them to a group's control files, as far as it has them; what holds
 * then is in *applied, with the reason for what does not. */
int cgroup_limits_write(const char *folder, const struct cgroup_limits *,
	struct cgroup_place *applied);
int cgroup_limits_read(const char *folder, struct cgroup_limits *);
/* applied->cpu, memory and path as the control files have it; the reason is
 * left to the caller. */
void cgroup_limits_check(const char *folder, const struct cgroup_limits *,
	struct cgroup_place *applied);

/* ---- the places ---- */

/* What each kind of place does; folder: the machine's group. */
struct cgroup_ops {
	int (*make)(const char *vm, const char *folder,
		const struct cgroup_limits *, struct cgroup_place *applied,
		struct why *);
	int (*join)(const char *vm, const char *folder, pid_t pid,
		struct why *);
	/* Of an empty group. */
	int (*remove)(const char *vm, const char *folder, struct why *);
	const char *suffix; /* of groups' names */
};

struct cgroup_world {
	struct cgroup_mount mount;
	struct cgroup_place place;
	const struct cgroup_ops *ops; /* NULL: no place */
	char id[9]; /* of the state directory; "": not known yet */
	bool looked;
};

/* $COFFER_CGROUP (given) or the own group.  1: this is the place, 0: it is
 * not, with the reason in world->place.why. */
int cgroup_folder_where(struct cgroup_world *, const char *given);
/* The same of world->place.path, which is a group. */
int cgroup_folder_look(struct cgroup_world *, bool given);
extern const struct cgroup_ops cgroup_folder_ops;

/* systemd's manager (cgroup_systemd.c); 1 or 0 as above. */
int cgroup_systemd_where(struct cgroup_world *);
extern const struct cgroup_ops cgroup_systemd_ops;

/* The world, looked at once. */
struct cgroup_world *cgroup_world(void);

#endif
