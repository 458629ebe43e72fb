/* SPDX-License-Identifier: MIT */
/*
 * Whose machine an application means by a name.
 *
 * Everybody can run machines of his own (paths.h).  A system can also have
 * machines that run as a service, under the user "coffer", for the members of
 * a group; their runtime directories are in /run/coffer.  Which is meant:
 *
 *   1. COFFER_RUNTIME_DIR says it.  If that directory belongs to another
 *      user it must be the system's, or that of COFFER_RUNTIME_USER (a name
 *      or a number).
 *   2. With COFFER_STATE_DIR alone: one's own.
 *   3. A machine that one's own state directory has is one's own.
 *   4. Whoever is in the group of /run/coffer, where the system's user owns
 *      it, means the system's.  Root is never in it.
 *   5. Everybody else means his own.
 *
 * So what a name means changes only when a machine is made or removed, or a
 * group joined; whether a machine runs does not matter.
 */
#ifndef COFFER_COMMON_PLACE_H
#define COFFER_COMMON_PLACE_H

#include "common/why.h"
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PLACE_SYSTEM_USER "coffer"
#define PLACE_SYSTEM_RUNTIME "/run/coffer"
#define PLACE_SYSTEM_STATE "/var/lib/coffer"

struct place {
	char base[PATH_MAX]; /* runtime directories of the owner's machines */
	char runtime[PATH_MAX]; /* of this machine */
	uid_t owner; /* under whom its driver runs */
	bool ours; /* that is who asks: the machine starts on demand */
};

/* vm: a name as by paths_name_ok().  0 or a negative errno. */
int place_find(const char *vm, struct place *place, struct why *why);

/* Is the other end of a connected socket a process of the machine's owner?
 * -EPERM if not. */
int place_check(const struct place *place, int fd, struct why *why);

/* The file with the root certificate that quotes of this machine go back to;
 * it may not be there yet. */
int place_root(const struct place *place, char *path, size_t size,
	struct why *why);

/* Where nobody listened: a sentence that says what to do, and r. */
int place_absent(const struct place *place, const char *vm, int r,
	struct why *why);

#endif
