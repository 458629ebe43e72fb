/* SPDX-License-Identifier: MIT */
#include "platform/access.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MAX 65536 /* the kernel's NGROUPS_MAX */

static bool holds(const gid_t *list, size_t count, gid_t group)
{
	while (count)
		if (list[--count] == group)
			return true;
	return false;
}

static bool in_group(gid_t group)
{
	gid_t list[256];
	int n = getgroups(256, list);

	return getegid() == group || !geteuid() ||
		(n > 0 && holds(list, (size_t)n, group));
}

int access_share(struct access *access, const char *group, struct why *why)
{
	struct group *entry = getgrnam(group);
	unsigned long number;
	char *end;

	if (entry) {
		access->group = entry->gr_gid;
	} else {
		number = strtoul(group, &end, 10);
		if (*group < '0' || *group > '9' || *end || number >= UINT_MAX)
			return why_set(why, -ENOENT, "there is no group "
				"\"%s\"", group);
		access->group = (gid_t)number;
	}
	if (!in_group(access->group))
		return why_set(why, -EPERM, "who runs cofferd (user %u) must "
			"be in the group %s to share a machine with it",
			(unsigned)geteuid(), group);
	access->shared = true;
	return 0;
}

static bool peer_in_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t few[64], *list = few;
	socklen_t size = sizeof(few);
	bool found = peer->gid == group;
	int r;

	if (found)
		return true;
	r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &size);
	if (r && errno == ERANGE && size > sizeof(few) &&
	    size <= GROUPS_MAX * sizeof(*list)) {
		list = malloc(size);
		if (!list)
			return false;
		r = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &size);
	}
	found = !r && holds(list, size / sizeof(*list), group);
	if (list != few)
		free(list);
	return found;
}

enum access_role access_of(const struct access *access, int fd,
	struct ucred *peer)
{
	socklen_t size = sizeof(*peer);

	*peer = (struct ucred){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size))
		return ACCESS_NONE;
	if (peer->uid == geteuid())
		return ACCESS_OWNER;
	if (!access->shared)
		return ACCESS_NONE;
	if (!peer->uid)
		return ACCESS_OWNER;
	return peer_in_group(fd, peer, access->group) ? ACCESS_MEMBER :
		ACCESS_NONE;
}

int access_open(const struct access *access, const char *path, mode_t mode,
	struct why *why)
{
	if (!access->shared)
		return 0;
	if (chown(path, (uid_t)-1, access->group) || chmod(path, mode))
		return why_set(why, -errno, "cannot open %s to the group %u: "
			"%s", path, (unsigned)access->group, strerror(errno));
	return 0;
}
