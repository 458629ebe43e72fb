/* SPDX-License-Identifier: MIT */
#include "common/place.h"

#include "common/paths.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The user whose machines others may use; false: there is none. */
static bool system_user(uid_t *uid)
{
	const char *name = variable("COFFER_RUNTIME_USER");
	struct passwd *user;
	unsigned long number;
	char *end;

	if (!name)
		name = PLACE_SYSTEM_USER;
	user = getpwnam(name);
	if (user) {
		*uid = user->pw_uid;
		return true;
	}
	if (*name < '0' || *name > '9')
		return false;
	number = strtoul(name, &end, 10);
	*uid = (uid_t)number;
	return !*end && number < UINT_MAX;
}

static bool member(gid_t group)
{
	gid_t *list;
	int n = getgroups(0, NULL);
	bool found = getegid() == group;

	if (found || n <= 0)
		return found;
	list = calloc((size_t)n, sizeof(*list));
	if (!list)
		return false;
	n = getgroups(n, list);
	while (!found && n > 0)
		found = list[--n] == group;
	free(list);
	return found;
}

/* A directory of the system's user that nobody else can write to. */
static bool is_systems(const char *base, struct stat *st)
{
	uid_t uid;

	return !lstat(base, st) && S_ISDIR(st->st_mode) &&
		st->st_uid != geteuid() && !(st->st_mode & 022) &&
		system_user(&uid) && st->st_uid == uid;
}

static bool have_own(const char *vm)
{
	char folder[PATH_MAX], path[PATH_MAX];

	return !paths_vm_state(vm, folder, sizeof(folder), NULL) &&
		!paths_join(path, sizeof(path), folder, "vm.conf", NULL) &&
		!access(path, F_OK);
}

/* Rules 2 to 4. */
static bool means_systems(const char *vm, struct stat *st)
{
	return !variable("COFFER_STATE_DIR") && geteuid() &&
		is_systems(PLACE_SYSTEM_RUNTIME, st) &&
		(st->st_mode & 050) == 050 && member(st->st_gid) &&
		!have_own(vm);
}

int place_find(const char *vm, struct place *place, struct why *why)
{
	struct stat st;
	int r = 0;

	place->ours = true;
	place->owner = geteuid();
	if (!variable("COFFER_RUNTIME_DIR") && paths_name_ok(vm) &&
	    means_systems(vm, &st)) {
		strcpy(place->base, PLACE_SYSTEM_RUNTIME);
		place->ours = false;
	} else {
		r = paths_runtime(place->base, sizeof(place->base), why);
		if (!r && variable("COFFER_RUNTIME_DIR"))
			place->ours = !is_systems(place->base, &st);
	}
	if (r)
		return r;
	if (!place->ours)
		place->owner = st.st_uid;
	if (!paths_name_ok(vm))
		return why_set(why, -EINVAL,
			"not a name of a virtual machine");
	return paths_join(place->runtime, sizeof(place->runtime), place->base,
		vm, why);
}

int place_check(const struct place *place, int fd, struct why *why)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return why_set(why, -errno, "who serves %s cannot be told: %s",
			place->runtime, strerror(errno));
	if (peer.uid != place->owner)
		return why_set(why, -EPERM, "a process of user %u serves %s, "
			"which is user %u's", (unsigned)peer.uid,
			place->runtime, (unsigned)place->owner);
	return 0;
}

int place_root(const struct place *place, char *path, size_t size,
	struct why *why)
{
	char state[PATH_MAX], ca[PATH_MAX];
	int r;

	if (!place->ours)
		return paths_join(path, size, place->base, "root.pem", why);
	r = paths_state(state, sizeof(state), why);
	if (!r)
		r = paths_join(ca, sizeof(ca), state, "ca", why);
	return r ? r : paths_join(path, size, ca, "root.pem", why);
}

int place_absent(const struct place *place, const char *vm, int r,
	struct why *why)
{
	struct passwd *user = getpwuid(place->owner);
	const char *name = user ? user->pw_name :
		why_words("another user");

	if (place->ours)
		return why_set(why, r, "cannot reach the virtual machine %s "
			"in %s: %s", vm, place->runtime, strerror(-r));
	if (r == -EACCES || r == -EPERM)
		return why_set(why, r, "the virtual machine %s in %s is for "
			"members of its group; an administrator adds you: "
			"usermod -aG GROUP YOU, then log in anew", vm,
			place->base);
	return why_set(why, r, "the virtual machine %s of %s does not run; "
		"an administrator starts it: systemctl start coffer-vm@%s; "
		"one of your own is made by coffer vm create %s", vm, name,
		vm, vm);
}
